//! What is the same in every report, rendered once and laid out in the order of
//! the wire: a flush walks through memory once, and copies.

use std::ops::Range;
use std::sync::Arc;

use pqcnet_telemetry_core::{Catalog, InstrumentInfo, Kind};

use crate::config::{HistogramEncoding, Temporality};
use crate::otlp::json;
use crate::otlp::points::{Point, is_windowed, points};
use crate::rows::{Row, Rows};

/// The data points of a report, and their constant text.
pub(super) struct Plan {
    temporality: Temporality,
    is_exponential: bool,
    /// Of the rows that it follows.
    version: u64,
    /// By instrument; rendered anew where the catalog's entry has changed.
    heads: Vec<(Arc<InstrumentInfo>, Vec<u8>)>,
    /// By row, with its id: `{"attributes":[…],` up to the first time that is
    /// the report's.
    openings: Vec<(u64, Vec<u8>)>,
    text: Vec<u8>,
    pub(super) points: Vec<Planned>,
}

/// A point and its text, which ends before the start of the window if the
/// point is windowed, else before its end.
pub(super) struct Planned {
    pub(super) point: Point,
    /// Its instrument's head, followed by its own opening.
    text: Range<usize>,
    opening: usize,
}

impl Plan {
    pub(super) fn new(temporality: Temporality, histograms: &HistogramEncoding) -> Self {
        Self {
            temporality,
            is_exponential: *histograms == HistogramEncoding::Exponential,
            version: 0,
            heads: Vec::new(),
            openings: Vec::new(),
            text: Vec::new(),
            points: Vec::new(),
        }
    }

    /// Takes up what is new of `rows`. O(rows), where there is something.
    pub(super) fn follow(&mut self, rows: &Rows) {
        if self.version == rows.version() {
            return;
        }
        self.version = rows.version();
        self.render_heads(rows.catalog());
        self.openings.resize_with(rows.len(), Default::default);
        for (number, row) in rows.iter() {
            let (id, text) = &mut self.openings[number];
            if *id != row.id {
                let kind = rows.instrument_of(row).kind();
                *text = opening(row, kind, is_windowed(self.temporality, kind));
                *id = row.id;
            }
        }
        self.text.clear();
        self.points.clear();
        for point in points(rows, self.temporality) {
            let start = self.text.len();
            self.text.extend_from_slice(&self.heads[point.instrument].1);
            let opening = self.text.len();
            self.text.extend_from_slice(&self.openings[point.row].1);
            self.points.push(Planned {
                point,
                text: start..self.text.len(),
                opening,
            });
        }
    }

    pub(super) fn name_of(&self, instrument: usize) -> &str {
        self.heads[instrument].0.name()
    }

    /// A point's text, with its instrument's before it unless that is open.
    pub(super) fn text_of(&self, planned: &Planned, is_open: bool) -> &[u8] {
        let start = if is_open {
            planned.opening
        } else {
            planned.text.start
        };
        &self.text[start..planned.text.end]
    }

    fn render_heads(&mut self, catalog: &Catalog) {
        for (index, instrument) in catalog.instruments().iter().enumerate() {
            match self.heads.get(index) {
                Some((known, _)) if Arc::ptr_eq(known, instrument) => {}
                Some((known, _)) if known.description() == instrument.description() => {
                    self.heads[index].0 = Arc::clone(instrument);
                }
                Some(_) => self.heads[index] = (Arc::clone(instrument), self.head(instrument)),
                None => self
                    .heads
                    .push((Arc::clone(instrument), self.head(instrument))),
            }
        }
    }

    /// `{"name":…` up to the first data point.
    fn head(&self, instrument: &InstrumentInfo) -> Vec<u8> {
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
        let temporality = if is_windowed(self.temporality, instrument.kind()) {
            1
        } else {
            2
        };
        let kind = match instrument.kind() {
            Kind::Counter => {
                format!("\"sum\":{{\"aggregationTemporality\":{temporality},\"isMonotonic\":true,")
            }
            Kind::UpDownCounter => "\"sum\":{\"aggregationTemporality\":2,".to_owned(),
            Kind::Histogram if self.is_exponential => {
                format!("\"exponentialHistogram\":{{\"aggregationTemporality\":{temporality},")
            }
            Kind::Histogram => format!("\"histogram\":{{\"aggregationTemporality\":{temporality},"),
            _ => "\"gauge\":{".to_owned(),
        };
        head.push(b',');
        head.extend_from_slice(kind.as_bytes());
        head.extend_from_slice(b"\"dataPoints\":[");
        head
    }
}

fn opening(row: &Row, kind: Kind, is_windowed: bool) -> Vec<u8> {
    let series = &row.series;
    let mut opening = vec![b'{'];
    if !series.attributes().is_empty() {
        json::attributes(&mut opening, series.attributes().iter());
        opening.push(b',');
    }
    if is_windowed {
        opening.extend_from_slice(b"\"startTimeUnixNano\":");
        return opening;
    }
    if kind != Kind::Gauge {
        opening.extend_from_slice(b"\"startTimeUnixNano\":");
        json::time(&mut opening, row.start);
        opening.push(b',');
    }
    opening.extend_from_slice(b"\"timeUnixNano\":");
    opening
}
