//! Exemplars: which records they are, and that records without a context have
//! none.

use std::thread;
use std::time::SystemTime;

use pqcnet_telemetry_core::{Exemplar, ExemplarContext, Instrument, Registry, RetiredEpoch};

fn id(text: &str) -> ExemplarContext {
    ExemplarContext::correlation(text).unwrap()
}

fn of(epoch: &RetiredEpoch, name: &str) -> Vec<Exemplar> {
    let series = epoch.catalog().find(name, &[]).unwrap();
    let found = epoch.exemplars().filter(|(index, _)| *index == series);
    found.map(|(_, exemplar)| *exemplar).collect()
}

#[test]
fn a_record_with_a_context_is_an_example_of_its_epoch() {
    let registry = Registry::new();
    let counter = registry.counter("c").unwrap();
    let before = SystemTime::now();
    counter.add(1);
    counter.add_with_exemplar(3, &id("request-1"));
    counter.add(1);
    let epoch = registry.flush();
    assert_eq!(epoch.counter("c"), Some(5));
    let [exemplar] = of(&epoch, "c")[..] else {
        panic!("{:?}", of(&epoch, "c"));
    };
    assert_eq!((exemplar.value, exemplar.context), (3, id("request-1")));
    assert!((before..=SystemTime::now()).contains(&exemplar.time));
    assert_eq!(registry.flush().exemplars().len(), 0);
    counter.add_with_exemplar(0, &id("nothing"));
    assert_eq!(registry.flush().exemplars().len(), 0);
}

#[test]
fn every_power_of_two_of_a_histogram_keeps_one() {
    let registry = Registry::new();
    let wait = registry
        .histogram(Instrument::new("wait").range(1, 1_000_000))
        .unwrap();
    let values = [0, 1, 2, 3, 4, 1_000, 1_023, 1_024, 999_999, 5_000_000];
    for value in values {
        wait.record_with_exemplar(value, &id(&value.to_string()));
    }
    let epoch = registry.flush();
    assert_eq!(epoch.histogram("wait").unwrap().len(), values.len() as u64);
    let found = of(&epoch, "wait");
    let octaves: Vec<_> = found.iter().map(|e| e.value.checked_ilog2()).collect();
    let expected = [None, Some(0), Some(1), Some(2), Some(9), Some(10), Some(19)];
    assert_eq!(octaves, expected);
    for exemplar in found {
        // As recorded: clamped to the range.
        let said = exemplar.context.correlation_id().unwrap();
        let recorded: u64 = said.parse().unwrap();
        assert_eq!(recorded.min(1_000_000), exemplar.value);
    }
}

#[test]
fn any_number_of_threads_offer_and_one_is_taken() {
    let registry = Registry::new();
    let counter = registry.counter("c").unwrap();
    let mut taken = 0;
    thread::scope(|scope| {
        let threads: Vec<_> = (1..=4_u64)
            .map(|n| {
                let counter = &counter;
                let context = id(&format!("thread-{n}"));
                scope.spawn(move || {
                    (0..20_000).for_each(|_| counter.add_with_exemplar(n, &context));
                })
            })
            .collect();
        while threads.iter().any(|thread| !thread.is_finished()) {
            let epoch = registry.flush();
            let found = of(&epoch, "c");
            assert!(found.len() <= 1);
            for exemplar in found {
                assert_eq!(exemplar.context, id(&format!("thread-{}", exemplar.value)));
                taken += 1;
            }
        }
    });
    taken += of(&registry.flush(), "c").len();
    assert!(taken > 0);
}

#[test]
fn a_slot_s_next_series_has_none_of_the_last_one_s() {
    let registry = Registry::builder().counter_capacity(1).build();
    let a = registry.counter("a").unwrap();
    a.add_with_exemplar(1, &id("a"));
    a.end();
    let epoch = registry.flush();
    assert_eq!(of(&epoch, "a").len(), 1);
    let b = registry.counter("b").unwrap();
    b.add(1);
    assert_eq!(registry.flush().exemplars().len(), 0);
}
