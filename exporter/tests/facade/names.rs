//! Names.

use metrics::{counter, describe_counter};

use crate::fixture::Fixture;

#[test]
fn what_a_name_may_not_have_becomes_an_underscore() {
    let arrived = Fixture::new().recorded(|| {
        counter!("my metric").increment(1);
        counter!("my:metric").increment(2);
        counter!("5xx").increment(4);
    });
    assert_eq!(arrived.counter("my_metric"), Some(3));
    assert_eq!(arrived.counter("m_5xx"), Some(4));
}

#[test]
fn empty_and_too_long_names_are_dropped_and_counted() {
    let fixture = Fixture::new();
    let arrived = fixture.recorded(|| {
        counter!("").increment(1);
        counter!("n".repeat(256)).increment(1);
        describe_counter!("", "no name");
        counter!("n".repeat(255)).increment(1);
    });
    assert_eq!(arrived.names().len(), 1);
    assert_eq!(fixture.recorder.dropped().invalid_names, 3);
}
