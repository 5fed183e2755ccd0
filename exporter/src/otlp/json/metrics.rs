//! `ExportMetricsServiceRequest`.

use super::envelope::{self, CLOSE, Envelope, SCOPE_CLOSE};
use crate::accumulate::exponential::Exponential;
use crate::accumulate::{Accumulator, Buckets, HistogramTotal, Total, Window};
use crate::config::{HistogramEncoding, Temporality};
use crate::otlp::json::exemplars;
use crate::otlp::points::{Number, Point, range_of, sum_of};
use crate::otlp::resource::Resource;
use crate::otlp::{Body, MetricsFormat, json};

mod plan;

use plan::{Plan, Planned};

/// Renders reports; keeps what is the same in each.
pub(crate) struct MetricsEncoder {
    /// A request up to its metrics.
    open: Vec<u8>,
    max_bytes: usize,
    bounds: Vec<u8>,
    plan: Plan,
    /// By row.
    histograms: Vec<RenderedHistogram>,
    is_delta: bool,
    /// Buffers of requests that are done with.
    spare: Vec<Vec<u8>>,
}

/// A histogram's point from its count on.
#[derive(Default)]
struct RenderedHistogram {
    text: Vec<u8>,
    /// Of which row, and as of which change of it.
    state: (u64, u64),
}

/// Ends the data points, the sum or histogram, and the metric.
const METRIC_CLOSE: &[u8] = b"]}}";

impl MetricsEncoder {
    pub(crate) fn new(resource: &Resource, format: &MetricsFormat) -> Self {
        let mut bounds = Vec::new();
        if let HistogramEncoding::Explicit(list) = &format.histograms {
            for (index, bound) in list.iter().enumerate() {
                if index > 0 {
                    bounds.push(b',');
                }
                json::double(&mut bounds, *bound);
            }
        }
        Self {
            open: Envelope::new(resource, &envelope::METRICS).open_library(),
            max_bytes: format.max_bytes,
            bounds,
            plan: Plan::new(format.temporality, &format.histograms),
            histograms: Vec::new(),
            is_delta: format.temporality == Temporality::Delta,
            spare: Vec::new(),
        }
    }

    pub(crate) fn set_max_bytes(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
    }

    /// The accumulator's totals as one or more requests, each no larger than
    /// the limit unless a single point is. None if there is nothing to say.
    pub(crate) fn encode(&mut self, accumulator: &Accumulator) -> Vec<Body> {
        self.plan.follow(&accumulator.rows);
        self.render_changed(accumulator);
        let times = Times::new(accumulator.window);
        let mut bodies = Bodies {
            opening: &self.open,
            plan: &self.plan,
            max_bytes: self.max_bytes,
            bytes: self.spare.pop().unwrap_or_default(),
            spare: &mut self.spare,
            done: Vec::new(),
            items: 0,
            is_delta: self.is_delta,
            rows: Vec::new(),
            first: 0,
            open: None,
        };
        let has_exemplars = !accumulator.exemplars.is_empty();
        for planned in &self.plan.points {
            let point = &planned.point;
            let total = &accumulator.totals[point.row];
            if !point.has_data(total) {
                continue;
            }
            let histogram = &self.histograms[point.row].text;
            let number = point.number(total);
            let start = accumulator.start_of(point.row);
            let own_times = (point.is_windowed && start != accumulator.window.start).then(|| {
                Times::new(Window {
                    start,
                    ..accumulator.window
                })
            });
            let time = own_times.as_ref().unwrap_or(&times).of(point);
            if has_exemplars {
                let examples = point.exemplars(accumulator);
                bodies.point(planned, |out| {
                    write_value(out, number, time, histogram);
                    exemplars::add(out, &examples, || point.times(accumulator));
                });
                continue;
            }
            bodies.point(planned, |out| write_value(out, number, time, histogram));
        }
        bodies.finish()
    }

    /// Takes the memory of requests that are done with, for the next ones.
    pub(crate) fn recycle(&mut self, bodies: impl IntoIterator<Item = Body>) {
        let buffers = bodies.into_iter().map(|mut body| {
            body.bytes.clear();
            body.bytes
        });
        self.spare.extend(buffers);
    }

    /// Most histograms of a report are those of the one before.
    fn render_changed(&mut self, accumulator: &Accumulator) {
        self.histograms
            .resize_with(accumulator.rows.len(), Default::default);
        for (number, row) in accumulator.rows.iter() {
            let rendered = &mut self.histograms[number];
            let change = match &accumulator.totals[number] {
                Total::Histogram(total) => total.change,
                _ => 0,
            };
            if rendered.state == (row.id, change) {
                continue;
            }
            // What another series left here, too.
            rendered.text.clear();
            if let Total::Histogram(total) = &accumulator.totals[number] {
                write_histogram(&mut rendered.text, total, &self.bounds);
            }
            rendered.state = (row.id, change);
        }
    }
}

