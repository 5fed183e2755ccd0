//! One thread's live cells of one histogram in one bank.
//!
//! # Protocol
//!
//! A record adds to its bucket, then to the sum, then to the count. A bucket's
//! first use also appends it to the list of touched buckets, so that a flush
//! reads those and no others.
//!
//! # Invariants
//!
//! - Everything moves up only, so a scan may come at any time: what it misses,
//!   the next one finds.
//! - The count reported is the sum of the buckets reported. The live count
//!   serves to tell *that* a writer is at work: it is behind the buckets for
//!   as long as a record is under way.
//!
//! # Orderings
//!
//! Sum and count are published words (see `cell`): who sees a sum sees the
//! buckets behind it, who sees a count sees the sums. So if the collector
//! reads the count `c`, then the sum, then the buckets, and the buckets add up
//! to `c`, then the sum is the sum of those `c` records: it holds all of them,
//! and had it held one more, that one's bucket would have been seen.
//!
//! A new block is published by `lazy`. An entry of the touched list is its own
//! message, hence relaxed.

use crate::cell::{Cell, Cells, Published, Reading, Writer};
use crate::histogram::layout::Layout;
use crate::lazy::Lazy;
use crate::sync::{AtomicU32, Ordering, Zeroable, mutant, zeroed};

#[derive(Debug)]
pub(crate) struct Block {
    /// Where a bucket of place 0 would be: before `buckets`, or at its start.
    origin: *const Cell,
    sum: Published,
    count: Published,
    sum_carry: Published,
    clamped: Cell,
    touched_len: Cell,
    /// Buckets in the order of their first use.
    touched: Box<[TouchedBucket]>,
    /// One bit a bucket.
    is_touched: Cells,
    buckets: Cells,
}

// SAFETY: `origin` leads into `buckets`, which the block owns; the cells
// behind it are atomic.
#[expect(unsafe_code, reason = "the raw pointer saves a load per record")]
unsafe impl Send for Block {}
// SAFETY: as above.
#[expect(unsafe_code, reason = "the raw pointer saves a load per record")]
unsafe impl Sync for Block {}

impl Block {
    pub(crate) fn new(layout: &Layout) -> Self {
        let buckets = Cells::<Cell>::zeroed(layout.len());
        Self {
            origin: buckets.base().wrapping_sub(layout.origin()),
            sum: Published::default(),
            count: Published::default(),
            sum_carry: Published::default(),
            clamped: Cell::default(),
            touched_len: Cell::default(),
            touched: zeroed(layout.len()),
            is_touched: Cells::zeroed(layout.len().div_ceil(64)),
            buckets,
        }
    }

    /// Records `value` `n` times, `n` not zero. `layout` is the one this block
    /// was made with.
    ///
    /// What is rare ends in a call that finishes the record: nothing is kept
    /// across a call, so the common way saves no registers.
    #[inline(always)]
    pub(crate) fn record<W: Writer>(&self, layout: &Layout, value: u64, n: u64) {
        let value = if value > layout.highest() {
            W::add(&self.clamped, n);
            layout.highest()
        } else {
            value
        };
        let place = layout.place_of(value);
        debug_assert!(place - layout.origin() < self.buckets.as_slice().len());
        // SAFETY: `index_of`, which is the place less the origin, is below
        // `layout.len()` for every value up to `highest`, and the block was
        // made with that layout.
        #[expect(unsafe_code, reason = "the layout proves the bound")]
        let bucket = unsafe { &*self.origin.wrapping_add(place) };
        if W::add(bucket, n) == 0 {
            return self.record_first::<W>(layout, value, n);
        }
        self.add_to_totals::<W>(value, n);
    }

    /// The rest of a record whose bucket held zero.
    #[cold]
    #[inline(never)]
    fn record_first<W: Writer>(&self, layout: &Layout, value: u64, n: u64) {
        self.touch::<W>(layout.index_of(value));
        self.add_to_totals::<W>(value, n);
    }

    #[inline(always)]
    fn add_to_totals<W: Writer>(&self, value: u64, n: u64) {
        let gain = u128::from(value) * u128::from(n);
        let (low, high) = (gain as u64, (gain >> 64) as u64);
        let wrapped = W::publish(&self.sum, low).checked_add(low).is_none();
        if wrapped || high != 0 {
            return self.carry::<W>(high + u64::from(wrapped), n);
        }
        W::publish(&self.count, n);
    }

    /// The rest of a record whose sum passed 2^64.
    #[cold]
    #[inline(never)]
    fn carry<W: Writer>(&self, carry: u64, n: u64) {
        W::publish(&self.sum_carry, carry);
        W::publish(&self.count, n);
    }

    fn touch<W: Writer>(&self, index: usize) {
        if mutant!("bucket.untouched") {
            return;
        }
        // A bucket comes back to zero after 2^64 records; one entry is enough.
        let bit = 1 << (index % 64);
        if W::set_bits(&self.is_touched.as_slice()[index / 64], bit) & bit == 0 {
            let position = W::add(&self.touched_len, 1) as usize;
            self.touched[position].publish(index);
        }
    }

