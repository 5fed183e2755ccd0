//! Cutting an epoch: sweep, swap, harvest.
//!
//! # Protocol
//!
//! 1. *Sweep* the standby banks: what landed there since their harvest is the
//!    residue of the epoch before.
//! 2. *Swap* the epochs.
//! 3. *Harvest* the banks just retired, and the fallback bank.
//!
//! Every step reports `cell - baseline` and moves the baseline, so the order
//! of the steps decides only *which* epoch reports a record, never whether
//! one does, or two.
//!
//! # Invariants
//!
//! One collector at a time (its lock); writers never take that lock. Both
//! banks of every shard are read at every flush, so after all writers have
//! been joined one flush reports all there is.
//!
//! # Fork
//!
//! A child inherits its parent's cells and baselines, with records in between
//! that are the parent's to report. The first flush in a child notices the
//! new process id and moves every baseline up without reporting.

use std::process;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::bank::{Bank, HistogramSlot};
use crate::core::Core;
use crate::histogram::block::{Harvest, Ledger};
use crate::retired::{RetiredEpoch, Span};
use crate::sync::{lock, mutant};

/// What the collector remembers between flushes.
#[derive(Debug)]
pub(crate) struct Collector {
    sequence: u64,
    last_end: SystemTime,
    process: u32,
    /// Baselines of every shard's histograms, by the shard's position.
    shards: Vec<[BankLedgers; 2]>,
    fallback: BankLedgers,
    residue: Vec<Residue>,
}

/// By histogram slot; grows as slots are found in use.
#[derive(Debug, Default)]
struct BankLedgers(Vec<Option<Box<Ledger>>>);

impl BankLedgers {
    fn get(&mut self, slot: usize) -> &mut Ledger {
        if self.0.len() <= slot {
            self.0.resize_with(slot + 1, || None);
        }
        self.0[slot].get_or_insert_default()
    }
}

/// A bucket found by the sweep, until its histogram's turn in the harvest.
#[derive(Debug)]
struct Residue {
    slot: usize,
    index: u32,
    gain: u64,
}

impl Collector {
    pub(crate) fn new() -> Self {
        Self {
            sequence: 0,
            last_end: SystemTime::now(),
            process: process::id(),
            shards: Vec::new(),
            fallback: BankLedgers::default(),
            residue: Vec::new(),
        }
    }

    pub(crate) fn flush(&mut self, core: &Core) -> RetiredEpoch {
        if self.process != process::id() {
            self.process = process::id();
            // The parent's records: moved past, and dropped with the epoch.
            drop(self.cut(core));
            self.settle(core);
            self.sequence = 0;
        }
        self.cut(core)
    }

    /// Gives up on the records that the parent's other threads had under way.
    fn settle(&mut self, core: &Core) {
        let histograms = lock(&core.catalog).histograms().len();
        let settle = |bank: &Bank, ledgers: &mut BankLedgers| {
            for slot in 0..histograms {
                if let Some(block) = bank.block(HistogramSlot(slot as u32)) {
                    block.settle(ledgers.get(slot));
                }
            }
        };
        for (position, shard) in core.shards.iter() {
            for bank in 0..2 {
                settle(
                    shard.bank(bank),
                    ledgers_of(&mut self.shards, position, bank),
                );
            }
        }
        settle(&core.fallback, &mut self.fallback);
    }

    fn cut(&mut self, core: &Core) -> RetiredEpoch {
        let mut epoch = self.empty_epoch(core);
        let standby = core.epoch.standby();

        let banks = core.shards.iter().map(|(_, shard)| shard.bank(standby));
        if !mutant!("sweep.omitted") {
            epoch.residue = harvest_scalars(banks, &mut epoch);
            self.sweep_histograms(core, standby, &mut epoch);
        }

        core.large.forget();
        let retired = core.epoch.swap();
        epoch.end = SystemTime::now().max(self.last_end + Duration::from_nanos(1));
        self.last_end = epoch.end;

        let banks = core
            .shards
            .iter()
            .filter(|(_, shard)| !mutant!("harvest.skips_idle") || shard.is_claimed())
            .map(|(_, shard)| shard.bank(retired));
        harvest_scalars(banks.chain([&core.fallback]), &mut epoch);
        self.harvest_histograms(core, retired, &mut epoch);
        epoch.gauges = core.gauges[..epoch.gauges.len()]
            .iter()
            .map(crate::gauge::GaugeCell::read)
            .collect();
        epoch
    }

