//! Events: every one until it is acknowledged, by its id at least once.
//!
//! A request that is refused for what is in it is halved until the event that
//! it is about stands alone. That one is suspect: it is set aside once the
//! receiver takes an event behind it, and with that shows that it is at work. A
//! receiver that takes none of several in a row refuses whatever it gets, and
//! events wait for another one to be configured: a wrong path, protocol or
//! credential must not cost a trail that nobody can record again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::failure::Verdict;
use super::report::{DropReason, SignalReport};
use super::source::{Outcome, Settled, Source};
use crate::otlp::{Body, LogsEncoder};
use crate::trail::{Batch, Trail};

/// Most events of one request.
const MOST: usize = 2_048;

/// Most events that can be suspect at a time.
const SUSPECTS: usize = 8;

pub(crate) struct Events {
    trail: Arc<Mutex<Trail>>,
    /// Which of the trail's readers this is.
    reader: usize,
    encoder: LogsEncoder,
    /// How many events the next request may have.
    most: usize,
    /// Sent, or to be sent, and not settled.
    request: Option<Request>,
    /// The first events of the trail, each refused alone, with the reason.
    suspects: Vec<(Batch, DropReason, String)>,
    /// While the receiver takes nothing: how often it was tried.
    probes: Option<usize>,
}

struct Request {
    body: Arc<Body>,
    batch: Batch,
    /// Whether it begins where the trail does, or behind the suspects.
    is_in_order: bool,
}

impl Events {
    pub(crate) fn new(trail: Arc<Mutex<Trail>>, reader: usize, encoder: LogsEncoder) -> Self {
        Self {
            trail,
            reader,
            encoder,
            most: MOST,
            request: None,
            suspects: Vec::new(),
            probes: None,
        }
    }

    fn trail(&self) -> MutexGuard<'_, Trail> {
        self.trail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next events, and whether it is their turn.
    fn next_batch(&self, is_probe: bool) -> Option<(Batch, bool)> {
        let mut trail = self.trail();
        // Not always the same probe: that may be what is wrong.
        let further = self.probes.map_or(0, |probes| probes % (SUSPECTS + 1));
        if further > 0
            && let Some(batch) = trail.batch(self.reader, further, 1)
        {
            return Some((batch, false));
        }
        let is_single = is_probe || self.probes.is_some() || !self.suspects.is_empty();
        let most = if is_single { 1 } else { self.most };
        let batch = trail.batch(self.reader, self.suspects.len(), most)?;
        Some((batch, true))
    }

    /// The receiver is at work, so what it has refused alone is what is wrong.
    fn set_suspects_aside(&mut self, report: &mut SignalReport) {
        for (batch, lost, reason) in std::mem::take(&mut self.suspects) {
            report.count_dropped(lost, 1);
            let mut trail = self.trail();
            trail.set_aside(self.reader, &batch, &reason);
            trail.acknowledge(self.reader, &batch);
        }
    }

    fn taken(&mut self, body: &Body, outcome: &Outcome<'_>, report: &mut SignalReport) {
        report.count_taken(body.items, outcome.rejected());
        let Some(request) = self.request.take() else {
            return;
        };
        self.probes = None;
        self.set_suspects_aside(report);
        if let Some(failure) = outcome.failure
            && outcome.rejected() > 0
        {
            // Which of them, a receiver does not say.
            let reason = failure.to_string();
            self.trail().set_aside(self.reader, &request.batch, &reason);
        }
        // A probe further on that got through comes again in its turn.
        if request.is_in_order {
            self.trail().acknowledge(self.reader, &request.batch);
        }
        self.most = (2 * self.most).min(MOST);
    }

    /// One event was refused for what is in it.
    fn refused_alone(&mut self, lost: DropReason, reason: String) -> Settled {
        let request = self.request.take();
        if let Some(probes) = &mut self.probes {
            *probes += 1;
            return Settled::Stopped;
        }
        self.suspects
            .extend(request.map(|request| (request.batch, lost, reason)));
        if self.suspects.len() > SUSPECTS {
            self.suspects.clear();
            self.probes = Some(0);
            return Settled::Stopped;
        }
        Settled::Done
    }
}

impl Source for Events {
    fn next(&mut self, is_probe: bool, _report: &mut SignalReport) -> Option<Arc<Body>> {
        // A probe is of one event.
        let kept = self.request.take();
        let kept = kept.filter(|request| !is_probe || request.body.items == 1);
        let request = if let Some(request) = kept {
            request
        } else {
            let (mut batch, is_in_order) = self.next_batch(is_probe)?;
            let body = Arc::new(self.encoder.encode(batch.events(), &()));
            batch.truncate(body.items);
            Request {
                body,
                batch,
                is_in_order,
            }
        };
        let body = Arc::clone(&request.body);
        self.request = Some(request);
        Some(body)
    }

    fn settle(
        &mut self,
        body: Arc<Body>,
        outcome: &Outcome<'_>,
        report: &mut SignalReport,
    ) -> Settled {
        let reason = outcome.failure.map(ToString::to_string);
        let reason = reason.unwrap_or_default();
        match outcome.verdict {
            Verdict::Again { .. } | Verdict::Refused => Settled::Stopped,
            Verdict::Unfit if body.items > 1 => {
                self.request = None;
                self.most = body.items / 2;
                Settled::Recast
            }
            Verdict::Unfit => self.refused_alone(DropReason::Refused, reason),
            Verdict::TooLarge => {
                // Never sent, so it says nothing of the receiver.
                let settled = self.refused_alone(DropReason::TooLarge, reason);
                if self.suspects.len() == 1 {
                    self.set_suspects_aside(report);
                }
                settled
            }
            Verdict::Taken => {
                self.taken(&body, outcome, report);
                Settled::Done
            }
        }
    }

    fn has_next(&self) -> bool {
        let (memory, spooled) = self.waiting();
        self.request.is_some() || memory + spooled > self.suspects.len() as u64
    }

    fn waiting(&self) -> (u64, u64) {
        self.trail().waiting(self.reader)
    }

    fn give_up(&mut self, report: &mut SignalReport) {
        self.request = None;
        // On disk they wait for the next process.
        self.suspects.retain(|(batch, ..)| !batch.is_spooled());
        self.set_suspects_aside(report);
        let lost = self.trail().give_up(self.reader);
        report.count_dropped(DropReason::Shutdown, lost);
    }
}
