//! The cells of one thread for one of the two epochs.
//!
//! # Protocol
//!
//! A record adds to its cell. If the cell held zero it also marks the slot as
//! touched, and if the cell passed 2^64 it adds one to the slot's carry. The
//! collector visits touched slots only and moves `baselines`, which no writer
//! writes.
//!
//! # Invariants
//!
//! - Values, carries and touched bits only move up: reading any of them late
//!   delays a report, never loses it.
//! - `carry * 2^64 + value - baseline` is what the collector has not reported.
//!
//! # Orderings
//!
//! Those of `cell`, and for a histogram's block those of `lazy`.

use crate::catalog::ScalarSeries;
use crate::cell::{Cell, Cells, Published, Reading, Writer};
use crate::histogram::block::{Block, BlockSlot};
use crate::histogram::layout::Layout;
use crate::sync::{mutant, zeroed};

/// Index of a counter or up-down counter in every bank of its registry.
///
/// Made by registration only, hence below the capacity of those banks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScalarSlot(pub(crate) u32);

/// Index of a gauge in its registry, likewise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GaugeSlot(pub(crate) u32);

/// Index of a histogram in every bank of its registry, likewise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HistogramSlot(pub(crate) u32);

/// Whether a scalar only moves up, or both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    UpDown,
}

#[derive(Debug)]
pub(crate) struct Bank {
    values: Cells,
    carries: Cells<Published>,
    /// One bit a slot.
    touched: Cells,
    any_carry: Cell,
    /// Values and carries as last reported.
    baselines: Cells,
    baseline_carries: Cells,
    blocks: Box<[BlockSlot]>,
}

impl Bank {
    pub(crate) fn new(scalars: usize, histograms: usize) -> Self {
        Self {
            values: Cells::zeroed(scalars),
            carries: Cells::zeroed(scalars),
            touched: Cells::zeroed(scalars.div_ceil(64)),
            any_carry: Cell::default(),
            baselines: Cells::zeroed(scalars),
            baseline_carries: Cells::zeroed(scalars),
            blocks: zeroed(histograms),
        }
    }

    /// The cell of slot 0; the others follow.
    pub(crate) fn first_value(&self) -> *const Cell {
        self.values.base()
    }

    /// The block slot of histogram 0; the others follow.
    pub(crate) fn first_block(&self) -> *const BlockSlot {
        self.blocks.as_ptr()
    }

    /// The cell of `slot`.
    pub(crate) fn value(&self, slot: ScalarSlot) -> &Cell {
        &self.values.as_slice()[slot.0 as usize]
    }

    /// A whole record of a scalar.
    pub(crate) fn add<W: Writer>(&self, slot: ScalarSlot, n: u64, direction: Direction) {
        let old = W::add(self.value(slot), n);
        if needs_note(old, n, direction) {
            self.note::<W>(slot, old, n, direction);
        }
    }

    /// The rest of a record whose cell held zero or passed 2^64.
    #[cold]
    #[inline(never)]
    pub(crate) fn note<W: Writer>(&self, slot: ScalarSlot, old: u64, n: u64, direction: Direction) {
        let slot = slot.0 as usize;
        if direction == Direction::Up && old.checked_add(n).is_none() {
            W::publish(&self.carries.as_slice()[slot], 1);
            self.any_carry.write(1);
        }
        if mutant!("scalar.untouched") {
            return;
        }
        let word = &self.touched.as_slice()[slot / 64];
        let bit = 1 << (slot % 64);
        if word.read() & bit == 0 {
            W::set_bits(word, bit);
        }
    }

