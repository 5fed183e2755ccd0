//! What more than one group sets up for a rival.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use opentelemetry_sdk::metrics::{
    Instrument, ManualReader, MeterProviderBuilder, SdkMeterProvider, Stream,
};
use pqcnet_telemetry_benches::opentelemetry::exponential;

/// Shards of a `fast-telemetry` metric, its default: one for each thread of the
/// largest group.
pub(crate) const SHARDS: usize = 4;

/// Bounds of buckets, for rivals that are told theirs: the powers of two of a
/// microsecond in nanoseconds, up to the greatest recorded value.
pub(crate) const BOUNDS: [u64; 15] = {
    let mut bounds = [0; 15];
    let mut power = 0;
    while power < bounds.len() {
        bounds[power] = 1_000 << power;
        power += 1;
    }
    bounds
};

pub(crate) fn float_bounds() -> Vec<f64> {
    BOUNDS.iter().map(|bound| *bound as f64).collect()
}

/// The recorder of `metrics`' own Prometheus exporter, installed nowhere.
pub(crate) fn metrics_recorder() -> PrometheusRecorder {
    PrometheusBuilder::new()
        .set_buckets(&float_bounds())
        .expect("there are bounds")
        .build_recorder()
}

/// An OpenTelemetry SDK that aggregates, as it has a reader, and is not read.
/// To be kept while its instruments are used.
pub(crate) fn opentelemetry() -> SdkMeterProvider {
    opentelemetry_builder().build()
}

/// The same, with histograms of base-2 exponential buckets at the
/// specification's defaults: the finest resolution that 160 buckets allow.
pub(crate) fn opentelemetry_exponential() -> SdkMeterProvider {
    let view = |_: &Instrument| {
        Stream::builder()
            .with_aggregation(exponential())
            .build()
            .ok()
    };
    opentelemetry_builder().with_view(view).build()
}

fn opentelemetry_builder() -> MeterProviderBuilder {
    SdkMeterProvider::builder().with_reader(ManualReader::builder().build())
}
