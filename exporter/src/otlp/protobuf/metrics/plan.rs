//! What is the same in every report, encoded once.

use std::sync::Arc;

use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, ExponentialHistogram, ExponentialHistogramDataPoint, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, Sum,
};
use pqcnet_telemetry_core::{Catalog, InstrumentInfo, Kind};
use prost::Message;

use crate::config::{HistogramEncoding, Temporality};
use crate::otlp::points::{Point, is_windowed, points};
use crate::otlp::protobuf::{SCOPE_ITEM, field_len, key_values, open_field};
use crate::otlp::unix_nanos;
use crate::rows::{Row, Rows};

/// The data points of a report, and their constant fields.
pub(super) struct Plan {
    pub(super) temporality: Temporality,
    is_exponential: bool,
    /// Of the rows that it follows.
    version: u64,
    catalog: Arc<Catalog>,
    /// By instrument.
    pub(super) heads: Vec<Head>,
    /// By row, with its id: its point's attributes, and its start if that never
    /// changes.
    openings: Vec<(u64, Vec<u8>)>,
    pub(super) points: Vec<Point>,
}

/// A metric without its data points.
pub(super) struct Head {
    /// Name, unit and description.
    metric: Vec<u8>,
    /// Which field of the metric its sum, gauge or histogram is.
    data_number: u8,
    /// Of the sum or histogram, how to read its points.
    data: Vec<u8>,
}

impl Head {
    /// The length of the metric as a scope's item, with points of that many
    /// bytes, each with its key and length.
    pub(super) fn metric_len(&self, points: usize) -> usize {
        field_len(self.body_len(points))
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, points: &[u8]) {
        open_field(out, SCOPE_ITEM, self.body_len(points.len()));
        out.extend_from_slice(&self.metric);
        open_field(out, self.data_number, self.data.len() + points.len());
        out.extend_from_slice(&self.data);
        out.extend_from_slice(points);
    }

    fn body_len(&self, points: usize) -> usize {
        self.metric.len() + field_len(self.data.len() + points)
    }
}

impl Plan {
    pub(super) fn new(temporality: Temporality, histograms: &HistogramEncoding) -> Self {
        Self {
            temporality,
            is_exponential: *histograms == HistogramEncoding::Exponential,
            version: 0,
            catalog: Arc::default(),
            heads: Vec::new(),
            openings: Vec::new(),
            points: Vec::new(),
        }
    }

    /// Takes up what is new of `rows`. O(rows), where there is something.
    pub(super) fn follow(&mut self, rows: &Rows) {
        if self.version == rows.version() {
            return;
        }
        self.version = rows.version();
        self.catalog = Arc::clone(rows.catalog());
        let catalog = rows.catalog();
        // All of them, as a description may have come later than the name.
        let heads = catalog.instruments().iter().map(|new| self.head(new));
        self.heads = heads.collect();
        self.openings.resize_with(rows.len(), Default::default);
        for (number, row) in rows.iter() {
            if self.openings[number].0 != row.id {
                let kind = rows.instrument_of(row).kind();
                self.openings[number] = (row.id, self.opening(row, kind));
            }
        }
        self.points = points(rows, self.temporality);
    }

    pub(super) fn opening_of(&self, point: &Point) -> &[u8] {
        &self.openings[point.row].1
    }

    pub(super) fn name_of(&self, instrument: usize) -> &str {
        self.catalog.instruments()[instrument].name()
    }

    fn head(&self, instrument: &InstrumentInfo) -> Head {
        let metric = Metric {
            name: instrument.name().to_owned(),
            unit: instrument.unit().to_owned(),
            description: instrument.description().to_owned(),
            ..Default::default()
        };
        let kind = instrument.kind();
        let temporality = if is_windowed(self.temporality, kind) {
            AggregationTemporality::Delta
        } else {
            AggregationTemporality::Cumulative
        };
        let (data_number, data) = self.data(kind, temporality.into());
        Head {
            metric: metric.encode_to_vec(),
            data_number,
            data,
        }
    }

    /// The field of the metric that such data is, and the data without points.
    fn data(&self, kind: Kind, aggregation_temporality: i32) -> (u8, Vec<u8>) {
        match kind {
            Kind::Counter | Kind::UpDownCounter => {
                let sum = Sum {
                    aggregation_temporality,
                    is_monotonic: kind == Kind::Counter,
                    ..Default::default()
                };
                (7, sum.encode_to_vec())
            }
            Kind::Histogram if self.is_exponential => {
                let histogram = ExponentialHistogram {
                    aggregation_temporality,
                    ..Default::default()
                };
                (10, histogram.encode_to_vec())
            }
            Kind::Histogram => {
                let histogram = Histogram {
                    aggregation_temporality,
                    ..Default::default()
                };
                (9, histogram.encode_to_vec())
            }
            _ => (5, Vec::new()), // a gauge
        }
    }

    fn opening(&self, row: &Row, kind: Kind) -> Vec<u8> {
        let attributes = key_values(row.series.attributes().iter());
        let has_fixed_start = kind != Kind::Gauge && !is_windowed(self.temporality, kind);
        let start_time_unix_nano = if has_fixed_start {
            unix_nanos(row.start)
        } else {
            0 // which is "none", and not encoded
        };
        match kind {
            Kind::Histogram if self.is_exponential => ExponentialHistogramDataPoint {
                attributes,
                start_time_unix_nano,
                ..Default::default()
            }
            .encode_to_vec(),
            Kind::Histogram => HistogramDataPoint {
                attributes,
                start_time_unix_nano,
                ..Default::default()
            }
            .encode_to_vec(),
            _ => NumberDataPoint {
                attributes,
                start_time_unix_nano,
                ..Default::default()
            }
            .encode_to_vec(),
        }
    }
}
