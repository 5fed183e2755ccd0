//! Attributes known only at run time, and what happens when there are too many.

#[path = "support/series.rs"]
mod support;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use pqcnet_telemetry_core::{AttributeValue, Instrument, Registry, Value};
use support::{gain, series};

#[test]
fn the_order_of_attributes_does_not_matter() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let attributes = [("x", "1"), ("y", "2")];
    let reversed = [("y", "2"), ("x", "1")];
    counter.bind(&attributes).unwrap().add(1);
    counter.bind(&reversed).unwrap().add(2);
    let by_hand = Instrument::new("a").attribute("y", "2").attribute("x", "1");
    registry.counter(by_hand).unwrap().add(4);
    counter.add(8);
    let epoch = registry.flush();
    assert_eq!(epoch.counter_with("a", &attributes), Some(7));
    assert_eq!(epoch.counter_with("a", &reversed), Some(7));
    assert_eq!(epoch.counter("a"), Some(8));
    assert_eq!(series(&epoch, "a").len(), 2);
}

#[test]
fn bind_replaces_the_attributes_of_its_handle() {
    let registry = Registry::new();
    let base = Instrument::new("a").attribute("x", "1");
    let counter = registry.counter(base).unwrap();
    let bound = counter.bind(&[("y", "2")]).unwrap();
    bound.bind(&[("x", "1")]).unwrap().increment();
    bound.add(2);
    let epoch = registry.flush();
    assert_eq!(epoch.counter_with("a", &[("x", "1")]), Some(1));
    assert_eq!(epoch.counter_with("a", &[("y", "2")]), Some(2));
    assert_eq!(series(&epoch, "a").len(), 2);
}

#[test]
fn attribute_values_of_different_types_are_different() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let values: [AttributeValue; 4] = ["1".into(), 1.into(), true.into(), "true".into()];
    for value in &values {
        let attributes = [("k", value.clone())];
        counter.bind(&attributes).unwrap().increment();
    }
    let epoch = registry.flush();
    let found = series(&epoch, "a");
    let bound = found.iter().skip(1).map(|(attributes, value)| {
        assert!(matches!(value, Value::Counter(1)));
        attributes.iter().next().unwrap().1.clone()
    });
    assert_eq!(bound.collect::<Vec<_>>(), values);
}

#[test]
fn every_kind_binds() {
    let registry = Registry::new();
    let attributes = [("peer", "a")];
    let level = registry.up_down_counter("level").unwrap();
    let gauge = registry.gauge("gauge").unwrap();
    let histogram = Instrument::new("histogram").range(1, 1_000).digits(1);
    let histogram = registry.histogram(histogram).unwrap();
    level.bind(&attributes).unwrap().add(-2);
    gauge.bind(&attributes).unwrap().set(2.5);
    histogram.bind(&attributes).unwrap().record(900);
    let epoch = registry.flush();
    let bound = |name| series(&epoch, name)[1].1;
    assert!(matches!(bound("level"), Value::UpDownCounter(-2)));
    assert!(matches!(bound("gauge"), Value::Gauge(Some(2.5))));
    let found = epoch.distribution("histogram", &attributes).unwrap();
    assert_eq!(found.count(), 1);
    assert_eq!(
        (found.layout().highest(), found.layout().digits()),
        (1_000, 1)
    );
    assert_eq!(epoch.histogram("histogram").unwrap().len(), 0);
}

#[test]
fn past_the_limit_all_sets_share_the_overflow_series() {
    const LIMIT: u32 = 5;
    const PEERS: i64 = 20;
    let registry = Registry::builder().cardinality_limit(LIMIT).build();
    let counter = registry.counter("a").unwrap();
    for round in 1..=3_u32 {
        for peer in 0..PEERS {
            // Sets bound before the limit was met keep their series after it.
            counter.bind(&[("peer", peer)]).unwrap().add(1 << peer);
        }
        let epoch = registry.flush();
        let found = series(&epoch, "a");
        // The limit is on the sets bound, so the empty one comes on top.
        assert_eq!(found.len(), LIMIT as usize + 1, "in round {round}");
        let mut own = 0;
        for (attributes, value) in &found {
            let Value::Counter(gain) = *value else {
                panic!("{value:?}")
            };
            match attributes.iter().next() {
                None => assert_eq!(gain, 0),
                Some(("peer", AttributeValue::Int(peer))) => {
                    assert_eq!(gain, 1 << peer);
                    own += gain;
                }
                Some((key, is_overflow)) => {
                    assert_eq!(attributes.iter().len(), 1);
                    assert_eq!(key, "otel.metric.overflow");
                    assert_eq!(*is_overflow, AttributeValue::Bool(true));
                    assert_eq!(gain + own, (1 << PEERS) - 1);
                }
            }
        }
        assert_eq!(gain(&epoch, "a"), (1 << PEERS) - 1, "nothing is lost");
    }
}

