//! Registration, and how a series ends.
//!
//! # Protocol
//!
//! A series' *identity* is its instrument and its attributes. A slot belongs to
//! one identity from when registration takes it until no handle of it is left
//! and all that was recorded is reported. In between, the identity's series may
//! end and begin anew any number of times:
//!
//! | state of an identity | records are reported | next |
//! |---|---|---|
//! | *live*: a series has the slot | with the next epoch | ending, by `end` or as idle |
//! | *ending*: to be reported once more | with the next epoch | live, if bound again before the cut; parked or gone, at its end |
//! | *parked*: handles live, no series | by a new series, which begins with the epoch that finds them | live, by a record or by `bind`; gone, without handles |
//! | *gone*: the slot is vacant | there are none | live, in any slot, by registration |
//!
//! A cut looks for what is to end before it reads the first cell, and takes the
//! series off the catalog after it has read the last.
//!
//! # Invariants
//!
//! - A slot is vacated only after (1) its count of handles was found to be
//!   zero, (2) every bank was read to the end after that, and (3) no handle was
//!   made since: making one takes the lock and turns the identity live again.
//!   So whoever has the slot next begins at the baselines.
//! - The catalog that a cut works with has no series for a vacant or parked
//!   slot, and the cut leaves the cells and baselines of such slots alone: what
//!   lands there meanwhile is for the next cut, under the catalog of then.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use crate::catalog::{Capacity, Catalog, Registered};
use crate::error::RegisterError;
use crate::histogram::layout::Layout;
use crate::lease::Counts;
use crate::series::{Attributes, Instrument, InstrumentInfo, Kind, Slot};
use crate::slots::Slots;
use crate::sync::mutant;

/// What registration keeps under its lock.
pub(crate) struct Registrar {
    catalog: Arc<Catalog>,
    slots: Slots,
    parked: HashMap<(usize, Attributes), Slot>,
    /// Series to be reported for the last time and, once a cut has begun that
    /// does so, whether no handle was left.
    ending: BTreeMap<usize, Option<bool>>,
    /// No series begins before the end of one whose identity it may have.
    not_before: SystemTime,
}

impl Registrar {
    pub(crate) fn new() -> Self {
        Self {
            catalog: Arc::default(),
            slots: Slots::default(),
            parked: HashMap::new(),
            ending: BTreeMap::new(),
            not_before: SystemTime::UNIX_EPOCH,
        }
    }

    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The series of this name, kind and these attributes, registered if there
    /// is none.
    pub(crate) fn register(
        &mut self,
        instrument: Instrument,
        kind: Kind,
        default_layout: (u64, u64, u8),
        capacity: &Capacity,
    ) -> Result<Registered, RegisterError> {
        instrument.check()?;
        let attributes = Attributes::new(&instrument.name, instrument.attributes.iter().cloned())?;
        let known = self.catalog.instrument_of(&instrument.name);
        let info = known.map(|index| &*self.catalog.instruments()[index]);
        if let Some(info) = info {
            info.agree_on_kind(&instrument, kind)?;
        }
        let inherited = info.and_then(|info| info.layout);
        let layout = match kind {
            Kind::Histogram => Some(layout_of(&instrument, inherited, default_layout)?),
            _ => None,
        };
        if let Some(info) = info {
            info.agree(&instrument, layout)?;
        }
        if let Some(index) = known {
            self.add_to_instrument(index, &instrument);
            if let Some(found) = self.find(index, &attributes) {
                return Ok(found);
            }
        }
        let slot = self
            .slots
            .take(&instrument.name, kind, layout.as_ref(), capacity)?;
        let catalog = Arc::make_mut(&mut self.catalog);
        let index = known.unwrap_or_else(|| catalog.add_instrument(instrument, kind, layout));
        Ok(self.begin(index, attributes, slot))
    }

    /// The series of a registered instrument with attributes known only now;
    /// past the cardinality limit, its overflow series.
    pub(crate) fn bind(
        &mut self,
        instrument: usize,
        attributes: Attributes,
        capacity: &Capacity,
    ) -> Result<Registered, RegisterError> {
        let bound = self.find_or_bind(instrument, attributes, capacity)?;
        if !self.catalog.instruments()[instrument].is_bound {
            Arc::make_mut(&mut self.catalog).info(instrument).is_bound = true;
        }
        Ok(bound)
    }

    fn find_or_bind(
        &mut self,
        instrument: usize,
        attributes: Attributes,
        capacity: &Capacity,
    ) -> Result<Registered, RegisterError> {
        if let Some(found) = self.find(instrument, &attributes) {
            return Ok(found);
        }
        let overflow = Attributes::overflow();
        let has_overflow = self.catalog.series_of(instrument, &overflow).is_some();
        // The specification counts the overflow series into the limit.
        let bound = self.catalog.instruments()[instrument].bound + usize::from(!has_overflow);
        let attributes = if bound >= capacity.cardinality {
            overflow
        } else {
            attributes
        };
        if let Some(found) = self.find(instrument, &attributes) {
            return Ok(found);
        }
        let info = &self.catalog.instruments()[instrument];
        let slot = self
            .slots
            .take(&info.name, info.kind, info.layout.as_ref(), capacity)?;
        Ok(self.begin(instrument, attributes, slot))
    }

    /// The identity's series, live again if it was ending or parked.
    fn find(&mut self, instrument: usize, attributes: &Attributes) -> Option<Registered> {
        if let Some(series) = self.catalog.series_of(instrument, attributes) {
            self.ending.remove(&series);
            return Some(self.registered(series));
        }
        if self.parked.is_empty() {
            return None;
        }
        let identity = (instrument, attributes.clone());
        let slot = self.parked.remove(&identity)?;
        Some(self.begin(instrument, identity.1, slot))
    }

