//! Monotone words, and who may write them.
//!
//! # Protocol
//!
//! A word starts at zero and only ever moves up, modulo 2^64. In a thread's
//! own bank one thread writes it ([`Owner`]: load, add, store); in the shared
//! fallback bank anyone does ([`Anyone`]: `fetch_add`). The collector reads it
//! whenever it likes and remembers what it has read as a *baseline*.
//!
//! # Invariants
//!
//! Two owners never overlap: a shard changes hands through its claims (see
//! `shard`), which order the last store of one owner before the first load of
//! the next.
//!
//! # Orderings
//!
//! A [`Cell`] is relaxed: a reader that misses its newest value reports less
//! now and the rest at the next flush, and no other memory hangs on it.
//!
//! A [`Published`] word says something about words written before it, so it is
//! added with release and read, before those, with acquire. There are three:
//!
//! - a *carry* counts how often a value passed 2^64. Without the order, a
//!   reader could see the carry and the value of before, and report 2^64 too
//!   much. (Value wrapped and carry missed is harmless: the reading lies below
//!   the baseline, counts as no gain and is made good by the next flush.)
//! - a histogram's *sum* follows its bucket, and its *count* follows the sum,
//!   so that a reader can tell whether a record was under way (see `block`).

use crate::sync::{AtomicU64, Ordering, Zeroable, mutant, ordering, zeroed};

/// A monotone word that stands for itself.
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct Cell(AtomicU64);

impl Cell {
    #[inline(always)]
    pub(crate) fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Overwrites the cell: for baselines and flags, which have one writer and
    /// no history.
    #[inline(always)]
    pub(crate) fn write(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

/// A monotone word that follows others: who reads it sees those too.
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct Published(AtomicU64);

impl Published {
    /// Synchronises with [`Writer::publish`].
    #[inline(always)]
    pub(crate) fn read(&self) -> u64 {
        self.0.load(ordering!("published.read", Acquire))
    }
}

// SAFETY: an `AtomicU64` of zero bytes is the number zero.
#[expect(unsafe_code, reason = "words are reserved zeroed")]
unsafe impl Zeroable for Cell {}
// SAFETY: likewise.
#[expect(unsafe_code, reason = "words are reserved zeroed")]
unsafe impl Zeroable for Published {}

/// How a record reaches a word: alone, or beside other writers.
pub(crate) trait Writer {
    /// Adds `n` modulo 2^64 and returns the value before.
    fn add(cell: &Cell, n: u64) -> u64;
    /// Adds `n` modulo 2^64 after all that this thread has stored, and returns
    /// the value before. Pairs with [`Published::read`].
    fn publish(word: &Published, n: u64) -> u64;
    /// Sets the bits of `mask` and returns those set before.
    fn set_bits(cell: &Cell, mask: u64) -> u64;
}

/// The thread that holds the shard's claim: no other writer exists.
#[derive(Debug)]
pub(crate) struct Owner;

impl Writer for Owner {
    #[inline(always)]
    fn add(cell: &Cell, n: u64) -> u64 {
        let old = cell.read();
        cell.write(old.wrapping_add(n));
        old
    }

    #[inline(always)]
    fn publish(word: &Published, n: u64) -> u64 {
        let old = word.0.load(Ordering::Relaxed);
        word.0
            .store(old.wrapping_add(n), ordering!("published.owner", Release));
        old
    }

    #[inline(always)]
    fn set_bits(cell: &Cell, mask: u64) -> u64 {
        let old = cell.read();
        cell.write(old | mask);
        old
    }
}

/// Any thread, in the fallback bank.
#[derive(Debug)]
pub(crate) struct Anyone;

impl Writer for Anyone {
    fn add(cell: &Cell, n: u64) -> u64 {
        if mutant!("fallback.unshared") {
            return Owner::add(cell, n);
        }
        cell.0.fetch_add(n, Ordering::Relaxed)
    }

    fn publish(word: &Published, n: u64) -> u64 {
        word.0.fetch_add(n, ordering!("published.anyone", Release))
    }

    fn set_bits(cell: &Cell, mask: u64) -> u64 {
        cell.0.fetch_or(mask, Ordering::Relaxed)
    }
}

/// A value and its carry: a 128-bit sum as read at some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) carry: u64,
    pub(crate) value: u64,
}

impl Reading {
    /// What came since `baseline`; zero where a carry is still on its way.
    #[inline]
    pub(crate) fn gain_since(self, baseline: Self) -> u128 {
        self.total().saturating_sub(baseline.total())
    }

    #[inline]
    pub(crate) fn total(self) -> u128 {
        (u128::from(self.carry) << 64) | u128::from(self.value)
    }
}

/// A zeroed run of words that shares no cache line with other memory.
///
/// Large runs come from untouched pages, so words that nobody records into
/// cost address space and no resident memory.
#[derive(Debug)]
pub(crate) struct Cells<T = Cell> {
    memory: Box<[T]>,
    start: usize,
    len: usize,
}

/// Words in 128 bytes: what `CachePadded` keeps apart on x86-64 and `AArch64`,
/// whose prefetchers fetch lines in pairs.
const LINE: usize = if cfg!(loom) { 0 } else { 16 };

impl<T: Zeroable> Cells<T> {
    pub(crate) fn zeroed(len: usize) -> Self {
        // An over-aligned zeroed allocation would be filled by hand and so
        // touch every page; padding a naturally aligned one does not.
        let memory: Box<[T]> = zeroed(len + 2 * LINE);
        let misaligned = memory.as_ptr().addr() / size_of::<u64>() % LINE.max(1);
        Self {
            memory,
            start: LINE - misaligned,
            len,
        }
    }
}

impl<T> Cells<T> {
    #[inline(always)]
    pub(crate) fn as_slice(&self) -> &[T] {
        &self.memory[self.start..self.start + self.len]
    }

    /// The first word; the others follow it at a stable address.
    pub(crate) fn base(&self) -> *const T {
        self.as_slice().as_ptr()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn cells_start_on_a_line_of_their_own() {
        for len in [1, 16, 100, 70_000] {
            let cells = Cells::<Cell>::zeroed(len);
            assert_eq!(cells.base().addr() % 128, 0);
            assert_eq!(cells.as_slice().len(), len);
            assert!(cells.as_slice().iter().all(|cell| cell.read() == 0));
        }
    }

    #[test]
    fn both_writers_wrap_and_return_the_old_value() {
        let cell = Cell::default();
        assert_eq!(Owner::add(&cell, u64::MAX), 0);
        assert_eq!(Anyone::add(&cell, 3), u64::MAX);
        assert_eq!(cell.read(), 2);
        Owner::set_bits(&cell, 0b100);
        Anyone::set_bits(&cell, 0b1000);
        assert_eq!(cell.read(), 0b1110);
        let word = Published::default();
        assert_eq!(Owner::publish(&word, 1), 0);
        assert_eq!(Anyone::publish(&word, 1), 1);
        assert_eq!(word.read(), 2);
    }

    #[test]
    fn a_wrapped_value_without_its_carry_is_no_gain() {
        let baseline = Reading {
            carry: 0,
            value: 10,
        };
        let wrapped = Reading { carry: 0, value: 4 };
        let carried = Reading { carry: 1, value: 4 };
        assert_eq!(wrapped.gain_since(baseline), 0);
        assert_eq!(carried.gain_since(baseline), (1 << 64) - 6);
    }
}
