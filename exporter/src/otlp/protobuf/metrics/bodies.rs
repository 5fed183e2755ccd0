//! Points into requests, none larger than the limit.
//!
//! A message's length stands before it, so a request is put together when its
//! last point is known; until then its length is kept, not its bytes.

use opentelemetry_proto::tonic::metrics::v1::NumberDataPoint;
use prost::Message;

use super::plan::Plan;
use crate::config::Temporality;
use crate::otlp::Body;
use crate::otlp::points::Point;
use crate::otlp::protobuf::{Envelope, field_len, open_field};

/// The field of a sum, gauge or histogram that its points are.
const DATA_POINT: u8 = 1;

/// Requests, and the one being filled.
pub(super) struct Bodies<'a> {
    envelope: &'a Envelope,
    plan: &'a Plan,
    max_bytes: usize,
    done: Vec<Body>,
    /// Points, each with its key and length.
    points: Vec<u8>,
    metrics: Vec<Metric>,
    /// The length of all metrics but the last.
    closed: usize,
    items: usize,
    /// Of the points, if it is of a delta report.
    rows: Vec<usize>,
}

/// An instrument, and where its points begin. They end where the next's begin.
struct Metric {
    instrument: usize,
    start: usize,
}

impl<'a> Bodies<'a> {
    pub(super) fn new(envelope: &'a Envelope, plan: &'a Plan, max_bytes: usize) -> Self {
        Self {
            envelope,
            plan,
            max_bytes,
            done: Vec::new(),
            points: Vec::new(),
            metrics: Vec::new(),
            closed: 0,
            items: 0,
            rows: Vec::new(),
        }
    }

    /// Adds a point, made of its constant fields, these of a number, and those
    /// of a histogram if it is one.
    pub(super) fn point(&mut self, point: &Point, number: &NumberDataPoint, histogram: &[u8]) {
        let opening = self.plan.opening_of(point);
        let len = opening.len() + number.encoded_len() + histogram.len();
        if self.items > 0 && self.len_with(point.instrument, field_len(len)) > self.max_bytes {
            self.cut();
        }
        self.open(point.instrument);
        open_field(&mut self.points, DATA_POINT, len);
        self.points.extend_from_slice(opening);
        number.encode(&mut self.points).expect("a Vec takes all");
        self.points.extend_from_slice(histogram);
        self.items += 1;
        if self.plan.temporality == Temporality::Delta {
            self.rows.push(point.row);
        }
    }

    pub(super) fn finish(mut self) -> Vec<Body> {
        if self.items > 0 {
            self.cut();
        }
        self.done
    }

    /// The length of the request with one more point, of `added` bytes.
    fn len_with(&self, instrument: usize, added: usize) -> usize {
        let head = &self.plan.heads[instrument];
        let metrics = match self.metrics.last() {
            Some(last) if last.instrument == instrument => {
                self.closed + head.metric_len(self.points.len() - last.start + added)
            }
            _ => self.metrics_len() + head.metric_len(added),
        };
        self.envelope.library_len(metrics)
    }

    /// The length of all metrics.
    fn metrics_len(&self) -> usize {
        let open = self.metrics.last().map_or(0, |last| {
            self.plan.heads[last.instrument].metric_len(self.points.len() - last.start)
        });
        self.closed + open
    }

    fn open(&mut self, instrument: usize) {
        let is_open = self.metrics.last().map(|last| last.instrument) == Some(instrument);
        if !is_open {
            self.closed = self.metrics_len();
            self.metrics.push(Metric {
                instrument,
                start: self.points.len(),
            });
        }
    }

    fn cut(&mut self) {
        let mut bytes = self.envelope.open_library(self.metrics_len());
        let starts = self.metrics.iter().map(|metric| metric.start);
        let ends = starts.skip(1).chain([self.points.len()]);
        for (metric, end) in self.metrics.iter().zip(ends) {
            let head = &self.plan.heads[metric.instrument];
            head.write(&mut bytes, &self.points[metric.start..end]);
        }
        let first = self.plan.name_of(self.metrics[0].instrument);
        let is_oversized = bytes.len() > self.max_bytes;
        self.done.push(Body {
            oversized: is_oversized.then(|| format!("a point of {first}")),
            items: std::mem::take(&mut self.items),
            bytes,
            rows: std::mem::take(&mut self.rows),
        });
        self.points.clear();
        self.metrics.clear();
        self.closed = 0;
    }
}
