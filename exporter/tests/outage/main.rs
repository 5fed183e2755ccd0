//! A minute without a collector, at full load: what it costs in memory, and
//! what it costs a record.
//!
//! Run by `scripts/outage`; `PQCNET_OUTAGE_SECONDS` sets another length.

#![cfg(target_os = "linux")]

mod collector;
mod recorders;

#[path = "../support/mod.rs"]
mod support;

use std::thread;
use std::time::Duration;

use pqcnet_telemetry::{
    DeliveryReport, DestinationConfig, Signal, TelemetryConfig, TelemetryHandle, Temporality,
};

use collector::Collector;
use recorders::{Phase, Recorders};

const QUEUE_BYTES: usize = 4 << 20;
const KEM_CAPACITY: usize = 2_000;
/// An event, with its two texts and what an allocator adds.
const EVENT_BYTES: usize = 512;

/// How much more there may be than at the beginning of the outage. Requests, in
/// buffers up to twice as large, with what their windows held; events in the
/// queue, in the trail and for the snapshot; what the encoders and the allocator
/// hold on to.
const MOST_GROWTH: usize = 3 * QUEUE_BYTES + 3 * KEM_CAPACITY * EVENT_BYTES + (4 << 20);

#[test]
#[ignore = "takes more than a minute: run scripts/outage"]
fn a_collector_that_is_not_there_costs_bounded_memory_and_no_record() {
    measure("refusing", Collector::stop, Collector::start_again);
}

#[test]
#[ignore = "takes more than a minute: run scripts/outage"]
fn nor_does_one_that_hangs() {
    measure("hanging", Collector::pause, Collector::resume);
}

/// Cumulative points to one destination, delta points to another; both get the
/// events.
fn telemetry(url: &str) -> TelemetryHandle {
    let delta = DestinationConfig::new("delta", url).with_temporality(Temporality::Delta);
    let config = TelemetryConfig::new(url)
        .with_destination(delta)
        .with_flush_interval(Duration::from_millis(500))
        .with_timeout(Duration::from_secs(2))
        .with_queue_limits(QUEUE_BYTES, 1_000)
        .with_kem_capacity(KEM_CAPACITY);
    TelemetryHandle::from_config(config).unwrap()
}

fn measure(what: &str, fail: fn(&mut Collector), recover: fn(&mut Collector)) {
    let seconds = std::env::var("PQCNET_OUTAGE_SECONDS").ok();
    let seconds: u64 = seconds.map_or(60, |seconds| seconds.parse().unwrap());
    let mut collector = Collector::start();
    let telemetry = telemetry(&collector.url());
    let flusher = telemetry.spawn_flusher();
    let recorders = Recorders::start(&telemetry);
    thread::sleep(SETTLING);

    recorders.enter(Phase::Down);
    fail(&mut collector);
    thread::sleep(SETTLING);
    let before = resident_bytes();
    let mut most = before;
    for second in 5..seconds.max(6) {
        thread::sleep(Duration::from_secs(1));
        let now = resident_bytes();
        most = most.max(now);
        if second % 10 == 0 {
            println!("{what}, {second} s: {} KiB", now >> 10);
        }
    }
    let during = telemetry.delivery_report();
    recover(&mut collector);
    recorders.enter(Phase::Up);
    thread::sleep(SETTLING);
    let recorded = recorders.stop();
    drop(flusher);
    let after = telemetry.shutdown(Duration::from_secs(60));

    let (up, down) = (recorded.median(Phase::Up), recorded.median(Phase::Down));
    let growth = most - before;
    println!("{what}, at the end:\n{during}");
    println!(
        "{what}, {seconds} s: {} KiB resident after 5 s, at most {} KiB more (bound: {} KiB); \
         {down:.2} ns per record, {up:.2} while delivering: ratio {:.3}, medians of {} and {} \
         batches",
        before >> 10,
        growth >> 10,
        MOST_GROWTH >> 10,
        down / up,
        recorded.batches(Phase::Down),
        recorded.batches(Phase::Up),
    );
    let (span_up, span_down) = (
        recorded.span_median(Phase::Up),
        recorded.span_median(Phase::Down),
    );
    println!(
        "{what}: {span_down:.0} ns per span, {span_up:.0} while delivering: ratio {:.3}",
        span_down / span_up
    );
    assert!(growth <= MOST_GROWTH);
    assert!(down < 2.0 * up, "a record waits for the collector");
    assert!(span_down < 2.0 * span_up, "a span waits for the collector");
    assert_all_delivered(&after, recorded.events);
    assert_all_counted(&after, recorded.spans);
}

const SETTLING: Duration = Duration::from_secs(5);

/// Of the spans, and of the event in each, what did not arrive was counted.
fn assert_all_counted(report: &DeliveryReport, spans: u64) {
    for signal in &report.signals {
        let unqueued = match signal.signal {
            Signal::Traces => report.dropped_spans,
            Signal::LogRecords => report.dropped_log_records,
            _ => continue,
        };
        println!("{signal}; {unqueued} not queued");
        let dropped = signal.total_dropped() + unqueued;
        assert!(signal.delivered > 0 && dropped > 0, "{signal}");
        assert_eq!(signal.delivered + dropped, spans, "{signal}");
        assert_eq!(signal.waiting, 0);
    }
    assert_eq!(report.open_spans, 0);
}

/// The collector is back: nothing is lost but the events that found no room.
fn assert_all_delivered(report: &DeliveryReport, events: u64) {
    let is_traced = |signal| matches!(signal, Signal::Traces | Signal::LogRecords);
    for signal in report.signals.iter().filter(|it| !is_traced(it.signal)) {
        assert_eq!((signal.waiting, signal.total_dropped()), (0, 0), "{signal}");
        if signal.signal == Signal::Logs {
            assert_eq!(signal.delivered + report.dropped_events, events);
        }
    }
}

fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kibibytes: usize = line.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    kibibytes << 10
}
