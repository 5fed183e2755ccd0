//! Delta metrics: every window's requests, in order, until acknowledged.
//!
//! A request that may have arrived is sent again byte for byte, as OTLP has no
//! key to tell a repetition. One that was surely refused, for good, is taken
//! back: what was in it goes out with the next window, whose points then begin
//! where the refused ones began. Windows behind it were never offered and are
//! taken back with it, so that no series' windows overlap.
//!
//! Where the queue is full, windows stay open: epochs merge in the accumulator
//! until there is room, and resolution is all that is lost.

use std::collections::VecDeque;
use std::sync::Arc;

use pqcnet_telemetry_core::RetiredEpoch;

use super::failure::Verdict;
use super::report::{DropReason, SignalReport};
use super::source::{Outcome, Settled, Source};
use crate::accumulate::{Accumulator, ClosedWindow};
use crate::otlp::{Body, MetricsEncoder};

pub(crate) struct Delta {
    accumulator: Accumulator,
    encoder: MetricsEncoder,
    limits: Limits,
    windows: VecDeque<Window>,
    /// Whether the open window holds what should have been offered by now.
    is_held: bool,
    /// Whether it does so for want of room.
    is_full: bool,
    /// Whether the first request may have arrived.
    is_doubtful: bool,
}

/// How much may wait; a single window may be larger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) bytes: usize,
    pub(crate) requests: usize,
}

struct Window {
    requests: VecDeque<Arc<Body>>,
    closed: ClosedWindow,
}

impl Delta {
    pub(crate) fn new(accumulator: Accumulator, encoder: MetricsEncoder, limits: Limits) -> Self {
        Self {
            accumulator,
            encoder,
            limits,
            windows: VecDeque::new(),
            is_held: false,
            is_full: false,
            is_doubtful: false,
        }
    }

    fn requests(&self) -> impl Iterator<Item = &Arc<Body>> {
        self.windows.iter().flat_map(|window| &window.requests)
    }

    /// Ends the window, if there is room for it.
    fn close_window(&mut self) {
        let bodies = self.encoder.encode(&self.accumulator);
        let mut rows = bodies.iter().flat_map(|body| &body.rows);
        if rows.all(|row| self.accumulator.is_own(*row)) {
            // Sending it would be all there is to say the next time. What is
            // said of the library waits, the time that was looked at is over.
            let mut closed = self.accumulator.close_window();
            for body in &bodies {
                self.accumulator.take_back(&mut closed, &body.rows);
            }
            self.encoder.recycle(bodies);
            return;
        }
        if !self.windows.is_empty() {
            let new: usize = bodies.iter().map(|body| body.bytes.len()).sum();
            let bytes: usize = self.requests().map(|body| body.bytes.len()).sum();
            let requests = self.requests().count() + bodies.len();
            if bytes + new > self.limits.bytes || requests > self.limits.requests {
                self.encoder.recycle(bodies);
                (self.is_held, self.is_full) = (true, true);
                return;
            }
        }
        (self.is_held, self.is_full) = (false, false);
        let closed = self.accumulator.close_window();
        self.windows.push_back(Window {
            requests: bodies.into_iter().map(Arc::new).collect(),
            closed,
        });
    }

    fn pop(&mut self) {
        self.is_doubtful = false;
        if let Some(window) = self.windows.front_mut() {
            window.requests.pop_front();
            if window.requests.is_empty() {
                self.windows.pop_front();
            }
        }
        // What waited for room may be the last there is to deliver.
        if self.is_full && self.windows.is_empty() {
            self.close_window();
        }
    }

    /// Takes back the first request, all windows behind it, and with
    /// `whole_window` what follows in its own.
    fn take_back(&mut self, whole_window: bool, report: &mut SignalReport) {
        if self.windows.is_empty() {
            return; // given up, before the answer came
        }
        let mut later = self.windows.split_off(1);
        if let Some(window) = self.windows.front_mut() {
            let kept = if whole_window {
                VecDeque::new()
            } else {
                window.requests.split_off(1)
            };
            let requests = std::mem::replace(&mut window.requests, kept);
            later.push_front(Window {
                requests,
                closed: std::mem::take(&mut window.closed),
            });
        }
        self.is_held = true;
        for window in &mut later {
            for body in &window.requests {
                report.merged += body.items as u64;
                self.accumulator.take_back(&mut window.closed, &body.rows);
            }
        }
        if let (Some(window), Some(first)) = (self.windows.front_mut(), later.pop_front()) {
            window.closed = first.closed;
        }
        if self.windows.front().is_some_and(|w| w.requests.is_empty()) {
            self.windows.pop_front();
        }
    }
}

impl Source for Delta {
    fn add(&mut self, epoch: &RetiredEpoch, is_due: bool) {
        self.accumulator.add(epoch);
        if is_due {
            self.close_window();
        }
    }

    fn next(&mut self, _is_probe: bool, _report: &mut SignalReport) -> Option<Arc<Body>> {
        self.requests().next().map(Arc::clone)
    }

    fn settle(
        &mut self,
        body: Arc<Body>,
        outcome: &Outcome<'_>,
        report: &mut SignalReport,
    ) -> Settled {
        let items = body.items as u64;
        match outcome.verdict {
            Verdict::Taken => {
                report.count_taken(body.items, outcome.rejected());
                self.pop();
                self.encoder.recycle(Arc::into_inner(body));
            }
            Verdict::Again { is_definite } => {
                self.is_doubtful |= !is_definite;
                return Settled::Stopped;
            }
            Verdict::TooLarge => {
                report.count_dropped(DropReason::TooLarge, items);
                self.pop();
            }
            Verdict::Unfit | Verdict::Refused if self.is_doubtful => {
                let reason = DropReason::RefusedAfterDoubt;
                report.count_dropped(reason, items);
                self.pop();
            }
            Verdict::Unfit | Verdict::Refused => {
                // What was refused before would come again as it was.
                let must_wait = self.is_held && !self.is_full;
                self.take_back(outcome.verdict == Verdict::Refused, report);
                if let Some(bytes) = outcome.smaller_than(&body) {
                    self.encoder.set_max_bytes(bytes);
                    if !must_wait {
                        self.close_window();
                        return Settled::Recast;
                    }
                }
            }
        }
        match outcome.verdict {
            Verdict::Refused => Settled::Stopped,
            _ => Settled::Done,
        }
    }

    fn has_next(&self) -> bool {
        !self.windows.is_empty()
    }

    fn waiting(&self) -> (u64, u64) {
        let items = self.requests().map(|body| body.items as u64);
        (items.sum(), 0)
    }

    fn give_up(&mut self, report: &mut SignalReport) {
        let (mut lost, _) = self.waiting();
        if self.is_held {
            let bodies = self.encoder.encode(&self.accumulator);
            lost += bodies.iter().map(|body| body.items as u64).sum::<u64>();
        }
        report.count_dropped(DropReason::Shutdown, lost);
        self.windows.clear();
        self.is_full = false;
    }
}

#[cfg(test)]
mod tests;
