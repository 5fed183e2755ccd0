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
use std::time::{Duration, SystemTime};

use crate::bank::{Bank, HistogramSlot};
use crate::catalog::VACANT;
use crate::core::Core;
use crate::histogram::block::{Harvest, Ledger};
use crate::idle::Idle;
use crate::retired::{RetiredEpoch, Span};
use crate::series::Slot;
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
    idle: Idle,
}

/// By histogram slot; grows as slots are found in use.
#[derive(Debug, Default)]
struct BankLedgers(Vec<Option<Box<Ledger>>>);

impl BankLedgers {
    fn has_gain(&self, bank: &Bank, slot: HistogramSlot) -> bool {
        let ledger = self.0.get(slot.0 as usize).and_then(Option::as_deref);
        let block = bank.block(slot);
        block.is_some_and(|block| match ledger {
            Some(ledger) => block.has_gain(ledger),
            None => block.has_gain(&Ledger::default()),
        })
    }

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
            idle: Idle::default(),
        }
    }

    pub(crate) fn flush(&mut self, core: &Core, epoch: &mut RetiredEpoch) {
        if self.process != process::id() {
            self.process = process::id();
            // The parent's records: moved past, and overwritten below.
            self.cut(core, epoch);
            self.settle(core);
            self.sequence = 0;
        }
        self.cut(core, epoch);
    }

    /// Gives up on the records that the parent's other threads had under way.
    fn settle(&mut self, core: &Core) {
        let histograms = lock(&core.registrar).catalog().histograms().len();
        let settle = |bank: &Bank, ledgers: &mut BankLedgers| {
            for slot in 0..histograms {
                if let Some(block) = bank.block(HistogramSlot(slot as u32)) {
                    block.settle(ledgers.get(slot));
                }
            }
        };
        for bank in 0..2 {
            for (bank, ledgers) in banks(core, &mut self.shards, bank) {
                settle(bank, ledgers);
            }
        }
        settle(&core.fallback, &mut self.fallback);
    }

    fn cut(&mut self, core: &Core, epoch: &mut RetiredEpoch) {
        let catalog = lock(&core.registrar).begin_cut(&core.handles, self.last_end, |slot| {
            has_gain(core, slot, &self.shards, &self.fallback)
        });
        epoch.begin(catalog, self.sequence, self.last_end);
        self.sequence += 1;
        let standby = core.epoch.standby();

        let banks = core.shards.iter().map(|(_, shard)| shard.bank(standby));
        if !mutant!("sweep.omitted") {
            epoch.residue = harvest_scalars(banks, epoch);
            self.sweep_histograms(core, standby, epoch);
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
        harvest_scalars(banks.chain([&core.fallback]), epoch);
        self.harvest_histograms(core, retired, epoch);
        let RetiredEpoch {
            catalog, exemplars, ..
        } = &mut *epoch;
        core.exemplars.take(catalog, |series, exemplar| {
            exemplars.push((series, exemplar));
        });
        let gauges = epoch.catalog.gauges().iter().zip(&core.gauges);
        let gauges = gauges.map(|(series, cell)| cell.read().filter(|_| *series != VACANT));
        epoch.gauges.extend(gauges);
        let idle = self.idle.find(epoch, &core.gauges);
        epoch.ended = lock(&core.registrar).finish_cut(epoch.end, idle, |slot| {
            if let Slot::Gauge(slot) = slot {
                core.gauge(slot).clear();
            }
        });
    }

    fn sweep_histograms(&mut self, core: &Core, bank: usize, epoch: &mut RetiredEpoch) {
        let Self {
            shards, residue, ..
        } = self;
        residue.clear();
        let mut banks = banks(core, shards, bank);
        let series = epoch.catalog.histograms().iter();
        for ((slot, span), series) in epoch.histograms.iter_mut().enumerate().zip(series) {
            if *series == VACANT {
                continue;
            }
            for (bank, ledgers) in &mut banks {
                let found = harvest_block(bank, slot, ledgers, span, |index, gain| {
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
        let mut banks = banks(core, shards, bank);
        banks.push((&core.fallback, fallback));
        let series = epoch.catalog.histograms().iter();
        for ((slot, span), series) in epoch.histograms.iter_mut().enumerate().zip(series) {
            if *series == VACANT {
                continue;
            }
            span.start = buckets.len();
            while let Some(found) = late.next_if(|found| found.slot == slot) {
                buckets.push((found.index, found.gain));
            }
            for (bank, ledgers) in &mut banks {
                harvest_block(bank, slot, ledgers, span, |index, gain| {
                    buckets.push((index, gain));
                });
            }
            epoch.mid_record += u64::from(span.is_mid_record);
            span.end = buckets.len();
        }
    }
}

/// Whether a slot holds something that no flush has reported.
fn has_gain(core: &Core, slot: Slot, ledgers: &[[BankLedgers; 2]], fallback: &BankLedgers) -> bool {
    static NONE: [BankLedgers; 2] = [const { BankLedgers(Vec::new()) }; 2];
    match slot {
        Slot::Scalar(slot) => {
            let shards = core.shards.iter();
            let mut banks = shards.flat_map(|(_, shard)| [shard.bank(0), shard.bank(1)]);
            banks.any(|bank| bank.has_gain(slot)) || core.fallback.has_gain(slot)
        }
        Slot::Gauge(slot) => core.gauge(slot).read().is_some(),
        Slot::Histogram(slot) => {
            let mut shards = core.shards.iter();
            let in_shards = shards.any(|(position, shard)| {
                let ledgers = ledgers.get(position).unwrap_or(&NONE);
                let mut banks = ledgers.iter().enumerate();
                banks.any(|(bank, ledgers)| ledgers.has_gain(shard.bank(bank), slot))
            });
            in_shards || fallback.has_gain(&core.fallback, slot)
        }
    }
}

/// One of the two banks of every shard, with the ledgers it is harvested by.
fn banks<'a>(
    core: &'a Core,
    ledgers: &'a mut Vec<[BankLedgers; 2]>,
    bank: usize,
) -> Vec<(&'a Bank, &'a mut BankLedgers)> {
    let shards: Vec<_> = core.shards.iter().collect();
    let positions = shards.iter().map(|(position, _)| position + 1);
    let len = positions.max().unwrap_or(0).max(ledgers.len());
    ledgers.resize_with(len, Default::default);
    let mut ledgers: Vec<_> = ledgers
        .iter_mut()
        .map(|pair| Some(&mut pair[bank]))
        .collect();
    let shards = shards.into_iter();
    let banks = shards.map(|(position, shard)| {
        let ledgers = ledgers[position].take().expect("positions differ");
        (shard.bank(bank), ledgers)
    });
    banks.collect()
}

/// Adds what the banks' scalars have gained; returns how many cells had.
fn harvest_scalars<'a>(banks: impl Iterator<Item = &'a Bank>, epoch: &mut RetiredEpoch) -> u64 {
    let RetiredEpoch {
        catalog,
        scalars,
        changed,
        ..
    } = epoch;
    let mut cells = 0;
    for bank in banks {
        bank.harvest_scalars(catalog.scalars(), catalog.occupied(), |slot, gain| {
            scalars[slot] += gain;
            changed[slot / 64] |= 1 << (slot % 64);
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
