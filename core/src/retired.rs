//! What one flush yields: plain data, nobody's business but its owner's.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use hdrhistogram::Histogram as Hdr;

use crate::bank::Direction;
use crate::catalog::Catalog;
use crate::exemplar::Exemplar;
use crate::histogram::layout::Layout;
use crate::series::Slot;

/// Everything recorded between two flushes, plus the residue of the flush
/// before.
///
/// *The sum over all retired epochs equals the sum of all records.*
#[derive(Debug)]
pub struct RetiredEpoch {
    pub(crate) sequence: u64,
    pub(crate) start: SystemTime,
    pub(crate) end: SystemTime,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) scalars: Vec<i128>,
    /// One bit a scalar: whether it has gained.
    pub(crate) changed: Vec<u64>,
    pub(crate) gauges: Vec<Option<f64>>,
    pub(crate) histograms: Vec<Span>,
    pub(crate) buckets: Vec<(u32, u64)>,
    pub(crate) residue: u64,
    pub(crate) mid_record: u64,
    /// With their series.
    pub(crate) exemplars: Vec<(u32, Exemplar)>,
    /// Ascending.
    pub(crate) ended: Vec<usize>,
}

/// One histogram's part of `RetiredEpoch::buckets`.
#[derive(Debug, Default)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) count: u64,
    pub(crate) sum: u128,
    pub(crate) clamped: u64,
    pub(crate) is_mid_record: bool,
    pub(crate) hdr: OnceLock<Box<Hdr<u64>>>,
}

/// The value of one series in a retired epoch.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Value<'a> {
    /// What a counter has gained.
    Counter(u128),
    /// What an up-down counter has changed by.
    UpDownCounter(i128),
    /// What a gauge was last set to, in this epoch or before; `None` if never.
    Gauge(Option<f64>),
    /// What a histogram has gained.
    Histogram(Distribution<'a>),
}

impl RetiredEpoch {
    /// An epoch of no registry, with nothing in it: memory for
    /// [`Registry::flush_into`](crate::Registry::flush_into).
    pub fn empty() -> Self {
        Self {
            sequence: 0,
            start: SystemTime::UNIX_EPOCH,
            end: SystemTime::UNIX_EPOCH,
            catalog: Arc::default(),
            scalars: Vec::new(),
            changed: Vec::new(),
            gauges: Vec::new(),
            histograms: Vec::new(),
            buckets: Vec::new(),
            residue: 0,
            mid_record: 0,
            exemplars: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Empties it for the next epoch of a registry; keeps its memory.
    pub(crate) fn begin(&mut self, catalog: Arc<Catalog>, sequence: u64, start: SystemTime) {
        let scalars = catalog.scalars().len();
        self.scalars.clear();
        self.scalars.resize(scalars, 0);
        self.changed.clear();
        self.changed.resize(scalars.div_ceil(64), 0);
        self.gauges.clear();
        self.histograms.clear();
        self.histograms
            .resize_with(catalog.histograms().len(), Span::default);
        self.buckets.clear();
        self.sequence = sequence;
        (self.start, self.end) = (start, start);
        (self.residue, self.mid_record) = (0, 0);
        self.exemplars.clear();
        self.ended.clear();
        self.catalog = catalog;
    }

    /// Number of this epoch, counted from 0 for a registry's first.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When it began: exactly the [`end`](Self::end) of the epoch before.
    pub fn start(&self) -> SystemTime {
        self.start
    }

    /// When it was retired; after [`start`](Self::start) even where the
    /// system's clock was set back.
    pub fn end(&self) -> SystemTime {
        self.end
    }

    /// The series that have ended with this epoch, as indices of
    /// [`catalog`](Self::catalog), ascending: what it says of them is the last
    /// there is to say. In the catalog of a later epoch the index may be another
    /// series', or the same attributes' that began anew.
    pub fn ended(&self) -> &[usize] {
        &self.ended
    }

    /// Examples of what was recorded, each with its series' index in
    /// [`catalog`](Self::catalog): one of a counter, one of each power of two of
    /// a histogram's values. Each is a record of this epoch, or of the end of
    /// the one before.
    pub fn exemplars(&self) -> impl ExactSizeIterator<Item = (usize, &Exemplar)> {
        let exemplars = self.exemplars.iter();
        exemplars.map(|(series, exemplar)| (*series as usize, exemplar))
    }

    /// The series registered by then.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// How many cells and histograms report something that was recorded into
    /// the epoch before just after it was retired.
    pub fn residue(&self) -> u64 {
        self.residue
    }

    /// How many histograms were caught in mid-record by every scan, and are
    /// reported as they were seen: such a record's bucket, or its share of the
    /// sum, comes with the next epoch.
    pub fn mid_record(&self) -> u64 {
        self.mid_record
    }

    /// The increase of the counter of this name without attributes; above
    /// `u64::MAX` it is `u64::MAX`. `None` if there is no such counter.
    pub fn counter(&self, name: &str) -> Option<u64> {
        self.counter_with(name, &[])
    }

    /// The increase of the counter with these attributes, in any order.
    pub fn counter_with(&self, name: &str, attributes: &[(&str, &str)]) -> Option<u64> {
        match self.find(name, attributes)? {
            Value::Counter(gain) => Some(u64::try_from(gain).unwrap_or(u64::MAX)),
            _ => None,
        }
    }

    /// The change of the up-down counter of this name without attributes,
    /// held to the range of `i64`. `None` if there is no such up-down counter.
    pub fn up_down_counter(&self, name: &str) -> Option<i64> {
        match self.find(name, &[])? {
            Value::UpDownCounter(change) => {
                let (least, most) = (i64::MIN.into(), i64::MAX.into());
                Some(change.clamp(least, most) as i64)
            }
            _ => None,
        }
    }

    /// What the gauge of this name without attributes was last set to. `None`
    /// if it never was, or there is no such gauge.
    pub fn gauge(&self, name: &str) -> Option<f64> {
        match self.find(name, &[])? {
            Value::Gauge(value) => value,
            _ => None,
        }
    }

    /// The distribution recorded into the histogram of this name without
    /// attributes, empty if nothing was. `None` if there is no such histogram.
    ///
    /// The first call for a histogram builds it, O(buckets recorded into) plus
    /// its memory; [`distribution`](Self::distribution) is the cheap view.
    pub fn histogram(&self, name: &str) -> Option<&Hdr<u64>> {
        Some(self.distribution(name, &[])?.hdr())
    }

    /// The distribution recorded into a histogram, as buckets.
    pub fn distribution(
        &self,
        name: &str,
        attributes: &[(&str, &str)],
    ) -> Option<Distribution<'_>> {
        match self.find(name, attributes)? {
            Value::Histogram(distribution) => Some(distribution),
            _ => None,
        }
    }

    /// The value of series `index` of [`catalog`](Self::catalog).
    ///
    /// # Panics
    ///
    /// If the catalog has no such series, or it ended with an earlier epoch.
    pub fn value(&self, index: usize) -> Value<'_> {
        let series = &self.catalog.series()[index];
        let holder = self.catalog.series_in(series.slot);
        assert_eq!(
            holder,
            Some(index),
            "the series ended with an earlier epoch"
        );
        match series.slot {
            Slot::Scalar(slot) => {
                let slot = slot.0 as usize;
                self.scalar(slot, self.catalog.scalars()[slot].direction)
            }
            Slot::Gauge(slot) => Value::Gauge(self.gauges[slot.0 as usize]),
            Slot::Histogram(slot) => {
                Value::Histogram(self.recorded(index, &self.histograms[slot.0 as usize]))
            }
        }
    }

