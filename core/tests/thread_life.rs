//! What becomes of records, shards and handles when threads and registries
//! come and go.

#[path = "support/counting.rs"]
mod support;

use std::cell::Cell;
use std::sync::{Arc, Barrier};
use std::thread;

use pqcnet_telemetry_core::{Counter, Registry};
use support::{Counting, usage_of};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `work` on a thread of its own, until after the destructors of its
/// thread-locals, for which the end of a scope alone does not wait.
fn elsewhere<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join()).unwrap()
}

/// Whether the first record of this thread to the counter's registry made a
/// shard. One of the default capacity takes more than a megabyte, what goes
/// with it a few hundred bytes.
fn makes_a_shard(counter: &Counter) -> bool {
    usage_of(|| counter.increment()).bytes > 100_000
}

/// Runs something in the destructor of a thread-local.
struct AtExit(Cell<Option<Box<dyn FnOnce()>>>);

impl AtExit {
    fn set(&self, work: impl FnOnce() + 'static) {
        self.0.set(Some(Box::new(work)));
    }
}

impl Drop for AtExit {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            work();
        }
    }
}

thread_local! {
    // Destructors run in the order of first use or against it. Used one before
    // and one after a thread's first record, these run on either side of the
    // destructor that gives back its shards, whichever the order is.
    static BEFORE: AtExit = const { AtExit(Cell::new(None)) };
    static AFTER: AtExit = const { AtExit(Cell::new(None)) };
}

// Shards

#[test]
fn a_released_shard_is_adopted() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    assert!(elsewhere(|| makes_a_shard(&counter)));
    for _ in 0..100 {
        assert!(!elsewhere(|| makes_a_shard(&counter)));
    }
    assert!(!makes_a_shard(&counter));
    assert!(
        elsewhere(|| makes_a_shard(&counter)),
        "this thread keeps it"
    );
    assert_eq!(registry.flush().counter("a"), Some(103));
}

#[test]
fn a_shard_is_adopted_with_all_it_holds() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let histogram = registry.histogram("b").unwrap();
    for epoch in 1..=4 {
        for value in 0..10 {
            // Nothing is flushed in between: each goes on from the last.
            elsewhere(|| {
                counter.add(u64::MAX);
                histogram.record(value);
            });
        }
        let retired = registry.flush();
        let gain = retired.value(0);
        assert_eq!(
            format!("{gain:?}"),
            format!("Counter({})", 10 * u128::from(u64::MAX))
        );
        let found = retired.distribution("b", &[]).unwrap();
        assert_eq!((found.count(), found.sum()), (10, 45), "in epoch {epoch}");
    }
}

#[test]
fn a_shard_is_released_by_a_panic_too() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let panicked = thread::scope(|scope| {
        let panics = || {
            counter.increment();
            std::panic::resume_unwind(Box::new("a panic"));
        };
        scope.spawn(panics).join()
    });
    assert!(panicked.is_err());
    assert!(!makes_a_shard(&counter));
    assert_eq!(registry.flush().counter("a"), Some(2));
}

#[test]
fn threads_that_record_at_the_same_time_have_a_shard_each() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let all = Barrier::new(4);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let made = makes_a_shard(&counter);
                    all.wait();
                    made
                })
            })
            .collect();
        for thread in threads {
            assert!(thread.join().unwrap());
        }
    });
}

#[test]
fn a_thread_has_a_shard_in_each_of_its_registries() {
    let registries: [Registry; 6] = std::array::from_fn(|_| Registry::new());
    let counters = registries.each_ref().map(|r| r.counter("a").unwrap());
    elsewhere(|| {
        for counter in &counters {
            assert!(makes_a_shard(counter));
        }
        for counter in &counters {
            assert!(!makes_a_shard(counter));
        }
    });
    // All are released, not just one.
    for counter in &counters {
        assert!(!makes_a_shard(counter));
    }
}

#[test]
fn a_local_holds_its_threads_shard() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    elsewhere(|| {
        let local = registry.local();
        let here = local.counter(&counter);
        assert!(!makes_a_shard(&counter), "it is the thread's own");
        drop(local);
        here.increment();
        drop(here);
        counter.increment();
        // Its claim is not the thread's.
        assert!(elsewhere(|| makes_a_shard(&counter)));
    });
    assert!(!elsewhere(|| makes_a_shard(&counter)));
    assert_eq!(registry.flush().counter("a"), Some(5));
}

// Destructors of thread-locals

