//! A slot changes hands only when all that was recorded into it is reported.

use loom::thread;
use pqcnet_telemetry_core::{Counter, Gauge, Histogram, RetiredEpoch};

use crate::support::{flush, gain, model, registry};

/// With both slots taken, `b` gets that of `a` or none.
fn next(registry: &pqcnet_telemetry_core::Registry, held: &mut Option<Counter>, counted: &mut u64) {
    if held.is_none()
        && let Ok(b) = registry.counter("b")
    {
        b.add(10);
        *counted += 10;
        *held = Some(b);
    }
}

#[test]
fn a_record_through_a_handle_kept_is_its_own_series_s() {
    model(|| {
        let registry = registry();
        let _other = registry.counter("other").unwrap();
        let a = registry.counter("a").unwrap();
        let kept = a.clone();
        let writer = thread::spawn(move || kept.add(1));
        a.end();
        let (mut b, mut expected) = (None, 0);
        let mut found = (0, 0);
        let mut add = |epoch: &RetiredEpoch| {
            found.0 += gain(epoch, "a");
            found.1 += gain(epoch, "b");
        };
        add(&flush(&registry));
        next(&registry, &mut b, &mut expected);
        add(&flush(&registry));
        next(&registry, &mut b, &mut expected);
        writer.join().unwrap();
        add(&registry.flush());
        assert_eq!(found, (1, expected));
    });
}

#[test]
fn a_histogram_s_record_likewise() {
    model(|| {
        let registry = registry();
        let a = registry.histogram("a").unwrap();
        // Its cells are there before the race.
        a.record(2);
        let kept = a.clone();
        let writer = thread::spawn(move || kept.record(1));
        a.end();
        let mut found = (0, 0);
        let mut add = |epoch: &RetiredEpoch| {
            let count = |name| {
                epoch
                    .distribution(name, &[])
                    .map_or(0, |found| found.count())
            };
            found.0 += count("a");
            found.1 += count("b");
        };
        add(&flush(&registry));
        let b: Option<Histogram> = registry.histogram("b").ok();
        writer.join().unwrap();
        add(&registry.flush());
        assert_eq!(found, (2, 0));
        drop(b);
    });
}

#[test]
fn a_gauge_never_shows_the_value_of_its_slot_s_last_series() {
    model(|| {
        let registry = registry();
        let a = registry.gauge("a").unwrap();
        let kept = a.clone();
        let writer = thread::spawn(move || kept.set(7.0));
        a.end();
        flush(&registry);
        let b: Option<Gauge> = registry.gauge("b").ok();
        flush(&registry);
        let b = b.or_else(|| registry.gauge("b").ok());
        assert_eq!(registry.flush().gauge("b"), None);
        writer.join().unwrap();
        assert_eq!(registry.flush().gauge("b"), None);
        drop(b);
    });
}
