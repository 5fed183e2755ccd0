//! Counters.

use metrics::counter;

use crate::fixture::Fixture;

#[test]
fn increments_add_up_over_handles_and_flushes() {
    let fixture = Fixture::new();
    let kept = fixture.record(|| counter!("c"));
    kept.increment(40);
    fixture.record(|| counter!("c").increment(1));
    assert_eq!(fixture.flushed().counter("c"), Some(41));
    kept.clone().increment(1);
    assert_eq!(fixture.flushed().counter("c"), Some(42));
}

#[test]
fn a_counter_is_reported_from_its_first_handle() {
    let arrived = Fixture::new().recorded(|| drop(counter!("c")));
    assert_eq!(arrived.counter("c"), Some(0));
}

#[test]
fn an_absolute_value_is_where_the_counter_stands_and_never_lowers_it() {
    let fixture = Fixture::new();
    fixture.record(|| {
        counter!("c").absolute(40);
        counter!("c").absolute(42);
        counter!("c").absolute(41);
        counter!("c").absolute(42);
    });
    assert_eq!(fixture.flushed().counter("c"), Some(42));
    fixture.record(|| counter!("c").absolute(43));
    assert_eq!(fixture.flushed().counter("c"), Some(43));
}

#[test]
fn absolute_values_of_one_series_are_one_whatever_the_order_of_its_labels() {
    let arrived = Fixture::new().recorded(|| {
        counter!("c", "a" => "1", "b" => "2").absolute(5);
        counter!("c", "b" => "2", "a" => "1").absolute(7);
        counter!("c", "a" => "1").absolute(3);
    });
    let series = [("a", "1"), ("b", "2")];
    assert_eq!(arrived.counter_with("c", &series), Some(7));
    assert_eq!(arrived.counter_with("c", &[("a", "1")]), Some(3));
}

#[test]
fn increments_come_on_top_of_absolute_values() {
    let arrived = Fixture::new().recorded(|| {
        counter!("c").absolute(5);
        counter!("c").increment(2);
        counter!("c").absolute(6);
    });
    assert_eq!(arrived.counter("c"), Some(8));
}

#[test]
fn a_counter_of_prometheus_keeps_its_name() {
    let arrived = Fixture::new().recorded(|| counter!("requests_total").increment(1));
    assert_eq!(arrived.names(), ["requests_total"]);
}
