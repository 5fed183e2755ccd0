//! Flushes against each other, and against the end of the registry.

use loom::thread;

use crate::support::{flush, gain, model, registry};

#[test]
fn two_flushes_at_once_report_a_record_once() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        counter.add(1);
        let other = {
            let registry = registry.clone();
            thread::spawn(move || gain(&flush(&registry), "c"))
        };
        counter.add(2);
        let here = gain(&flush(&registry), "c");
        let there = other.join().unwrap();
        assert_eq!(here + there + gain(&flush(&registry), "c"), 3);
    });
}

#[test]
fn a_handle_outlives_its_registry() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        let writer = thread::spawn(move || {
            counter.add(1);
            counter.add(2);
        });
        drop(registry);
        writer.join().unwrap();
    });
}
