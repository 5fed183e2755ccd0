//! The first users' API: what it promised, it does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pqcnet_telemetry::core::RegisterError;
use pqcnet_telemetry::{
    KemUsageReason, KemUsageRecord, TelemetryConfig, TelemetryError, TelemetryHandle,
    TelemetrySnapshot,
};

#[path = "../../examples/support/sink.rs"]
mod sink;

use sink::{Answer, Sink};

fn telemetry(sink: &Sink) -> TelemetryHandle {
    let config = TelemetryConfig::new(&sink.url())
        .with_timeout(Duration::from_secs(60))
        .with_label("component", "sentry");
    TelemetryHandle::from_config(config).unwrap()
}

fn drill() -> KemUsageRecord {
    KemUsageRecord {
        label: "sentry::key-id".into(),
        scheme: "kyber".into(),
        reason: KemUsageReason::Drill,
        backup_only: true,
    }
}

#[test]
fn a_snapshot_holds_what_was_recorded_and_the_next_one_is_empty() {
    let sink = Sink::start();
    let telemetry = telemetry(&sink);
    for _ in 0..3 {
        telemetry.record_counter("ingest.success", 1).unwrap();
    }
    telemetry.record_latency_ms("pipeline", 42);
    telemetry.record_latency_ms("pipeline", 54);
    telemetry.record_kem_event(drill());

    let snapshot = telemetry.flush().unwrap();
    assert_eq!(snapshot.counters["ingest.success"], 3);
    let pipeline = &snapshot.latencies_ms["pipeline"];
    assert_eq!(
        (pipeline.count, pipeline.sum, pipeline.min, pipeline.max),
        (2, 96, 42, 54)
    );
    assert_eq!((pipeline.p50, pipeline.p99_9), (42, 54));
    assert_eq!(snapshot.kem_events, [drill()]);
    assert_eq!(snapshot.labels["component"], "sentry");
    assert!(snapshot.start < snapshot.timestamp);

    let next = telemetry.flush().unwrap();
    assert_eq!(next.start, snapshot.timestamp);
    assert!(next.counters.is_empty());
    assert!(next.latencies_ms.is_empty());
    assert!(next.kem_events.is_empty());
}

#[test]
fn snapshots_survive_a_round_trip_through_json() {
    let sink = Sink::start();
    let telemetry = telemetry(&sink);
    telemetry.record_counter("c", u64::MAX).unwrap();
    telemetry.record_latency_ms("l", 7);
    telemetry.record_kem_event(drill());
    telemetry.up_down_counter("u").unwrap().add(-4);
    telemetry.gauge("g").unwrap().set(1.5);
    telemetry.gauge("no.number").unwrap().set(f64::NAN);
    telemetry.histogram("h").unwrap().record(9);
    let peers = telemetry.counter("p").unwrap();
    peers.bind(&[("peer", "a"), ("lane", "b")]).unwrap().add(2);

    let snapshot = telemetry.flush().unwrap();
    let json = serde_json::to_value(&snapshot).unwrap();
    assert_eq!(json["counters"]["p{lane=b,peer=a}"], 2);
    assert_eq!(json["up_down_counters"]["u"], -4);
    assert_eq!(json["gauges"]["g"], 1.5);
    assert_eq!(json["histograms"]["h"]["count"], 1);
    assert_eq!(json["latencies_ms"]["l"]["p99.9"], 7);
    assert_eq!(json["kem_events"][0]["reason"], "drill");
    assert_eq!(json["kem_events"][0]["backup_only"], true);
    let time = json["timestamp"].as_str().unwrap();
    assert_eq!(humantime::parse_rfc3339(time).unwrap(), snapshot.timestamp);
    let back: TelemetrySnapshot = serde_json::from_value(json).unwrap();
    assert_eq!(back, snapshot);
}

#[test]
fn an_overflow_names_the_counter_and_changes_nothing() {
    let sink = Sink::start();
    let telemetry = telemetry(&sink);
    telemetry.record_counter("other", 5).unwrap();
    telemetry.record_counter("full", u64::MAX - 1).unwrap();
    telemetry.record_counter("full", 1).unwrap();
    let error = telemetry.record_counter("full", 1).unwrap_err();
    assert_eq!(error, TelemetryError::CounterOverflow("full".into()));
    assert_eq!(error.to_string(), "counter overflow for metric full");
    let elsewhere = telemetry.clone();
    thread::spawn(move || elsewhere.record_counter("full", 1).unwrap_err())
        .join()
        .unwrap();
    telemetry.record_counter("other", 1).unwrap();
    let snapshot = telemetry.flush().unwrap();
    assert_eq!(snapshot.counters["full"], u64::MAX);
    assert_eq!(snapshot.counters["other"], 6);
    // A new epoch counts anew.
    telemetry.record_counter("full", 1).unwrap();
    assert_eq!(telemetry.flush().unwrap().counters["full"], 1);
}

