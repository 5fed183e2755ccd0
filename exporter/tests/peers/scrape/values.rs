//! Every sample: that of the page, and that of the snapshot.

use std::collections::BTreeMap;

use pqcnet_telemetry::core::Instrument;
use pqcnet_telemetry::{PrometheusConfig, TelemetryHandle, TranslationStrategy};
use serde_json::Value;

use super::{TEXT, labels_of, name_of, page, scraped_from_now_on, scraping, served};
use crate::handle::{WAITS, recorded_while};
use crate::promql::{float, number};

type Samples = BTreeMap<BTreeMap<String, String>, f64>;

const BOUNDS: [f64; 3] = [0.0, 2.0, 5.0];

/// A bound as one number, however it is written.
pub(super) fn canonical(mut labels: BTreeMap<String, String>) -> BTreeMap<String, String> {
    if let Some(le) = labels.get_mut("le") {
        *le = le.parse::<f64>().unwrap().to_string();
    }
    labels
}

/// The samples of a page whose labels have neither commas nor quotes in them.
fn samples_on(page: &str) -> Samples {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap();
        let labels = labels.strip_suffix('}').unwrap().split(',');
        let pairs = labels.map(|label| {
            let (name, value) = label.split_once('=').unwrap();
            (name.to_owned(), value.trim_matches('"').to_owned())
        });
        let name = ("__name__".to_owned(), name.to_owned());
        (
            canonical(pairs.chain([name]).collect()),
            value.parse().unwrap(),
        )
    };
    lines.map(sample).collect()
}

/// Those that were found. When series began is on pages of one format only.
fn samples_in(found: &[Value]) -> Samples {
    let samples = found.iter().map(|series| {
        let value = float(&series["value"][1]);
        (canonical(labels_of(series)), value)
    });
    samples
        .filter(|(labels, _)| !labels["__name__"].ends_with("_created"))
        .collect()
}

fn record_each_kind(telemetry: &TelemetryHandle) {
    let bytes = Instrument::new("net.bytes").unit("By");
    let bytes = telemetry.counter(bytes).unwrap();
    bytes.bind(&[("peer.id", "a")]).unwrap().add(5);
    bytes.bind(&[("peer.id", "b")]).unwrap().add(u64::MAX / 2);
    telemetry.up_down_counter("open").unwrap().add(-7);
    let load = Instrument::new("load").unit("1");
    telemetry.gauge(load).unwrap().set(0.25);
    telemetry.gauge("limit").unwrap().set(f64::INFINITY);
    let held = Instrument::new("held").unit("s").decimals(3);
    let held = telemetry.histogram(held).unwrap();
    for milliseconds in [0, 1, 1_999, 2_000, 2_001, 60_000] {
        held.record(milliseconds);
    }
}

fn values_are_those_of_page_and_snapshot(protocol: &str) {
    let (telemetry, endpoint) = served(PrometheusConfig::new().with_histogram_bounds(BOUNDS));
    let address = endpoint.address();
    let protocols = format!("scrape_protocols: ['{protocol}']");
    let prometheus = scraping(address, &[&protocols]);
    let url = prometheus.url();
    let recorded = recorded_while(&telemetry, || {
        for _ in 0..4 {
            scraped_from_now_on(&prometheus);
        }
    });
    record_each_kind(&telemetry);

    let snapshot = telemetry.flush().unwrap();
    let found = samples_in(&scraped_from_now_on(&prometheus));
    assert_eq!(found, samples_on(&page(address, TEXT)));

    assert_eq!(snapshot.counters["requests"], recorded);
    let wait = &snapshot.latencies_ms["wait"];
    let held = &snapshot.histograms["held"];
    let up_to = |bound| (0..recorded).filter(|n| n % WAITS <= bound).count() as f64;
    for (promql, expected) in [
        ("requests_total", recorded as f64),
        (
            "net_bytes_total{peer_id='a'}",
            snapshot.counters["net.bytes{peer.id=a}"] as f64,
        ),
        (
            "net_bytes_total{peer_id='b'}",
            snapshot.counters["net.bytes{peer.id=b}"] as f64,
        ),
        ("open", snapshot.up_down_counters["open"] as f64),
        ("load_ratio", snapshot.gauges["load"]),
        ("limit", f64::INFINITY),
        ("wait_milliseconds_count", wait.count as f64),
        ("wait_milliseconds_sum", wait.sum as f64),
        ("wait_milliseconds_bucket{le='0.0'}", up_to(0)),
        ("wait_milliseconds_bucket{le='2.0'}", up_to(2)),
        ("wait_milliseconds_bucket{le='5.0'}", up_to(5)),
        ("wait_milliseconds_bucket{le='+Inf'}", recorded as f64),
        ("held_seconds_count", held.count as f64),
        ("held_seconds_sum", held.sum as f64 / 1e3),
        ("held_seconds_bucket{le='0.0'}", 1.0),
        ("held_seconds_bucket{le='2.0'}", 4.0),
        ("held_seconds_bucket{le='5.0'}", 5.0),
    ] {
        let value = number(&url, promql);
        assert!(
            value.total_cmp(&expected).is_eq() || (value - expected).abs() < 1e-9,
            "{promql}: {value}, not {expected}"
        );
    }
    // Nothing fell while it was recorded into.
    for series in [
        "requests_total",
        "wait_milliseconds_count",
        "wait_milliseconds_sum",
    ] {
        assert!(number(&url, &format!("resets({series}[1h])")).abs() < 0.5);
        assert!(number(&url, &format!("changes({series}[1h])")) > 2.5);
    }
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn what_is_scraped_as_text_is_the_page_and_the_snapshot() {
    values_are_those_of_page_and_snapshot("PrometheusText0.0.4");
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn what_is_scraped_as_text_1_0_0_is_the_page_and_the_snapshot() {
    values_are_those_of_page_and_snapshot("PrometheusText1.0.0");
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn what_is_scraped_as_open_metrics_is_the_page_and_the_snapshot() {
    values_are_those_of_page_and_snapshot("OpenMetricsText1.0.0");
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn what_is_scraped_as_protobuf_is_the_page_and_the_snapshot() {
    values_are_those_of_page_and_snapshot("PrometheusProto");
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn names_that_are_not_translated_are_scraped_as_the_scraper_takes_them() {
    let hostile = "\"a\\b\"\n{é,🦀}";
    let untranslated = TranslationStrategy::NoTranslation;
    // By protobuf it asks for no escaping, which stands for underscores.
    for (protocol, name, label) in [
        ("PrometheusText1.0.0", "net.sent", "peer.id"),
        ("OpenMetricsText1.0.0", "net.sent", "peer.id"),
        ("PrometheusProto", "net_sent", "peer_id"),
    ] {
        let scrapes = PrometheusConfig::new().with_translation_strategy(untranslated);
        let (telemetry, endpoint) = served(scrapes);
        let sent = telemetry.counter("net.sent").unwrap();
        sent.bind(&[("peer.id", hostile)]).unwrap().add(3);
        let protocols = format!("scrape_protocols: ['{protocol}']");
        let prometheus = scraping(endpoint.address(), &[&protocols]);
        let found = scraped_from_now_on(&prometheus);
        let sent = found.iter().find(|series| name_of(series) == name);
        let labels = labels_of(sent.unwrap_or_else(|| panic!("{protocol}: {found:?}")));
        assert_eq!(labels[label], hostile, "{protocol}");
        assert_eq!(sent.unwrap()["value"][1], "3", "{protocol}");
    }
}
