//! Secrets of headers stay out of the log. A program of its own, as a process has
//! one logger.

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};
use pqcnet_telemetry::TelemetryHandle;
use tracing::dispatcher::get_default;
use tracing::subscriber::NoSubscriber;

use support::sink::Sink;
use support::telemetry::config;

/// Hands on to `tracing`, as its bridge does, or takes everything.
struct Logger {
    is_bridge: AtomicBool,
    lines: Mutex<Vec<String>>,
}

static LOGGER: Logger = Logger {
    is_bridge: AtomicBool::new(true),
    lines: Mutex::new(Vec::new()),
};

impl Logger {
    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        let is_bridge = self.is_bridge.load(Ordering::SeqCst);
        !is_bridge || get_default(|subscriber| !subscriber.is::<NoSubscriber>())
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!("{}: {}", record.target(), record.args());
            self.lines().push(line);
        }
    }

    fn flush(&self) {}
}

/// Lines of requests' bytes, and warnings of them.
fn found_in_a_flush(telemetry: &TelemetryHandle) -> (usize, usize) {
    telemetry.record_counter("c", 1).unwrap();
    LOGGER.lines().clear();
    telemetry.flush().unwrap();
    let lines = LOGGER.lines();
    let bytes = lines
        .iter()
        .filter(|line| line.starts_with("ureq_proto::util"));
    let warnings = lines.iter().filter(|line| line.contains("filter it out"));
    (bytes.count(), warnings.count())
}

#[test]
fn the_bytes_of_requests_are_not_logged() {
    tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
    log::set_logger(&LOGGER).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let sink = Sink::start();
    let config = config(&sink.url()).with_header("api-key", "hunter2");
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    assert_eq!(found_in_a_flush(&telemetry), (0, 0));
    let request = sink.next().unwrap();
    assert_eq!(request.header("api-key"), Some("hunter2"));
    // What it would log, and what is said once of a logger that can't be kept from it.
    LOGGER.is_bridge.store(false, Ordering::SeqCst);
    let (bytes, warnings) = found_in_a_flush(&telemetry);
    assert!(bytes > 10 && warnings == 1, "{bytes} {warnings}");
    let (bytes, warnings) = found_in_a_flush(&telemetry);
    assert!(bytes > 10 && warnings == 0, "{bytes} {warnings}");
}
