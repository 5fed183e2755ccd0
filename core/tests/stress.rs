//! A billion records on real threads: equality of what was recorded and what
//! was reported, under flushes every millisecond and back to back, while
//! threads come, go, panic, and record from the destructors of their locals.
//!
//! Run by `scripts/stress`; `PQCNET_STRESS_RECORDS` sets another number.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use pqcnet_telemetry_core::{Counter, Histogram, Registry, UpDownCounter};

#[path = "support/totals.rs"]
mod totals;

use totals::flushed_throughout;

struct Handles {
    counter: Counter,
    level: UpDownCounter,
    histogram: Histogram,
}

impl Handles {
    fn new(registry: &Registry) -> Self {
        Self {
            counter: registry.counter("c").unwrap(),
            level: registry.up_down_counter("l").unwrap(),
            histogram: registry.histogram("h").unwrap(),
        }
    }

    /// Three records.
    fn record(&self, round: u64) {
        self.counter.increment();
        self.level.add(if round & 1 == 0 { 3 } else { -2 });
        self.histogram.record(round % 5_000);
    }
}

/// Checks the totals of so many rounds of `Handles::record`.
fn assert_rounds(totals: &totals::Totals, rounds: &[u64]) {
    let sum_of = |rounds: u64| {
        let (whole, rest) = (rounds / 5_000, rounds % 5_000);
        u128::from(whole) * (4_999 * 5_000 / 2) + u128::from(rest) * u128::from(rest.max(1) - 1) / 2
    };
    let count: u64 = rounds.iter().sum();
    let level: i128 = rounds.iter().map(|n| level_of(*n)).sum();
    assert_eq!(totals.scalars["c"], i128::from(count));
    assert_eq!(totals.scalars["l"], level);
    assert_eq!(totals.counts["h"], count);
    let sum: u128 = rounds.iter().map(|n| sum_of(*n)).sum();
    assert_eq!(totals.sums["h"], sum);
    let in_buckets: u64 = totals.buckets.values().sum();
    assert_eq!(in_buckets, count);
}

fn level_of(rounds: u64) -> i128 {
    i128::from(rounds.div_ceil(2)) * 3 - i128::from(rounds / 2) * 2
}

fn records() -> u64 {
    std::env::var("PQCNET_STRESS_RECORDS").map_or(1_000_000_000, |text| {
        text.parse()
            .expect("PQCNET_STRESS_RECORDS is a number of records")
    })
}

#[test]
#[ignore = "takes a minute with optimisation: run scripts/stress"]
fn a_billion_records_come_out_equal() {
    let threads = 4;
    // Two runs of three records a round each.
    let rounds = records().div_ceil(2 * 3 * threads);
    for interval in [Some(Duration::from_millis(1)), None] {
        let registry = Registry::new();
        let handles = Handles::new(&registry);
        let totals = flushed_throughout(&registry, interval, || {
            thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        for round in 0..rounds {
                            handles.record(round);
                        }
                    });
                }
            });
        });
        assert_rounds(&totals, &[rounds; 4]);
        println!(
            "{} records, {} flushes' residue {}: equal",
            3 * rounds * threads,
            if interval.is_some() {
                "millisecond"
            } else {
                "back-to-back"
            },
            totals.residue
        );
    }
}

thread_local! {
    /// Records once more when the thread's locals are destroyed.
    static LAST_WORDS: RefCell<Option<LastWords>> = const { RefCell::new(None) };
}

struct LastWords(Counter);

impl Drop for LastWords {
    fn drop(&mut self) {
        self.0.increment();
    }
}

#[test]
#[ignore = "takes a minute with optimisation: run scripts/stress"]
fn ten_thousand_threads_that_end_in_every_way() {
    const THREADS: u64 = 10_000;
    const ROUNDS: u64 = 1_000;
    let (registry, other) = (Registry::new(), Registry::new());
    let (handles, others) = (Handles::new(&registry), Handles::new(&other));
    let last_words = registry.counter("last.words").unwrap();
    let started = AtomicU64::new(0);

    let other_totals = flushed_throughout(&other, None, || {
        let totals = flushed_throughout(&registry, None, || {
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        while started.fetch_add(1, Ordering::Relaxed) < THREADS {
                            end_a_thread(&handles, &others, &last_words, ROUNDS);
                        }
                    });
                }
            });
        });
        assert_rounds(&totals, &vec![ROUNDS; THREADS as usize]);
        assert_eq!(totals.scalars["last.words"], i128::from(THREADS));
    });
    assert_rounds(&other_totals, &vec![ROUNDS; THREADS as usize]);
}

/// Alternates between two registries, panics every third time, and leaves its
/// last record to a destructor. Some first touch the local, some the registry:
/// the order of destruction follows.
fn end_a_thread(handles: &Handles, others: &Handles, last_words: &Counter, rounds: u64) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let record_all = || {
        for round in 0..rounds {
            handles.record(round);
            others.record(round);
        }
    };
    let leave_last_words = || {
        LAST_WORDS.with(|words| *words.borrow_mut() = Some(LastWords(last_words.clone())));
    };
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if number.is_multiple_of(2) {
                leave_last_words();
                record_all();
            } else {
                record_all();
                leave_last_words();
            }
            if number.is_multiple_of(3) {
                std::panic::resume_unwind(Box::new(number));
            }
        });
        assert_eq!(thread.join().is_err(), number.is_multiple_of(3));
    });
}
