//! Threads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use metrics::{counter, gauge, histogram, with_local_recorder};

use crate::fixture::Fixture;

const THREADS: u64 = 4;
const RECORDS: u64 = 5_000;

/// Runs `record` in every thread, with its number, under flushes and
/// forgetting all the while.
fn race(fixture: &Fixture, record: impl Fn(u64) + Sync) {
    let (telemetry, recorder) = (&fixture.telemetry, &fixture.recorder);
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let record = &record;
                scope.spawn(move || with_local_recorder(recorder, || record(number)))
            })
            .collect();
        let flusher = scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                telemetry.flush().unwrap();
                recorder.forget_unused(Duration::from_secs(3_600));
            }
        });
        for thread in threads {
            thread.join().unwrap();
        }
        is_done.store(true, Ordering::Relaxed);
        flusher.join().unwrap();
    });
}

#[test]
fn totals_are_exact_whatever_the_threads_do() {
    let fixture = Fixture::new();
    let kept = fixture.record(|| counter!("kept"));
    race(&fixture, |number| {
        for record in 0..RECORDS {
            kept.increment(1);
            counter!("plain").increment(2);
            counter!("labelled", "thread" => number.to_string()).increment(1);
            counter!("shared", "n" => (record % 7).to_string()).increment(1);
            histogram!("h").record(0.5);
        }
    });
    let arrived = fixture.flushed();
    let all = (THREADS * RECORDS).cast_signed();
    assert_eq!(arrived.counter("kept"), Some(all));
    assert_eq!(arrived.counter("plain"), Some(2 * all));
    let labelled: Vec<_> = arrived.counters("labelled").into_values().collect();
    assert_eq!(labelled, [RECORDS.cast_signed(); THREADS as usize]);
    let shared = arrived.counters("shared");
    assert_eq!(shared.len(), 7);
    assert_eq!(shared.values().sum::<i64>(), all);
    assert_eq!(arrived.histogram("h").count, THREADS * RECORDS);
    assert_eq!(
        arrived.histogram("h").sum,
        Some((THREADS * RECORDS) as f64 / 2.0)
    );
}

#[test]
fn absolute_values_of_several_threads_are_their_highest() {
    let fixture = Fixture::new();
    let kept = fixture.record(|| counter!("c"));
    race(&fixture, |number| {
        for record in 0..RECORDS {
            let value = record * THREADS + number;
            kept.absolute(value);
            counter!("c").absolute(value);
        }
    });
    let highest = (THREADS * RECORDS - 1).cast_signed();
    assert_eq!(fixture.flushed().counter("c"), Some(highest));
}

#[test]
fn rises_and_falls_of_several_threads_add_up() {
    let fixture = Fixture::new();
    race(&fixture, |_| {
        for _ in 0..RECORDS {
            gauge!("g").increment(3);
            gauge!("g").decrement(2);
        }
    });
    let expected = (THREADS * RECORDS) as f64;
    assert_eq!(fixture.flushed().gauge("g"), Some(expected));
}

#[test]
fn a_gauge_stands_at_the_last_value_some_thread_set() {
    let fixture = Fixture::new();
    for round in 0..50 {
        let kept = fixture.record(|| gauge!("g"));
        race(&fixture, |number| {
            for record in 0..20 {
                kept.set((record * THREADS + number) as f64);
            }
            kept.set((1_000 + number) as f64);
        });
        // Whichever thread was last: from here on it rises and stays.
        let last = fixture.flushed().gauge("g").unwrap();
        assert!((1_000.0..1_004.0).contains(&last), "round {round}: {last}");
        kept.increment(10_000.0);
        assert_eq!(fixture.flushed().gauge("g"), Some(last + 10_000.0));
    }
}

#[test]
fn threads_that_come_and_go_record_into_one_series() {
    let fixture = Fixture::new();
    let recorder = &fixture.recorder;
    for _ in 0..50 {
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    with_local_recorder(recorder, || counter!("c", "a" => "1").increment(1));
                });
            }
        });
    }
    // A scope does not wait for the destructors of its threads' locals.
    let mut total = BTreeMap::new();
    for _ in 0..1_000 {
        total = fixture.flushed().counters("c");
        if total.values().sum::<i64>() == 200 {
            break;
        }
        thread::yield_now();
    }
    assert_eq!(total.into_values().collect::<Vec<_>>(), [200]);
}