    /// Reports what each touched slot has gained since the last call, and moves
    /// its baseline. Only the collector calls this. `registered` is what the
    /// catalog says of the slots; those not `occupied`, one bit a slot, are left
    /// alone.
    ///
    /// Costs one step per 64 registered slots and one per touched slot.
    pub(crate) fn harvest_scalars(
        &self,
        registered: &[ScalarSeries],
        occupied: &[u64],
        mut report: impl FnMut(usize, i128),
    ) {
        // The same length for all, so that one check of a slot serves them.
        let len = registered.len();
        let values = &self.values.as_slice()[..len];
        let baselines = &self.baselines.as_slice()[..len];
        let touched = &self.touched.as_slice()[..len.div_ceil(64)];
        // A carry from here on is one that a reading misses: see `cell`.
        let has_carries = self.any_carry.read() != 0;
        for (word_index, (word, occupied)) in touched.iter().zip(occupied).enumerate() {
            let mut touched = word.read();
            if !mutant!("vacant.harvested") {
                touched &= occupied;
            }
            while touched != 0 {
                let slot = word_index * 64 + touched.trailing_zeros() as usize;
                touched &= touched - 1;
                // Registered after the collector looked: next time.
                let Some(series) = registered.get(slot) else {
                    break;
                };
                if has_carries && series.direction == Direction::Up {
                    let gain = self.harvest_carried(slot);
                    if gain != 0 {
                        report(slot, gain.cast_signed());
                    }
                    continue;
                }
                let (value, baseline) = (values[slot].read(), baselines[slot].read());
                let change = match series.direction {
                    // Below its baseline it has wrapped, and the carry is still
                    // to be seen.
                    Direction::Up => i128::from(value.saturating_sub(baseline)),
                    Direction::UpDown => value.wrapping_sub(baseline).cast_signed().into(),
                };
                if change != 0 {
                    let value = if mutant!("baseline.reread") {
                        values[slot].read()
                    } else {
                        value
                    };
                    baselines[slot].write(value);
                    report(slot, change);
                }
            }
        }
    }

    /// The gain of a counter in a bank where some have passed 2^64.
    #[cold]
    fn harvest_carried(&self, slot: usize) -> u128 {
        let now = self.reading(slot);
        let gain = now.gain_since(self.baseline(slot));
        if gain != 0 {
            self.baselines.as_slice()[slot].write(now.value);
            if now.carry != 0 {
                self.baseline_carries.as_slice()[slot].write(now.carry);
            }
        }
        gain
    }

    fn reading(&self, slot: usize) -> Reading {
        // Carry before value: see `cell`.
        let carry = if self.any_carry.read() == 0 {
            0
        } else {
            self.carries.as_slice()[slot].read()
        };
        Reading {
            carry,
            value: self.values.as_slice()[slot].read(),
        }
    }

    fn baseline(&self, slot: usize) -> Reading {
        let carry = if self.any_carry.read() == 0 {
            0
        } else {
            self.baseline_carries.as_slice()[slot].read()
        };
        Reading {
            carry,
            value: self.baselines.as_slice()[slot].read(),
        }
    }

    /// What a counter's slot holds that no flush has reported yet.
    pub(crate) fn unreported(&self, slot: ScalarSlot) -> u128 {
        // Reading before baseline: a flush between the two makes the
        // difference too small, never a wrapped giant.
        let now = self.reading(slot.0 as usize);
        now.gain_since(self.baseline(slot.0 as usize))
    }

    /// Whether a scalar's slot holds something that no flush has reported.
    pub(crate) fn has_gain(&self, slot: ScalarSlot) -> bool {
        let slot = slot.0 as usize;
        self.reading(slot) != self.baseline(slot)
    }

    /// The block of `slot`, if it was ever recorded into.
    pub(crate) fn block(&self, slot: HistogramSlot) -> Option<&Block> {
        self.blocks[slot.0 as usize].get()
    }

    /// The block of `slot`, allocated on first use.
    pub(crate) fn block_or_allocate(&self, slot: HistogramSlot, layout: &Layout) -> &Block {
        self.blocks[slot.0 as usize].get_or_make(|| Block::new(layout))
    }
}

/// Whether a record of `n` that found `old` has more to do than its add.
#[inline(always)]
pub(crate) fn needs_note(old: u64, n: u64, direction: Direction) -> bool {
    old == 0 || (direction == Direction::Up && old.checked_add(n).is_none())
}
