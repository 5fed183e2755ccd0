//! `ExportMetricsServiceRequest`.

use std::sync::Arc;

use pqcnet_telemetry_core::{InstrumentInfo, Kind, Series};

use super::resource::{Envelope, Resource};
use super::{Body, json};
use crate::accumulate::exponential::Exponential;
use crate::accumulate::{Accumulator, Buckets, HistogramTotal, Total, Window, to_i64};
use crate::config::{HistogramEncoding, TelemetryConfig, Temporality};

/// Renders reports; keeps what is the same in each.
pub(crate) struct MetricsEncoder {
    envelope: Envelope,
    max_bytes: usize,
    temporality: Temporality,
    bounds: Vec<u8>,
    /// By instrument; rendered anew where the catalog's entry has changed.
    heads: Vec<(Arc<InstrumentInfo>, Vec<u8>)>,
    /// By series.
    series: Vec<RenderedSeries>,
    /// Buffers of requests that are done with.
    spare: Vec<Vec<u8>>,
}

struct RenderedSeries {
    /// `{"attributes":[…],` up to the first time that is the report's.
    opening: Vec<u8>,
    /// Whether that is the window's start, not its end.
    is_windowed: bool,
    /// A histogram's point from its count on, as of this change of it.
    histogram: Vec<u8>,
    change: u64,
}

/// Ends the data points, the sum or histogram, and the metric.
const METRIC_CLOSE: &[u8] = b"]}}";