    /// Adds to `report` what each bucket has gained since `ledger`'s last
    /// scan, and moves the ledger up. Scans again, up to `RESCANS` times, while
    /// a record is under way; what a rescan finds is reported on top, so one
    /// bucket may be reported twice.
    pub(crate) fn harvest(&self, ledger: &mut Ledger, mut report: impl FnMut(u32, u64)) -> Harvest {
        if !self.has_gain(ledger) {
            return Harvest::default();
        }
        let mut harvest = Harvest {
            mid_record: true,
            ..Harvest::default()
        };
        let mut sum = ledger.sum;
        for _ in 0..=RESCANS {
            // Count, sum, buckets, in this order: see the module's orderings.
            let count = self.count.read();
            sum = self.sum();
            let found = self.scan(ledger, &mut report);
            harvest.count = harvest.count.saturating_add(found);
            let is_whole = ledger.count == count || mutant!("scan.unchecked");
            if is_whole && sum.total() >= ledger.sum.total() {
                harvest.mid_record = false;
                break;
            }
        }
        harvest.sum = sum.gain_since(ledger.sum);
        if harvest.sum != 0 {
            ledger.sum = sum;
        }
        let clamped = self.clamped.read();
        harvest.clamped = clamped.wrapping_sub(ledger.clamped);
        ledger.clamped = clamped;
        harvest
    }

    /// Whether it holds a whole record that no flush has reported.
    pub(crate) fn has_gain(&self, ledger: &Ledger) -> bool {
        self.count.read() != ledger.count || self.sum() != ledger.sum
    }

    /// Takes all that the block holds as reported, and a record under way as
    /// one that nobody will finish: `fork` left its thread behind.
    pub(crate) fn settle(&self, ledger: &mut Ledger) {
        self.scan(ledger, &mut |_, _| {});
        ledger.count = self.count.read();
        ledger.sum = self.sum();
        ledger.clamped = self.clamped.read();
    }

    fn scan(&self, ledger: &mut Ledger, report: &mut impl FnMut(u32, u64)) -> u64 {
        let buckets = self.buckets.as_slice();
        let touched = self.touched[ledger.indices.len()..].iter();
        ledger.insert(touched.map_while(TouchedBucket::read));
        let (mut count, mut total) = (0_u64, ledger.count);
        for (index, baseline) in ledger.indices.iter().zip(&mut ledger.baselines) {
            let value = buckets[*index as usize].read();
            let gain = value.wrapping_sub(*baseline);
            if gain != 0 {
                *baseline = value;
                total = total.wrapping_add(gain);
                count = count.saturating_add(gain);
                report(*index, gain);
            }
        }
        ledger.count = total;
        count
    }

    fn sum(&self) -> Reading {
        // Carry before value: see `cell`.
        let carry = self.sum_carry.read();
        Reading {
            carry,
            value: self.sum.read(),
        }
    }
}

/// How often a histogram caught in mid-record is scanned again before its
/// epoch is reported as it was seen.
pub(crate) const RESCANS: u32 = if cfg!(loom) { 1 } else { 3 };

/// The collector's baselines of one block, of the buckets in use, by index.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    indices: Vec<u32>,
    baselines: Vec<u64>,
    count: u64,
    sum: Reading,
    clamped: u64,
}

impl Ledger {
    /// Takes up buckets at a baseline of zero.
    fn insert(&mut self, buckets: impl Iterator<Item = u32>) {
        let known = self.indices.len();
        self.indices.extend(buckets);
        if self.indices.len() == known {
            return;
        }
        self.baselines.resize(self.indices.len(), 0);
        // In the order of memory. A stable sort is linear in what was sorted
        // before.
        let indices = self.indices.drain(..);
        let mut pairs: Vec<_> = indices.zip(self.baselines.drain(..)).collect();
        pairs.sort_by_key(|(index, _)| *index);
        (self.indices, self.baselines) = pairs.into_iter().unzip();
    }
}

/// What one harvest of a block found, besides its buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Harvest {
    pub(crate) count: u64,
    pub(crate) sum: u128,
    pub(crate) clamped: u64,
    /// A record was still under way after the last rescan: its bucket, or its
    /// part of the sum, is left to the next flush.
    pub(crate) mid_record: bool,
}

/// One entry of the touched list: zero while empty, else index + 1.
#[derive(Debug, Default)]
struct TouchedBucket(AtomicU32);

// SAFETY: an `AtomicU32` of zero bytes is the number zero.
#[expect(unsafe_code, reason = "the list is reserved zeroed")]
unsafe impl Zeroable for TouchedBucket {}

impl TouchedBucket {
    fn publish(&self, index: usize) {
        self.0.store(index as u32 + 1, Ordering::Relaxed);
    }

    fn read(&self) -> Option<u32> {
        self.0.load(Ordering::Relaxed).checked_sub(1)
    }
}

/// Where a bank keeps a block, from its first record on.
pub(crate) type BlockSlot = Lazy<Block>;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::cell::Owner;

    #[test]
    fn a_record_that_nobody_will_finish_is_settled() {
        let layout = Layout::new("h", 1, 1_000, 2).unwrap();
        let block = Block::new(&layout);
        let mut ledger = Ledger::default();
        // The first half of a record: its bucket.
        Owner::add(&block.buckets.as_slice()[7], 1);
        block.touch::<Owner>(7);
        block.settle(&mut ledger);
        assert_eq!(block.harvest(&mut ledger, |_, _| {}), Harvest::default());
        block.record::<Owner>(&layout, 7, 1);
        let expected = Harvest {
            count: 1,
            sum: 7,
            ..Harvest::default()
        };
        assert_eq!(block.harvest(&mut ledger, |_, _| {}), expected);
    }
}
