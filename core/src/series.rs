//! What a series is: a name, a kind, a unit, a description, attributes.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::bank::{GaugeSlot, HistogramSlot, ScalarSlot};
use crate::error::RegisterError;
use crate::histogram::layout::Layout;

/// The kind of an instrument, in OpenTelemetry's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A sum that only rises.
    Counter,
    /// A sum that rises and falls.
    UpDownCounter,
    /// The last value set.
    Gauge,
    /// A distribution of values.
    Histogram,
}

impl Kind {
    /// In one word: `counter`, `up_down_counter`, `gauge`, `histogram`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::UpDownCounter => "up_down_counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::UpDownCounter => "up-down counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AttributeValue {
    /// Text.
    String(Arc<str>),
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
}

impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => f.write_str(text),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
        }
    }
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<bool> for AttributeValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for AttributeValue {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

/// A set of attributes: unique, non-empty keys, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attributes(Arc<[(Arc<str>, AttributeValue)]>);

impl Attributes {
    /// The set that every series past an instrument's cardinality limit
    /// shares: `otel.metric.overflow = true`.
    pub(crate) fn overflow() -> Self {
        Self([("otel.metric.overflow".into(), true.into())].into())
    }

    pub(crate) fn new(
        instrument: &str,
        pairs: impl IntoIterator<Item = (Arc<str>, AttributeValue)>,
    ) -> Result<Self, RegisterError> {
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        pairs.sort();
        if let Some((_, value)) = pairs.iter().find(|(key, _)| key.is_empty()) {
            return Err(RegisterError::EmptyAttributeKey {
                name: instrument.into(),
                value: value.to_string().into(),
            });
        }
        if let Some(twins) = pairs.windows(2).find(|twins| twins[0].0 == twins[1].0) {
            return Err(RegisterError::DuplicateAttributeKey {
                name: instrument.into(),
                key: twins[0].0.as_ref().into(),
            });
        }
        Ok(Self(pairs.into()))
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pairs in order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &AttributeValue)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }
}

/// What to register: a name, and as much more as there is to say.
///
/// A plain `&str` turns into an instrument without unit, description or
/// attributes.
///
/// ```
/// use pqcnet_telemetry_core::{Instrument, Registry};
///
/// let registry = Registry::new();
/// let wait = registry.histogram(
///     Instrument::new("relayer.wait")
///         .unit("us")
///         .description("Time a message waits for its batch")
///         .attribute("lane", "fast")
///         .range(1, 60_000_000)
///         .digits(2),
/// )?;
/// wait.record(1_250);
/// # Ok::<(), pqcnet_telemetry_core::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Instrument {
    pub(crate) name: Arc<str>,
    pub(crate) unit: Arc<str>,
    pub(crate) description: Arc<str>,
    pub(crate) attributes: Vec<(Arc<str>, AttributeValue)>,
    pub(crate) range: Option<(u64, u64)>,
    pub(crate) digits: Option<u8>,
    pub(crate) decimals: u8,
    pub(crate) idle_expiry: Option<Duration>,
}

impl Instrument {
    /// An instrument of this name. A name starts with a letter and goes on
    /// with at most 254 letters, digits, `_`, `.`, `-` or `/` (OpenTelemetry's
    /// instrument name syntax); registration checks it.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            unit: Arc::default(),
            description: Arc::default(),
            attributes: Vec::new(),
            range: None,
            digits: None,
            decimals: 0,
            idle_expiry: None,
        }
    }

    /// The unit, as UCUM writes it: `ms`, `By`, `{message}`.
    pub fn unit(mut self, unit: impl Into<Arc<str>>) -> Self {
        self.unit = unit.into();
        self
    }

    /// What is measured, for people. Where registrations of one name differ,
    /// the longer description is kept.
    pub fn description(mut self, description: impl Into<Arc<str>>) -> Self {
        self.description = description.into();
        self
    }

    /// Adds an attribute; keys are unique within a series.
    pub fn attribute(mut self, key: impl Into<Arc<str>>, value: impl Into<AttributeValue>) -> Self {
        self.attributes.push((key.into(), value.into()));
        self
    }

    /// Lowest value to tell from zero and highest to record as it is, for
    /// histograms. Values above are recorded as `high` and counted as clamped.
    pub fn range(mut self, low: u64, high: u64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Significant decimal digits, 1 to 5, for histograms.
    pub fn digits(mut self, digits: u8) -> Self {
        self.digits = Some(digits);
        self
    }

    /// Decimal places of the unit that are recorded, 0 to 9: a record of 1
    /// means 10^-`decimals` of the unit. With the unit `s`, 6 decimals are
    /// microseconds: recorded as whole numbers, reported as seconds.
    ///
    /// Ranges and what [`RetiredEpoch`](crate::RetiredEpoch) holds are as
    /// recorded; exporters divide. Gauges take fractions as they are.
    pub fn decimals(mut self, decimals: u8) -> Self {
        self.decimals = decimals;
        self
    }

    /// Ends a series of this instrument that nothing was recorded into for so
    /// long, as [`Counter::end`](crate::Counter::end) does. Checked at each
    /// flush, by the times of the epochs; the first registration that says one
    /// decides. A record through a handle that was kept begins the series anew.
    pub fn idle_expiry(mut self, after: Duration) -> Self {
        self.idle_expiry = Some(after);
        self
    }

    pub(crate) fn check(&self) -> Result<(), RegisterError> {
        if !is_name(&self.name) {
            return Err(RegisterError::InvalidName {
                name: (&*self.name).into(),
            });
        }
        if self.unit.len() > 63 || !self.unit.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(RegisterError::InvalidUnit {
                name: (&*self.name).into(),
                unit: (&*self.unit).into(),
            });
        }
        if self.decimals > MAX_DECIMALS {
            return Err(RegisterError::InvalidDecimals {
                name: (&*self.name).into(),
                decimals: self.decimals,
            });
        }
        Ok(())
    }
}

