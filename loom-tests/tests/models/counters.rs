//! Counters: a record is in exactly one epoch.

use loom::thread;
use pqcnet_telemetry_core::{Value, model as door};

use crate::support::{flush, gain, model, registry};

#[test]
fn a_record_is_in_exactly_one_epoch_with_one_flush() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        let writer = thread::spawn(move || {
            counter.add(1);
            counter.add(2);
        });
        let first = gain(&flush(&registry), "c");
        writer.join().unwrap();
        let last = gain(&flush(&registry), "c");
        assert_eq!(first + last, 3);
    });
}

/// Also: a writer stopped before its store over two flushes.
#[test]
fn a_record_is_in_exactly_one_epoch_with_two_flushes() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        let writer = thread::spawn(move || {
            counter.add(1);
            counter.add(2);
        });
        let first = gain(&flush(&registry), "c");
        let second = gain(&flush(&registry), "c");
        writer.join().unwrap();
        let last = gain(&flush(&registry), "c");
        assert_eq!(first + second + last, 3);
    });
}

#[test]
fn two_writers_and_a_flusher() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        let writers = [1, 2].map(|n| {
            let counter = counter.clone();
            thread::spawn(move || counter.add(n))
        });
        let first = gain(&flush(&registry), "c");
        for writer in writers {
            writer.join().unwrap();
        }
        let last = gain(&flush(&registry), "c");
        assert_eq!(first + last, 3);
    });
}

#[test]
fn a_value_that_wraps_is_never_reported_too_large() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        let writer = thread::spawn(move || {
            counter.add(u64::MAX);
            counter.add(5);
        });
        let total_of = |epoch: &pqcnet_telemetry_core::RetiredEpoch| match epoch.value(0) {
            Value::Counter(gain) => gain,
            other => panic!("{other:?}"),
        };
        let all = u128::from(u64::MAX) + 5;
        let first = total_of(&flush(&registry));
        assert!(first <= all);
        writer.join().unwrap();
        let last = total_of(&flush(&registry));
        assert_eq!(first + last, all);
    });
}

#[test]
fn up_down_counters_conserve_their_sum() {
    model(|| {
        let registry = registry();
        let level = registry.up_down_counter("u").unwrap();
        let writer = thread::spawn(move || {
            level.add(3);
            level.add(-5);
        });
        let first = flush(&registry).up_down_counter("u").unwrap();
        writer.join().unwrap();
        let last = flush(&registry).up_down_counter("u").unwrap();
        assert_eq!(first + last, -2);
    });
}

#[test]
fn the_fallback_bank_takes_two_writers() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        let writers = [1, 2].map(|n| {
            let counter = counter.clone();
            thread::spawn(move || door::add_in_fallback(&counter, n))
        });
        let first = gain(&flush(&registry), "c");
        for writer in writers {
            writer.join().unwrap();
        }
        let last = gain(&flush(&registry), "c");
        assert_eq!(first + last, 3);
    });
}

#[test]
fn the_fallback_bank_carries_as_a_shard_does() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        let writer = {
            let counter = counter.clone();
            thread::spawn(move || {
                door::add_in_fallback(&counter, u64::MAX);
                door::add_in_fallback(&counter, 5);
            })
        };
        let epochs = [flush(&registry), {
            writer.join().unwrap();
            flush(&registry)
        }];
        let gains = epochs.map(|epoch| match epoch.value(0) {
            Value::Counter(gain) => gain,
            other => panic!("{other:?}"),
        });
        assert_eq!(gains[0] + gains[1], u128::from(u64::MAX) + 5);
    });
}

/// Without it, conservation would still hold: every record would be residue.
#[test]
fn a_record_that_follows_a_flush_is_no_residue() {
    model(|| {
        let registry = registry();
        let (early, late) = (
            registry.counter("early").unwrap(),
            registry.counter("late").unwrap(),
        );
        let flusher = {
            let registry = registry.clone();
            thread::spawn(move || gain(&registry.flush(), "early"))
        };
        early.add(1);
        let first = flusher.join().unwrap();
        late.add(1);
        let epoch = flush(&registry);
        assert_eq!(first + gain(&epoch, "early"), 1);
        assert_eq!(gain(&epoch, "late"), 1);
        // `early` may have met the swap; `late` came after it.
        assert!(epoch.residue() <= gain(&epoch, "early"));
    });
}

#[test]
fn a_late_record_is_reported_by_the_next_flush() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        let writer = thread::spawn(move || counter.add(1));
        let first = gain(&flush(&registry), "c");
        writer.join().unwrap();
        assert_eq!(first + gain(&flush(&registry), "c"), 1);
        assert_eq!(gain(&flush(&registry), "c"), 0);
    });
}
