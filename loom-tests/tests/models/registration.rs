//! Registration while others record and flush.

use loom::thread;

use crate::support::{flush, gain, model, registry};

#[test]
fn registration_while_another_thread_records() {
    model(|| {
        let registry = registry();
        let old = registry.counter("old").unwrap();
        let writer = thread::spawn(move || {
            old.add(1);
            old.add(2);
        });
        registry.counter("new").unwrap().add(4);
        writer.join().unwrap();
        let epoch = flush(&registry);
        assert_eq!((gain(&epoch, "old"), gain(&epoch, "new")), (3, 4));
    });
}

#[test]
fn a_series_registered_during_a_flush_is_in_this_epoch_or_the_next() {
    model(|| {
        let registry = registry();
        let writer = {
            let registry = registry.clone();
            thread::spawn(move || registry.counter("new").unwrap().add(4))
        };
        let first = gain(&flush(&registry), "new");
        writer.join().unwrap();
        assert_eq!(first + gain(&flush(&registry), "new"), 4);
    });
}

#[test]
fn one_name_registered_twice_at_once_is_one_series() {
    model(|| {
        let registry = registry();
        let other = {
            let registry = registry.clone();
            thread::spawn(move || registry.counter("c").unwrap().add(1))
        };
        registry.counter("c").unwrap().add(2);
        other.join().unwrap();
        let epoch = flush(&registry);
        assert_eq!(epoch.catalog().series().len(), 1);
        assert_eq!(gain(&epoch, "c"), 3);
    });
}
