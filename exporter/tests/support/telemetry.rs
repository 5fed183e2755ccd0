//! Handles, what they record, and collectors that fail until told otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pqcnet_telemetry::{
    DeliveryReport, Failure, KemUsageReason, KemUsageRecord, Signal, SignalReport, SimulatedClock,
    TelemetryConfig, TelemetryError, TelemetryHandle, TelemetrySnapshot,
};

use super::sink::{Answer, Sink};

/// Longer than anything takes that does not hang.
pub(crate) const PATIENT: Duration = Duration::from_secs(60);

pub(crate) fn config(url: &str) -> TelemetryConfig {
    TelemetryConfig::new(url)
        .with_timeout(PATIENT)
        .with_self_metrics(false)
}

/// A handle that jumps over every backoff.
pub(crate) fn simulated(config: TelemetryConfig) -> TelemetryHandle {
    TelemetryHandle::simulated(config, &SimulatedClock::new()).unwrap()
}

/// Flushes until everything is delivered, as a node would.
pub(crate) fn flush_until_delivered(telemetry: &TelemetryHandle) -> TelemetrySnapshot {
    let deadline = Instant::now() + PATIENT;
    loop {
        match telemetry.flush() {
            Ok(snapshot) => return snapshot,
            // The lanes' threads may not have had their turn.
            Err(_) if Instant::now() < deadline => thread::yield_now(),
            Err(error) => panic!("{error:?}"),
        }
    }
}

pub(crate) fn kem(label: &str) -> KemUsageRecord {
    KemUsageRecord {
        label: label.into(),
        scheme: "ml-kem-768".into(),
        reason: KemUsageReason::Normal,
        backup_only: false,
    }
}

/// Answers with `answer` until told to succeed.
pub(crate) fn failing_sink(answer: Answer) -> (Sink, Arc<AtomicBool>) {
    let is_up = Arc::new(AtomicBool::new(false));
    let sink = Sink::answering({
        let is_up = Arc::clone(&is_up);
        move |_| {
            if is_up.load(Ordering::SeqCst) {
                Answer::ok()
            } else {
                answer.clone()
            }
        }
    });
    (sink, is_up)
}

/// An answer with this status line.
pub(crate) fn status(line: &'static str) -> Answer {
    Answer::Status(line, &[], "<html>no such page</html>".into())
}

/// An endpoint that nothing listens at: the port is nobody's to take.
pub(crate) const REFUSING: &str = "http://127.0.0.1:1";

pub(crate) fn failure_of(error: &TelemetryError, signal: Signal) -> &Failure {
    let TelemetryError::Export(export) = error else {
        panic!("{error:?}");
    };
    let mut failures = export.failures();
    failures.find(|(s, ..)| *s == signal).unwrap().2
}

/// What became of a signal since the handle was made.
pub(crate) fn report_of(telemetry: &TelemetryHandle, signal: Signal) -> SignalReport {
    signal_in(telemetry.delivery_report(), signal)
}

/// The first report of a signal.
pub(crate) fn signal_in(report: DeliveryReport, signal: Signal) -> SignalReport {
    let mut signals = report.signals.into_iter();
    signals.find(|report| report.signal == signal).unwrap()
}
