//! `opentelemetry_sdk`'s collection and `opentelemetry-proto`'s JSON.

use std::hint::black_box;
use std::time::{Duration, Instant};

use opentelemetry::metrics::{Counter, Histogram, MeterProvider};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{
    Aggregation, Instrument, InstrumentKind, SdkMeterProvider, Stream, Temporality,
};
use pqcnet_telemetry_benches::opentelemetry::Reader;

use crate::ours::Size;

pub(crate) fn explicit() -> Aggregation {
    Aggregation::Default
}

pub(crate) struct Work {
    reader: Reader,
    /// Reused from one collection to the next, as the SDK's reader does.
    metrics: ResourceMetrics,
    counters: Vec<Counter<u64>>,
    histograms: Vec<Histogram<u64>>,
    values: Vec<u64>,
    _provider: SdkMeterProvider,
}

impl Work {
    pub(crate) fn new(aggregation: &Aggregation, size: Size, values: &[u64]) -> Self {
        let reader = Reader::new(Temporality::Cumulative);
        let aggregation = aggregation.clone();
        let provider = SdkMeterProvider::builder()
            .with_reader(reader.clone())
            .with_view(move |instrument: &Instrument| {
                (instrument.kind() == InstrumentKind::Histogram).then(|| {
                    let stream = Stream::builder().with_aggregation(aggregation.clone());
                    stream.build().expect("a valid aggregation")
                })
            })
            .build();
        let meter = provider.meter("bench");
        let counters =
            (0..size.counters).map(|i| meter.u64_counter(format!("counter.{i}")).build());
        let histograms =
            (0..size.histograms).map(|i| meter.u64_histogram(format!("histogram.{i}")).build());
        Self {
            counters: counters.collect(),
            histograms: histograms.collect(),
            metrics: ResourceMetrics::default(),
            values: values.to_vec(),
            reader,
            _provider: provider,
        }
    }

    pub(crate) fn record(&self) {
        for counter in &self.counters {
            counter.add(1, &[]);
        }
        for histogram in &self.histograms {
            for value in &self.values {
                histogram.record(*value, &[]);
            }
        }
    }

    pub(crate) fn flush(&mut self) -> Duration {
        let start = Instant::now();
        self.reader
            .collect(&mut self.metrics)
            .expect("a registered reader");
        let request = ExportMetricsServiceRequest::from(&self.metrics);
        let json = serde_json::to_vec(&request).expect("requests serialise");
        black_box(&json);
        start.elapsed()
    }
}