    fn empty_epoch(&mut self, core: &Core) -> RetiredEpoch {
        let catalog = Arc::clone(&lock(&core.catalog));
        let sequence = self.sequence;
        self.sequence += 1;
        RetiredEpoch {
            sequence,
            start: self.last_end,
            end: self.last_end,
            scalars: vec![0; catalog.scalars().len()],
            gauges: vec![None; catalog.gauges()],
            histograms: catalog
                .histograms()
                .iter()
                .map(|_| Span::default())
                .collect(),
            buckets: Vec::new(),
            residue: 0,
            mid_record: 0,
            catalog,
        }
    }

    fn sweep_histograms(&mut self, core: &Core, bank: usize, epoch: &mut RetiredEpoch) {
        let Self {
            shards, residue, ..
        } = self;
        residue.clear();
        for (slot, span) in epoch.histograms.iter_mut().enumerate() {
            for (position, shard) in core.shards.iter() {
                let ledgers = ledgers_of(shards, position, bank);
                let found = harvest_block(shard.bank(bank), slot, ledgers, span, |index, gain| {
                    residue.push(Residue { slot, index, gain });
                });
                epoch.residue += u64::from(found);
            }
        }
    }

    fn harvest_histograms(&mut self, core: &Core, bank: usize, epoch: &mut RetiredEpoch) {
        let Self {
            shards,
            fallback,
            residue,
            ..
        } = self;
        let buckets = &mut epoch.buckets;
        let mut late = residue.drain(..).peekable();
        for (slot, span) in epoch.histograms.iter_mut().enumerate() {
            span.start = buckets.len();
            while let Some(found) = late.next_if(|found| found.slot == slot) {
                buckets.push((found.index, found.gain));
            }
            let mut harvest = |bank: &Bank, ledgers: &mut BankLedgers| {
                harvest_block(bank, slot, ledgers, span, |index, gain| {
                    buckets.push((index, gain));
                });
            };
            for (position, shard) in core.shards.iter() {
                harvest(shard.bank(bank), ledgers_of(shards, position, bank));
            }
            harvest(&core.fallback, fallback);
            epoch.mid_record += u64::from(span.is_mid_record);
            span.end = buckets.len();
        }
    }
}

/// Adds what the banks' scalars have gained; returns how many cells had.
fn harvest_scalars<'a>(banks: impl Iterator<Item = &'a Bank>, epoch: &mut RetiredEpoch) -> u64 {
    let RetiredEpoch {
        catalog, scalars, ..
    } = epoch;
    let mut cells = 0;
    for bank in banks {
        bank.harvest_scalars(catalog.scalars(), |slot, gain| {
            scalars[slot] += gain;
            cells += 1;
        });
    }
    cells
}

/// Harvests one block into `span` and `report`; whether it had anything new.
fn harvest_block(
    bank: &Bank,
    slot: usize,
    ledgers: &mut BankLedgers,
    span: &mut Span,
    report: impl FnMut(u32, u64),
) -> bool {
    let Some(block) = bank.block(HistogramSlot(slot as u32)) else {
        return false;
    };
    let found = block.harvest(ledgers.get(slot), report);
    span.count = span.count.saturating_add(found.count);
    span.sum = span.sum.saturating_add(found.sum);
    span.clamped = span.clamped.saturating_add(found.clamped);
    span.is_mid_record |= found.mid_record;
    found != Harvest::default()
}

fn ledgers_of(
    shards: &mut Vec<[BankLedgers; 2]>,
    position: usize,
    bank: usize,
) -> &mut BankLedgers {
    if shards.len() <= position {
        shards.resize_with(position + 1, Default::default);
    }
    &mut shards[position][bank]
}
