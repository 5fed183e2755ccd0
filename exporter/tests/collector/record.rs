//! Recording for a Collector: the configurations, handles and records that the
//! tests share.

use std::thread;
use std::time::{Duration, Instant};

use pqcnet_telemetry::{
    Failure, KemUsageReason, KemUsageRecord, Signal, TelemetryConfig, TelemetryError,
    TelemetryHandle, TelemetrySnapshot, Temporality,
};

use crate::fixture::{Collector, PATIENCE};
use crate::read::Received;

/// A handle that sends to `collector`, under the defaults, whatever the
/// environment says, and what `adjust` changes of them.
pub(crate) fn telemetry(
    collector: &Collector,
    adjust: impl FnOnce(TelemetryConfig) -> TelemetryConfig,
) -> TelemetryHandle {
    let config = TelemetryConfig::from_toml_and_env("[telemetry]", |_| None).unwrap();
    let config = config
        .with_endpoint(&collector.url())
        .with_timeout(PATIENCE)
        .with_retry(Duration::from_millis(1), Duration::from_millis(10))
        .with_self_metrics(false);
    TelemetryHandle::from_config(adjust(config)).unwrap()
}

pub(crate) fn telemetry_of(collector: &Collector, temporality: Temporality) -> TelemetryHandle {
    telemetry(collector, |config| config.with_temporality(temporality))
}

/// Flushes until everything is delivered.
pub(crate) fn delivered(telemetry: &TelemetryHandle) -> TelemetrySnapshot {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match telemetry.flush() {
            Ok(snapshot) => return snapshot,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// What a Collector writes down while `run` records and flushes, under what
/// `adjust` changes of the defaults.
pub(crate) fn collected_under(
    adjust: impl FnOnce(TelemetryConfig) -> TelemetryConfig,
    run: impl FnOnce(&TelemetryHandle),
) -> Received {
    let collector = Collector::start();
    let telemetry = telemetry(&collector, adjust);
    run(&telemetry);
    collector.stop()
}

/// What a Collector writes down while `run` records and flushes.
pub(crate) fn collected(run: impl FnOnce(&TelemetryHandle)) -> Received {
    collected_under(|config| config, run)
}

/// What a Collector writes down of one flush of what `record` records.
pub(crate) fn flushed(record: impl FnOnce(&TelemetryHandle)) -> Received {
    collected(|telemetry| {
        record(telemetry);
        telemetry.flush().unwrap();
    })
}

pub(crate) fn kem(label: &str, reason: KemUsageReason, backup_only: bool) -> KemUsageRecord {
    KemUsageRecord {
        label: label.into(),
        scheme: "ml-kem-768".into(),
        reason,
        backup_only,
    }
}

/// One of which nothing but the label matters.
pub(crate) fn kem_event(label: &str) -> KemUsageRecord {
    kem(label, KemUsageReason::Normal, false)
}

/// The ids of the events that a flush has delivered.
pub(crate) fn ids(snapshot: &TelemetrySnapshot) -> Vec<String> {
    let events = snapshot.kem_events.iter();
    events.map(|event| event.id.to_string()).collect()
}

/// The failure of one signal of a flush that did not succeed.
pub(crate) fn failure(
    flushed: Result<TelemetrySnapshot, TelemetryError>,
    signal: Signal,
) -> Option<Failure> {
    let Err(TelemetryError::Export(error)) = flushed else {
        panic!("{flushed:?}");
    };
    let mut failures = error.failures();
    let found = failures.find(|(failed, ..)| *failed == signal);
    found.map(|(_, _, failure)| failure.clone())
}
