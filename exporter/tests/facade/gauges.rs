//! Gauges.

use metrics::gauge;

use crate::fixture::Fixture;

#[test]
fn a_gauge_is_set_rises_and_falls() {
    let fixture = Fixture::new();
    fixture.record(|| {
        gauge!("g").set(40);
        gauge!("g").increment(3.5);
        gauge!("g").decrement(1.5);
    });
    assert_eq!(fixture.flushed().gauge("g"), Some(42.0));
    fixture.record(|| gauge!("g").decrement(42));
    assert_eq!(fixture.flushed().gauge("g"), Some(0.0));
}

#[test]
fn a_gauge_starts_at_zero_and_is_reported_once_it_was_recorded_into() {
    let fixture = Fixture::new();
    let gauge = fixture.record(|| gauge!("g"));
    assert_eq!(fixture.flushed().gauge("g"), None);
    gauge.increment(-1.5);
    assert_eq!(fixture.flushed().gauge("g"), Some(-1.5));
}

#[test]
fn all_handles_of_a_gauge_are_one() {
    let arrived = Fixture::new().recorded(|| {
        let one = gauge!("g", "a" => "1", "b" => "2");
        let other = gauge!("g", "b" => "2", "a" => "1");
        one.set(5);
        other.increment(1);
        one.increment(1);
        gauge!("g").set(1);
    });
    let series = [("a", "1"), ("b", "2")];
    assert_eq!(arrived.gauge_with("g", &series), Some(7.0));
    assert_eq!(arrived.gauge("g"), Some(1.0));
}

#[test]
fn what_this_librarys_own_gauge_is_set_to_stands_until_the_next_record() {
    let fixture = Fixture::new();
    fixture.record(|| gauge!("g").set(1));
    fixture.flushed();
    fixture.telemetry.gauge("g").unwrap().set(2.0);
    assert_eq!(fixture.flushed().gauge("g"), Some(2.0));
    fixture.record(|| gauge!("g").increment(1));
    assert_eq!(fixture.flushed().gauge("g"), Some(2.0));
}
