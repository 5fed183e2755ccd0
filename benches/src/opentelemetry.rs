//! `opentelemetry_sdk`, as several benches set it up.

use std::sync::{Arc, Weak};
use std::time::Duration;

use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{
    Aggregation, InstrumentKind, ManualReader, Pipeline, Temporality,
};

/// A reader that the provider and the bench both hold.
#[derive(Clone, Debug)]
pub struct Reader(Arc<ManualReader>);

impl Reader {
    /// A reader of this temporality.
    pub fn new(temporality: Temporality) -> Self {
        let reader = ManualReader::builder().with_temporality(temporality);
        Self(Arc::new(reader.build()))
    }
}

impl MetricReader for Reader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

/// Exponential histograms as the specification's defaults have them: 160
/// buckets, as ours.
pub fn exponential() -> Aggregation {
    Aggregation::Base2ExponentialHistogram {
        max_size: 160,
        max_scale: 20,
        record_min_max: true,
    }
}
