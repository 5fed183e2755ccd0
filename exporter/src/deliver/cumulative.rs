//! Cumulative metrics: the latest totals win.
//!
//! Nothing is queued but the report being sent. A request that fails is sent
//! again as it is, or, once a newer epoch has come in, gives way to a report
//! of the newer totals: after any outage the first success brings exact ones.
//! That report begins where the one before was stuck, so that a receiver which
//! takes a few requests at a time gets to see all series.
//!
//! A series that has ended is in every report until one has been delivered.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use pqcnet_telemetry_core::RetiredEpoch;

use super::failure::Verdict;
use super::report::{DropReason, SignalReport};
use super::source::{Outcome, Settled, Source};
use crate::accumulate::Accumulator;
use crate::otlp::{Body, MetricsEncoder};

pub(crate) struct Cumulative {
    accumulator: Accumulator,
    encoder: MetricsEncoder,
    /// Whether an epoch that is to be sent has come in since the last report
    /// was encoded.
    is_due: bool,
    /// Whether any has.
    is_newer: bool,
    /// What is left of the report being sent.
    requests: VecDeque<Request>,
    /// Whether the first of them has failed.
    is_stuck: bool,
    /// How many series had ended when it was encoded.
    ended: u64,
}

struct Request {
    /// In the report.
    index: usize,
    /// The report's points before it.
    before: usize,
    body: Arc<Body>,
}

impl Request {
    /// Which of the report's points it has.
    fn points(&self) -> Range<usize> {
        self.before..self.before + self.body.items
    }
}

impl Cumulative {
    pub(crate) fn new(accumulator: Accumulator, encoder: MetricsEncoder) -> Self {
        Self {
            accumulator,
            encoder,
            is_due: false,
            is_newer: false,
            requests: VecDeque::new(),
            is_stuck: false,
            ended: 0,
        }
    }

    fn items(&self) -> u64 {
        self.requests.iter().map(|r| r.body.items as u64).sum()
    }

    /// The report that begins with request `first`, from there on around.
    fn encode_from(&mut self, first: usize) {
        self.clear();
        (self.is_due, self.is_newer) = (false, false);
        self.ended = self.accumulator.rows.ended_so_far();
        let bodies = self.encoder.encode(&self.accumulator);
        self.accumulator.close_window();
        let requests = bodies.into_iter().enumerate();
        let mut points = 0;
        self.requests = requests
            .map(|(index, body)| {
                let before = points;
                points += body.items;
                Request {
                    index,
                    before,
                    body: Arc::new(body),
                }
            })
            .collect();
        if let Some(first) = first.checked_rem(self.requests.len()) {
            self.requests.rotate_left(first);
        }
    }

    /// What is left of the report, in requests of so many bytes. What was taken
    /// or refused of it is not said again, unless newer totals have come in.
    fn split(&mut self, max_bytes: usize) {
        self.encoder.set_max_bytes(max_bytes);
        let left: Vec<_> = self.requests.iter().map(Request::points).collect();
        let Some(first) = left.first().filter(|_| !self.is_newer) else {
            // About where the smaller requests of the same series begin.
            let index = self.requests.front().map_or(0, |request| request.index);
            self.encode_from(2 * index);
            return;
        };
        self.encode_from(0);
        self.requests.retain(|request| {
            let points = request.points();
            let mut left = left.iter();
            left.any(|left| points.start < left.end && left.start < points.end)
        });
        let mut requests = self.requests.iter();
        let stuck = requests.position(|request| request.points().contains(&first.start));
        self.requests.rotate_left(stuck.unwrap_or(0));
    }

    fn clear(&mut self) {
        self.is_stuck = false;
        let bodies = self.requests.drain(..);
        self.encoder
            .recycle(bodies.filter_map(|request| Arc::into_inner(request.body)));
    }
}

impl Source for Cumulative {
    fn add(&mut self, epoch: &RetiredEpoch, is_due: bool) {
        self.accumulator.add(epoch);
        self.is_newer = true;
        self.is_due |= is_due && !self.accumulator.has_only_own();
    }

    fn next(&mut self, _is_probe: bool, report: &mut SignalReport) -> Option<Arc<Body>> {
        let lost = self.accumulator.take_lost();
        if lost > 0 {
            report.count_dropped(DropReason::Ended, lost);
        }
        if self.is_due && (self.requests.is_empty() || self.is_stuck) {
            report.superseded += self.items();
            let stuck = self.requests.front().map_or(0, |request| request.index);
            self.encode_from(stuck);
        }
        Some(Arc::clone(&self.requests.front()?.body))
    }

    fn settle(
        &mut self,
        body: Arc<Body>,
        outcome: &Outcome<'_>,
        report: &mut SignalReport,
    ) -> Settled {
        if let Some(bytes) = outcome.smaller_than(&body) {
            self.split(bytes);
            return Settled::Recast;
        }
        let items = body.items as u64;
        match outcome.verdict {
            Verdict::Again { .. } => {
                self.is_stuck = true;
                return Settled::Stopped;
            }
            Verdict::Refused => {
                report.count_dropped(DropReason::Refused, self.items());
                self.clear();
                return Settled::Stopped;
            }
            Verdict::Taken => report.count_taken(body.items, outcome.rejected()),
            Verdict::TooLarge => report.count_dropped(DropReason::TooLarge, items),
            Verdict::Unfit => report.count_dropped(DropReason::Refused, items),
        }
        self.is_stuck = false;
        self.requests.pop_front();
        self.encoder.recycle(Arc::into_inner(body));
        if self.requests.is_empty() {
            self.accumulator.forget_ended(self.ended);
        }
        Settled::Done
    }

    fn has_next(&self) -> bool {
        self.is_due || !self.requests.is_empty()
    }

    fn give_up(&mut self, report: &mut SignalReport) {
        if self.is_due {
            self.encode_from(0);
        }
        report.count_dropped(DropReason::Shutdown, self.items());
        self.clear();
    }
}

#[cfg(test)]
mod tests;
