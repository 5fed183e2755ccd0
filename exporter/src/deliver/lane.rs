//! One signal on its way to one destination: what is sent when, and what
//! follows from the answer.
//!
//! A lane neither sends nor waits nor looks at a clock; a worker does that for
//! it, and tests do it in their own time.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use pqcnet_telemetry_core::RetiredEpoch;

use super::backoff::Backoff;
use super::failure::{Failure, Verdict};
use super::report::SignalReport;
use super::retry_after::RetryAfter;
use super::source::{Outcome, Settled, Source};
use crate::otlp::Body;
use crate::self_metrics::Meters;

/// After so many failures in a row, what goes out is a probe.
const PATIENCE: u32 = 5;

pub(crate) struct Lane {
    source: Box<dyn Source>,
    backoff: Backoff,
    report: SignalReport,
    meters: Option<Meters>,
    /// In a row, without an answer that shows the receiver at work.
    failures: u32,
    /// Nothing is sent before.
    not_before: Option<Instant>,
    is_in_flight: bool,
    /// How often it has stopped to wait.
    stops: u64,
    /// Why it has stopped, until something is taken.
    trouble: Option<Failure>,
    /// The first failure of a request that is not repeated, since the last
    /// flush that reported it.
    loss: Option<Failure>,
    /// The report of the last flush.
    reported: SignalReport,
}

/// What to do now.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send this, then settle it.
    Send(Arc<Body>),
    /// Ask again then, or when something was added.
    Wait(Instant),
    /// Ask again when something was added.
    Idle,
}

/// What became of a request.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) failure: Option<Failure>,
    pub(crate) retry_after: Option<RetryAfter>,
    /// How long it took.
    pub(crate) duration: Duration,
}

/// A flush's place in a lane's history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    stops: u64,
    /// Of what it waits for.
    end: u64,
}

impl Lane {
    /// `report` names the destination and has counted nothing.
    pub(crate) fn new(
        source: Box<dyn Source>,
        backoff: Backoff,
        report: SignalReport,
        meters: Option<Meters>,
    ) -> Self {
        Self {
            source,
            backoff,
            reported: report.clone(),
            report,
            meters,
            failures: 0,
            not_before: None,
            is_in_flight: false,
            stops: 0,
            trouble: None,
            loss: None,
        }
    }

    /// Takes what a flush has cut, or with `is_due` unset what somebody else
    /// has: that waits for the next flush.
    pub(crate) fn offer(&mut self, epoch: &RetiredEpoch, is_due: bool) -> Ticket {
        self.source.add(epoch, is_due);
        self.measure_queue();
        Ticket {
            stops: self.stops,
            end: self.source.end(),
        }
    }

    /// Learns that there may be more in the source, or less.
    #[cfg(feature = "tracing")]
    pub(crate) fn refresh(&mut self) {
        self.source.refresh(&mut self.report);
        self.measure_queue();
    }

    pub(crate) fn step(&mut self, now: Instant) -> Step {
        if self.is_in_flight || !self.source.has_next() {
            return Step::Idle;
        }
        if let Some(moment) = self.not_before.filter(|moment| now < *moment) {
            return Step::Wait(moment);
        }
        let is_probe = self.failures >= PATIENCE;
        match self.source.next(is_probe, &mut self.report) {
            Some(body) => {
                self.is_in_flight = true;
                if let Some(meters) = &self.meters {
                    meters.sent(body.items);
                }
                Step::Send(body)
            }
            None => Step::Idle,
        }
    }

    /// Learns what became of the request that `step` gave last; `wall` is the
    /// time of day.
    pub(crate) fn settle(
        &mut self,
        body: Arc<Body>,
        attempt: Attempt,
        now: Instant,
        wall: SystemTime,
    ) {
        self.is_in_flight = false;
        let outcome = Outcome::new(attempt.failure.as_ref());
        let is_answered = outcome.verdict != Verdict::TooLarge;
        let (items, before) = (body.items, self.report.done());
        let settled = self.source.settle(body, &outcome, &mut self.report);
        if let Some(meters) = &mut self.meters {
            let (taken, given_up) = self.report.done();
            let taken = taken - before.0;
            let given_up = match (&attempt.failure, settled) {
                (None, _) => 0, // what it has shown of others was counted with them
                (Some(_), Settled::Done) => items as u64 - taken,
                _ => given_up - before.1,
            };
            let error = attempt.failure.as_ref().map(Failure::error_type);
            meters.settled(items, error.as_deref(), attempt.duration, taken, given_up);
        }
        self.measure_queue();
        if settled == Settled::Stopped {
            self.failures = self.failures.saturating_add(1);
            let asked = attempt.retry_after.map(|after| after.wait(wall));
            let wait = self.backoff.wait(self.failures);
            self.not_before = Some(now + wait.max(asked.unwrap_or_default()));
            self.stops += 1;
            self.trouble = attempt.failure;
            return;
        }
        if is_answered {
            self.failures = 0;
            self.not_before = None;
            self.trouble = None;
        }
        if settled == Settled::Done {
            self.loss = self.loss.take().or(attempt.failure);
        }
    }

    fn measure_queue(&mut self) {
        if let Some(meters) = &mut self.meters {
            let (memory, spooled) = self.source.waiting();
            meters.queued(memory + spooled);
        }
    }

    /// Whether a flush of this ticket need wait no longer: everything is out, or
    /// all that was there when it came, or the lane waits after a failure. One that
    /// has got over its failure before the flush looked has more to deliver, and
    /// nothing to say yet.
    pub(crate) fn is_settled(&self, ticket: Ticket, now: Instant) -> bool {
        (self.stops > ticket.stops && self.trouble.is_some())
            || self.source.is_past(ticket.end)
            || (!self.is_in_flight && (!self.source.has_next() || self.is_waiting(now)))
    }

    fn is_waiting(&self, now: Instant) -> bool {
        self.not_before.is_some_and(|moment| now < moment)
    }

    /// Whether nothing more can be delivered until `deadline`.
    pub(crate) fn is_drained(&self, deadline: Instant) -> bool {
        !self.is_in_flight && (!self.source.has_next() || self.is_waiting(deadline))
    }

    /// What a flush reports: why not everything is delivered, if so.
    pub(crate) fn take_failure(&mut self) -> Option<Failure> {
        self.loss.take().or_else(|| self.trouble.clone())
    }

    /// The totals since the lane was made.
    pub(crate) fn report(&self) -> SignalReport {
        let mut report = self.report.clone();
        (report.waiting, report.spooled) = self.source.waiting();
        report.error = self.trouble.as_ref().map(ToString::to_string);
        report
    }

    /// The same since the last call.
    pub(crate) fn take_report(&mut self) -> SignalReport {
        let report = self.report();
        let earlier = std::mem::replace(&mut self.reported, report.clone());
        report.since(&earlier)
    }

    /// Counts what waits as lost.
    pub(crate) fn give_up(&mut self) {
        self.source.give_up(&mut self.report);
    }
}

#[cfg(test)]
mod tests;
