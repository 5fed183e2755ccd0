//! Descriptions and units.

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use pqcnet_telemetry::core::Instrument;

use crate::fixture::Fixture;

#[test]
fn units_are_written_as_ucum_does() {
    for (unit, expected) in [
        (Unit::Count, "{count}"),
        (Unit::Percent, "%"),
        (Unit::Seconds, "s"),
        (Unit::Milliseconds, "ms"),
        (Unit::Microseconds, "us"),
        (Unit::Nanoseconds, "ns"),
        (Unit::Tebibytes, "TiBy"),
        (Unit::Gibibytes, "GiBy"),
        (Unit::Mebibytes, "MiBy"),
        (Unit::Kibibytes, "KiBy"),
        (Unit::Bytes, "By"),
        (Unit::TerabitsPerSecond, "Tbit/s"),
        (Unit::GigabitsPerSecond, "Gbit/s"),
        (Unit::MegabitsPerSecond, "Mbit/s"),
        (Unit::KilobitsPerSecond, "kbit/s"),
        (Unit::BitsPerSecond, "bit/s"),
        (Unit::CountPerSecond, "{count}/s"),
    ] {
        let fixture = Fixture::new();
        let arrived = fixture.recorded(|| {
            describe_counter!("c", unit, "a counter");
            describe_gauge!("g", unit, "a gauge");
            describe_histogram!("h", unit, "a histogram");
            counter!("c").increment(1);
            gauge!("g").set(1);
            histogram!("h").record(1);
        });
        let units: Vec<_> = arrived.0.values().map(|metric| &*metric.unit).collect();
        assert_eq!(units, [expected; 3]);
    }
}

#[test]
fn a_longer_description_is_taken_over_also_after_the_first_record() {
    let fixture = Fixture::new();
    fixture.record(|| {
        describe_counter!("c", Unit::Bytes, "received");
        counter!("c").increment(1);
        describe_counter!("c", Unit::Bytes, "bytes received from all peers");
        describe_counter!("c", "less");
    });
    let arrived = fixture.flushed();
    assert_eq!(arrived.0["c"].description, "bytes received from all peers");
    assert_eq!(arrived.0["c"].unit, "By");
    assert_eq!(fixture.recorder.dropped().late_units, 0);
}

#[test]
fn a_unit_that_comes_too_late_is_counted_and_the_description_is_kept() {
    let fixture = Fixture::new();
    fixture.record(|| {
        histogram!("h").record(1);
        describe_histogram!("h", Unit::Seconds, "time waited");
        histogram!("h").record(1);
    });
    let arrived = fixture.flushed();
    assert_eq!(arrived.0["h"].unit, "");
    assert_eq!(arrived.0["h"].description, "time waited");
    assert_eq!(arrived.histogram("h").count, 2);
    assert_eq!(fixture.recorder.dropped().late_units, 1);
}

#[test]
fn of_two_units_the_first_one_described_is_kept() {
    let fixture = Fixture::new();
    let arrived = fixture.recorded(|| {
        describe_counter!("c", "no unit yet");
        describe_counter!("c", Unit::Bytes, "bytes");
        describe_counter!("c", Unit::Count, "counts");
        counter!("c").increment(1);
    });
    assert_eq!(arrived.0["c"].unit, "By");
    assert_eq!(fixture.recorder.dropped().late_units, 1);
}

#[test]
fn a_description_is_of_its_kind() {
    let fixture = Fixture::new();
    let arrived = fixture.recorded(|| {
        describe_gauge!("x", Unit::Bytes, "a gauge");
        counter!("x").increment(1);
    });
    assert_eq!(
        (&*arrived.0["x"].unit, &*arrived.0["x"].description),
        ("", "")
    );
}

#[test]
fn what_this_librarys_own_calls_registered_keeps_its_unit_and_range() {
    let fixture = Fixture::new();
    let telemetry = &fixture.telemetry;
    let wait = Instrument::new("wait").unit("s").decimals(6).digits(3);
    telemetry.histogram(wait).unwrap().record(1_500_000);
    let bytes = telemetry.counter(Instrument::new("bytes").unit("By"));
    bytes.unwrap().add(1);
    let arrived = fixture.recorded(|| {
        describe_counter!("bytes", Unit::Kibibytes, "");
        histogram!("wait").record(0.5);
        counter!("bytes").increment(2);
    });
    assert_eq!(arrived.histogram("wait").sum, Some(2.0));
    assert_eq!(arrived.counter("bytes"), Some(3));
    assert_eq!(arrived.0["bytes"].unit, "By");
    assert_eq!(fixture.recorder.dropped().late_units, 1);
}
