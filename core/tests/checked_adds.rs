//! `Counter::try_add` refuses what would take an epoch's count past
//! `u64::MAX`, and nothing else.

#[path = "support/series.rs"]
mod support;

use std::sync::mpsc;
use std::thread;

use pqcnet_telemetry_core::{CounterOverflow, Registry};
use support::gain;

#[test]
fn a_refused_add_changes_nothing() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let other = registry.counter("b").unwrap();
    for _ in 0..4 {
        assert_eq!(counter.try_add(5), Ok(()));
        assert_eq!(other.try_add(u64::MAX), Ok(()));
        assert_eq!(counter.try_add(u64::MAX), Err(CounterOverflow));
        assert_eq!(counter.try_add(u64::MAX - 4), Err(CounterOverflow));
        assert_eq!(counter.try_add(7), Ok(()), "what fits is still taken");
        assert_eq!(other.try_add(1), Err(CounterOverflow));
        let epoch = registry.flush();
        assert_eq!(gain(&epoch, "a"), 12);
        assert_eq!(gain(&epoch, "b"), u128::from(u64::MAX));
    }
}

#[test]
fn a_full_counter_takes_zero_and_no_more() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    assert_eq!(counter.try_add(u64::MAX), Ok(()));
    assert_eq!(counter.try_add(1), Err(CounterOverflow));
    assert_eq!(counter.try_add(0), Ok(()));
    assert_eq!(counter.try_add(u64::MAX), Err(CounterOverflow));
    assert_eq!(gain(&registry.flush(), "a"), u128::from(u64::MAX));
}

#[test]
fn an_add_that_just_fits_is_taken() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    for _ in 0..4 {
        assert_eq!(counter.try_add(5), Ok(()));
        assert_eq!(counter.try_add(u64::MAX - 5), Ok(()));
        assert_eq!(counter.try_add(1), Err(CounterOverflow));
        assert_eq!(registry.flush().counter("a"), Some(u64::MAX));
    }
}

#[test]
fn the_next_epoch_starts_from_nothing() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    for epoch in 0..5 {
        assert_eq!(counter.try_add(u64::MAX - epoch), Ok(()));
        assert_eq!(counter.try_add(epoch + 1), Err(CounterOverflow));
        assert_eq!(registry.flush().counter("a"), Some(u64::MAX - epoch));
        assert_eq!(counter.try_add(epoch + 1), Ok(()), "unchecked again");
        assert_eq!(registry.flush().counter("a"), Some(epoch + 1));
    }
}

#[test]
fn checked_adds_see_those_of_other_threads() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    thread::scope(|scope| {
        // Each thread adds in turn, and so stays alive with its own shard.
        let (hand, mine) = mpsc::channel();
        let [to_a, to_b] = [(); 2].map(|()| {
            let (to, from) = mpsc::channel::<u64>();
            let (hand, counter) = (hand.clone(), &counter);
            scope.spawn(move || {
                for n in from {
                    hand.send(counter.try_add(n)).unwrap();
                }
            });
            to
        });
        let turn = |to: &mpsc::Sender<u64>, n| {
            to.send(n).unwrap();
            mine.recv().unwrap()
        };
        for _ in 0..3 {
            assert_eq!(turn(&to_a, u64::MAX), Ok(()));
            assert_eq!(turn(&to_b, 1), Err(CounterOverflow));
            assert_eq!(turn(&to_a, 1), Err(CounterOverflow));
            assert_eq!(registry.flush().counter("a"), Some(u64::MAX));
            assert_eq!(turn(&to_b, 5), Ok(()));
            assert_eq!(turn(&to_a, u64::MAX), Err(CounterOverflow));
            assert_eq!(turn(&to_a, u64::MAX - 5), Ok(()));
            assert_eq!(turn(&to_b, 1), Err(CounterOverflow));
            assert_eq!(registry.flush().counter("a"), Some(u64::MAX));
        }
    });
}

#[test]
fn checked_adds_see_plain_ones() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    counter.add(u64::MAX);
    counter.add(u64::MAX);
    assert_eq!(counter.try_add(u64::MAX), Err(CounterOverflow));
    assert_eq!(gain(&registry.flush(), "a"), 2 * u128::from(u64::MAX));
}
