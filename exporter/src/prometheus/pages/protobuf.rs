//! The protobuf format: `io.prometheus.client.MetricFamily`, each after its
//! length.
//!
//! Labels and all of a family but its metrics are encoded once; the fields of
//! a message may be joined in any order.

use prost::Message;

use super::escape::NameOf;
use super::exemplar::Exemplar;
use super::family::{Family, FamilyType, TARGET_INFO};
use super::format::PageFormat;
use super::label::{LabelNames, Labels};
use super::plan::{Head, Plan};
use crate::accumulate::{Accumulator, Buckets, HistogramTotal, Total, in_unit};
use crate::otlp::protobuf::{field_len, open_field};

mod messages;
mod native;
pub(super) use messages::{Bucket, ExemplarMessage, Histogram, MetricFamily};
use messages::{Counter, Gauge, LabelPair, MetricType};

const FAMILY_METRIC: u8 = 4;
const METRIC_LABEL: u8 = 1;
const METRIC_GAUGE: u8 = 2;
const METRIC_COUNTER: u8 = 3;
const METRIC_HISTOGRAM: u8 = 7;

/// Appends a page, with native buckets where there are totals for them.
pub(super) fn write(
    out: &mut Vec<u8>,
    plan: &Plan,
    accumulator: &Accumulator,
    exponential: Option<&Accumulator>,
    scratch: &mut Vec<u8>,
) {
    out.extend_from_slice(&plan.target);
    let mut histogram = Histogram::default(); // its memory serves all
    for (family, head) in &plan.families {
        scratch.clear();
        for member in &family.members {
            let Some(total) = member.total(accumulator) else {
                continue;
            };
            let series = plan.rendered(member.point.row);
            let labels = series.labels();
            let decimals = member.point.decimals;
            let exemplar = |bucket| {
                let exemplar = member.exemplar(accumulator, bucket)?;
                Some(ExemplarMessage::new(&exemplar, plan.label_names()))
            };
            match &*total {
                Total::Counter(total) => {
                    let counter = Counter {
                        value: Some(in_unit(*total as f64, decimals)),
                        exemplar: exemplar(0),
                        created_timestamp: Some(series.row.start.into()),
                    };
                    metric(scratch, labels, METRIC_COUNTER, &counter);
                }
                Total::UpDownCounter(total) => {
                    let value = Some(in_unit(*total as f64, decimals));
                    metric(scratch, labels, METRIC_GAUGE, &Gauge { value });
                }
                Total::Gauge(value) => {
                    metric(scratch, labels, METRIC_GAUGE, &Gauge { value: *value });
                }
                Total::Histogram(total) => {
                    histogram.fill(total, &plan.bounds, exemplar);
                    histogram.created_timestamp = Some(series.row.start.into());
                    let native = exponential.and_then(|native| member.total(native));
                    if let Some(Total::Histogram(native)) = native.as_deref() {
                        histogram.fill_native(native);
                    }
                    metric(scratch, labels, METRIC_HISTOGRAM, &histogram);
                }
            }
        }
        if !scratch.is_empty() {
            delimited(out, &head.opening, scratch);
        }
    }
}

/// A family of two parts after their length.
fn delimited(out: &mut Vec<u8>, opening: &[u8], metrics: &[u8]) {
    let len = opening.len() + metrics.len();
    prost::encode_length_delimiter(len, out).expect("a Vec takes all");
    out.extend_from_slice(opening);
    out.extend_from_slice(metrics);
}

/// A `Metric` of encoded labels and one message, as a field of its family.
fn metric(out: &mut Vec<u8>, labels: &[u8], number: u8, message: &impl Message) {
    let len = message.encoded_len();
    open_field(out, FAMILY_METRIC, labels.len() + field_len(len));
    out.extend_from_slice(labels);
    open_field(out, number, len);
    message.encode_raw(out);
}

/// Labels as fields of a `Metric`.
pub(super) fn labels(labels: &Labels) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in labels {
        let pair = LabelPair {
            name: Some(name.clone()),
            value: Some(value.clone()),
        };
        open_field(&mut out, METRIC_LABEL, pair.encoded_len());
        pair.encode_raw(&mut out);
    }
    out
}

/// The fields of a family but for its metrics.
pub(super) fn head(family: &Family) -> Head {
    let metric_type = match family.kind {
        FamilyType::Counter | FamilyType::Unnamed => MetricType::Counter,
        FamilyType::Gauge => MetricType::Gauge,
        FamilyType::Histogram => MetricType::Histogram,
    };
    let opening = opening(&family.name, metric_type, &family.unit, &family.help);
    Head {
        opening,
        ..Head::default()
    }
}

fn opening(name: &str, metric_type: MetricType, unit: &str, help: &str) -> Vec<u8> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let family = MetricFamily {
        name: Some(name.to_owned()),
        help: some(help),
        r#type: Some(metric_type.into()),
        metric: Vec::new(),
        unit: some(unit),
    };
    family.encode_to_vec()
}

/// The family of the resource.
pub(super) fn target(labels: &Labels, format: PageFormat) -> Vec<u8> {
    let name = NameOf::Metric.escaped(TARGET_INFO, format.escaping());
    let mut metrics = Vec::new();
    let one = Gauge { value: Some(1.0) };
    metric(&mut metrics, &self::labels(labels), METRIC_GAUGE, &one);
    let mut out = Vec::new();
    let opening = opening(&name, MetricType::Gauge, "", "Target metadata");
    delimited(&mut out, &opening, &metrics);
    out
}

impl ExemplarMessage {
    pub(super) fn new(exemplar: &Exemplar<'_>, names: LabelNames) -> Self {
        let pair = |(name, value)| LabelPair {
            name: Some(name),
            value: Some(value),
        };
        Self {
            label: exemplar.labels(names).into_iter().map(pair).collect(),
            value: Some(exemplar.value),
            timestamp: Some(exemplar.time.into()),
        }
    }
}

impl Histogram {
    /// Count, sum and classic buckets; no native ones.
    fn fill(
        &mut self,
        total: &HistogramTotal,
        bounds: &[f64],
        exemplar: impl Fn(usize) -> Option<ExemplarMessage>,
    ) {
        let Buckets::Explicit(buckets) = &total.buckets else {
            unreachable!("given totals with classic buckets");
        };
        self.clear();
        let mut below = 0;
        let bounds = bounds.iter().chain([&f64::INFINITY]);
        for (index, (count, bound)) in buckets.counts.iter().zip(bounds).enumerate() {
            below += count;
            self.bucket.push(Bucket {
                cumulative_count: Some(below),
                upper_bound: Some(*bound),
                exemplar: exemplar(index),
            });
        }
        // A sum whose records are not counted yet waits for them.
        let sum = if below == 0 { 0 } else { total.sum };
        self.sample_sum = Some(in_unit(sum as f64, total.decimals));
        self.sample_count = Some(below);
    }
}
