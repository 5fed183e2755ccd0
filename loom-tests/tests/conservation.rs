//! Models of the real core: the sum over all retired epochs equals the sum of
//! all records, in every interleaving loom finds.
//!
//! Run by `scripts/loom`. Without `--cfg loom` this file is one ignored test
//! that says so, and so is green never empty.

#[cfg(not(loom))]
#[test]
#[ignore = "models need --cfg loom: run scripts/loom"]
fn models() {
    panic!("run scripts/loom");
}

#[cfg(loom)]
mod models {
    use loom::thread;
    use pqcnet_telemetry_core::{Registry, RetiredEpoch, Value};

    /// One slot a kind, and histograms of the fewest buckets.
    fn registry() -> Registry {
        Registry::builder()
            .counter_capacity(1)
            .gauge_capacity(1)
            .histogram_capacity(1)
            .range(1, 2)
            .digits(1)
            .build()
    }

    /// Explores every interleaving of up to three preemptions.
    fn model(check: impl Fn() + Sync + Send + 'static) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(check);
    }

    fn count(epoch: &RetiredEpoch) -> (u64, u128) {
        match epoch.value(0) {
            Value::Histogram(found) => (found.count(), found.sum()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_record_is_in_exactly_one_epoch_with_one_flush() {
        model(|| {
            let registry = registry();
            let counter = registry.counter("c").unwrap();
            let writer = thread::spawn(move || {
                counter.add(1);
                counter.add(2);
            });
            let first = registry.flush().counter("c").unwrap();
            writer.join().unwrap();
            let last = registry.flush().counter("c").unwrap();
            assert_eq!(first + last, 3);
        });
    }

    #[test]
    fn a_record_is_in_exactly_one_epoch_with_two_flushes() {
        model(|| {
            let registry = registry();
            let counter = registry.counter("c").unwrap();
            let writer = thread::spawn(move || {
                counter.add(1);
                counter.add(2);
            });
            let first = registry.flush().counter("c").unwrap();
            let second = registry.flush().counter("c").unwrap();
            writer.join().unwrap();
            let last = registry.flush().counter("c").unwrap();
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
            let first = registry.flush().counter("c").unwrap();
            for writer in writers {
                writer.join().unwrap();
            }
            let last = registry.flush().counter("c").unwrap();
            assert_eq!(first + last, 3);
        });
    }

    #[test]
    fn a_shard_goes_from_an_ending_thread_to_a_new_one() {
        model(|| {
            let registry = registry();
            let counter = registry.counter("c").unwrap();
            let first = {
                let counter = counter.clone();
                thread::spawn(move || counter.add(1))
            };
            let second = thread::spawn(move || counter.add(2));
            first.join().unwrap();
            second.join().unwrap();
            assert_eq!(registry.flush().counter("c"), Some(3));
        });
    }

    #[test]
    fn a_histogram_conserves_count_and_sum() {
        model(|| {
            let registry = registry();
            let histogram = registry.histogram("h").unwrap();
            let writer = thread::spawn(move || {
                histogram.record(1);
                histogram.record(2);
            });
            let first = registry.flush();
            writer.join().unwrap();
            let last = registry.flush();
            let ((count, sum), (more, rest)) = (count(&first), count(&last));
            assert_eq!((count + more, sum + rest), (2, 3));
            if first.mid_record() == 0 {
                assert_eq!(sum, [0, 1, 3][count as usize], "a whole prefix");
            }
        });
    }

    #[test]
    fn two_flushes_at_once_report_a_record_once() {
        model(|| {
            let registry = registry();
            let counter = registry.counter("c").unwrap();
            counter.add(1);
            let other = {
                let registry = registry.clone();
                thread::spawn(move || registry.flush().counter("c").unwrap())
            };
            let here = registry.flush().counter("c").unwrap();
            assert_eq!(here + other.join().unwrap(), 1);
        });
    }
}