#[test]
fn records_of_destructors_land() {
    let registry = Registry::new();
    let counter = registry.counter("count").unwrap();
    let level = registry.up_down_counter("level").unwrap();
    let gauge = registry.gauge("gauge").unwrap();
    let histogram = registry.histogram("wait").unwrap();
    for epoch in 1..=4 {
        elsewhere(|| {
            let record = |n: u64| {
                let (counter, level) = (counter.clone(), level.clone());
                let (gauge, histogram) = (gauge.clone(), histogram.clone());
                move || {
                    counter.add(n);
                    level.add(-(n as i64));
                    gauge.set(n as f64);
                    histogram.record(n);
                }
            };
            BEFORE.with(|exit| exit.set(record(1)));
            record(10)();
            AFTER.with(|exit| exit.set(record(100)));
        });
        let retired = registry.flush();
        assert_eq!(retired.counter("count"), Some(111), "in epoch {epoch}");
        assert_eq!(retired.up_down_counter("level"), Some(-111));
        assert_ne!(retired.gauge("gauge"), Some(10.0));
        let found = retired.distribution("wait", &[]).unwrap();
        assert_eq!((found.count(), found.sum()), (3, 111));
    }
}

#[test]
fn a_thread_may_record_in_its_destructors_only() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    elsewhere(|| {
        for exit in [&BEFORE, &AFTER] {
            let counter = counter.clone();
            exit.with(|exit| exit.set(move || counter.increment()));
        }
    });
    assert_eq!(registry.flush().counter("a"), Some(2));
}

#[test]
fn sums_past_64_bits_land_after_the_claims_are_gone() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    elsewhere(|| {
        let late = counter.clone();
        BEFORE.with(|exit| exit.set(move || (0..5).for_each(|_| late.add(u64::MAX))));
        counter.add(5);
    });
    let epoch = registry.flush();
    let sum = 5 * u128::from(u64::MAX) + 5;
    assert_eq!(format!("{:?}", epoch.value(0)), format!("Counter({sum})"));
    assert_eq!(counter.try_add(1), Ok(()));
    assert_eq!(registry.flush().counter("a"), Some(1));
}

#[test]
fn checked_adds_see_what_came_after_the_claims_were_gone() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    elsewhere(|| {
        let late = counter.clone();
        BEFORE.with(|exit| exit.set(move || late.add(5)));
        counter.add(0);
    });
    assert!(counter.try_add(u64::MAX - 4).is_err());
    assert!(counter.try_add(u64::MAX - 5).is_ok());
}

/// Enough for two threads that write one cell to lose some.
const MANY: u64 = 500_000;

#[test]
fn late_records_share_no_cell_with_who_adopts_the_shard() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let histogram = registry.histogram("b").unwrap();
    let met = Arc::new(Barrier::new(2));
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let (counter_then, histogram_then) = (counter.clone(), histogram.clone());
            let met = Arc::clone(&met);
            BEFORE.with(|exit| {
                exit.set(move || {
                    met.wait();
                    met.wait();
                    for _ in 0..MANY {
                        counter_then.increment();
                        histogram_then.record(1);
                    }
                });
            });
            counter.increment();
            histogram.record(1);
        });
        met.wait();
        // Or the test would prove nothing.
        assert!(!makes_a_shard(&counter), "adopts the other thread's shard");
        met.wait();
        for _ in 0..MANY {
            counter.increment();
            histogram.record(1);
        }
        thread.join().unwrap();
    });
    let epoch = registry.flush();
    assert_eq!(epoch.counter("a"), Some(2 * MANY + 2));
    let found = epoch.distribution("b", &[]).unwrap();
    assert_eq!(found.count(), 2 * MANY + 1);
    // Once for the shard and once for where the late ones went: no matter how
    // the two threads were scheduled.
    assert_eq!(found.buckets().len(), 2);
}

#[test]
fn a_local_keeps_its_shard_when_the_threads_own_claims_are_gone() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let histogram = registry.histogram("b").unwrap();
    let met = Arc::new(Barrier::new(2));
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            BEFORE.with(|_| ());
            let local = registry.local();
            let (here, there) = (local.counter(&counter), local.histogram(&histogram));
            drop(local);
            let (counter_then, met) = (counter.clone(), Arc::clone(&met));
            BEFORE.with(|exit| {
                exit.set(move || {
                    met.wait();
                    met.wait();
                    for _ in 0..MANY {
                        here.increment();
                        counter_then.increment();
                        there.record(1);
                    }
                });
            });
        });
        met.wait();
        assert!(makes_a_shard(&counter), "the other's is still held");
        met.wait();
        for _ in 0..MANY {
            counter.increment();
            histogram.record(1);
        }
        thread.join().unwrap();
    });
    let epoch = registry.flush();
    assert_eq!(epoch.counter("a"), Some(3 * MANY + 1));
    assert_eq!(epoch.histogram("b").unwrap().len(), 2 * MANY);
    // Held by this thread and released by the other.
    assert!(!elsewhere(|| makes_a_shard(&counter)));
}

