//! Events: every one until it is acknowledged, by its id at least once.
//!
//! A request that is refused for what is in it is halved until the event that
//! it is about stands alone; that one is set aside, all others arrive. While
//! the receiver refuses whatever it gets, events wait: a wrong path or an
//! expired credential must not cost a trail that nobody can record again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::failure::Verdict;
use super::report::{DropReason, SignalReport};
use super::source::{Outcome, Source};
use crate::otlp::{Body, LogsEncoder};
use crate::trail::{Batch, Trail};

/// Most events of one request.
const MOST: usize = 2_048;

pub(crate) struct Events {
    trail: Arc<Mutex<Trail>>,
    /// Which of the trail's readers this is.
    reader: usize,
    encoder: LogsEncoder,
    /// How many events the next request may have.
    most: usize,
    /// Sent, or to be sent, and not settled.
    request: Option<(Arc<Body>, Batch)>,
}

impl Events {
    pub(crate) fn new(trail: Arc<Mutex<Trail>>, reader: usize, encoder: LogsEncoder) -> Self {
        Self {
            trail,
            reader,
            encoder,
            most: MOST,
            request: None,
        }
    }

    fn trail(&self) -> MutexGuard<'_, Trail> {
        self.trail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Events {
    fn next(&mut self, is_probe: bool, _report: &mut SignalReport) -> Option<Arc<Body>> {
        let most = if is_probe { 1 } else { self.most };
        if self
            .request
            .as_ref()
            .is_some_and(|(body, _)| body.items > most)
        {
            self.request = None; // a new one, of fewer events
        }
        if self.request.is_none() {
            let mut batch = self.trail().batch(self.reader, most)?;
            let body = self.encoder.encode(batch.events());
            batch.truncate(body.items);
            self.request = Some((Arc::new(body), batch));
        }
        self.request.as_ref().map(|(body, _)| Arc::clone(body))
    }

    fn settle(
        &mut self,
        body: Arc<Body>,
        outcome: &Outcome<'_>,
        report: &mut SignalReport,
    ) -> bool {
        let items = body.items as u64;
        let reason = || {
            outcome
                .failure
                .map_or_else(String::new, ToString::to_string)
        };
        match outcome.verdict {
            Verdict::Again { .. } | Verdict::Refused => return false,
            Verdict::Unfit if body.items > 1 => {
                self.request = None;
                self.most = body.items / 2;
                return false;
            }
            Verdict::Taken => {
                let rejected = outcome.rejected().min(items);
                report.delivered += items - rejected;
                report.rejected += rejected;
                if let Some((_, batch)) = self.request.take() {
                    if rejected > 0 {
                        // Which of them, a receiver does not say.
                        self.trail().set_aside(self.reader, &batch, &reason());
                    }
                    self.trail().acknowledge(self.reader, &batch);
                }
                self.most = (2 * self.most).min(MOST);
            }
            Verdict::Unfit | Verdict::TooLarge => {
                let lost = match outcome.verdict {
                    Verdict::TooLarge => DropReason::TooLarge,
                    _ => DropReason::Refused,
                };
                *report.dropped.entry(lost).or_default() += items;
                if let Some((_, batch)) = self.request.take() {
                    self.trail().set_aside(self.reader, &batch, &reason());
                    self.trail().acknowledge(self.reader, &batch);
                }
            }
        }
        true
    }

    fn has_next(&self) -> bool {
        self.request.is_some() || self.trail().has_batch(self.reader)
    }

    fn count_waiting(&self, report: &mut SignalReport) {
        (report.waiting, report.spooled) = self.trail().waiting(self.reader);
    }

    fn give_up(&mut self, report: &mut SignalReport) {
        self.request = None;
        let (waiting, _) = self.trail().waiting(self.reader);
        if waiting > 0 {
            *report.dropped.entry(DropReason::Shutdown).or_default() += waiting;
        }
    }
}
