//! The list of all series, as registration builds it.
//!
//! Append-only: indices and slots are valid for the registry's life. A flush
//! takes an `Arc` of it along, so a retired epoch can name its values however
//! long it is kept; registration clones the list only where one is held.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::bank::{Direction, HistogramSlot, ScalarSlot};
use crate::error::RegisterError;
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

/// All series of a registry at one moment, in order of registration.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    instruments: Vec<Arc<InstrumentInfo>>,
    series: Vec<Arc<Series>>,
    by_name: HashMap<Arc<str>, usize>,
    by_attributes: HashMap<(usize, Attributes), usize>,
    /// By slot, for each kind of slot: the series that has it.
    scalars: Vec<ScalarSeries>,
    gauges: Vec<u32>,
    histograms: Vec<u32>,
}

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

    /// Every series, in order of registration.
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

    pub(crate) fn gauges(&self) -> &[u32] {
        &self.gauges
    }

    pub(crate) fn histograms(&self) -> &[u32] {
        &self.histograms
    }

    pub(crate) fn register(
        &mut self,
        instrument: Instrument,
        kind: Kind,
        default_layout: (u64, u64, u8),
        capacity: &Capacity,
    ) -> Result<Registered, RegisterError> {
        instrument.check()?;
        let attributes = Attributes::new(&instrument.name, instrument.attributes.iter().cloned())?;
        let known = self.by_name.get(&instrument.name).copied();
        if let Some(index) = known {
            self.agree_on_kind(index, &instrument, kind)?;
        }
        let layout = match kind {
            Kind::Histogram => {
                let inherited = known.and_then(|index| self.instruments[index].layout);
                let (low, high, digits) =
                    inherited.map_or(default_layout, |l| (l.lowest(), l.highest(), l.digits()));
                let (low, high) = instrument.range.unwrap_or((low, high));
                let digits = instrument.digits.unwrap_or(digits);
                Some(Layout::new(&instrument.name, low, high, digits)?)
            }
            _ => None,
        };
        if let Some(index) = known {
            self.agree(index, &instrument, layout)?;
        }
        let index = known.unwrap_or(self.instruments.len());
        if let Some(&series) = self.by_attributes.get(&(index, attributes.clone())) {
            self.describe(index, &instrument);
            return Ok(self.registered(series));
        }
        let slot = self.reserve(&instrument.name, kind, capacity)?;
        if known.is_none() {
            self.by_name.insert(Arc::clone(&instrument.name), index);
            self.instruments.push(Arc::new(InstrumentInfo {
                name: instrument.name,
                kind,
                unit: instrument.unit,
                description: instrument.description,
                layout,
                decimals: instrument.decimals,
                series: Vec::new(),
                is_bound: false,
            }));
        } else {
            self.describe(index, &instrument);
        }
        Ok(self.push(index, attributes, slot))
    }

    /// The series of a registered instrument with attributes known only now;
    /// past the cardinality limit, its overflow series.
    pub(crate) fn bind(
        &mut self,
        index: usize,
        attributes: Attributes,
        capacity: &Capacity,
    ) -> Result<Registered, RegisterError> {
        let bound = self.find_or_bind(index, attributes, capacity)?;
        if !self.instruments[index].is_bound {
            Arc::make_mut(&mut self.instruments[index]).is_bound = true;
        }
        Ok(bound)
    }

    fn find_or_bind(
        &mut self,
        index: usize,
        attributes: Attributes,
        capacity: &Capacity,
    ) -> Result<Registered, RegisterError> {
        if let Some(&series) = self.by_attributes.get(&(index, attributes.clone())) {
            return Ok(self.registered(series));
        }
        let info = &self.instruments[index];
        let bound = info.series.iter();
        let bound = bound.filter(|series| !self.series[**series].attributes.is_empty());
        // The specification counts the overflow series into the limit.
        let is_full = bound.count() + 1 >= capacity.cardinality;
        let attributes = if is_full {
            Attributes::overflow()
        } else {
            attributes
        };
        if let Some(&series) = self.by_attributes.get(&(index, attributes.clone())) {
            return Ok(self.registered(series));
        }
        let (name, kind) = (Arc::clone(&info.name), info.kind);
        let slot = self.reserve(&name, kind, capacity)?;
        Ok(self.push(index, attributes, slot))
    }

    pub(crate) fn name_of(&self, instrument: usize) -> &str {
        &self.instruments[instrument].name
    }

    fn agree_on_kind(
        &self,
        index: usize,
        instrument: &Instrument,
        kind: Kind,
    ) -> Result<(), RegisterError> {
        let info = &self.instruments[index];
        if info.kind == kind {
            return Ok(());
        }
        Err(RegisterError::KindConflict {
            name: (&*instrument.name).into(),
            registered: info.kind,
            requested: kind,
        })
    }

    /// The rest, of an instrument whose kind agrees.
    fn agree(
        &self,
        index: usize,
        instrument: &Instrument,
        layout: Option<Layout>,
    ) -> Result<(), RegisterError> {
        let info = &self.instruments[index];
        let name = (&*instrument.name).into();
        if info.unit != instrument.unit {
            return Err(RegisterError::UnitConflict {
                name,
                registered: (&*info.unit).into(),
                requested: (&*instrument.unit).into(),
            });
        }
        if info.decimals != instrument.decimals {
            return Err(RegisterError::DecimalsConflict {
                name,
                registered: info.decimals,
                requested: instrument.decimals,
            });
        }
        if info.layout != layout {
            return Err(RegisterError::RangeConflict { name });
        }
        Ok(())
    }

    fn describe(&mut self, index: usize, instrument: &Instrument) {
        if instrument.description.len() > self.instruments[index].description.len() {
            Arc::make_mut(&mut self.instruments[index]).description =
                Arc::clone(&instrument.description);
        }
    }

    fn reserve(
        &mut self,
        name: &str,
        kind: Kind,
        capacity: &Capacity,
    ) -> Result<Slot, RegisterError> {
        let (used, capacity) = match kind {
            Kind::Counter | Kind::UpDownCounter => (self.scalars.len(), capacity.scalars),
            Kind::Gauge => (self.gauges.len(), capacity.gauges),
            Kind::Histogram => (self.histograms.len(), capacity.histograms),
        };
        if used >= capacity {
            return Err(RegisterError::CapacityExhausted {
                name: name.into(),
                kind,
                capacity,
            });
        }
        let index = u32::try_from(used).expect("the builder bounds capacities to u32");
        // `push` is next, and gives the series this number.
        let series =
            u32::try_from(self.series.len()).expect("fewer than 2^32 series fit in memory");
        let scalar = |direction| ScalarSeries { direction, series };
        Ok(match kind {
            Kind::Counter => {
                self.scalars.push(scalar(Direction::Up));
                Slot::Scalar(ScalarSlot(index))
            }
            Kind::UpDownCounter => {
                self.scalars.push(scalar(Direction::UpDown));
                Slot::Scalar(ScalarSlot(index))
            }
            Kind::Gauge => {
                self.gauges.push(series);
                Slot::Gauge(index)
            }
            Kind::Histogram => {
                self.histograms.push(series);
                Slot::Histogram(HistogramSlot(index))
            }
        })
    }

    fn push(&mut self, instrument: usize, attributes: Attributes, slot: Slot) -> Registered {
        let index = self.series.len();
        self.by_attributes
            .insert((instrument, attributes.clone()), index);
        Arc::make_mut(&mut self.instruments[instrument])
            .series
            .push(index);
        self.series.push(Arc::new(Series {
            attributes,
            slot,
            created: SystemTime::now(),
            instrument,
        }));
        self.registered(index)
    }

    fn registered(&self, series: usize) -> Registered {
        let series = &self.series[series];
        let info = &self.instruments[series.instrument];
        Registered {
            slot: series.slot,
            instrument: series.instrument,
            layout: info.layout,
            unit: Arc::clone(&info.unit),
            decimals: info.decimals,
        }
    }
}
