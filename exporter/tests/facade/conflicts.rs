//! What can't be recorded is dropped, counted, and harms nothing else.

use metrics::{counter, gauge, histogram};

use crate::fixture::Fixture;

#[test]
fn a_name_keeps_the_kind_of_its_first_use() {
    let fixture = Fixture::new();
    let arrived = fixture.recorded(|| {
        counter!("x").increment(1);
        gauge!("x").set(2.0);
        histogram!("x", "a" => "1").record(3.0);
        gauge!("x").set(4.0);
        counter!("x").increment(1);
    });
    assert_eq!(arrived.names(), ["x"]);
    assert_eq!(arrived.counter("x"), Some(2));
    assert_eq!(fixture.recorder.dropped().conflicts, 3);
}

#[test]
fn a_full_registry_drops_the_newcomer_and_keeps_the_rest() {
    let fixture = Fixture::with(|config| config.with_counter_capacity(2));
    let arrived = fixture.recorded(|| {
        for name in ["a", "b", "c", "d", "a", "c"] {
            counter!(name).increment(1);
        }
        counter!("a", "k" => "v").increment(1);
        gauge!("g").set(1.0);
    });
    assert_eq!(arrived.names(), ["a", "b", "g"]);
    assert_eq!(arrived.counter("a"), Some(2));
    assert_eq!(fixture.recorder.dropped().no_room, 4);
}

#[test]
fn the_librarys_own_metrics_tell_what_was_dropped() {
    let fixture = Fixture::with(|config| config.with_self_metrics(true));
    fixture.record(|| {
        counter!("x").increment(1);
        gauge!("x").set(2.0);
        gauge!("x").set(2.0);
        histogram!("h").record(-1.0);
    });
    let arrived = fixture.flushed();
    let dropped = |reason| {
        let attributes = [("error.type", reason)];
        arrived.counter_with("pqcnet.telemetry.facade.dropped", &attributes)
    };
    assert_eq!(dropped("conflict"), Some(2));
    assert_eq!(dropped("value"), Some(1));
    assert_eq!(dropped("no-room"), Some(0));
}
