//! Every form in which the macros may be called.

use std::sync::Arc;

use metrics::{
    Level, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::fixture::Fixture;

#[test]
fn names_are_literals_constants_or_texts_made_at_run_time() {
    const NAME: &str = "constant";
    let arrived = Fixture::new().recorded(|| {
        counter!("literal").increment(1);
        counter!(NAME).increment(2);
        counter!(format!("made_{}", 3)).increment(3);
        counter!(String::from("owned")).increment(4);
        counter!(Arc::<str>::from("shared")).increment(5);
        counter!("trailing",).increment(6);
    });
    for (name, expected) in [
        ("literal", 1),
        ("constant", 2),
        ("made_3", 3),
        ("owned", 4),
        ("shared", 5),
        ("trailing", 6),
    ] {
        assert_eq!(arrived.counter(name), Some(expected), "{name}");
    }
}

#[test]
fn labels_are_literals_or_texts_made_at_run_time() {
    let value = String::from("xyz");
    let arrived = Fixture::new().recorded(|| {
        counter!("c", "uvw" => "xyz").increment(1);
        counter!("c", "uvw" => value.clone()).increment(1);
        counter!("c", &[("uvw", value.clone())]).increment(1);
        counter!(format!("{}", "c"), "uvw" => "xyz").increment(1);
        counter!("c", vec![]).increment(1);
        counter!("c", "uvw" => format!("{value}!"),).increment(1);
    });
    assert_eq!(arrived.counter_with("c", &[("uvw", "xyz")]), Some(4));
    assert_eq!(arrived.counter_with("c", &[("uvw", "xyz!")]), Some(1));
    assert_eq!(arrived.counter("c"), Some(1));
}

#[test]
fn targets_and_levels_make_no_difference() {
    let arrived = Fixture::new().recorded(|| {
        counter!(target: "t", "c").increment(1);
        counter!(level: Level::TRACE, "c").increment(1);
        counter!(target: "t", level: Level::ERROR, "c").increment(1);
        gauge!(target: "t", "g").set(1.0);
        histogram!(level: Level::DEBUG, "h").record(1.0);
    });
    assert_eq!(arrived.counter("c"), Some(3));
    assert_eq!(arrived.gauge("g"), Some(1.0));
    assert_eq!(arrived.histogram("h").count, 1);
}

#[test]
fn every_kind_is_described_with_and_without_a_unit() {
    let arrived = Fixture::new().recorded(|| {
        describe_counter!("c", "a counter");
        describe_gauge!("g", Unit::Bytes, "a gauge");
        describe_histogram!(format!("h{}", 1), Unit::Milliseconds, "a histogram");
        counter!("c").increment(1);
        gauge!("g").set(1.0);
        histogram!("h1").record(1.0);
    });
    let described = arrived.0.values();
    let described: Vec<_> = described.map(|m| (&*m.description, &*m.unit)).collect();
    assert_eq!(
        described,
        [("a counter", ""), ("a gauge", "By"), ("a histogram", "ms")]
    );
}

#[test]
fn nothing_is_recorded_where_no_recorder_is_in_force() {
    let fixture = Fixture::new();
    fixture.record(|| counter!("c").increment(1));
    counter!("c").increment(10);
    assert_eq!(fixture.flushed().counter("c"), Some(1));
}

#[test]
fn a_handle_records_where_it_was_made() {
    let fixture = Fixture::new();
    let counter = fixture.record(|| counter!("c"));
    counter.increment(1);
    Fixture::new().record(|| counter.increment(10));
    assert_eq!(fixture.flushed().counter("c"), Some(11));
}

#[test]
fn recorders_in_force_within_each_other_record_apart() {
    let (outer, inner) = (Fixture::new(), Fixture::new());
    outer.record(|| {
        counter!("c").increment(1);
        inner.record(|| counter!("c").increment(10));
        counter!("c").increment(100);
    });
    assert_eq!(outer.flushed().counter("c"), Some(101));
    assert_eq!(inner.flushed().counter("c"), Some(10));
}
