//! Series that end: the receiver gets their last totals, whatever happens on the
//! way, and what begins in their place begins anew.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use opentelemetry_proto::tonic::metrics::v1::NumberDataPoint;
use pqcnet_telemetry::core::Counter;
use pqcnet_telemetry::{DropReason, Protocol, Signal, TelemetryHandle, Temporality};

mod support;

use support::read::{metrics_in, points_of, texts, value_of};
use support::sink::{Request, Sink};
use support::telemetry::{
    config, failing_sink, flush_until_delivered, report_of, simulated, status,
};

const FORMATS: [Protocol; 2] = [Protocol::HttpJson, Protocol::HttpProtobuf];

fn telemetry(sink: &Sink, protocol: Protocol, temporality: Temporality) -> TelemetryHandle {
    let config = config(&sink.url())
        .with_protocol(protocol)
        .with_temporality(temporality);
    simulated(config)
}

fn peer(telemetry: &TelemetryHandle, name: &str) -> Counter {
    let messages = telemetry.counter("messages").unwrap();
    messages.bind(&[("peer", name)]).unwrap()
}

/// The points of `messages` in a request, by peer.
fn peers_in(request: &Request) -> BTreeMap<String, NumberDataPoint> {
    let metrics = metrics_in(request);
    let messages = metrics.iter().filter(|metric| metric.name == "messages");
    let points = messages.flat_map(points_of);
    let points = points.map(|point| {
        let peer = texts(&point.attributes).remove("peer");
        (peer.unwrap_or_default(), point.clone())
    });
    points.collect()
}

fn values_in(request: &Request) -> BTreeMap<String, i64> {
    let peers = peers_in(request).into_iter();
    peers
        .map(|(peer, point)| (peer, value_of(&point)))
        .collect()
}

/// The last request that has arrived.
fn last_of(sink: &Sink) -> Request {
    sink.received().pop().unwrap()
}

fn values<const N: usize>(expected: [(&str, i64); N]) -> BTreeMap<String, i64> {
    expected
        .map(|(peer, value)| (peer.to_owned(), value))
        .into()
}

#[test]
fn its_last_total_is_reported_once_more() {
    for protocol in FORMATS {
        let sink = Sink::start();
        let telemetry = telemetry(&sink, protocol, Temporality::Cumulative);
        let (a, b) = (peer(&telemetry, "a"), peer(&telemetry, "b"));
        a.add(1);
        b.add(10);
        telemetry.flush().unwrap();
        a.add(2);
        a.end();
        let snapshot = telemetry.flush().unwrap();
        assert_eq!(snapshot.counters["messages{peer=a}"], 2);
        telemetry.flush().unwrap();
        let said: Vec<_> = sink.received().iter().map(values_in).collect();
        assert_eq!(said[0], values([("a", 1), ("b", 10)]));
        assert_eq!(said[1], values([("a", 3), ("b", 10)]));
        assert_eq!(said[2], values([("b", 10)]));
    }
}

#[test]
fn its_last_total_survives_an_outage() {
    for (protocol, answer) in [
        (Protocol::HttpJson, "503 Service Unavailable"),
        (Protocol::HttpProtobuf, "401 Unauthorized"),
    ] {
        let (sink, is_up) = failing_sink(status(answer));
        let telemetry = telemetry(&sink, protocol, Temporality::Cumulative);
        for (name, n) in [("a", 1), ("b", 2), ("c", 3)] {
            let counter = peer(&telemetry, name);
            counter.add(n);
            counter.end();
            telemetry.flush().unwrap_err();
        }
        is_up.store(true, Ordering::SeqCst);
        let snapshot = flush_until_delivered(&telemetry);
        assert_eq!(snapshot.counters.len(), 3);
        let last = last_of(&sink);
        assert_eq!(values_in(&last), values([("a", 1), ("b", 2), ("c", 3)]));
        peer(&telemetry, "d").add(4);
        telemetry.flush().unwrap();
        let last = last_of(&sink);
        assert_eq!(values_in(&last), values([("d", 4)]));
    }
}