impl MetricsEncoder {
    pub(crate) fn new(resource: &Resource, config: &TelemetryConfig) -> Self {
        let mut bounds = Vec::new();
        if let HistogramEncoding::Explicit(list) = &config.histograms {
            for (index, bound) in list.iter().enumerate() {
                if index > 0 {
                    bounds.push(b',');
                }
                json::double(&mut bounds, *bound);
            }
        }
        Self {
            envelope: resource.envelope("resourceMetrics", "scopeMetrics", "metrics", b"]}]}]}"),
            max_bytes: config.max_request_bytes,
            temporality: config.temporality,
            bounds,
            heads: Vec::new(),
            series: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// The accumulator's totals as one or more requests, each no larger than
    /// the limit unless a single point is. None if there is nothing to say.
    pub(crate) fn encode(&mut self, accumulator: &Accumulator) -> Vec<Body> {
        self.render_new(accumulator);
        self.render_changed(accumulator);
        let times = Times::new(accumulator.window);
        let mut bodies = Bodies {
            envelope: &self.envelope,
            max_bytes: self.max_bytes,
            bytes: self.spare.pop().unwrap_or_default(),
            spare: std::mem::take(&mut self.spare),
            done: Vec::new(),
            items: 0,
            first: "",
        };
        for (instrument, (_, head)) in accumulator.catalog.instruments().iter().zip(&self.heads) {
            let mut is_open = false;
            for &index in instrument.series() {
                let total = &accumulator.totals[index];
                if !self.has_data(instrument, &accumulator.catalog.series()[index], total) {
                    continue;
                }
                let rendered = &self.series[index];
                is_open = bodies.point(instrument.name(), head, is_open, |out| {
                    write_point(out, total, rendered, &times);
                });
            }
            if is_open {
                bodies.bytes.extend_from_slice(METRIC_CLOSE);
            }
        }
        bodies.finish(&mut self.spare)
    }

    /// Takes the memory of requests that are done with, for the next ones.
    pub(crate) fn recycle(&mut self, bodies: impl IntoIterator<Item = Body>) {
        let buffers = bodies.into_iter().map(|mut body| {
            body.bytes.clear();
            body.bytes
        });
        self.spare.extend(buffers);
    }

    fn has_data(&self, instrument: &InstrumentInfo, series: &Series, total: &Total) -> bool {
        let is_zero = match total {
            Total::Gauge(value) => return value.is_some(),
            Total::Counter(total) => *total == 0,
            Total::UpDownCounter(total) => *total == 0,
            Total::Histogram(total) => total.count == 0,
        };
        let is_up_down = matches!(total, Total::UpDownCounter(_));
        let is_delta = self.temporality == Temporality::Delta && !is_up_down;
        // An instrument made to be bound has a series that nobody means.
        let is_base = instrument.is_bound() && series.attributes().is_empty();
        !(is_zero && (is_delta || is_base))
    }

    fn render_new(&mut self, accumulator: &Accumulator) {
        let catalog = &accumulator.catalog;
        for (index, instrument) in catalog.instruments().iter().enumerate() {
            match self.heads.get_mut(index) {
                Some((known, _)) if Arc::ptr_eq(known, instrument) => {}
                Some((known, head)) => {
                    if known.description() != instrument.description() {
                        *head = metric_head(instrument, self.temporality, accumulator);
                    }
                    *known = Arc::clone(instrument);
                }
                None => {
                    let head = metric_head(instrument, self.temporality, accumulator);
                    self.heads.push((Arc::clone(instrument), head));
                }
            }
        }
        for series in &catalog.series()[self.series.len()..] {
            let instrument = &catalog.instruments()[series.instrument()];
            let rendered = RenderedSeries::new(series, instrument.kind(), self.temporality);
            self.series.push(rendered);
        }
    }

    /// Most histograms of a report are those of the one before.
    fn render_changed(&mut self, accumulator: &Accumulator) {
        for (total, rendered) in accumulator.totals.iter().zip(&mut self.series) {
            if let Total::Histogram(total) = total
                && rendered.change != total.change
            {
                rendered.histogram.clear();
                write_histogram(&mut rendered.histogram, total, &self.bounds);
                rendered.change = total.change;
            }
        }
    }
}

impl RenderedSeries {
    fn new(series: &Series, kind: Kind, temporality: Temporality) -> Self {
        let mut opening = vec![b'{'];
        if !series.attributes().is_empty() {
            json::attributes(&mut opening, series.attributes().iter());
            opening.push(b',');
        }
        let is_windowed =
            temporality == Temporality::Delta && matches!(kind, Kind::Counter | Kind::Histogram);
        if is_windowed {
            opening.extend_from_slice(b"\"startTimeUnixNano\":");
        } else {
            if kind != Kind::Gauge {
                opening.extend_from_slice(b"\"startTimeUnixNano\":");
                json::time(&mut opening, series.created());
                opening.push(b',');
            }
            opening.extend_from_slice(b"\"timeUnixNano\":");
        }
        Self {
            opening,
            is_windowed,
            histogram: Vec::new(),
            change: 0,
        }
    }
}

fn write_point(out: &mut Vec<u8>, total: &Total, rendered: &RenderedSeries, times: &Times) {
    out.extend_from_slice(&rendered.opening);
    out.extend_from_slice(if rendered.is_windowed {
        &times.window
    } else {
        &times.end
    });
    match total {
        Total::Counter(total) => {
            out.extend_from_slice(b",\"asInt\":");
            json::integer(out, i64::try_from(*total).unwrap_or(i64::MAX));
        }
        Total::UpDownCounter(total) => {
            out.extend_from_slice(b",\"asInt\":");
            json::integer(out, to_i64(*total));
        }
        Total::Gauge(value) => {
            out.extend_from_slice(b",\"asDouble\":");
            json::double(out, value.unwrap_or(f64::NAN));
        }
        Total::Histogram(_) => out.extend_from_slice(&rendered.histogram),
    }
    out.push(b'}');
}

fn write_histogram(out: &mut Vec<u8>, total: &HistogramTotal, bounds: &[u8]) {
    out.extend_from_slice(b",\"count\":");
    json::integer(out, total.count);
    out.extend_from_slice(b",\"sum\":");
    // A count of zero goes with a sum of zero, says the protocol.
    let sum = if total.count == 0 { 0 } else { total.sum };
    json::double(out, sum as f64);
    match &total.buckets {
        Buckets::Exponential(buckets) => write_exponential(out, buckets),
        Buckets::Explicit(buckets) => {
            out.extend_from_slice(b",\"explicitBounds\":[");
            out.extend_from_slice(bounds);
            out.extend_from_slice(b"],\"bucketCounts\":");
            json::integers(out, &buckets.counts);
        }
    }
    if let (Some((least, greatest)), 1..) = (total.range, total.count) {
        out.extend_from_slice(b",\"min\":");
        json::double(out, least as f64);
        out.extend_from_slice(b",\"max\":");
        json::double(out, greatest as f64);
    }
}

fn write_exponential(out: &mut Vec<u8>, buckets: &Exponential) {
    out.extend_from_slice(b",\"scale\":");
    json::small(out, buckets.scale);
    out.extend_from_slice(b",\"zeroCount\":");
    json::integer(out, buckets.zero_count);
    if !buckets.counts.is_empty() {
        out.extend_from_slice(b",\"positive\":{\"offset\":");
        json::small(out, buckets.offset);
        out.extend_from_slice(b",\"bucketCounts\":");
        json::integers(out, &buckets.counts);
        out.push(b'}');
    }
}

/// `{"name":…` up to the first data point.
fn metric_head(
    instrument: &InstrumentInfo,
    temporality: Temporality,
    accumulator: &Accumulator,
) -> Vec<u8> {
    let mut head = b"{\"name\":".to_vec();
    json::string(&mut head, instrument.name());
    if !instrument.unit().is_empty() {
        head.extend_from_slice(b",\"unit\":");
        json::string(&mut head, instrument.unit());
    }
    if !instrument.description().is_empty() {
        head.extend_from_slice(b",\"description\":");
        json::string(&mut head, instrument.description());
    }
    // AggregationTemporality: 1 delta, 2 cumulative.
    let temporality = match (instrument.kind(), temporality) {
        (Kind::Counter | Kind::Histogram, Temporality::Delta) => 1,
        _ => 2,
    };
    let kind = match (instrument.kind(), &accumulator.encoding) {
        (Kind::Counter, _) => {
            format!("\"sum\":{{\"aggregationTemporality\":{temporality},\"isMonotonic\":true,")
        }
        (Kind::UpDownCounter, _) => "\"sum\":{\"aggregationTemporality\":2,".to_owned(),
        (Kind::Histogram, HistogramEncoding::Exponential) => {
            format!("\"exponentialHistogram\":{{\"aggregationTemporality\":{temporality},")
        }
        (Kind::Histogram, HistogramEncoding::Explicit(_)) => {
            format!("\"histogram\":{{\"aggregationTemporality\":{temporality},")
        }
        _ => "\"gauge\":{".to_owned(),
    };
    head.push(b',');
    head.extend_from_slice(kind.as_bytes());
    head.extend_from_slice(b"\"dataPoints\":[");
    head
}

struct Times {
    /// The window's start and end, between `"startTimeUnixNano":` and a comma.
    window: Vec<u8>,
    end: Vec<u8>,
}

impl Times {
    fn new(window: Window) -> Self {
        let mut end = Vec::new();
        json::time(&mut end, window.end);
        let mut both = Vec::new();
        json::time(&mut both, window.start);
        both.extend_from_slice(b",\"timeUnixNano\":");
        both.extend_from_slice(&end);
        Self { window: both, end }
    }
}

/// Requests being written, cut so that none passes the limit.
struct Bodies<'a> {
    envelope: &'a Envelope,
    max_bytes: usize,
    done: Vec<Body>,
    bytes: Vec<u8>,
    spare: Vec<Vec<u8>>,
    items: usize,
    /// Name of the metric that the request being written begins with.
    first: &'a str,
}

impl<'a> Bodies<'a> {
    /// Writes one point of the metric that begins with `head`, opening the
    /// metric, or a new request, where needed. Returns that it is open.
    fn point(
        &mut self,
        name: &'a str,
        head: &[u8],
        is_open: bool,
        write: impl Fn(&mut Vec<u8>),
    ) -> bool {
        let before = self.bytes.len();
        self.write(head, is_open, &write);
        let tail = METRIC_CLOSE.len() + self.envelope.close.len();
        if self.bytes.len() + tail > self.max_bytes && self.items > 0 {
            // One too many: it opens the next request instead.
            self.bytes.truncate(before);
            if is_open {
                self.bytes.extend_from_slice(METRIC_CLOSE);
            }
            self.cut();
            self.write(head, false, &write);
        }
        if self.items == 0 {
            self.first = name;
        }
        self.items += 1;
        true
    }

    fn write(&mut self, head: &[u8], is_open: bool, write: &impl Fn(&mut Vec<u8>)) {
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(&self.envelope.open);
        } else {
            self.bytes.push(b',');
        }
        if !is_open {
            self.bytes.extend_from_slice(head);
        }
        write(&mut self.bytes);
    }

    fn cut(&mut self) {
        self.bytes.extend_from_slice(self.envelope.close);
        let is_oversized = self.bytes.len() > self.max_bytes;
        let next = self.spare.pop().unwrap_or_default();
        let bytes = std::mem::replace(&mut self.bytes, next);
        self.done.push(Body {
            oversized: is_oversized.then(|| format!("a point of {}", self.first)),
            items: std::mem::take(&mut self.items),
            bytes,
        });
    }

    fn finish(mut self, spare: &mut Vec<Vec<u8>>) -> Vec<Body> {
        if self.items > 0 {
            self.cut();
        }
        spare.append(&mut self.spare);
        spare.push(self.bytes);
        self.done
    }
}
