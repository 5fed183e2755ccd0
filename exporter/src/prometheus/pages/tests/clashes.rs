//! Instruments and series that end up under one name.

use pqcnet_telemetry_core::{Instrument, Registry};

use super::parser::parse;
use super::{OPEN_METRICS, TEXT, families, lines, options, pages, text};
use crate::prometheus::pages::Pages;

fn page_of(registry: &Registry) -> Pages {
    let mut pages = pages(&options());
    pages.add(&registry.flush());
    pages
}

#[test]
fn instruments_of_one_name_and_type_are_one_family() {
    let registry = Registry::new();
    let first = Instrument::new("bar").unit("By").attribute("type", "one");
    registry.counter(first.description("first")).unwrap().add(1);
    registry.counter(Instrument::new("between")).unwrap().add(7);
    let second = Instrument::new("bar.bytes").attribute("type", "two");
    registry
        .counter(second.description("second"))
        .unwrap()
        .add(2);
    let mut pages = page_of(&registry);
    for format in [TEXT, OPEN_METRICS] {
        let page = text(&mut pages, format);
        parse(&page, format == OPEN_METRICS).unwrap();
        let samples = [
            "bar_bytes_total{,type=\"one\"} 1",
            "bar_bytes_total{,type=\"two\"} 2",
        ];
        assert_eq!(lines(&page, "bar_bytes_total"), samples);
        assert_eq!(page.matches("# HELP bar_bytes").count(), 1);
        assert!(page.contains(" first\n"));
    }
    // Only the description was dropped.
    assert_eq!(pages.dropped_conflicts(), 0);
}

#[test]
fn of_two_types_the_first_stays() {
    let registry = Registry::new();
    registry.up_down_counter("foo.total").unwrap().add(1);
    registry.counter("foo").unwrap().add(2);
    let mut pages = page_of(&registry);
    let page = text(&mut pages, TEXT);
    parse(&page, false).unwrap();
    assert_eq!(lines(&page, "foo_total"), ["foo_total{} 1"]);
    assert_eq!(lines(&page, "# TYPE foo_total"), ["# TYPE foo_total gauge"]);
    assert_eq!(pages.dropped_conflicts(), 1);
    text(&mut pages, OPEN_METRICS);
    assert_eq!(pages.dropped_conflicts(), 1);
}

#[test]
fn a_sample_s_name_is_taken_too() {
    let registry = Registry::new();
    registry.histogram("wait").unwrap().record(1);
    registry.gauge("wait.sum").unwrap().set(5.0);
    registry.gauge("wait.created").unwrap().set(6.0);
    registry.gauge("target.info").unwrap().set(7.0);
    registry.gauge("target").unwrap().set(8.0);
    let mut pages = page_of(&registry);
    let page = text(&mut pages, TEXT);
    parse(&page, false).unwrap();
    assert_eq!(lines(&page, "wait_sum"), ["wait_sum{} 1"]);
    // No sample of 0.0.4 has these names.
    assert_eq!(lines(&page, "wait_created"), ["wait_created{} 6.0"]);
    assert_eq!(lines(&page, "target{"), ["target{} 8.0"]);
    assert_eq!(page.matches("target_info{").count(), 1);
    assert_eq!(pages.dropped_conflicts(), 2);
    let page = text(&mut pages, OPEN_METRICS);
    parse(&page, true).unwrap();
    assert_eq!(lines(&page, "target{"), [""; 0]);
    assert_eq!(pages.dropped_conflicts(), 4);
}

#[test]
fn series_with_the_same_labels_are_added_up() {
    let registry = Registry::new();
    let counter = |name: &'static str, key: &'static str| {
        registry
            .counter(Instrument::new(name).attribute(key, "x"))
            .unwrap()
    };
    counter("foo.bar", "a.b").add(1);
    counter("foo.bar", "a_b").add(2);
    counter("foo_bar", "a-b").add(4);
    let histogram = |key: &'static str| {
        let wait = Instrument::new("wait").unit("s").decimals(3);
        registry.histogram(wait.attribute(key, "x")).unwrap()
    };
    histogram("a.b").record(4);
    histogram("a_b").record(2_000);
    for (key, value) in [("a.b", 1.0), ("a_b", 2.0)] {
        let gauge = registry.gauge(Instrument::new("level").attribute(key, "x"));
        gauge.unwrap().set(value);
    }
    let seconds = |name: &'static str, decimals| {
        registry
            .counter(Instrument::new(name).unit("s").decimals(decimals))
            .unwrap()
    };
    seconds("spent.time", 3).add(1);
    seconds("spent_time", 6).add(1);
    let mut pages = page_of(&registry);
    let page = text(&mut pages, TEXT);
    parse(&page, false).unwrap();
    assert_eq!(lines(&page, "foo_bar"), ["foo_bar_total{a_b=\"x\"} 7"]);
    let sum = ["wait_seconds_sum{a_b=\"x\"} 2.004"];
    assert_eq!(lines(&page, "wait_seconds_sum"), sum);
    assert_eq!(
        lines(&page, "wait_seconds_count"),
        ["wait_seconds_count{a_b=\"x\"} 2"]
    );
    let bucket = ["wait_seconds_bucket{a_b=\"x\",le=\"0.005\"} 1"];
    assert_eq!(lines(&page, "wait_seconds_bucket")[..1], bucket);
    // There is no sum of gauges, nor of what counts in other steps.
    assert_eq!(lines(&page, "level"), ["level{a_b=\"x\"} 1.0"]);
    assert_eq!(lines(&page, "spent"), ["spent_time_seconds_total{} 0.001"]);
    assert_eq!(pages.dropped_conflicts(), 2);
    let protobuf = families(&mut pages, super::PROTOBUF);
    let wait = protobuf
        .iter()
        .find(|family| family.name() == "wait_seconds")
        .unwrap();
    let [wait] = &wait.metric[..] else {
        panic!("one series");
    };
    let wait = wait.histogram.as_ref().unwrap();
    assert_eq!((wait.sample_count(), wait.sample_sum()), (2, 2.004));
    assert_eq!(
        wait.positive_span
            .iter()
            .map(|span| span.length.unwrap())
            .sum::<u32>(),
        2
    );
}

#[test]
fn a_series_that_differs_by_an_empty_value_is_the_same() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    counter.add(1);
    counter.bind(&[("peer", "")]).unwrap().add(2);
    counter.bind(&[("peer", "true")]).unwrap().add(3);
    counter.bind(&[("peer", true)]).unwrap().add(4);
    let page = text(&mut page_of(&registry), TEXT);
    parse(&page, false).unwrap();
    assert_eq!(
        lines(&page, "a_total"),
        ["a_total{} 3", "a_total{,peer=\"true\"} 7"]
    );
}