#[test]
fn one_that_begins_again_begins_after_its_last_report() {
    for protocol in FORMATS {
        let sink = Sink::start();
        let telemetry = telemetry(&sink, protocol, Temporality::Cumulative);
        for n in 1..4 {
            let counter = peer(&telemetry, "a");
            counter.add(n);
            counter.end();
            let snapshot = telemetry.flush().unwrap();
            assert_eq!(snapshot.counters["messages{peer=a}"], n);
        }
        let requests = sink.received();
        let points = requests.iter().map(|request| peers_in(request).remove("a"));
        let points: Vec<_> = points.map(Option::unwrap).collect();
        assert_eq!(points.iter().map(value_of).collect::<Vec<_>>(), [1, 2, 3]);
        for pair in points.windows(2) {
            assert!(pair[1].start_time_unix_nano >= pair[0].time_unix_nano);
        }
    }
}

/// Both lives of a series in one snapshot and, one after the other, in reports.
#[test]
fn two_lives_within_an_outage_are_both_told() {
    let (sink, is_up) = failing_sink(status("503 Service Unavailable"));
    let telemetry = telemetry(&sink, Protocol::HttpJson, Temporality::Cumulative);
    let histogram = telemetry.histogram("wait").unwrap();
    for n in [1, 2] {
        let counter = peer(&telemetry, "a");
        counter.add(n);
        counter.end();
        let wait = histogram.bind(&[("peer", "a")]).unwrap();
        wait.record(n);
        wait.end();
        telemetry.flush().unwrap_err();
    }
    is_up.store(true, Ordering::SeqCst);
    let snapshot = flush_until_delivered(&telemetry);
    assert_eq!(snapshot.counters["messages{peer=a}"], 3);
    let wait = &snapshot.histograms["wait{peer=a}"];
    assert_eq!((wait.count, wait.sum), (2, 3));
    let last = last_of(&sink);
    let metrics = metrics_in(&last);
    let messages = metrics.iter().find(|metric| metric.name == "messages");
    let lives = points_of(messages.unwrap()).iter();
    let mut lives: Vec<_> = lives
        .map(|point| (point.start_time_unix_nano, value_of(point)))
        .collect();
    lives.sort_unstable();
    let values: Vec<_> = lives.iter().map(|(_, value)| *value).collect();
    assert_eq!(values, [1, 2]);
    assert!(lives[0].0 < lives[1].0);
}

#[test]
fn a_refused_delta_of_it_comes_again() {
    for protocol in FORMATS {
        let (sink, is_up) = failing_sink(status("400 Bad Request"));
        let telemetry = telemetry(&sink, protocol, Temporality::Delta);
        let counter = peer(&telemetry, "a");
        counter.add(5);
        let level = telemetry.up_down_counter("level").unwrap();
        let level = level.bind(&[("peer", "a")]).unwrap();
        level.add(-7);
        counter.end();
        level.end();
        telemetry.flush().unwrap_err();
        is_up.store(true, Ordering::SeqCst);
        // Its index and slot are another's by now.
        peer(&telemetry, "b").add(1);
        flush_until_delivered(&telemetry);
        let last = last_of(&sink);
        assert_eq!(values_in(&last), values([("a", 5), ("b", 1)]));
        let metrics = metrics_in(&last);
        let level = metrics
            .iter()
            .find(|metric| metric.name == "level")
            .unwrap();
        assert_eq!(value_of(&points_of(level)[0]), -7);
        peer(&telemetry, "b").add(1);
        telemetry.flush().unwrap();
        let last = last_of(&sink);
        assert_eq!(values_in(&last), values([("b", 1)]));
        assert!(
            metrics_in(&last)
                .iter()
                .all(|metric| metric.name != "level")
        );
    }
}

#[test]
fn those_that_wait_for_a_report_are_bounded_and_counted() {
    const MORE: u64 = 5;
    let (sink, is_up) = failing_sink(status("503 Service Unavailable"));
    let telemetry = telemetry(&sink, Protocol::HttpProtobuf, Temporality::Cumulative);
    for batch in 0..(10_000 + MORE).div_ceil(1_000) {
        for n in 0..1_000.min(10_000 + MORE - batch * 1_000) {
            let counter = peer(&telemetry, &format!("{batch}.{n}"));
            counter.add(1);
            counter.end();
        }
        telemetry.flush().unwrap_err();
    }
    is_up.store(true, Ordering::SeqCst);
    flush_until_delivered(&telemetry);
    let report = report_of(&telemetry, Signal::Metrics);
    assert_eq!(report.dropped, [(DropReason::Ended, MORE)].into());
}
