//! A forked child delivers on threads and connections of its own.
#![cfg(unix)]

use std::time::Duration;

use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};

#[path = "../../examples/support/sink.rs"]
mod sink;

use sink::Sink;

/// Runs `check` in a forked child, and says whether it held.
#[expect(unsafe_code, reason = "fork is unsafe, and there is no other way")]
fn holds_in_a_child(check: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child uses no lock but those of the handle, which no other
    // thread holds at this moment, and the allocator's, which fork takes care of.
    let child = unsafe { libc::fork() };
    assert_ne!(child, -1, "no fork: {}", std::io::Error::last_os_error());
    if child == 0 {
        let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check));
        let status = i32::from(!held.unwrap_or(false));
        // SAFETY: ends the process, and runs nothing of the test harness.
        unsafe { libc::_exit(status) };
    }
    let mut status = 0;
    // SAFETY: `status` is valid for the write.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child);
    status == 0
}

#[test]
fn a_forked_child_delivers_by_itself() {
    let sink = Sink::start();
    let folder = tempfile::tempdir().unwrap();
    let config = TelemetryConfig::new(&sink.url())
        .with_timeout(Duration::from_secs(60))
        .with_spool(folder.path());
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    let counter = telemetry.counter("c").unwrap();
    counter.add(5);
    telemetry.flush().unwrap();
    sink.received();

    let held = holds_in_a_child(|| {
        // What a child has recorded before its first flush goes with it.
        let first = telemetry.flush();
        counter.add(7);
        let second = telemetry.flush();
        // The spool is its parent's.
        let has_no_spool = telemetry.delivery_report().spool.is_none();
        first.is_ok() && second.is_ok_and(|s| s.counters["c"] == 7) && has_no_spool
    });
    assert!(held);
    let childs = sink.received();
    assert!(childs.last().unwrap().body.contains("\"asInt\":\"7\""));

    counter.add(1);
    telemetry.flush().unwrap();
    let parents = sink.received();
    assert!(parents.last().unwrap().body.contains("\"asInt\":\"6\""));
    assert_eq!(telemetry.delivery_report().spool.unwrap().error, None);
}
