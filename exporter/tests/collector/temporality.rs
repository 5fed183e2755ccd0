//! Cumulative reports hold everything so far; delta windows are contiguous and
//! add up.

use pqcnet_telemetry::{TelemetryHandle, Temporality};

use crate::load::Load;
use crate::read::{Received, assert_windows_follow_one_another};
use crate::record::{collected, collected_under};

/// What a Collector writes down of delta reports.
fn deltas(run: impl FnOnce(&TelemetryHandle)) -> Received {
    collected_under(|config| config.with_temporality(Temporality::Delta), run)
}

/// Records a [`Load`] under flushes, and flushes what is left.
fn flush_under_load(telemetry: &TelemetryHandle) {
    let load = Load::register(telemetry);
    load.run(|| {
        for _ in 0..20 {
            telemetry.flush().unwrap();
        }
    });
    telemetry.flush().unwrap();
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn cumulative_points_keep_their_start_and_move_on_in_time() {
    let received = collected(|telemetry| {
        for _ in 0..4 {
            telemetry.record_counter("requests", 1).unwrap();
            telemetry.record_latency_ms("wait", 1);
            telemetry.up_down_counter("open").unwrap().increment();
            telemetry.flush().unwrap();
        }
    });
    for name in ["requests", "wait", "open"] {
        let starts = received.integers(name, "startTimeUnixNano");
        let times = received.integers(name, "timeUnixNano");
        assert_eq!(starts, [starts[0]; 4], "{name}");
        assert!(times.is_sorted_by(|a, b| a < b), "{name} {times:?}");
        assert!(starts[0] < times[0], "{name}");
    }
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn the_last_cumulative_report_holds_all_that_threads_have_recorded() {
    let received = collected(flush_under_load);
    Load::assert_last_is(&received, 1);
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn cumulative_reports_never_fall() {
    let received = collected(flush_under_load);
    for (name, field) in [
        ("load.total", "asInt"),
        ("load.bound", "asInt"),
        ("load.wait", "count"),
    ] {
        let totals = received.integers(name, field);
        assert!(totals.is_sorted(), "{name}: {totals:?}");
    }
    let waits = received.points("load.wait");
    let sums: Vec<_> = waits.iter().map(|p| p["sum"].as_f64().unwrap()).collect();
    assert!(sums.is_sorted(), "{sums:?}");
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn delta_windows_add_up_to_all_that_threads_have_recorded() {
    let received = deltas(flush_under_load);
    Load::assert_sum_is(&received, 1);
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn delta_windows_are_contiguous() {
    let received = deltas(|telemetry| {
        for n in 1..=5 {
            telemetry.record_counter("requests", n).unwrap();
            telemetry.record_latency_ms("wait", n);
            telemetry.flush().unwrap();
        }
    });
    assert_windows_follow_one_another(&received);
    for name in ["requests", "wait"] {
        assert_eq!(received.points(name).len(), 5);
    }
    assert_eq!(received.integers("requests", "asInt"), [1, 2, 3, 4, 5]);
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn delta_reports_say_so_and_up_down_counters_stay_cumulative() {
    let received = deltas(|telemetry| {
        let open = telemetry.up_down_counter("open").unwrap();
        for _ in 0..2 {
            telemetry.record_counter("requests", 1).unwrap();
            telemetry.record_latency_ms("wait", 1);
            open.increment();
            telemetry.flush().unwrap();
        }
    });
    for metric in received.metrics() {
        let (kind, temporality) = match metric["name"].as_str().unwrap() {
            "requests" => ("sum", 1),
            "wait" => ("exponentialHistogram", 1),
            _ => ("sum", 2),
        };
        assert_eq!(metric[kind]["aggregationTemporality"], temporality);
    }
    assert_eq!(received.integers("open", "asInt"), [1, 2]);
    let starts = received.integers("open", "startTimeUnixNano");
    assert_eq!(starts[0], starts[1]);
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn a_window_without_records_sends_nothing() {
    let received = deltas(|telemetry| {
        telemetry.record_counter("requests", 1).unwrap();
        for _ in 0..3 {
            telemetry.flush().unwrap();
        }
    });
    assert_eq!(received.requests.len(), 1);
}
