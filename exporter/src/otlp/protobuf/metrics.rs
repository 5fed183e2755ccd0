//! `ExportMetricsServiceRequest`.

use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets as Positive;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint,
};
use prost::Message;

use super::Envelope;
use crate::accumulate::{Accumulator, Buckets, HistogramTotal, Total};
use crate::config::HistogramEncoding;
use crate::otlp::points::{Number, range_of, sum_of};
use crate::otlp::resource::Resource;
use crate::otlp::{Body, MetricsFormat, unix_nanos};

mod bodies;
mod exemplars;
mod plan;

use bodies::Bodies;
use plan::Plan;

/// Encodes reports; keeps what is the same in each.
pub(crate) struct MetricsEncoder {
    envelope: Envelope,
    max_bytes: usize,
    bounds: Vec<f64>,
    plan: Plan,
    /// By row.
    histograms: Vec<EncodedHistogram>,
}

/// A histogram's point without attributes and times.
#[derive(Default)]
struct EncodedHistogram {
    bytes: Vec<u8>,
    /// Of which row, and as of which change of it.
    state: (u64, u64),
}

impl MetricsEncoder {
    pub(crate) fn new(resource: &Resource, format: &MetricsFormat) -> Self {
        let bounds = match &format.histograms {
            HistogramEncoding::Explicit(bounds) => bounds.clone(),
            HistogramEncoding::Exponential => Vec::new(),
        };
        Self {
            envelope: Envelope::new(resource),
            max_bytes: format.max_bytes,
            bounds,
            plan: Plan::new(format.temporality, &format.histograms),
            histograms: Vec::new(),
        }
    }

    pub(crate) fn set_max_bytes(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
    }

    /// The accumulator's totals as one or more requests, each no larger than
    /// the limit unless a single point is. None if there is nothing to say.
    pub(crate) fn encode(&mut self, accumulator: &Accumulator) -> Vec<Body> {
        self.plan.follow(&accumulator.rows);
        self.encode_changed(accumulator);
        let end = unix_nanos(accumulator.window.end);
        let mut bodies = Bodies::new(&self.envelope, &self.plan, self.max_bytes);
        let has_exemplars = !accumulator.exemplars.is_empty();
        for point in &self.plan.points {
            let total = &accumulator.totals[point.row];
            if !point.has_data(total) {
                continue;
            }
            // All other starts are in the plan.
            let start = if point.is_windowed {
                unix_nanos(accumulator.start_of(point.row))
            } else {
                0
            };
            // Histograms have their times under the same numbers.
            let mut number = NumberDataPoint {
                start_time_unix_nano: start,
                time_unix_nano: end,
                value: point.number(total).map(value_of),
                ..Default::default()
            };
            let histogram = &self.histograms[point.row].bytes;
            if has_exemplars {
                let examples = point.exemplars(accumulator);
                let examples = exemplars::messages(&examples, || point.times(accumulator));
                if let Total::Histogram(total) = total {
                    let is_exponential = matches!(total.buckets, Buckets::Exponential(_));
                    let fields = exemplars::of_histogram(examples, is_exponential);
                    bodies.point(point, &number, &[histogram, &fields[..]].concat());
                    continue;
                }
                number.exemplars = examples;
            }
            bodies.point(point, &number, histogram);
        }
        bodies.finish()
    }

    /// Most histograms of a report are those of the one before.
    fn encode_changed(&mut self, accumulator: &Accumulator) {
        self.histograms
            .resize_with(accumulator.rows.len(), Default::default);
        for (number, row) in accumulator.rows.iter() {
            let encoded = &mut self.histograms[number];
            let change = match &accumulator.totals[number] {
                Total::Histogram(total) => total.change,
                _ => 0,
            };
            if encoded.state == (row.id, change) {
                continue;
            }
            // What another series left here, too.
            encoded.bytes.clear();
            if let Total::Histogram(total) = &accumulator.totals[number] {
                encode_histogram(&mut encoded.bytes, total, &self.bounds);
            }
            encoded.state = (row.id, change);
        }
    }
}

fn value_of(number: Number) -> Value {
    match number {
        Number::Int(value) => Value::AsInt(value),
        Number::Double(value) => Value::AsDouble(value),
    }
}

fn encode_histogram(out: &mut Vec<u8>, total: &HistogramTotal, bounds: &[f64]) {
    let range = range_of(total);
    let (min, max) = (range.map(|(min, _)| min), range.map(|(_, max)| max));
    let encoded = match &total.buckets {
        Buckets::Exponential(buckets) => ExponentialHistogramDataPoint {
            count: total.count,
            sum: Some(sum_of(total)),
            scale: buckets.scale,
            zero_count: buckets.zero_count,
            positive: (!buckets.counts.is_empty()).then(|| Positive {
                offset: buckets.offset,
                bucket_counts: buckets.counts.clone(),
            }),
            min,
            max,
            ..Default::default()
        }
        .encode(out),
        Buckets::Explicit(buckets) => HistogramDataPoint {
            count: total.count,
            sum: Some(sum_of(total)),
            bucket_counts: buckets.counts.clone(),
            explicit_bounds: bounds.to_vec(),
            min,
            max,
            ..Default::default()
        }
        .encode(out),
    };
    encoded.expect("a Vec takes all");
}
