//! Histograms: count, sum and buckets.

use loom::thread;
use pqcnet_telemetry_core::{RetiredEpoch, Value, model as door};

use crate::support::{flush, model, registry};

fn found(epoch: &RetiredEpoch) -> (u64, u128) {
    match epoch.value(0) {
        Value::Histogram(found) => {
            let buckets: u64 = found.buckets().iter().map(|(_, count)| count).sum();
            assert_eq!(buckets, found.count(), "the count is that of the buckets");
            (found.count(), found.sum())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn count_and_sum_are_conserved_and_agree_where_they_say_so() {
    model(|| {
        let registry = registry();
        let histogram = registry.histogram("h").unwrap();
        let writer = thread::spawn(move || {
            histogram.record(1);
            histogram.record(2);
        });
        let first = flush(&registry);
        writer.join().unwrap();
        let last = flush(&registry);
        let ((count, sum), (more, rest)) = (found(&first), found(&last));
        assert_eq!((count + more, sum + rest), (2, 3));
        assert_eq!(last.mid_record(), 0, "no record is under way any more");
        if first.mid_record() == 0 {
            assert_eq!(sum, [0, 1, 3][count as usize], "a whole prefix");
        }
    });
}

#[test]
fn a_first_record_meets_a_flush() {
    model(|| {
        let registry = registry();
        let histogram = registry.histogram("h").unwrap();
        // The thread's shard is there; the block is not.
        let writer = thread::spawn(move || histogram.record(2));
        let first = found(&flush(&registry));
        writer.join().unwrap();
        let last = found(&flush(&registry));
        assert_eq!((first.0 + last.0, first.1 + last.1), (1, 2));
    });
}

#[test]
fn two_first_records_in_the_fallback_bank_meet() {
    model(|| {
        let registry = registry();
        let histogram = registry.histogram("h").unwrap();
        let writers = [1, 2].map(|value| {
            let histogram = histogram.clone();
            thread::spawn(move || door::record_in_fallback(&histogram, value))
        });
        for writer in writers {
            writer.join().unwrap();
        }
        assert_eq!(found(&flush(&registry)), (2, 3));
    });
}

#[test]
fn the_fallback_bank_agrees_where_it_says_so() {
    model(|| {
        let registry = registry();
        let histogram = registry.histogram("h").unwrap();
        let writer = thread::spawn(move || door::record_in_fallback(&histogram, 2));
        let first = flush(&registry);
        writer.join().unwrap();
        let last = flush(&registry);
        let ((count, sum), (more, rest)) = (found(&first), found(&last));
        assert_eq!((count + more, sum + rest), (1, 2));
        if first.mid_record() == 0 {
            assert_eq!(sum, [0, 2][count as usize]);
        }
    });
}
