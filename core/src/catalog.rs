//! The list of all series, as registration builds it.
//!
//! A flush takes an `Arc` of it along, so a retired epoch can name its values
//! however long it is kept; registration clones the list only where one is
//! held. The index of a series is its own until it has ended
//! ([`RetiredEpoch::ended`]); then another may get it, in the catalog of a later
//! epoch.
//!
//! [`RetiredEpoch::ended`]: crate::RetiredEpoch::ended

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::bank::Direction;
use crate::histogram::layout::Layout;
use crate::series::{Attributes, Instrument, InstrumentInfo, Kind, Series, Slot};

/// How many series of each kind a registry takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub(crate) scalars: usize,
    pub(crate) gauges: usize,
    pub(crate) histograms: usize,
    /// Attribute sets an instrument may bind before they share a series.
    pub(crate) cardinality: usize,
}

/// All series of a registry at one moment.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    instruments: Vec<Arc<InstrumentInfo>>,
    series: Vec<Arc<Series>>,
    by_name: HashMap<Arc<str>, usize>,
    by_attributes: HashMap<(usize, Attributes), usize>,
    /// By slot, for each kind of slot: the series that has it.
    scalars: Vec<ScalarSeries>,
    /// One bit a scalar's slot: whether a series has it.
    occupied: Vec<u64>,
    gauges: Vec<u32>,
    histograms: Vec<u32>,
    /// Indices of series that have ended.
    vacant: Vec<usize>,
    pub(crate) has_expiry: bool,
}

/// In the lists of gauges and histograms: no series.
pub(crate) const VACANT: u32 = u32::MAX;

/// What a flush needs to know of a scalar's slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScalarSeries {
    pub(crate) direction: Direction,
    pub(crate) series: u32,
}

/// What a handle needs of the series it was made for.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) slot: Slot,
    pub(crate) instrument: usize,
    pub(crate) layout: Option<Layout>,
    pub(crate) unit: Arc<str>,
    pub(crate) decimals: u8,
}

impl Catalog {
    /// Every instrument, in order of registration.
    pub fn instruments(&self) -> &[Arc<InstrumentInfo>] {
        &self.instruments
    }

    /// Every series, by its index. One that no instrument names has ended, and
    /// its index waits for another.
    pub fn series(&self) -> &[Arc<Series>] {
        &self.series
    }

    /// The series of this name and these attributes, in any order.
    ///
    /// O(1), and allocates where attributes are given.
    pub fn find(&self, name: &str, attributes: &[(&str, &str)]) -> Option<usize> {
        let instrument = *self.by_name.get(name)?;
        let pairs = attributes.iter().map(|(k, v)| ((*k).into(), (*v).into()));
        let attributes = Attributes::new(name, pairs).ok()?;
        self.by_attributes.get(&(instrument, attributes)).copied()
    }

    pub(crate) fn scalars(&self) -> &[ScalarSeries] {
        &self.scalars
    }

    pub(crate) fn occupied(&self) -> &[u64] {
        &self.occupied
    }

    pub(crate) fn gauges(&self) -> &[u32] {
        &self.gauges
    }

    pub(crate) fn histograms(&self) -> &[u32] {
        &self.histograms
    }

    /// Whether an instrument's idle series end.
    pub(crate) fn has_expiry(&self) -> bool {
        self.has_expiry
    }

    pub(crate) fn instrument_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn series_of(&self, instrument: usize, attributes: &Attributes) -> Option<usize> {
        // The map owns its keys, and cloning one copies a pointer.
        let identity = (instrument, attributes.clone());
        self.by_attributes.get(&identity).copied()
    }

    /// The series that has this slot; none of a slot taken later.
    pub(crate) fn series_in(&self, slot: Slot) -> Option<usize> {
        let series = match slot {
            Slot::Scalar(slot) => {
                let slot = slot.0 as usize;
                let word = self.occupied.get(slot / 64)?;
                (word & (1 << (slot % 64)) != 0).then(|| self.scalars[slot].series)
            }
            Slot::Gauge(slot) => self.gauges.get(slot.0 as usize).copied(),
            Slot::Histogram(slot) => self.histograms.get(slot.0 as usize).copied(),
        };
        let series = series.filter(|series| *series != VACANT);
        series.map(|series| series as usize)
    }

