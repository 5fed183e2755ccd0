//! A handle, its recorder, and a sink that says what arrived.

use std::collections::BTreeMap;

use metrics::with_local_recorder;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point;
use opentelemetry_proto::tonic::metrics::v1::{ExponentialHistogramDataPoint, Metric};
use pqcnet_telemetry::facade::MetricsRecorder;
use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};

use crate::support::read::{Attributes, metrics_in, points_of, texts, value_of};
use crate::support::sink::Sink;
use crate::support::telemetry::config;

pub(crate) struct Fixture {
    pub(crate) telemetry: TelemetryHandle,
    pub(crate) recorder: MetricsRecorder,
    sink: Sink,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(|config| config)
    }

    pub(crate) fn with(change: impl FnOnce(TelemetryConfig) -> TelemetryConfig) -> Self {
        let sink = Sink::start();
        let config = change(config(&sink.url())).with_endpoint(&sink.url());
        let telemetry = TelemetryHandle::from_config(config).unwrap();
        Self {
            recorder: telemetry.metrics_recorder(),
            telemetry,
            sink,
        }
    }

    /// With a cardinality limit, which only a configuration file has.
    pub(crate) fn limited(cardinality: u32) -> Self {
        Self::with(|_| {
            let text = format!("[telemetry]\ncardinality-limit = {cardinality}");
            TelemetryConfig::from_toml(&text).unwrap()
        })
    }

    /// Calls `record` with the macros bound to the recorder.
    pub(crate) fn record<R>(&self, record: impl FnOnce() -> R) -> R {
        with_local_recorder(&self.recorder, record)
    }

    /// What the sink receives of a flush now.
    pub(crate) fn flushed(&self) -> Arrived {
        self.telemetry.flush().unwrap();
        let requests = self.sink.received();
        let metrics = requests.iter().flat_map(metrics_in);
        Arrived(
            metrics
                .map(|metric| (metric.name.clone(), metric))
                .collect(),
        )
    }

    /// What the sink receives of what `record` records.
    pub(crate) fn recorded(&self, record: impl FnOnce()) -> Arrived {
        self.record(record);
        self.flushed()
    }
}

/// Metrics by name.
pub(crate) struct Arrived(pub(crate) BTreeMap<String, Metric>);

impl Arrived {
    pub(crate) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// The total of the series without attributes.
    pub(crate) fn counter(&self, name: &str) -> Option<i64> {
        self.counter_with(name, &[])
    }

    pub(crate) fn counter_with(&self, name: &str, attributes: &[(&str, &str)]) -> Option<i64> {
        let series = self.counters(name);
        series.get(&owned(attributes)).copied()
    }

    /// The totals of all series; only attributes that are texts are told apart.
    pub(crate) fn counters(&self, name: &str) -> BTreeMap<Attributes, i64> {
        let Some(metric) = self.0.get(name) else {
            return BTreeMap::new();
        };
        let points = points_of(metric).iter();
        points
            .map(|point| (texts(&point.attributes), value_of(point)))
            .collect()
    }

    /// Where the gauge without attributes stands.
    pub(crate) fn gauge(&self, name: &str) -> Option<f64> {
        self.gauge_with(name, &[])
    }

    pub(crate) fn gauge_with(&self, name: &str, attributes: &[(&str, &str)]) -> Option<f64> {
        let metric = self.0.get(name)?;
        let Some(Data::Gauge(gauge)) = &metric.data else {
            panic!("{name} is no gauge: {:?}", metric.data);
        };
        let attributes = owned(attributes);
        let mut points = gauge.data_points.iter();
        let point = points.find(|point| texts(&point.attributes) == attributes)?;
        match point.value {
            Some(number_data_point::Value::AsDouble(value)) => Some(value),
            ref other => panic!("{other:?}"),
        }
    }

    /// The distribution of the histogram of this name, which has one series.
    pub(crate) fn histogram(&self, name: &str) -> &ExponentialHistogramDataPoint {
        let metric = &self.0[name];
        let Some(Data::ExponentialHistogram(histogram)) = &metric.data else {
            panic!("{name} is no histogram: {:?}", metric.data);
        };
        let [point] = &histogram.data_points[..] else {
            panic!("{name} has several series");
        };
        point
    }
}

/// The values that a distribution's buckets stand for, at their upper ends, and
/// how often each was recorded.
pub(crate) fn buckets_of(point: &ExponentialHistogramDataPoint) -> Vec<(f64, u64)> {
    let base = 2_f64.powf(2_f64.powi(-point.scale));
    let Some(Buckets {
        offset,
        bucket_counts,
    }) = &point.positive
    else {
        return Vec::new();
    };
    let buckets = (*offset..).zip(bucket_counts);
    let filled = buckets.filter(|(_, count)| **count > 0);
    filled
        .map(|(index, count)| (base.powi(index + 1), *count))
        .collect()
}

fn owned(attributes: &[(&str, &str)]) -> Attributes {
    let pairs = attributes.iter();
    pairs
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}
