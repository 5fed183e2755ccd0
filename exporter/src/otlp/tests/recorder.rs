//! Records of every kind, on their way into an accumulator.

use std::time::SystemTime;

use pqcnet_telemetry_core::{
    AttributeValue, Counter, ExemplarContext, Gauge, Histogram, Instrument, Registry, UpDownCounter,
};
use proptest::prelude::*;

use crate::accumulate::Accumulator;
use crate::config::{HistogramEncoding, Temporality};
use crate::otlp::MetricsFormat;

/// Series of each kind: one plain, and some bound ones.
const SERIES: usize = 4;

#[derive(Clone, Debug)]
pub(super) enum Step {
    Count(usize, u64),
    /// A value of a histogram, and of counters, with a context.
    Example(usize, u64, Option<u8>),
    /// Nanoseconds of a counter of seconds.
    Spend(u64),
    Level(usize, i64),
    Set(usize, f64),
    Value(usize, u64),
    /// A new series, which changes the catalog.
    Bind(String),
    /// A series that is recorded into, and ends.
    End(u8, u64),
    /// Cuts an epoch.
    Flush,
    /// Cuts an epoch, and reports.
    Report,
    /// The last report was refused, but for every n-th point.
    TakeBack(usize),
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let series = || 0..SERIES;
    let any_width = (any::<u64>(), 0_u32..64).prop_map(|(bits, shift)| bits >> shift);
    let gauge = prop_oneof![
        any::<f64>(),
        (-1_000_i32..1_000).prop_map(f64::from),
        prop::sample::select(vec![
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            -0.0,
            f64::MIN_POSITIVE,
            5e-324,
            f64::MAX,
        ]),
    ];
    let step = prop_oneof![
        4 => (series(), any_width.clone()).prop_map(|(at, n)| Step::Count(at, n)),
        1 => any_width.clone().prop_map(Step::Spend),
        2 => (series(), any::<i64>()).prop_map(|(at, n)| Step::Level(at, n)),
        2 => (series(), gauge).prop_map(|(at, value)| Step::Set(at, value)),
        5 => (series(), any_width).prop_map(|(at, value)| Step::Value(at, value)),
        2 => (series(), any::<u32>(), any::<Option<u8>>())
            .prop_map(|(at, n, id)| Step::Example(at, n.into(), id)),
        1 => ".{0,20}".prop_map(Step::Bind),
        2 => (0_u8..4, any::<u16>()).prop_map(|(peer, n)| Step::End(peer, n.into())),
        1 => Just(Step::Flush),
        1 => Just(Step::Report),
        1 => (1_usize..4).prop_map(Step::TakeBack),
    ];
    prop::collection::vec(step, 1..60)
}

pub(super) fn formats() -> impl Strategy<Value = MetricsFormat> {
    let temporality = prop::sample::select(vec![Temporality::Cumulative, Temporality::Delta]);
    let histograms = prop::sample::select(vec![
        HistogramEncoding::Exponential,
        HistogramEncoding::Explicit(vec![-1.5, 0.0, 0.1, 10.0, 1e3, 1e6]),
        HistogramEncoding::Explicit(Vec::new()),
    ]);
    let max_bytes = prop_oneof![0_usize..3_000, Just(1 << 20)];
    let parts = (temporality, histograms, max_bytes);
    parts.prop_map(|(temporality, histograms, max_bytes)| MetricsFormat {
        temporality,
        histograms,
        max_bytes,
    })
}

/// A registry, and the totals of what was recorded and flushed.
pub(super) struct Recorder {
    registry: Registry,
    pub(super) accumulator: Accumulator,
    counters: Vec<Counter>,
    spent: Counter,
    levels: Vec<UpDownCounter>,
    gauges: Vec<Gauge>,
    histograms: Vec<Histogram>,
}

impl Recorder {
    pub(super) fn new(format: &MetricsFormat) -> Self {
        let registry = Registry::new();
        let count = Instrument::new("count")
            .unit("{message}")
            .description("\"in\"");
        let attributes: [[(&str, AttributeValue); 2]; SERIES - 1] = [
            [("peer", "a".into()), ("port", 4_318_i64.into())],
            [("peer", "".into()), ("port", (-1_i64).into())],
            [("peer", "🦀\"\0".into()), ("inbound", true.into())],
        ];
        let count = registry.counter(count).unwrap();
        let level = registry.up_down_counter("level").unwrap();
        let gauge = registry.gauge("load").unwrap();
        let histogram = registry
            .histogram(Instrument::new("wait").unit("s").decimals(6))
            .unwrap();
        let spent = Instrument::new("spent").unit("s").decimals(9);
        let spent = registry.counter(spent).unwrap();
        registry.counter("idle").unwrap();
        registry.histogram("idle.wait").unwrap();
        registry.gauge("never.set").unwrap();
        let (mut counters, mut levels) = (vec![count], vec![level]);
        let (mut gauges, mut histograms) = (vec![gauge], vec![histogram]);
        for pairs in &attributes {
            counters.push(counters[0].bind(pairs).unwrap());
            levels.push(levels[0].bind(pairs).unwrap());
            gauges.push(gauges[0].bind(pairs).unwrap());
            histograms.push(histograms[0].bind(pairs).unwrap());
        }
        let now = SystemTime::now();
        Self {
            accumulator: Accumulator::new(format.temporality, &format.histograms, now),
            registry,
            counters,
            spent,
            levels,
            gauges,
            histograms,
        }
    }

    /// Does what concerns records alone, and says whether it did.
    pub(super) fn step(&mut self, step: &Step) -> bool {
        match step {
            Step::Count(at, n) => self.counters[*at].add(*n),
            Step::Example(at, n, id) => {
                let context = match id {
                    Some(id) => ExemplarContext::correlation(&format!("{id}\"🦀")),
                    None => ExemplarContext::trace([1; 16], [0xfe; 8]),
                };
                let context = context.unwrap();
                self.histograms[*at].record_with_exemplar(*n, &context);
                self.counters[*at].add_with_exemplar(*n, &context);
                self.spent.add_with_exemplar(*n, &context);
            }
            Step::Spend(nanos) => self.spent.add(*nanos),
            Step::Level(at, n) => self.levels[*at].add(*n),
            Step::Set(at, value) => self.gauges[*at].set(*value),
            Step::Value(at, value) => self.histograms[*at].record(*value),
            Step::Bind(peer) => {
                let pairs = [("peer", &**peer)];
                self.counters[0].bind(&pairs).unwrap().increment();
                self.histograms[0].bind(&pairs).unwrap();
            }
            Step::End(peer, n) => {
                let pairs = [("peer", i64::from(*peer))];
                let counter = self.counters[0].bind(&pairs).unwrap();
                counter.add(*n);
                counter.end();
                let level = self.levels[0].bind(&pairs).unwrap();
                level.add(-1);
                level.end();
                let gauge = self.gauges[0].bind(&pairs).unwrap();
                gauge.set(2.5);
                gauge.end();
                let histogram = self.histograms[0].bind(&pairs).unwrap();
                histogram.record(*n);
                histogram.end();
            }
            Step::Flush => self.accumulator.add(&self.registry.flush()),
            Step::Report | Step::TakeBack(_) => return false,
        }
        true
    }
}
