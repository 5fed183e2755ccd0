//! The handles that the tests record into, and records of unknown number.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};

use crate::fixture::PATIENCE;
use crate::process::eventually;

/// A handle that sends to `endpoint`, under the defaults, whatever the
/// environment says, and `lines` of `[telemetry]`.
pub(crate) fn handle(endpoint: &str, lines: &str) -> TelemetryHandle {
    let text = format!("[telemetry]\n{lines}");
    let config = TelemetryConfig::from_toml_and_env(&text, |_| None).unwrap();
    let config = config
        .with_endpoint(endpoint)
        .with_timeout(PATIENCE)
        .with_retry(Duration::from_millis(1), Duration::from_millis(10));
    TelemetryHandle::from_config(config).unwrap()
}

/// Flushes until everything is delivered.
pub(crate) fn deliver(telemetry: &TelemetryHandle) {
    let mut last = None;
    let is_delivered = eventually(|| {
        last = telemetry.flush().err();
        last.is_none()
    });
    assert!(is_delivered, "{last:?}");
}

/// The latencies that [`recorded_while`] records, again and again.
pub(crate) const WAITS: u64 = 7;

/// Records into the counter `requests` and the latency `wait` from a thread
/// while `meanwhile` runs. Returns how many records it made of each; the
/// latencies are 0, 1, … [`WAITS`] - 1, 0, …
pub(crate) fn recorded_while(telemetry: &TelemetryHandle, meanwhile: impl FnOnce()) -> u64 {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let recorder = scope.spawn(|| {
            let requests = telemetry.counter("requests").unwrap();
            let mut count = 0;
            while !is_over.load(Ordering::Relaxed) {
                requests.increment();
                telemetry.record_latency_ms("wait", count % WAITS);
                count += 1;
            }
            count
        });
        // Also where it panics, lest the thread be waited for.
        let over = Over(&is_over);
        meanwhile();
        drop(over);
        recorder.join().unwrap()
    })
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
