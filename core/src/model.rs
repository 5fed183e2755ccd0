//! The door through which `loom-tests` reaches what has no public way in.

use crate::bank::Direction;
use crate::cell::Anyone;
use crate::{Counter, Histogram};

/// A record of a thread whose thread-locals are gone.
pub fn add_in_fallback(counter: &Counter, n: u64) {
    let bank = &counter.lease().core().fallback;
    bank.add::<Anyone>(counter.lease().slot(), n, Direction::Up);
}

/// The same for a histogram.
pub fn record_in_fallback(histogram: &Histogram, value: u64) {
    let bank = &histogram.core().fallback;
    bank.block_or_allocate(histogram.slot(), histogram.layout())
        .record::<Anyone>(histogram.layout(), value, 1);
}
