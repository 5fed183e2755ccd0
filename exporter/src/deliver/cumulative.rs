//! Cumulative metrics: the latest totals win.
//!
//! Nothing is queued but the report being sent. A request that fails is sent
//! again as it is, or, once a newer epoch has come in, gives way to a report
//! of the newer totals: after any outage the first success brings exact ones.
//! That report begins where the one before was stuck, so that a receiver which
//! takes a few requests at a time gets to see all series.

use std::collections::VecDeque;
use std::sync::Arc;

use pqcnet_telemetry_core::RetiredEpoch;

use super::failure::Verdict;
use super::report::{DropReason, SignalReport};
use super::source::{Outcome, Source};
use crate::accumulate::Accumulator;
use crate::otlp::{Body, MetricsEncoder};

pub(crate) struct Cumulative {
    accumulator: Accumulator,
    encoder: MetricsEncoder,
    /// Whether an epoch has come in since the last report was encoded.
    is_due: bool,
    /// What is left of the report being sent.
    requests: VecDeque<Request>,
    /// Whether the first of them has failed.
    is_stuck: bool,
}

struct Request {
    /// In the report.
    index: usize,
    body: Arc<Body>,
}

impl Cumulative {
    pub(crate) fn new(accumulator: Accumulator, encoder: MetricsEncoder) -> Self {
        Self {
            accumulator,
            encoder,
            is_due: false,
            requests: VecDeque::new(),
            is_stuck: false,
        }
    }

    fn items(&self) -> u64 {
        self.requests.iter().map(|r| r.body.items as u64).sum()
    }

    /// The report that begins with request `first`, from there on around.
    fn encode_from(&mut self, first: usize) {
        self.clear();
        self.is_due = false;
        let bodies = self.encoder.encode(&self.accumulator);
        let requests = bodies.into_iter().enumerate();
        self.requests = requests
            .map(|(index, body)| Request {
                index,
                body: Arc::new(body),
            })
            .collect();
        if let Some(first) = first.checked_rem(self.requests.len()) {
            self.requests.rotate_left(first);
        }
    }

    fn clear(&mut self) {
        self.is_stuck = false;
        let bodies = self.requests.drain(..);
        self.encoder
            .recycle(bodies.filter_map(|request| Arc::into_inner(request.body)));
    }
}

impl Source for Cumulative {
    fn add(&mut self, epoch: &RetiredEpoch) {
        self.accumulator.add(epoch);
        self.is_due = !self.accumulator.has_only_own();
    }

    fn next(&mut self, _is_probe: bool, report: &mut SignalReport) -> Option<Arc<Body>> {
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
    ) -> bool {
        if let Some(bytes) = outcome.smaller_than(&body) {
            self.encoder.set_max_bytes(bytes);
            // About where the smaller requests of the same series begin.
            let index = self.requests.front().map_or(0, |request| request.index);
            self.encode_from(2 * index);
            return false;
        }
        let items = body.items as u64;
        match outcome.verdict {
            Verdict::Again { .. } => self.is_stuck = true,
            Verdict::Refused => {
                *report.dropped.entry(DropReason::Refused).or_default() += self.items();
                self.clear();
            }
            Verdict::Taken | Verdict::Unfit | Verdict::TooLarge => {
                match outcome.verdict {
                    Verdict::Taken => {
                        let rejected = outcome.rejected().min(items);
                        report.delivered += items - rejected;
                        report.rejected += rejected;
                    }
                    Verdict::TooLarge => {
                        *report.dropped.entry(DropReason::TooLarge).or_default() += items;
                    }
                    _ => *report.dropped.entry(DropReason::Refused).or_default() += items,
                }
                self.is_stuck = false;
                self.requests.pop_front();
                self.encoder.recycle(Arc::into_inner(body));
            }
        }
        !matches!(outcome.verdict, Verdict::Again { .. })
    }

    fn has_next(&self) -> bool {
        self.is_due || !self.requests.is_empty()
    }

    /// Nothing does: the totals are always there.
    fn count_waiting(&self, _report: &mut SignalReport) {}

    fn give_up(&mut self, report: &mut SignalReport) {
        if self.is_due {
            self.encode_from(0);
        }
        let lost = self.items();
        if lost > 0 {
            *report.dropped.entry(DropReason::Shutdown).or_default() += lost;
        }
        self.clear();
    }
}
