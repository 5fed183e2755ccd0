//! The sum over all retired epochs equals the sum of all records: equality,
//! not closeness, whatever threads and flushes do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use pqcnet_telemetry_core::Registry;

#[path = "support/totals.rs"]
mod totals;

use totals::{Totals, flushed_throughout};

/// Values that land in few and in many buckets.
fn value_of(round: u64) -> u64 {
    (round % 7) * (round % 1_000) * 1_001
}

#[test]
fn a_hundred_million_records_under_a_flush_every_millisecond() {
    const THREADS: u64 = 4;
    const ROUNDS: u64 = 9_000_000;
    const { assert!(3 * ROUNDS * THREADS >= 100_000_000) };
    let registry = Registry::new();
    let counter = registry.counter("stress.counter").unwrap();
    let level = registry.up_down_counter("stress.level").unwrap();
    let histogram = registry.histogram("stress.histogram").unwrap();

    let totals = flushed_throughout(&registry, Some(Duration::from_millis(1)), || {
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for round in 0..ROUNDS {
                        counter.add(round & 3);
                        level.add(if round % 3 == 0 { 2 } else { -1 });
                        histogram.record(value_of(round));
                    }
                });
            }
        });
    });

    let mut expected = Totals::default();
    let layout_of = registry.flush();
    let layout = *layout_of
        .distribution("stress.histogram", &[])
        .unwrap()
        .layout();
    let mut sum = 0_u128;
    for round in 0..ROUNDS {
        let index = layout.index_of(value_of(round)) as u32;
        *expected
            .buckets
            .entry(("stress.histogram".into(), index))
            .or_default() += THREADS;
        sum += u128::from(value_of(round) * THREADS);
    }
    let threads = i128::from(THREADS);
    let added: u64 = (0..ROUNDS).map(|round| round & 3).sum();
    let thirds = i128::from(ROUNDS.div_ceil(3));
    let change = thirds * 2 - (i128::from(ROUNDS) - thirds);
    expected
        .scalars
        .insert("stress.counter".into(), i128::from(added) * threads);
    expected
        .scalars
        .insert("stress.level".into(), change * threads);
    expected
        .counts
        .insert("stress.histogram".into(), ROUNDS * THREADS);
    expected.sums.insert("stress.histogram".into(), sum);
    expected.residue = totals.residue;
    assert_eq!(totals, expected);
}

#[test]
fn short_lived_threads_under_back_to_back_flushes() {
    const THREADS: u64 = 2_000;
    const ROUNDS: u64 = 500;
    let registry = Registry::new();
    let counter = registry.counter("churn.counter").unwrap();
    let histogram = registry.histogram("churn.histogram").unwrap();

    let totals = flushed_throughout(&registry, None, || {
        let lanes = 4;
        thread::scope(|scope| {
            for _ in 0..lanes {
                scope.spawn(|| {
                    for _ in 0..THREADS / lanes {
                        let worker = (counter.clone(), histogram.clone());
                        thread::spawn(move || {
                            for round in 0..ROUNDS {
                                worker.0.increment();
                                worker.1.record(value_of(round));
                            }
                        })
                        .join()
                        .unwrap();
                    }
                });
            }
        });
    });

    assert_eq!(
        totals.scalars["churn.counter"],
        i128::from(THREADS * ROUNDS)
    );
    assert_eq!(totals.counts["churn.histogram"], THREADS * ROUNDS);
    let sum: u64 = (0..ROUNDS).map(value_of).sum();
    assert_eq!(totals.sums["churn.histogram"], u128::from(sum * THREADS));
}

#[test]
fn panicking_threads_lose_nothing() {
    let registry = Registry::new();
    let counter = registry.counter("panic.counter").unwrap();
    let totals = flushed_throughout(&registry, None, || {
        for round in 0..200 {
            let counter = counter.clone();
            let ended = thread::Builder::new()
                .spawn(move || {
                    counter.add(3);
                    std::panic::resume_unwind(Box::new(round));
                })
                .unwrap()
                .join();
            assert!(ended.is_err());
        }
    });
    assert_eq!(totals.scalars["panic.counter"], 600);
}

#[test]
fn registration_while_others_record_and_flush() {
    let registry = Registry::new();
    let recorded = AtomicU64::new(0);
    let totals = flushed_throughout(&registry, None, || {
        thread::scope(|scope| {
            for worker in 0..4 {
                let (registry, recorded) = (&registry, &recorded);
                scope.spawn(move || {
                    for series in 0..300 {
                        // Half of the names are registered by two threads.
                        let name = format!("late.s{}", series + (worker % 2) * 150);
                        let counter = registry.counter(name).unwrap();
                        for _ in 0..100 {
                            counter.increment();
                        }
                        recorded.fetch_add(100, Ordering::Relaxed);
                    }
                });
            }
        });
    });
    let sum: i128 = totals.scalars.values().sum();
    assert_eq!(sum, i128::from(recorded.load(Ordering::Relaxed)));
    assert_eq!(totals.scalars.len(), 450);
}

#[test]
fn local_and_global_handles_add_up() {
    let registry = Registry::new();
    let counter = registry.counter("both.counter").unwrap();
    let histogram = registry.histogram("both.histogram").unwrap();
    let totals = flushed_throughout(&registry, None, || {
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let local = registry.local();
                    let (here, there) = (local.counter(&counter), local.histogram(&histogram));
                    for round in 0..200_000 {
                        here.increment();
                        counter.increment();
                        there.record(round);
                        histogram.record(round);
                    }
                });
            }
        });
    });
    assert_eq!(totals.scalars["both.counter"], 1_200_000);
    assert_eq!(totals.counts["both.histogram"], 1_200_000);
}
