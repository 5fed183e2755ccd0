//! A registered instrument: its series, and their handles.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use metrics::Unit;
use pqcnet_telemetry_core::{Instrument, InstrumentInfo, RegisterError, Registry};

use super::state::{Asked, Found};
use crate::facade::drops::Drops;
use crate::facade::name::Labels;
use crate::facade::resolution::Rules;
use crate::facade::series::{Handle, Registration, Series};
use crate::facade::unit::ucum;

pub(super) struct Registered<S> {
    name: Arc<str>,
    instrument: Instrument,
    decimals: u8,
    /// The series without attributes, which the others are bound by.
    base: S,
    /// By their labels' text.
    own: HashMap<Box<str>, Entry<S>, RandomState>,
    overflow: Option<Entry<S>>,
    /// Whether the cardinality limit was reached, when last asked.
    is_full: bool,
}

impl<S: Series> Registered<S> {
    /// Also returns the registered unit, if it is another than `unit`.
    pub(super) fn register(
        asked: &Asked<'_>,
        unit: Option<Unit>,
        description: &str,
        rules: &Rules,
        registry: &Registry,
        drops: &Arc<Drops>,
    ) -> Result<(Self, Option<Arc<str>>), RegisterError> {
        let name: Arc<str> = asked.name.into();
        let wanted = Instrument::new(Arc::clone(&name)).description(description);
        let mut decimals = 0;
        let mut instrument = wanted.clone().unit(ucum(unit));
        if let Some(resolution) = S::resolution(rules, asked.given, unit) {
            let (low, high) = resolution.range();
            decimals = resolution.decimals();
            instrument = instrument
                .decimals(decimals)
                .range(low, high)
                .digits(resolution.significant_digits());
        }
        let register = |instrument: &Instrument, decimals| {
            S::register(&Registration {
                registry,
                name: &name,
                instrument,
                decimals,
                drops,
            })
        };
        let mut other_unit = None;
        let base = match register(&instrument, decimals) {
            Err(
                error @ (RegisterError::UnitConflict { .. }
                | RegisterError::DecimalsConflict { .. }
                | RegisterError::RangeConflict { .. }),
            ) => {
                // Registered with this library's own calls: as it is, then.
                let catalog = registry.catalog();
                let mut known = catalog.instruments().iter();
                let known = known.find(|known| known.name() == &*name).ok_or(error)?;
                if unit.is_some() && known.unit() != ucum(unit) {
                    other_unit = Some(known.unit().into());
                }
                decimals = known.decimals();
                instrument = like(wanted, known);
                register(&instrument, decimals)?
            }
            registered => registered?,
        };
        let registered = Self {
            name,
            instrument,
            decimals,
            base,
            own: HashMap::default(),
            overflow: None,
            is_full: false,
        };
        Ok((registered, other_unit))
    }

    /// Hands a longer description to the core.
    pub(super) fn describe(&self, description: &str, registry: &Registry, drops: &Arc<Drops>) {
        let again = S::register(&Registration {
            registry,
            name: &self.name,
            instrument: &self.instrument.clone().description(description),
            decimals: self.decimals,
            drops,
        });
        debug_assert!(again.is_ok(), "it agrees with itself");
    }

    pub(super) fn has(&self, labels: &Labels<'_>) -> bool {
        self.is_full || self.own.contains_key(labels.text())
    }

    pub(super) fn find(&self, asked: &Asked<'_>) -> Option<Found<S>> {
        if let Some(own) = self.own.get(asked.labels.text()) {
            return own.handle(asked.stripe).map(Found::Own);
        }
        let overflow = self.overflow.as_ref().filter(|_| self.is_full)?;
        overflow.handle(asked.stripe).map(Found::Shared)
    }