    fn begin(&mut self, instrument: usize, attributes: Attributes, slot: Slot) -> Registered {
        let now = SystemTime::now().max(self.not_before);
        let series = Arc::make_mut(&mut self.catalog).add(instrument, attributes, slot, now);
        self.registered(series)
    }

    fn registered(&self, series: usize) -> Registered {
        let series = &self.catalog.series()[series];
        let info = &self.catalog.instruments()[series.instrument];
        Registered {
            slot: series.slot,
            instrument: series.instrument,
            layout: info.layout,
            unit: Arc::clone(&info.unit),
            decimals: info.decimals,
        }
    }

    /// What a further registration says of an instrument that is there.
    fn add_to_instrument(&mut self, index: usize, instrument: &Instrument) {
        let info = &self.catalog.instruments()[index];
        let is_longer = instrument.description.len() > info.description.len();
        let has_expiry = info.idle_expiry.is_none() && instrument.idle_expiry.is_some();
        if !is_longer && !has_expiry {
            return;
        }
        let catalog = Arc::make_mut(&mut self.catalog);
        let info = catalog.info(index);
        if is_longer {
            info.description = Arc::clone(&instrument.description);
        }
        if has_expiry {
            info.idle_expiry = instrument.idle_expiry;
            catalog.has_expiry = true;
        }
    }

    /// Has the series of this slot end with the next cut. An overflow series
    /// stands for many, and goes on.
    pub(crate) fn end(&mut self, slot: Slot) {
        let Some(series) = self.catalog.series_in(slot) else {
            return; // ended, and parked
        };
        if self.catalog.series()[series].attributes != Attributes::overflow() {
            self.ending.entry(series).or_insert(None);
        }
    }

    /// The catalog for a cut of the epoch that began at `start`. `has_gain`
    /// tells whether a slot holds something unreported.
    pub(crate) fn begin_cut(
        &mut self,
        handles: &Counts,
        start: SystemTime,
        mut has_gain: impl FnMut(Slot) -> bool,
    ) -> Arc<Catalog> {
        let mut parked = std::mem::take(&mut self.parked);
        parked.retain(|(instrument, attributes), slot| {
            // Before the cells: who finds no handle finds all its records.
            let is_free = handles.has_none(*slot) || mutant!("slot.held_is_free");
            if has_gain(*slot) && !mutant!("parked.unread") {
                let catalog = Arc::make_mut(&mut self.catalog);
                let series = catalog.add(*instrument, attributes.clone(), *slot, start);
                if is_free {
                    self.ending.insert(series, None);
                }
                return false;
            }
            if is_free {
                let layout = self.catalog.instruments()[*instrument].layout;
                self.slots.vacate(*slot, layout.as_ref());
            }
            !is_free
        });
        self.parked = parked;
        for (series, is_free) in &mut self.ending {
            let slot = self.catalog.series()[*series].slot;
            *is_free = Some(handles.has_none(slot) || mutant!("slot.held_is_free"));
        }
        Arc::clone(&self.catalog)
    }

    /// Takes off the catalog what this cut has reported for the last time: what
    /// was to end, and what is `idle`. Answers with all of it; `left` is told
    /// the slots that have no series now.
    pub(crate) fn finish_cut(
        &mut self,
        end: SystemTime,
        idle: Vec<usize>,
        mut left: impl FnMut(Slot),
    ) -> Vec<usize> {
        let mut ended = Vec::new();
        let mut is_free = HashSet::new();
        self.ending.retain(|series, free| {
            if let Some(free) = *free {
                ended.push(*series);
                is_free.extend(free.then_some(*series));
            }
            free.is_none()
        });
        // Whether handles are left of those was not asked before the cells
        // were read: for the next cut to find out.
        ended.extend(idle);
        ended.sort_unstable();
        ended.dedup();
        if ended.is_empty() {
            return ended;
        }
        self.not_before = end;
        let catalog = Arc::make_mut(&mut self.catalog);
        catalog.remove(&ended, |index, series, info| {
            left(series.slot);
            if is_free.contains(&index) {
                self.slots.vacate(series.slot, info.layout.as_ref());
            } else {
                let identity = (series.instrument, series.attributes.clone());
                self.parked.insert(identity, series.slot);
            }
        });
        ended
    }
}

fn layout_of(
    instrument: &Instrument,
    inherited: Option<Layout>,
    default: (u64, u64, u8),
) -> Result<Layout, RegisterError> {
    let (low, high, digits) = inherited.map_or(default, |l| (l.lowest(), l.highest(), l.digits()));
    let (low, high) = instrument.range.unwrap_or((low, high));
    let digits = instrument.digits.unwrap_or(digits);
    Layout::new(&instrument.name, low, high, digits)
}

impl InstrumentInfo {
    fn agree_on_kind(&self, instrument: &Instrument, kind: Kind) -> Result<(), RegisterError> {
        if self.kind == kind {
            return Ok(());
        }
        Err(RegisterError::KindConflict {
            name: (&*instrument.name).into(),
            registered: self.kind,
            requested: kind,
        })
    }

    /// The rest, of an instrument whose kind agrees.
    fn agree(&self, instrument: &Instrument, layout: Option<Layout>) -> Result<(), RegisterError> {
        let name = (&*instrument.name).into();
        if self.unit != instrument.unit {
            return Err(RegisterError::UnitConflict {
                name,
                registered: (&*self.unit).into(),
                requested: (&*instrument.unit).into(),
            });
        }
        if self.decimals != instrument.decimals {
            return Err(RegisterError::DecimalsConflict {
                name,
                registered: self.decimals,
                requested: instrument.decimals,
            });
        }
        if self.layout != layout {
            return Err(RegisterError::RangeConflict { name });
        }
        Ok(())
    }
}
