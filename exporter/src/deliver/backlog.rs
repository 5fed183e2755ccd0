//! What waits for one or several destinations: in memory, and bounded.
//!
//! Each destination takes the batches in their order and at its own pace. Where
//! more waits than may, the oldest gives way, for those destinations that have
//! not taken it: one that is down holds up no other, and gets what is newest
//! when it is back. What has just come never gives way, however much it is:
//! nobody has had the time to take it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::trace::batch::Batch;

pub(crate) struct Backlog<T> {
    batches: VecDeque<Arc<Batch<T>>>,
    /// The number of the first of them.
    first: u64,
    /// Items in them.
    items: usize,
    /// Most items that wait while others come.
    capacity: usize,
    readers: Vec<Reader>,
}

/// A destination's place.
#[derive(Clone, Debug, Default)]
struct Reader {
    /// The number of the batch that it takes next.
    next: u64,
    /// Items that gave way before it took them, since they were last asked for.
    dropped: u64,
}

impl<T> Backlog<T> {
    pub(crate) fn new(readers: usize, capacity: usize) -> Self {
        Self {
            batches: VecDeque::new(),
            first: 0,
            items: 0,
            capacity,
            readers: vec![Reader::default(); readers],
        }
    }

    /// Takes what was collected at one time.
    pub(crate) fn extend(&mut self, batches: Vec<Batch<T>>) {
        if self.readers.is_empty() || batches.is_empty() {
            return;
        }
        while self.items > self.capacity {
            let first = self.first;
            let dropped = self.pop() as u64;
            let late = self.readers.iter_mut();
            for reader in late.filter(|reader| reader.next == first) {
                reader.next += 1;
                reader.dropped += dropped;
            }
        }
        for batch in batches {
            self.items += batch.items.len();
            self.batches.push_back(Arc::new(batch));
        }
    }

    /// The number of the next batch to come.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.batches.len() as u64
    }

    /// The number of the next batch that this destination takes.
    pub(crate) fn place(&self, reader: usize) -> u64 {
        self.readers[reader].next
    }

    /// The next batch for this destination.
    pub(crate) fn take(&mut self, reader: usize) -> Option<Arc<Batch<T>>> {
        let reader = &mut self.readers[reader];
        let at = (reader.next - self.first) as usize;
        let batch = Arc::clone(self.batches.get(at)?);
        reader.next += 1;
        let done = self.readers.iter().map(|reader| reader.next).min();
        while done.is_some_and(|done| self.first < done) {
            self.pop();
        }
        Some(batch)
    }

    /// How many items this destination has not taken.
    pub(crate) fn waiting(&self, reader: usize) -> u64 {
        let taken = (self.readers[reader].next - self.first) as usize;
        let batches = self.batches.range(taken..);
        batches.map(|batch| batch.items.len() as u64).sum()
    }

    /// How many items this destination has lost since the last call.
    pub(crate) fn take_dropped(&mut self, reader: usize) -> u64 {
        std::mem::take(&mut self.readers[reader].dropped)
    }

    /// Forgets the first batch, and says of how many items.
    fn pop(&mut self) -> usize {
        let batch = self.batches.pop_front();
        let items = batch.map_or(0, |batch| batch.items.len());
        self.items -= items;
        self.first += 1;
        items
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use quanta::Clock;

    use super::*;
    use crate::trace::moment::Anchor;

    #[derive(Clone, Debug)]
    enum Step {
        /// Batches of so many items.
        Extend(Vec<usize>),
        Take(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            vec(1_usize..5, 0..6).prop_map(Step::Extend),
            (0_usize..2).prop_map(Step::Take),
        ];
        vec(step, 0..60)
    }

    proptest! {
        /// Each reader has a queue of its own, which loses its oldest batches
        /// where more than the capacity waits for anybody when others come.
        #[test]
        fn every_item_is_taken_in_order_or_counted(steps in steps()) {
            const CAPACITY: usize = 8;
            let anchor = Anchor::now(&Clock::new());
            let mut backlog = Backlog::new(2, CAPACITY);
            let mut naive = [VecDeque::<Vec<u32>>::new(), VecDeque::new()];
            let mut lost = [0_u64; 2];
            let mut next = 0;
            for step in steps {
                match step {
                    Step::Extend(sizes) => {
                        let batch = |items| {
                            let items: Vec<u32> = (next..).take(items).collect();
                            next += items.len() as u32;
                            items
                        };
                        let batches: Vec<_> = sizes.into_iter().map(batch).collect();
                        for (queue, lost) in naive.iter_mut().zip(&mut lost) {
                            while !batches.is_empty()
                                && queue.iter().map(Vec::len).sum::<usize>() > CAPACITY
                            {
                                *lost += queue.pop_front().unwrap().len() as u64;
                            }
                            queue.extend(batches.clone());
                        }
                        let batch = |items| Batch { items, anchor: anchor.clone(), home: None };
                        backlog.extend(batches.into_iter().map(batch).collect());
                    }
                    Step::Take(reader) => {
                        let taken = backlog.take(reader).map(|batch| batch.items.clone());
                        prop_assert_eq!(taken, naive[reader].pop_front());
                    }
                }
                for reader in 0..2 {
                    let waiting = naive[reader].iter().map(Vec::len).sum::<usize>() as u64;
                    prop_assert_eq!(backlog.waiting(reader), waiting);
                    prop_assert_eq!(backlog.take_dropped(reader), std::mem::take(&mut lost[reader]));
                }
            }
        }
    }
}