/// The most decimals of a unit.
pub(crate) const MAX_DECIMALS: u8 = 9;

/// Whether it is OpenTelemetry's instrument name syntax; also asked by the
/// compiler, of what a component declares.
pub(crate) const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes.len() > 255 || !bytes[0].is_ascii_alphabetic() {
        return false;
    }
    let mut at = 1;
    while at < bytes.len() {
        let byte = bytes[at];
        if !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'.' | b'-' | b'/') {
            return false;
        }
        at += 1;
    }
    true
}

impl<T: Into<Arc<str>>> From<T> for Instrument {
    fn from(name: T) -> Self {
        Self::new(name)
    }
}

/// Where a series keeps its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Scalar(ScalarSlot),
    Gauge(GaugeSlot),
    Histogram(HistogramSlot),
}

/// A handle asks for the slot of its own kind; registration gave it one.
impl Slot {
    pub(crate) fn scalar(self) -> ScalarSlot {
        match self {
            Self::Scalar(slot) => slot,
            other => unreachable!("{other:?} for a counter"),
        }
    }

    pub(crate) fn gauge(self) -> GaugeSlot {
        match self {
            Self::Gauge(slot) => slot,
            other => unreachable!("{other:?} for a gauge"),
        }
    }

    pub(crate) fn histogram(self) -> HistogramSlot {
        match self {
            Self::Histogram(slot) => slot,
            other => unreachable!("{other:?} for a histogram"),
        }
    }
}

/// One registered instrument with one set of attributes.
#[derive(Clone, Debug)]
pub struct Series {
    pub(crate) attributes: Attributes,
    pub(crate) slot: Slot,
    pub(crate) created: SystemTime,
    pub(crate) instrument: usize,
}

impl Series {
    /// Its attributes, without those of the resource.
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// When it was registered, or began anew after it had ended.
    pub fn created(&self) -> SystemTime {
        self.created
    }

    /// Index of its instrument in [`Catalog::instruments`].
    ///
    /// [`Catalog::instruments`]: crate::Catalog::instruments
    pub fn instrument(&self) -> usize {
        self.instrument
    }
}

/// What all series of one name have in common.
#[derive(Clone, Debug)]
pub struct InstrumentInfo {
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    pub(crate) unit: Arc<str>,
    pub(crate) description: Arc<str>,
    pub(crate) layout: Option<Layout>,
    pub(crate) decimals: u8,
    pub(crate) idle_expiry: Option<Duration>,
    pub(crate) series: Vec<usize>,
    pub(crate) is_bound: bool,
    /// How many of the series have attributes.
    pub(crate) bound: usize,
}

impl InstrumentInfo {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The unit, empty if none was given.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// The description, empty if none was given.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The bucket layout, for histograms.
    pub fn layout(&self) -> Option<&Layout> {
        self.layout.as_ref()
    }

    /// Decimal places of the unit that are recorded; see
    /// [`Instrument::decimals`].
    pub fn decimals(&self) -> u8 {
        self.decimals
    }

    /// How long its series may be idle before they end, if they do.
    pub fn idle_expiry(&self) -> Option<Duration> {
        self.idle_expiry
    }

    /// Indices of its series in [`Catalog::series`], in order of registration.
    ///
    /// [`Catalog::series`]: crate::Catalog::series
    pub fn series(&self) -> &[usize] {
        &self.series
    }

    /// Whether `bind` was called on it: then its series without attributes
    /// may be there only to be bound.
    pub fn is_bound(&self) -> bool {
        self.is_bound
    }
}
