//! Epochs follow each other without a gap, and don't change once retired.

#[path = "support/series.rs"]
mod support;

use std::thread;

use pqcnet_telemetry_core::{Instrument, Registry, RetiredEpoch};
use support::gain;

#[test]
fn epochs_are_numbered_and_leave_no_gap() {
    let registry = Registry::new();
    let mut last = registry.flush();
    assert_eq!(last.sequence(), 0);
    for sequence in 1..100 {
        let epoch = registry.clone().flush();
        assert_eq!(epoch.sequence(), sequence);
        assert_eq!(epoch.start(), last.end());
        assert!(epoch.end() > epoch.start());
        last = epoch;
    }
}

#[test]
fn threads_that_flush_take_turns() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let mut epochs: Vec<_> = thread::scope(|scope| {
        let flushers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let flush = |_| {
                        counter.increment();
                        registry.flush()
                    };
                    (0..200).map(flush).collect::<Vec<_>>()
                })
            })
            .collect();
        let flushers = flushers.into_iter();
        flushers.flat_map(|f| f.join().unwrap()).collect()
    });
    epochs.sort_by_key(RetiredEpoch::sequence);
    let numbers: Vec<_> = epochs.iter().map(RetiredEpoch::sequence).collect();
    assert_eq!(numbers, (0..800).collect::<Vec<_>>());
    for two in epochs.windows(2) {
        assert_eq!(two[0].end(), two[1].start());
    }
    epochs.push(registry.flush());
    let sum: u128 = epochs.iter().map(|epoch| gain(epoch, "a")).sum();
    assert_eq!(sum, 800);
}

#[test]
fn a_retired_epoch_does_not_change() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let (gauge, histogram) = (
        registry.gauge("g").unwrap(),
        registry.histogram("h").unwrap(),
    );
    counter.add(3);
    gauge.set(3.0);
    histogram.record(3);
    let kept = registry.flush();
    let late = Instrument::new("a").attribute("late", true);
    registry.counter(late.description("longer")).unwrap().add(9);
    counter.add(9);
    gauge.set(9.0);
    histogram.record(9);
    registry.flush();
    registry.flush();
    assert_eq!(kept.catalog().series().len(), 3);
    assert_eq!(kept.catalog().instruments()[0].description(), "");
    assert_eq!(gain(&kept, "a"), 3);
    assert_eq!(kept.gauge("g"), Some(3.0));
    assert_eq!(kept.histogram("h").unwrap().max(), 3);
}

#[test]
fn a_series_registered_late_is_absent_from_earlier_epochs() {
    let registry = Registry::new();
    registry.counter("early").unwrap().increment();
    let before = registry.flush();
    registry.counter("late").unwrap().increment();
    let after = registry.flush();
    assert_eq!(before.counter("late"), None);
    assert_eq!(after.counter("late"), Some(1));
    assert_eq!(after.counter("early"), Some(0));
}

#[test]
fn without_late_records_there_is_no_residue() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let histogram = registry.histogram("h").unwrap();
    for _ in 0..4 {
        counter.increment();
        histogram.record(5);
        thread::scope(|scope| scope.spawn(|| counter.increment()).join()).unwrap();
        let epoch = registry.flush();
        assert_eq!((epoch.residue(), epoch.mid_record()), (0, 0));
        assert_eq!(epoch.counter("a"), Some(2));
    }
}