/// The rest of a point, from its time on.
fn write_value(out: &mut Vec<u8>, number: Option<Number>, time: &Time, histogram: &[u8]) {
    match number {
        Some(Number::Int(value)) => write_integer(out, time, value),
        Some(Number::Double(value)) => {
            out.extend_from_slice(&time.alone);
            out.extend_from_slice(b",\"asDouble\":");
            json::double(out, value);
            out.push(b'}');
        }
        None => {
            out.extend_from_slice(&time.alone);
            out.extend_from_slice(histogram);
            out.push(b'}');
        }
    }
}

fn write_integer(out: &mut Vec<u8>, time: &Time, value: i64) {
    out.extend_from_slice(&time.before_integer);
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    out.extend_from_slice(b"\"}");
}

fn write_histogram(out: &mut Vec<u8>, total: &HistogramTotal, bounds: &[u8]) {
    out.extend_from_slice(b",\"count\":");
    json::integer(out, total.count);
    out.extend_from_slice(b",\"sum\":");
    json::double(out, sum_of(total));
    match &total.buckets {
        Buckets::Exponential(buckets) => write_exponential(out, buckets),
        Buckets::Explicit(buckets) => {
            out.extend_from_slice(b",\"explicitBounds\":[");
            out.extend_from_slice(bounds);
            out.extend_from_slice(b"],\"bucketCounts\":");
            json::integers(out, &buckets.counts);
        }
    }
    if let Some((least, greatest)) = range_of(total) {
        out.extend_from_slice(b",\"min\":");
        json::double(out, least);
        out.extend_from_slice(b",\"max\":");
        json::double(out, greatest);
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

/// A report's times, as its points have them.
struct Times {
    /// The start and end of the window, from the start's value on.
    window: Time,
    end: Time,
}

/// One time, or two.
struct Time {
    alone: Vec<u8>,
    /// With `,"asInt":"`.
    before_integer: Vec<u8>,
}

impl Times {
    fn new(window: Window) -> Self {
        let mut end = Vec::new();
        json::time(&mut end, window.end);
        let mut both = Vec::new();
        json::time(&mut both, window.start);
        both.extend_from_slice(b",\"timeUnixNano\":");
        both.extend_from_slice(&end);
        Self {
            window: Time::new(both),
            end: Time::new(end),
        }
    }

    fn of(&self, point: &Point) -> &Time {
        if point.is_windowed {
            &self.window
        } else {
            &self.end
        }
    }
}

impl Time {
    fn new(alone: Vec<u8>) -> Self {
        let before_integer = [&alone, &b",\"asInt\":\""[..]].concat();
        Self {
            alone,
            before_integer,
        }
    }
}

/// Requests being written, cut so that none passes the limit.
struct Bodies<'a> {
    opening: &'a [u8],
    plan: &'a Plan,
    max_bytes: usize,
    done: Vec<Body>,
    bytes: Vec<u8>,
    spare: &'a mut Vec<Vec<u8>>,
    items: usize,
    is_delta: bool,
    /// Of the points in it, if it is of a delta report.
    rows: Vec<usize>,
    /// The instrument that the request being written begins with.
    first: usize,
    /// The instrument whose points are being written.
    open: Option<usize>,
}

impl Bodies<'_> {
    /// Writes one point, opening its metric, or a new request, where needed.
    fn point(&mut self, planned: &Planned, write: impl Fn(&mut Vec<u8>)) {
        let before = self.bytes.len();
        let was_open = self.open;
        self.write(planned, &write);
        let tail = METRIC_CLOSE.len() + SCOPE_CLOSE.len() + CLOSE.len();
        if self.bytes.len() + tail > self.max_bytes && self.items > 0 {
            // One too many: it opens the next request instead.
            self.bytes.truncate(before);
            self.open = was_open;
            self.cut();
            self.write(planned, &write);
        }
        if self.items == 0 {
            self.first = planned.point.instrument;
        }
        self.items += 1;
        if self.is_delta {
            self.rows.push(planned.point.row);
        }
    }

    fn write(&mut self, planned: &Planned, write: &impl Fn(&mut Vec<u8>)) {
        let instrument = planned.point.instrument;
        let is_open = self.open == Some(instrument);
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(self.opening);
        } else if is_open {
            self.bytes.push(b',');
        } else {
            self.bytes.extend_from_slice(METRIC_CLOSE);
            self.bytes.push(b',');
        }
        self.open = Some(instrument);
        let text = self.plan.text_of(planned, is_open);
        self.bytes.extend_from_slice(text);
        write(&mut self.bytes);
    }

    fn cut(&mut self) {
        self.open = None;
        self.bytes.extend_from_slice(METRIC_CLOSE);
        self.bytes.extend_from_slice(SCOPE_CLOSE);
        self.bytes.extend_from_slice(CLOSE);
        let is_oversized = self.bytes.len() > self.max_bytes;
        let next = self.spare.pop().unwrap_or_default();
        let bytes = std::mem::replace(&mut self.bytes, next);
        let first = self.plan.name_of(self.first);
        self.done.push(Body {
            oversized: is_oversized.then(|| format!("a point of {first}")),
            items: std::mem::take(&mut self.items),
            bytes,
            rows: std::mem::take(&mut self.rows),
        });
    }

    fn finish(mut self) -> Vec<Body> {
        if self.items > 0 {
            self.cut();
        }
        self.spare.push(self.bytes);
        self.done
    }
}