#[test]
fn names_that_cannot_be_registered_are_errors_and_lose_nothing_else() {
    let sink = Sink::start();
    let config = TelemetryConfig::new(&sink.url())
        .with_self_metrics(false)
        .with_counter_capacity(2);
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    telemetry.record_counter("a", 1).unwrap();
    telemetry.record_latency_ms("latency", 1);
    let invalid = telemetry.record_counter("spaces are none", 1).unwrap_err();
    assert!(invalid.to_string().contains("\"spaces are none\""));
    let conflict = telemetry.record_counter("latency", 1).unwrap_err();
    assert!(matches!(
        conflict,
        TelemetryError::Register(RegisterError::KindConflict { .. })
    ));
    telemetry.record_counter("b", 1).unwrap();
    let full = telemetry.record_counter("c", 1).unwrap_err();
    assert!(full.to_string().contains("\"c\""), "{full}");
    telemetry.record_latency_ms("a", 1);
    assert_eq!(telemetry.unregistered(), 1);
    let snapshot = telemetry.flush().unwrap();
    assert_eq!((snapshot.counters["a"], snapshot.counters["b"]), (1, 1));
}

#[test]
fn clones_share_and_two_handles_do_not() {
    let (sink, other_sink) = (Sink::start(), Sink::start());
    let (telemetry, other) = (telemetry(&sink), telemetry(&other_sink));
    telemetry.clone().record_counter("c", 1).unwrap();
    telemetry.record_counter("c", 1).unwrap();
    other.record_counter("c", 10).unwrap();
    assert_eq!(telemetry.flush().unwrap().counters["c"], 2);
    assert_eq!(other.flush().unwrap().counters["c"], 10);
}

#[test]
fn more_handles_than_a_thread_remembers_still_record() {
    let sink = Sink::start();
    let handles: Vec<_> = (0..10).map(|_| telemetry(&sink)).collect();
    for round in 0..3 {
        for handle in &handles {
            handle.record_counter("c", round).unwrap();
        }
    }
    for handle in &handles {
        assert_eq!(handle.flush().unwrap().counters["c"], 3);
    }
}

#[test]
fn concurrent_writers_and_flushes_lose_nothing() {
    let sink = Sink::start();
    let telemetry = telemetry(&sink);
    let is_done = AtomicBool::new(false);
    let sum = thread::scope(|scope| {
        let flushers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut sum = 0;
                    while !is_done.load(Ordering::Acquire) {
                        let snapshot = telemetry.flush().unwrap();
                        sum += snapshot.counters.get("c").unwrap_or(&0);
                    }
                    sum
                })
            })
            .collect();
        let writers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..50_000 {
                        telemetry.record_counter("c", 1).unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        is_done.store(true, Ordering::Release);
        let sums = flushers.into_iter().map(|flusher| flusher.join().unwrap());
        sums.sum::<u64>()
    });
    let rest = telemetry.flush().unwrap();
    assert_eq!(sum + rest.counters.get("c").unwrap_or(&0), 200_000);
}

#[test]
fn the_flusher_flushes_at_its_interval_and_a_last_time() {
    let sink = Sink::start();
    let config = TelemetryConfig::new(&sink.url())
        .with_flush_interval(Duration::from_millis(5))
        .with_timeout(Duration::from_secs(60));
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    assert_eq!(telemetry.flush_interval(), 5);
    let seen = Arc::new(Mutex::new((0_u64, 0_u64)));
    let flusher = telemetry.spawn_flusher_with({
        let seen = Arc::clone(&seen);
        move |flushed| {
            let mut seen = seen.lock().unwrap();
            seen.0 += 1;
            seen.1 += flushed.as_ref().unwrap().counters.get("c").unwrap_or(&0);
        }
    });
    telemetry.record_counter("c", 1).unwrap();
    while seen.lock().unwrap().0 < 3 {
        thread::yield_now();
    }
    assert_eq!(seen.lock().unwrap().1, 1);
    telemetry.record_counter("c", 41).unwrap();
    drop(flusher);
    assert_eq!(seen.lock().unwrap().1, 42);
}

#[test]
fn stopping_the_flusher_returns_the_last_flush_even_when_it_fails() {
    let sink = Sink::answering(|_| Answer::Status("503 Busy", &[], String::new()));
    let telemetry = telemetry(&sink);
    telemetry.record_counter("c", 1).unwrap();
    let last = telemetry.spawn_flusher().stop().unwrap();
    assert!(matches!(last, Err(TelemetryError::Export(_))));
}

#[test]
fn a_hanging_collector_does_not_hold_up_the_end() {
    let sink = Sink::answering(|_| Answer::Hang);
    let config = TelemetryConfig::new(&sink.url()).with_timeout(Duration::from_millis(100));
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    telemetry.record_counter("c", 1).unwrap();
    let last = telemetry.spawn_flusher().stop().unwrap();
    assert!(last.is_err());
}

#[test]
fn a_disabled_sdk_sends_nothing_and_fails_nothing() {
    let config = TelemetryConfig::from_toml_and_env("[telemetry]", |name| {
        (name == "OTEL_SDK_DISABLED").then(|| "true".into())
    })
    .unwrap();
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    telemetry.record_counter("c", 1).unwrap();
    assert_eq!(telemetry.flush().unwrap().counters["c"], 1);
}

#[test]
fn a_flush_that_finds_nothing_to_send_does_not_wait_for_its_time_out() {
    let sink = Sink::start();
    let telemetry = telemetry(&sink);
    let _unset = telemetry.gauge("unset").unwrap();
    let start = Instant::now();
    telemetry.flush().unwrap();
    assert!(start.elapsed() < Duration::from_secs(30));
}