#[test]
fn one_instruments_overflow_is_not_anothers() {
    let registry = Registry::builder().cardinality_limit(3).build();
    let full = registry.counter("full").unwrap();
    let roomy = registry.counter("roomy").unwrap();
    for peer in 0..10_i64 {
        full.bind(&[("peer", peer)]).unwrap().increment();
    }
    roomy.bind(&[("peer", "x")]).unwrap().increment();
    let epoch = registry.flush();
    assert_eq!(epoch.counter_with("roomy", &[("peer", "x")]), Some(1));
    assert_eq!(gain(&epoch, "full"), 10);
}

#[test]
fn threads_that_bind_one_set_share_its_series() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for peer in 0..50_i64 {
                    counter.bind(&[("peer", peer)]).unwrap().increment();
                }
            });
        }
    });
    let epoch = registry.flush();
    let found = series(&epoch, "a");
    assert_eq!(found.len(), 51);
    let bound = found.iter().skip(1);
    assert!(
        bound
            .into_iter()
            .all(|(_, v)| matches!(v, Value::Counter(8)))
    );
}

#[test]
fn a_small_limit_loses_nothing() {
    for (limit, bound) in [(0, 1), (1, 1), (2, 2), (3, 3)] {
        let registry = Registry::builder().cardinality_limit(limit).build();
        let counter = registry.counter("a").unwrap();
        for peer in 0..10_i64 {
            counter.bind(&[("peer", peer)]).unwrap().increment();
        }
        let epoch = registry.flush();
        assert_eq!(gain(&epoch, "a"), 10, "with a limit of {limit}");
        assert_eq!(series(&epoch, "a").len(), 1 + bound);
    }
}

#[test]
fn the_limit_is_opentelemetrys_by_default() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    for peer in 0..2_100_i64 {
        counter.bind(&[("peer", peer)]).unwrap().increment();
    }
    let epoch = registry.flush();
    assert_eq!(series(&epoch, "a").len(), 1 + 2_000);
    assert_eq!(gain(&epoch, "a"), 2_100);
}

#[test]
fn binding_marks_the_instrument() {
    let registry = Registry::new();
    let bound = registry.counter("bound").unwrap();
    registry.counter("plain").unwrap();
    bound.bind(&[("peer", "a")]).unwrap();
    let is_bound = |index: usize| registry.catalog().instruments()[index].is_bound();
    assert_eq!([0, 1].map(is_bound), [true, false]);
}

#[test]
fn binding_a_registered_set_marks_the_instrument() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let by_hand = Instrument::new("a").attribute("peer", "a");
    registry.counter(by_hand).unwrap();
    counter.bind(&[("peer", "a")]).unwrap();
    assert!(registry.catalog().instruments()[0].is_bound());
}

#[derive(Clone)]
struct Registering(Registry);

impl From<Registering> for AttributeValue {
    fn from(this: Registering) -> Self {
        this.0.counter("conversions").unwrap().increment();
        "converted".into()
    }
}

#[test]
fn the_conversion_of_a_value_may_register() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let attributes = [("k", Registering(registry.clone()))];
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || done.send(counter.bind(&attributes).is_ok()));
    // The time limit turns a deadlock into a failure, and nothing else.
    let bound = is_done.recv_timeout(Duration::from_secs(10));
    assert_eq!(bound, Ok(true));
    assert_eq!(registry.flush().counter("conversions"), Some(1));
}

#[test]
fn a_hundred_thousand_sets_are_bound() {
    let registry = Registry::builder()
        .counter_capacity(100_002)
        .cardinality_limit(100_001)
        .build();
    let counter = registry.counter("c").unwrap();
    for peer in 0..100_000_i64 {
        counter.bind(&[("peer", peer)]).unwrap();
    }
    let catalog = registry.catalog();
    assert_eq!(catalog.instruments()[0].series().len(), 100_001);
    // One is left, and it is the overflow series.
    counter.bind(&[("peer", -1_i64)]).unwrap();
    counter.bind(&[("peer", -2_i64)]).unwrap();
    assert_eq!(registry.catalog().series().len(), 100_002);
}
