//! Where a lane's requests come from.

use std::sync::Arc;

use pqcnet_telemetry_core::RetiredEpoch;

use super::failure::{Failure, Verdict};
use super::report::SignalReport;
use crate::otlp::Body;

/// What is to be delivered of one signal to one destination, in the order in
/// which it has to arrive.
///
/// The lane asks for the next request, and settles it before it asks again:
/// one is in flight at a time.
pub(crate) trait Source: Send {
    /// Takes an epoch, where epochs are what is delivered. One that is not due
    /// goes out with the next that is.
    fn add(&mut self, _epoch: &RetiredEpoch, _is_due: bool) {}

    /// Counts what was lost since it was last asked for something.
    #[cfg(feature = "tracing")]
    fn refresh(&mut self, _report: &mut SignalReport) {}

    /// The request to send now. A probe finds out whether the receiver is back
    /// and should be small.
    fn next(&mut self, is_probe: bool, report: &mut SignalReport) -> Option<Arc<Body>>;

    /// Learns what became of the request that `next` gave last.
    fn settle(
        &mut self,
        body: Arc<Body>,
        outcome: &Outcome<'_>,
        report: &mut SignalReport,
    ) -> Settled;

    /// Whether `next` would give a request.
    fn has_next(&self) -> bool;

    /// A place behind all that is there now, where others fill the source too.
    fn end(&self) -> u64 {
        u64::MAX
    }

    /// Whether all before that place is done with.
    fn is_past(&self, _end: u64) -> bool {
        false
    }

    /// How much waits, in memory and on disk. None of totals, which are always
    /// there.
    fn waiting(&self) -> (u64, u64) {
        (0, 0)
    }

    /// Counts what is lost if nothing more is sent.
    fn give_up(&mut self, report: &mut SignalReport);
}

/// What follows for the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The request is done with: a failure has to be told.
    Done,
    /// What was in it goes out in other requests: there is nothing to tell yet.
    Recast,
    /// It is to be sent again, or others like it, after a wait.
    Stopped,
}

/// What became of a request, and what that means.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) verdict: Verdict,
    /// `None` if all is well.
    pub(crate) failure: Option<&'a Failure>,
}

impl<'a> Outcome<'a> {
    pub(crate) fn new(failure: Option<&'a Failure>) -> Self {
        Self {
            verdict: failure.map_or(Verdict::Taken, Failure::verdict),
            failure,
        }
    }

    /// Data points or log records of the request that were rejected, though it
    /// was taken.
    pub(crate) fn rejected(&self) -> u64 {
        match self.failure {
            Some(Failure::PartialSuccess { rejected, .. }) => *rejected,
            _ => 0,
        }
    }

    /// The size that the receiver may take, where it found the request too
    /// large and it can be split.
    pub(crate) fn smaller_than(&self, body: &Body) -> Option<usize> {
        // Where little but the envelope is left, size is not what it is about.
        const LEAST: usize = 1_024;
        let can_split = body.items > 1 && body.bytes.len() > LEAST;
        let is_size = self.failure.is_some_and(Failure::is_size);
        (is_size && can_split).then(|| (body.bytes.len() / 2).max(LEAST))
    }
}