    pub(super) fn find_or_bind(
        &mut self,
        asked: &Asked<'_>,
        registry: &Registry,
    ) -> Result<Found<S>, RegisterError> {
        let (labels, stripe) = (asked.labels, asked.stripe);
        if let Some(own) = self.own.get_mut(labels.text()) {
            return Ok(Found::Own(own.handle_or_new(stripe)));
        }
        if let Some(overflow) = self.overflow.as_mut().filter(|_| self.is_full) {
            return Ok(Found::Shared(overflow.handle_or_new(stripe)));
        }
        if labels.is_empty() {
            let own = self.insert(labels, self.base.clone());
            return Ok(Found::Own(own.handle_or_new(stripe)));
        }
        let series = self.base.bind(labels.pairs())?;
        if registry
            .catalog()
            .find(&self.name, labels.pairs())
            .is_some()
        {
            let own = self.insert(labels, series);
            return Ok(Found::Own(own.handle_or_new(stripe)));
        }
        self.is_full = true;
        let overflow = self.overflow.get_or_insert_with(|| Entry::new(series));
        Ok(Found::Shared(overflow.handle_or_new(stripe)))
    }

    fn insert(&mut self, labels: &Labels<'_>, series: S) -> &mut Entry<S> {
        let entry = self.own.entry(labels.text().into());
        entry.or_insert_with(|| Entry::new(series))
    }

    pub(super) fn series(&self) -> impl Iterator<Item = &S> {
        let entries = self.own.values().chain(&self.overflow);
        entries.map(|entry| &entry.series)
    }

    /// Whether nothing is left.
    pub(super) fn forget_unused(&mut self, now: Instant, idle: Duration) -> bool {
        // There may be room now.
        self.is_full = false;
        self.own.retain(|_, entry| !entry.forget(now, idle));
        self.overflow.take_if(|entry| entry.forget(now, idle));
        self.own.is_empty() && self.overflow.is_none()
    }
}

/// `wanted`, with all that must agree as it is in `known`.
fn like(wanted: Instrument, known: &InstrumentInfo) -> Instrument {
    let instrument = wanted.unit(known.unit()).decimals(known.decimals());
    match known.layout() {
        Some(layout) => instrument
            .range(layout.lowest(), layout.highest())
            .digits(layout.digits()),
        None => instrument,
    }
}

/// A series and its handles, one for each stripe that has asked.
struct Entry<S> {
    series: S,
    handles: Vec<Option<Arc<Handle<S>>>>,
    last_used: Instant,
}

impl<S: Series> Entry<S> {
    fn new(series: S) -> Self {
        Self {
            series,
            handles: Vec::new(),
            last_used: Instant::now(),
        }
    }

    fn handle(&self, stripe: usize) -> Option<Arc<Handle<S>>> {
        let handle = self.handles.get(stripe)?.as_ref()?;
        handle.note_use();
        Some(Arc::clone(handle))
    }

    fn handle_or_new(&mut self, stripe: usize) -> Arc<Handle<S>> {
        if self.handles.len() <= stripe {
            self.handles.resize(stripe + 1, None);
        }
        let new = || Arc::new(Handle::new(self.series.clone()));
        Arc::clone(self.handles[stripe].get_or_insert_with(new))
    }

    /// Lets go of the handles if nobody else has them and nobody has asked for
    /// them since `idle`; whether all are gone.
    fn forget(&mut self, now: Instant, idle: Duration) -> bool {
        let mut is_used = false;
        for handle in self.handles.iter().flatten() {
            is_used |= handle.take_use() || Arc::strong_count(handle) > 1;
        }
        if is_used {
            self.last_used = now;
        }
        if now.saturating_duration_since(self.last_used) < idle || is_used {
            return false;
        }
        for handle in &mut self.handles {
            // A thread may have found it in its cache meanwhile.
            *handle = handle
                .take()
                .and_then(|handle| Arc::try_unwrap(handle).err());
        }
        let is_gone = self.handles.iter().all(Option::is_none);
        if is_gone {
            self.series.settle();
        }
        is_gone
    }
}
