//! Records through the `metrics` crate, with this library behind it or its
//! rival.

use std::hint::black_box;

use metrics::{Recorder, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;
use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};

use super::{Done, hot, repeat};

/// Makes a recorder.
type Make = fn() -> Result<Box<dyn Recorder>, Box<dyn std::error::Error>>;

pub(crate) fn ours() -> Result<Box<dyn Recorder>, Box<dyn std::error::Error>> {
    let telemetry = TelemetryHandle::from_config(TelemetryConfig::default())?;
    Ok(Box::new(telemetry.metrics_recorder()))
}

#[expect(clippy::unnecessary_wraps, reason = "as that of ours")]
pub(crate) fn rival() -> Result<Box<dyn Recorder>, Box<dyn std::error::Error>> {
    Ok(Box::new(PrometheusBuilder::new().build_recorder()))
}

pub(crate) fn counter(records: u64, make: Make) -> Done {
    let recorder = make()?;
    let counter = with_local_recorder(&recorder, || metrics::counter!("relayer.ingest"));
    repeat(records, |value| {
        hot::facade_counter(black_box(&counter), value);
    });
    Ok(())
}

pub(crate) fn gauge(records: u64, make: Make) -> Done {
    let recorder = make()?;
    let gauge = with_local_recorder(&recorder, || metrics::gauge!("relayer.queued"));
    repeat(records, |value| {
        hot::facade_gauge(black_box(&gauge), value as f64);
    });
    Ok(())
}

pub(crate) fn histogram(records: u64, make: Make) -> Done {
    let recorder = make()?;
    let histogram = with_local_recorder(&recorder, || metrics::histogram!("relayer.wait"));
    repeat(records, |value| {
        hot::facade_histogram(black_box(&histogram), value as f64 * 1e-9);
    });
    Ok(())
}

pub(crate) fn plain(records: u64, make: Make) -> Done {
    in_force(make, || repeat(records, hot::facade_macro))
}

pub(crate) fn labels(records: u64, make: Make) -> Done {
    in_force(make, || repeat(records, hot::facade_labels))
}

pub(crate) fn dynamic(records: u64, make: Make) -> Done {
    in_force(make, || {
        repeat(records, |_| {
            hot::facade_dynamic(black_box("11400714819323198485"));
        });
    })
}

pub(crate) fn gauge_macro(records: u64, make: Make) -> Done {
    in_force(make, || {
        repeat(records, |value| hot::facade_gauge_macro(value as f64));
    })
}

pub(crate) fn histogram_macro(records: u64, make: Make) -> Done {
    in_force(make, || {
        repeat(records, |value| {
            hot::facade_histogram_macro(value as f64 * 1e-9);
        });
    })
}

fn in_force(make: Make, run: impl FnOnce()) -> Done {
    let recorder = make()?;
    with_local_recorder(&recorder, run);
    Ok(())
}
