//! Shards: from an ending thread to a new one.

use loom::thread;

use crate::support::{flush, gain, model, registry};

#[test]
fn a_shard_goes_from_an_ending_thread_to_a_new_one() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        let threads = [1, 2].map(|n| {
            let counter = counter.clone();
            thread::spawn(move || counter.add(n))
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(gain(&flush(&registry), "c"), 3);
    });
}

#[test]
fn a_local_keeps_its_shard_and_gives_it_back() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        let threads = [1, 2].map(|n| {
            let (registry, counter) = (registry.clone(), counter.clone());
            thread::spawn(move || {
                let local = registry.local();
                let here = local.counter(&counter);
                drop(local);
                here.add(n);
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(gain(&flush(&registry), "c"), 3);
    });
}

#[test]
fn a_first_record_meets_a_flush() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        // A shard is in the list already, so the new one goes in front of it.
        counter.add(1);
        let writer = thread::spawn(move || counter.add(2));
        let first = gain(&flush(&registry), "c");
        writer.join().unwrap();
        assert_eq!(first + gain(&flush(&registry), "c"), 3);
    });
}

#[test]
fn two_first_records_meet() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        let other = {
            let counter = counter.clone();
            thread::spawn(move || counter.add(2))
        };
        counter.add(1);
        other.join().unwrap();
        assert_eq!(gain(&flush(&registry), "c"), 3);
    });
}

#[test]
fn two_threads_want_one_idle_shard() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        let start = |n| {
            let counter = counter.clone();
            thread::spawn(move || counter.add(n))
        };
        start(1).join().unwrap();
        let threads = [2, 4].map(start);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(gain(&flush(&registry), "c"), 7);
    });
}