    fn recorded<'a>(&'a self, series: usize, span: &'a Span) -> Distribution<'a> {
        let instrument = self.catalog.series()[series].instrument;
        let layout = self.catalog.instruments()[instrument].layout.as_ref();
        Distribution {
            layout: layout.expect("histograms have a layout"),
            span,
            buckets: &self.buckets,
        }
    }

    /// The series with something to report, as indices of
    /// [`catalog`](Self::catalog), in no order: counters that gained, up-down
    /// counters that moved, histograms recorded into, gauges that were ever
    /// set.
    ///
    /// O(changed series + all gauges and histograms + counters / 64).
    pub fn changes(&self) -> impl Iterator<Item = (usize, Value<'_>)> {
        let scalars = self.changed.iter().enumerate().flat_map(|(index, word)| {
            let mut bits = *word;
            std::iter::from_fn(move || {
                let bit = bits.trailing_zeros() as usize;
                bits &= bits.checked_sub(1)?;
                Some(index * 64 + bit)
            })
        });
        let scalars = scalars.map(|slot| {
            let registered = self.catalog.scalars()[slot];
            (registered.series, self.scalar(slot, registered.direction))
        });
        let gauges = self.catalog.gauges().iter().zip(&self.gauges);
        let gauges = gauges.filter(|(_, value)| value.is_some());
        let gauges = gauges.map(|(series, value)| (*series, Value::Gauge(*value)));
        let histograms = self.catalog.histograms().iter().zip(&self.histograms);
        let histograms = histograms.filter_map(|(series, span)| {
            let is_empty = span.count == 0 && span.sum == 0 && span.clamped == 0;
            let value = || Value::Histogram(self.recorded(*series as usize, span));
            (!is_empty).then(|| (*series, value()))
        });
        let changes = scalars.chain(gauges).chain(histograms);
        changes.map(|(series, value)| (series as usize, value))
    }

    fn scalar(&self, slot: usize, direction: Direction) -> Value<'_> {
        let change = self.scalars[slot];
        match direction {
            Direction::Up => Value::Counter(change.unsigned_abs()),
            Direction::UpDown => Value::UpDownCounter(change),
        }
    }

    fn find(&self, name: &str, attributes: &[(&str, &str)]) -> Option<Value<'_>> {
        Some(self.value(self.catalog.find(name, attributes)?))
    }
}

/// What a histogram has gained in one epoch.
#[derive(Clone, Copy, Debug)]
pub struct Distribution<'a> {
    layout: &'a Layout,
    span: &'a Span,
    buckets: &'a [(u32, u64)],
}

impl<'a> Distribution<'a> {
    /// Number of records: the sum over [`buckets`](Self::buckets).
    pub fn count(&self) -> u64 {
        self.span.count
    }

    /// Exact sum of the values recorded, as clamped.
    pub fn sum(&self) -> u128 {
        self.span.sum
    }

    /// Records above the range, included as its highest value.
    pub fn clamped(&self) -> u64 {
        self.span.clamped
    }

    /// What the bucket indices mean.
    pub fn layout(&self) -> &'a Layout {
        self.layout
    }

    /// Bucket indices and what each has gained, in no order. An index occurs
    /// once for each thread that recorded into it.
    pub fn buckets(&self) -> &'a [(u32, u64)] {
        &self.buckets[self.span.start..self.span.end]
    }

    /// The same as hdrhistogram's histogram, built at the first call.
    pub fn hdr(&self) -> &'a Hdr<u64> {
        self.span.hdr.get_or_init(|| {
            let mut hdr = self.layout.empty();
            for &(index, count) in self.buckets() {
                // In range as it is; `saturating` spares an error nobody gets.
                hdr.saturating_record_n(self.layout.value_of(index as usize), count);
            }
            Box::new(hdr)
        })
    }
}