#[test]
fn a_local_dropped_by_a_destructor_releases_its_shard() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    for exit in [&BEFORE, &AFTER] {
        elsewhere(|| {
            BEFORE.with(|_| ());
            let here = registry.local().counter(&counter);
            exit.with(|exit| {
                exit.set(move || {
                    here.increment();
                    drop(here);
                });
            });
        });
        assert!(!elsewhere(|| makes_a_shard(&counter)));
    }
    assert_eq!(registry.flush().counter("a"), Some(4));
}

#[test]
fn a_local_may_be_made_by_a_destructor() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    elsewhere(|| {
        let (late, of) = (counter.clone(), registry.clone());
        BEFORE.with(|exit| {
            exit.set(move || {
                let [here, too] = [(); 2].map(|()| of.local().counter(&late));
                here.add(10);
                too.add(100);
                late.add(1_000);
            });
        });
        counter.increment();
    });
    assert_eq!(registry.flush().counter("a"), Some(1_111));
    assert!(!elsewhere(|| makes_a_shard(&counter)));
}

// Registries

#[test]
fn handles_outlive_their_registry() {
    let kept = Registry::new();
    let kept_counter = kept.counter("a").unwrap();
    for _ in 0..10 {
        let registry = Registry::new();
        let counter = registry.counter("a").unwrap();
        let level = registry.up_down_counter("b").unwrap();
        let gauge = registry.gauge("c").unwrap();
        let histogram = registry.histogram("d").unwrap();
        let local = registry.local();
        let (here, there) = (local.counter(&counter), local.histogram(&histogram));
        counter.increment();
        let epoch = registry.flush();
        drop((registry, local));
        let record = || {
            counter.add(u64::MAX);
            counter.try_add(5).unwrap_or(());
            level.decrement();
            gauge.set(1.0);
            histogram.record(7);
            drop(histogram.start_timer());
            kept_counter.increment();
        };
        record();
        here.increment();
        there.record(9);
        elsewhere(record);
        let late = counter.bind(&[("late", true)]).unwrap();
        late.increment();
        drop((counter, level, gauge, histogram, here, there));
        // The last handle of all goes when its thread's claims have gone.
        elsewhere(move || {
            BEFORE.with(|_| ());
            late.increment();
            BEFORE.with(|exit| exit.set(move || drop((late, epoch))));
        });
    }
    assert_eq!(kept.flush().counter("a"), Some(20));
}

#[test]
fn a_dropped_registry_leaves_its_threads_to_others() {
    // Each claims where the last one's claim is still in the thread's list.
    for round in 1..=20 {
        let registry = Registry::new();
        let counter = registry.counter("a").unwrap();
        counter.add(round);
        assert_eq!(registry.flush().counter("a"), Some(round));
        counter.add(round);
        assert_eq!(registry.flush().counter("a"), Some(round));
    }
}

#[test]
fn five_registries_alternate_on_one_thread() {
    let registries: [Registry; 5] = std::array::from_fn(|_| Registry::new());
    let handles = registries
        .each_ref()
        .map(|r| (r.counter("a").unwrap(), r.histogram("b").unwrap()));
    for epoch in 0..4 {
        for round in 0..100_u64 {
            for (number, (counter, histogram)) in (1..).zip(&handles) {
                counter.add(number);
                histogram.record_n(round, number);
            }
            // So that the hot tag is not always the last registry's.
            handles[round as usize % 5].0.add(0);
        }
        for (number, registry) in (1..).zip(&registries) {
            let retired = registry.flush();
            assert_eq!(retired.counter("a"), Some(100 * number), "in epoch {epoch}");
            let found = retired.distribution("b", &[]).unwrap();
            assert_eq!(found.count(), 100 * number);
            assert_eq!(found.sum(), u128::from(99 * 50 * number));
        }
    }
}

#[test]
fn two_registries_do_not_mix() {
    let [one, two] = [(); 2].map(|()| Registry::new());
    // The same slots, the same names, the same epochs.
    let [in_one, in_two] = [&one, &two].map(|r| {
        let counter = r.counter("a").unwrap();
        (counter, r.gauge("b").unwrap(), r.local())
    });
    for epoch in 1..=4 {
        in_one.0.add(epoch);
        in_one.1.set(1.0);
        in_one.2.counter(&in_one.0).increment();
        elsewhere(|| in_two.0.add(100 * epoch));
        in_two.2.counter(&in_two.0).increment();
        let [one, two] = [one.flush(), two.flush()];
        assert_eq!(one.counter("a"), Some(epoch + 1));
        assert_eq!(two.counter("a"), Some(100 * epoch + 1));
        assert_eq!((one.gauge("b"), two.gauge("b")), (Some(1.0), None));
    }
    in_one.0.increment();
    assert_eq!(two.flush().counter("a"), Some(0));
    assert_eq!(one.flush().counter("a"), Some(1));
}
