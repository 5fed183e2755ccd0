//! Spans and log records: batches, each until it is acknowledged or refused.
//!
//! A batch is sent again after doubt: receivers know a span by its id, and a log
//! record twice is better than none. One that is refused for what is in it is
//! halved until the item that it is about stands alone, which is dropped.

use std::borrow::Borrow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::backlog::Backlog;
use super::failure::Verdict;
use super::report::{DropReason, SignalReport};
use super::source::{Outcome, Settled, Source};
use crate::otlp::Body;
use crate::otlp::items::{Item, ItemsEncoder};
use crate::trace::batch::Batch;
use crate::trace::moment::Anchor;

/// The batches of one kind for one destination: of items `T`, kept as `B`.
pub(crate) struct Batches<B, T> {
    backlog: Arc<Mutex<Backlog<B>>>,
    /// Which of the backlog's readers this is.
    reader: usize,
    encoder: ItemsEncoder<T>,
    /// How many items the next request may have.
    most: usize,
    current: Option<Current<B>>,
}

/// A batch on its way.
struct Current<B> {
    batch: Arc<Batch<B>>,
    /// The first item that is not settled.
    at: usize,
    /// Sent, or to be sent, and not settled: of the items from `at`.
    body: Option<Arc<Body>>,
}

impl<B> Current<B> {
    fn rest(&self) -> &[B] {
        &self.batch.items[self.at..]
    }
}

impl<B, T> Batches<B, T> {
    pub(crate) fn new(
        backlog: Arc<Mutex<Backlog<B>>>,
        reader: usize,
        encoder: ItemsEncoder<T>,
    ) -> Self {
        Self {
            backlog,
            reader,
            encoder,
            most: usize::MAX,
            current: None,
        }
    }

    fn backlog(&self) -> MutexGuard<'_, Backlog<B>> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rest(&self) -> u64 {
        self.current
            .as_ref()
            .map_or(0, |current| current.rest().len() as u64)
    }

    /// So many of the first items are done with.
    fn advance(&mut self, items: usize) {
        let Some(current) = &mut self.current else {
            return;
        };
        current.at += items;
        current.body = None;
        if current.rest().is_empty() {
            self.current = None;
        }
    }
}

impl<B, T> Source for Batches<B, T>
where
    B: Borrow<T> + Send + Sync,
    T: Item<Context = Anchor>,
{
    fn refresh(&mut self, report: &mut SignalReport) {
        let dropped = self.backlog().take_dropped(self.reader);
        report.count_dropped(DropReason::QueueFull, dropped);
    }

    fn next(&mut self, is_probe: bool, _report: &mut SignalReport) -> Option<Arc<Body>> {
        if self.current.is_none() {
            let batch = self.backlog().take(self.reader)?;
            self.current = Some(Current {
                batch,
                at: 0,
                body: None,
            });
        }
        let current = self.current.as_mut()?;
        let kept = current.body.take();
        let kept = kept.filter(|body| !is_probe || body.items == 1);
        let body = kept.unwrap_or_else(|| {
            let most = if is_probe { 1 } else { self.most };
            let rest = current.rest();
            let items = rest.iter().take(most).map(Borrow::borrow);
            Arc::new(self.encoder.encode(items, &current.batch.anchor))
        });
        current.body = Some(Arc::clone(&body));
        Some(body)
    }

    fn settle(
        &mut self,
        body: Arc<Body>,
        outcome: &Outcome<'_>,
        report: &mut SignalReport,
    ) -> Settled {
        let lost = match outcome.verdict {
            Verdict::Again { .. } | Verdict::Refused => return Settled::Stopped,
            Verdict::Taken => {
                report.count_taken(body.items, outcome.rejected());
                self.advance(body.items);
                self.most = self.most.saturating_mul(2);
                return Settled::Done;
            }
            Verdict::Unfit if body.items > 1 => {
                self.most = body.items / 2;
                if let Some(current) = &mut self.current {
                    current.body = None;
                }
                return Settled::Recast;
            }
            Verdict::Unfit => DropReason::Refused,
            Verdict::TooLarge => DropReason::TooLarge,
        };
        report.count_dropped(lost, body.items as u64);
        self.advance(body.items);
        Settled::Done
    }

    fn has_next(&self) -> bool {
        self.current.is_some() || self.backlog().waiting(self.reader) > 0
    }

    fn end(&self) -> u64 {
        self.backlog().end()
    }

    fn is_past(&self, end: u64) -> bool {
        // The current one was taken and is not done with.
        let place = self.backlog().place(self.reader);
        place - u64::from(self.current.is_some()) >= end
    }

    fn waiting(&self) -> (u64, u64) {
        (self.rest() + self.backlog().waiting(self.reader), 0)
    }

    fn give_up(&mut self, report: &mut SignalReport) {
        self.refresh(report);
        let mut lost = self.rest();
        self.current = None;
        let mut backlog = self.backlog();
        while let Some(batch) = backlog.take(self.reader) {
            lost += batch.items.len() as u64;
        }
        drop(backlog);
        report.count_dropped(DropReason::Shutdown, lost);
    }
}
