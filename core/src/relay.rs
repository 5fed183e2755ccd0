//! Whole items on their way from many threads to one collector: spans, log
//! records.
//!
//! # Protocol
//!
//! A thread pushes onto one of several bounded queues, its *lane*, always the
//! same one: with as many lanes as cores, hardly two threads at work share one.
//! Who finds the lane full counts the item as dropped. The collector takes what
//! is in all lanes, at an interval, and when it is *called*.
//!
//! Each lane has a *bell*, and the relay has one. Who fills a lane's batch, or
//! pushes past it, rings the lane's; the first to do so rings the relay's; the
//! first to do that calls the collector. When it comes, it answers the relay's
//! bell, then each lane's before it looks into the lane. So what is pushed past a
//! batch swaps a word of its own lane, and none that all threads share.
//!
//! Nobody waits for room or for items. A queue's pop does wait for a push that
//! has its place and not yet its item, and a push for a pop of its place: as
//! long as the other takes to move one.
//!
//! # Invariants
//!
//! Every item pushed is taken once, or counted as dropped once. When all is
//! quiet and a lane has a batch, the collector was called after it last came:
//! who pushed last saw the batch. Between two visits one push at most is told to
//! call.
//!
//! # Orderings
//!
//! The queues order their own items. A bell is rung by a swap with release, and
//! answered by one with acquire. Of a ring and an answer one is first in the
//! bell's history, and the other knows of it:
//!
//! - The ring is first: the collector sees its item, and takes it.
//! - The answer is first: the ring finds the bell silent, or another did since.
//!   Of a lane's bell it is passed on to the relay's, of the relay's it calls.
//!
//! A ring that is passed on is not lost between the two bells: a collector that
//! answers it at the relay's sees it at the lane's, and so hears it there. Loads
//! and stores in place of the swaps could miss each other, and a full batch would
//! wait for the interval. `dropped` is a statistic: relaxed.

use crossbeam_utils::CachePadded;

use crate::cell::{Anyone, Cell, Writer};
use crate::sync::{
    AtomicU32, BoundedQueue, Ordering, mutant, next_thread_number, ordering, thread_local,
};

/// Queues between threads that make items and the one that takes them away.
///
/// It holds as many items as its lanes have room for, and what it has no room for
/// it drops and counts.
///
/// ```
/// use pqcnet_telemetry_core::Relay;
///
/// // Two lanes for up to 4,096 items each; 512 in one are worth a visit.
/// let relay = Relay::new(2, 4_096, 512);
/// if relay.push("a span") {
///     // unpark the thread that drains
/// }
/// let mut taken = Vec::new();
/// relay.drain(|span| taken.push(span));
/// assert_eq!(taken, ["a span"]);
/// ```
#[derive(Debug)]
pub struct Relay<T> {
    lanes: Box<[CachePadded<Lane<T>>]>,
    batch: usize,
    bell: CachePadded<Bell>,
}

#[derive(Debug)]
struct Lane<T> {
    queue: BoundedQueue<T>,
    bell: CachePadded<Bell>,
    dropped: Cell,
}

/// Whether somebody called, and nobody has come yet.
#[derive(Debug, Default)]
struct Bell(AtomicU32);

thread_local! {
    /// By which this thread finds its lane, in every relay.
    static NUMBER: u32 = next_thread_number();
}

impl<T> Relay<T> {
    /// A relay of so many lanes for `capacity` items each, that calls the
    /// collector when there are `batch` in one: at least 1, at most `capacity`.
    ///
    /// # Panics
    ///
    /// If `lanes` or `capacity` is zero.
    pub fn new(lanes: usize, capacity: usize, batch: usize) -> Self {
        assert!(lanes > 0, "a relay has lanes");
        let lane = || {
            CachePadded::new(Lane {
                queue: BoundedQueue::new(capacity),
                bell: CachePadded::default(),
                dropped: Cell::default(),
            })
        };
        Self {
            lanes: (0..lanes).map(|_| lane()).collect(),
            batch: batch.clamp(1, capacity),
            bell: CachePadded::default(),
        }
    }

    /// Takes `item`, or counts it as dropped. Never waits for room. Says whether
    /// the collector is to be called now, by who has pushed.
    #[must_use = "a full batch waits for the collector to be called"]
    pub fn push(&self, item: T) -> bool {
        let lane = self.lane();
        if lane.queue.push(item).is_err() {
            // Who filled the lane has seen to the call.
            Anyone::add(&lane.dropped, 1);
            return false;
        }
        lane.queue.len() >= self.batch
            && lane.bell.ring(ordering!("relay.ring", Release))
            && self.bell.ring(ordering!("relay.call", Release))
    }

    /// Hands everything over that was pushed before, and some of what comes
    /// meanwhile; of one thread in the order of its pushes. For one collector at
    /// a time. Should `take` panic, what is left waits for the next drain, without
    /// a call.
    pub fn drain(&self, mut take: impl FnMut(T)) {
        let come = || self.bell.answer(ordering!("relay.answer", Acquire));
        if !mutant!("relay.lanes_first") {
            come();
        }
        for lane in &self.lanes {
            lane.drain(&mut take);
        }
        if mutant!("relay.lanes_first") {
            come();
        }
    }

    /// Items dropped since it was made.
    pub fn dropped(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.dropped.read()).sum()
    }

    fn lane(&self) -> &Lane<T> {
        // It has no destructor, but loom's.
        let number = NUMBER.try_with(|number| *number).unwrap_or_default();
        &self.lanes[number as usize % self.lanes.len()]
    }
}

impl<T> Lane<T> {
    fn drain(&self, take: &mut impl FnMut(T)) {
        if !mutant!("relay.answer_late") {
            self.answer();
        }
        // No more than was there, or who pushes could keep it busy.
        let items = (0..self.queue.capacity()).map_while(|_| self.queue.pop());
        items.for_each(take);
        if mutant!("relay.answer_late") {
            self.answer();
        }
    }

    /// Leaves a silent bell where it is: in the cache of who pushes here.
    fn answer(&self) {
        if self.bell.is_rung() {
            self.bell.answer(ordering!("relay.hear", Acquire));
        }
    }
}

impl Bell {
    /// Whether this is the first ring since the last answer.
    fn ring(&self, ordering: Ordering) -> bool {
        if mutant!("relay.not_swapped") {
            let before = self.0.load(Ordering::Relaxed);
            self.0.store(1, ordering);
            return before == 0;
        }
        self.0.swap(1, ordering) == 0
    }

    fn answer(&self, ordering: Ordering) {
        self.0.swap(0, ordering);
    }

    fn is_rung(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 1
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