    pub(crate) fn info(&mut self, instrument: usize) -> &mut InstrumentInfo {
        Arc::make_mut(&mut self.instruments[instrument])
    }

    /// Adds an instrument whose name is new.
    pub(crate) fn add_instrument(
        &mut self,
        instrument: Instrument,
        kind: Kind,
        layout: Option<Layout>,
    ) -> usize {
        let index = self.instruments.len();
        self.by_name.insert(Arc::clone(&instrument.name), index);
        self.has_expiry |= instrument.idle_expiry.is_some();
        self.instruments.push(Arc::new(InstrumentInfo {
            name: instrument.name,
            kind,
            unit: instrument.unit,
            description: instrument.description,
            layout,
            decimals: instrument.decimals,
            idle_expiry: instrument.idle_expiry,
            series: Vec::new(),
            is_bound: false,
            bound: 0,
        }));
        index
    }

    /// Adds a series, at the index of one that has ended if there is one.
    pub(crate) fn add(
        &mut self,
        instrument: usize,
        attributes: Attributes,
        slot: Slot,
        created: SystemTime,
    ) -> usize {
        let identity = (instrument, attributes.clone());
        let has_attributes = !attributes.is_empty();
        let series = Arc::new(Series {
            attributes,
            slot,
            created,
            instrument,
        });
        let index = self.vacant.pop().unwrap_or(self.series.len());
        set_at(&mut self.series, index, series);
        self.by_attributes.insert(identity, index);
        let info = self.info(instrument);
        info.series.push(index);
        info.bound += usize::from(has_attributes);
        let series = u32::try_from(index).expect("fewer than 2^32 series fit in memory");
        self.assign(slot, series);
        index
    }

    /// Removes series, whose indices are ascending, and tells `removed` of
    /// each. O(series of their instruments).
    pub(crate) fn remove(
        &mut self,
        indices: &[usize],
        mut removed: impl FnMut(usize, &Series, &InstrumentInfo),
    ) {
        let mut instruments = Vec::new();
        for &index in indices {
            let series = Arc::clone(&self.series[index]);
            let identity = (series.instrument, series.attributes.clone());
            self.by_attributes.remove(&identity);
            self.assign(series.slot, VACANT);
            self.vacant.push(index);
            instruments.push(series.instrument);
            self.info(series.instrument).bound -= usize::from(!series.attributes.is_empty());
            removed(index, &series, &self.instruments[series.instrument]);
        }
        instruments.sort_unstable();
        instruments.dedup();
        for instrument in instruments {
            let series = &mut self.info(instrument).series;
            series.retain(|index| indices.binary_search(index).is_err());
        }
    }

    /// Has a slot belong to a series, or to none.
    fn assign(&mut self, slot: Slot, series: u32) {
        match slot {
            Slot::Scalar(slot) => {
                let slot = slot.0 as usize;
                self.occupied
                    .resize(self.occupied.len().max(slot / 64 + 1), 0);
                let bit = 1 << (slot % 64);
                let Some(occupant) = self.series.get(series as usize) else {
                    self.occupied[slot / 64] &= !bit;
                    return;
                };
                self.occupied[slot / 64] |= bit;
                let direction = match self.instruments[occupant.instrument].kind {
                    Kind::UpDownCounter => Direction::UpDown,
                    _ => Direction::Up,
                };
                set_at(&mut self.scalars, slot, ScalarSeries { direction, series });
            }
            Slot::Gauge(slot) => set_at(&mut self.gauges, slot.0 as usize, series),
            Slot::Histogram(slot) => set_at(&mut self.histograms, slot.0 as usize, series),
        }
    }
}

/// Sets an entry, or adds the next.
fn set_at<T>(list: &mut Vec<T>, index: usize, value: T) {
    if index == list.len() {
        list.push(value);
    } else {
        list[index] = value;
    }
}
