//! A library that uses `metrics`: `metrics-process`, with counters set to
//! absolute values, and gauges, all described.

use metrics_process::Collector;
use pqcnet_telemetry::facade::Dropped;

use crate::fixture::Fixture;

#[test]
fn what_metrics_process_says_of_this_process_arrives() {
    let fixture = Fixture::new();
    let collector = Collector::new("node_");
    fixture.record(|| {
        collector.describe();
        collector.collect();
        collector.collect();
    });
    let arrived = fixture.flushed();

    let cpu = &arrived.0["node_process_cpu_seconds_total"];
    assert_eq!(cpu.unit, "s");
    assert!(cpu.description.contains("CPU"), "{}", cpu.description);
    assert!(arrived.counter("node_process_cpu_seconds_total").is_some());
    for (name, unit) in [
        ("node_process_open_fds", "{count}"),
        ("node_process_threads", "{count}"),
        ("node_process_resident_memory_bytes", "By"),
        ("node_process_start_time_seconds", "s"),
    ] {
        assert_eq!(arrived.0[name].unit, unit);
        assert!(!arrived.0[name].description.is_empty());
        assert!(arrived.gauge(name).unwrap() > 0.0, "{name}");
    }
    assert_eq!(fixture.recorder.dropped(), Dropped::default());
}
