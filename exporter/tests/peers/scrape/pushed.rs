//! The same handle sends by OTLP and is scraped: each series is one.

use std::collections::BTreeMap;

use pqcnet_telemetry::core::Instrument;
use pqcnet_telemetry::{
    HistogramEncoding, PrometheusConfig, ScrapeEndpoint, TelemetryConfig, TelemetryHandle,
};
use serde_json::Value;

use super::values::canonical;
use super::{job, labels_of, name_of, scraped_from_now_on, serve};
use crate::fixture::lasting_address;
use crate::handle::deliver;
use crate::prometheus::Prometheus;
use crate::prometheus_histograms::values;
use crate::promql::{number, only, query};

/// A Prometheus that is sent to as `pushed` and scrapes as `node`, or that can't
/// tell one from the other.
fn both(
    service: &str,
    lines: &[&str],
    bounds: [f64; 3],
) -> (Prometheus, TelemetryHandle, ScrapeEndpoint) {
    let address: std::net::SocketAddr = lasting_address().parse().unwrap();
    let config = format!(
        "otlp: {{promote_scope_metadata: true}}\n\
         storage: {{tsdb: {{out_of_order_time_window: 10m}}}}\n\
         scrape_configs:\n{}",
        job("node", address, lines)
    );
    let prometheus = Prometheus::start_from(&config, "exemplar-storage");
    let scrapes = PrometheusConfig::new()
        .with_host("127.0.0.1")
        .with_port(address.port());
    let config = TelemetryConfig::new(&prometheus.otlp())
        .with_label("service.name", service)
        .with_label("service.instance.id", "here")
        .with_self_metrics(false)
        .with_prometheus(scrapes);
    // Native histograms are asked for, or classic ones are sent as well.
    let config = match lines {
        [] => config.with_histograms(HistogramEncoding::Explicit(bounds.into())),
        _ => config,
    };
    let (telemetry, endpoint) = serve(config);
    (prometheus, telemetry, endpoint)
}

/// Instruments whose names and units are hard to translate.
const NAMES: [(&str, &str); 15] = [
    ("http.requests.total", ""),
    ("net.requests", "{request}"),
    ("cpu.time", "s"),
    ("cpu_seconds", "s"),
    ("net.io", "By"),
    ("net.speed", "By/s"),
    ("fall", "m/s"),
    ("load", "1"),
    ("disk.used", "%"),
    ("a..b--c", ""),
    ("x.y_milliseconds", "ms"),
    ("queue/size", "{message}"),
    ("memory", "MiBy"),
    ("odd", "furlongs"),
    ("temperature", "Cel"),
];

fn record(telemetry: &TelemetryHandle) {
    for (place, (name, unit)) in (1..).zip(NAMES) {
        let instrument = |kind: &str| Instrument::new(format!("{kind}.{name}")).unit(unit);
        let counter = telemetry.counter(instrument("c")).unwrap();
        counter
            .bind(&[("peer.id", "é \"x\""), ("9", "digit")])
            .unwrap()
            .add(place);
        let level = telemetry.up_down_counter(instrument("u")).unwrap();
        level.add(-(place as i64));
        let gauge = telemetry.gauge(instrument("g")).unwrap();
        gauge.set(place as f64 / 8.0);
        let histogram = telemetry.histogram(instrument("h").decimals(1)).unwrap();
        for value in values() {
            histogram.record(value);
        }
    }
}

/// What a series is called and holds, apart from when.
///
/// Prometheus writes whole bounds as `10.0` when it scrapes and as `10` when it
/// is sent them; and a label without a value is none.
fn held(series: &Value) -> (BTreeMap<String, String>, Value) {
    let value = match &series["value"] {
        Value::Null => &series["histogram"][1],
        value => &value[1],
    };
    let mut labels = canonical(labels_of(series));
    labels.retain(|_, value| !value.is_empty());
    (labels, value.clone())
}

fn series_are_the_same(lines: &[&str], per_name: usize) {
    let (prometheus, telemetry, _endpoint) = both("pushed", lines, [0.0, 2.5, 100.0]);
    record(&telemetry);
    deliver(&telemetry);
    let scraped = scraped_from_now_on(&prometheus);
    let pushed = query(&prometheus.url(), "{job='pushed'}");
    let sorted = |series: &[Value]| {
        let series = series.iter().filter(|series| {
            let name = name_of(series);
            name != "target_info" && !name.ends_with("_created")
        });
        let mut held: Vec<_> = series.map(held).collect();
        held.sort_by(|one, other| one.0.cmp(&other.0));
        held
    };
    let (scraped, pushed) = (sorted(&scraped), sorted(&pushed));
    assert_eq!(scraped.len(), NAMES.len() * per_name);
    for (scraped, pushed) in scraped.iter().zip(&pushed) {
        assert_eq!(scraped, pushed);
    }
    assert_eq!(scraped.len(), pushed.len());
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn what_is_sent_and_what_is_scraped_have_one_name_and_one_value() {
    // Four buckets, count and sum, and three more.
    series_are_the_same(&[], 9);
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn native_histograms_are_the_same_whether_sent_or_scraped() {
    series_are_the_same(&["scrape_native_histograms: true"], 4);
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn under_one_job_and_instance_they_are_one_series() {
    let (prometheus, telemetry, _endpoint) = both("node", &[], [0.5, 2.5, 10.5]);
    telemetry.record_counter("requests", 41).unwrap();
    telemetry.record_latency_ms("wait", 7);
    for _ in 0..3 {
        telemetry.record_counter("requests", 1).unwrap();
        scraped_from_now_on(&prometheus);
        deliver(&telemetry);
    }
    let found = scraped_from_now_on(&prometheus);
    let mut names = BTreeMap::<_, usize>::new();
    for series in &found {
        *names.entry(name_of(series)).or_default() += 1;
    }
    // Three bounds and infinity.
    let expected = [
        ("requests_total", 1),
        ("target_info", 2),
        ("wait_milliseconds_bucket", 4),
        ("wait_milliseconds_count", 1),
        ("wait_milliseconds_sum", 1),
    ];
    names.retain(|name, _| !name.ends_with("_created"));
    assert_eq!(names, expected.into());
    let url = prometheus.url();
    let resets = number(&url, "resets(requests_total[1h])");
    assert!(resets.abs() < 0.5, "{resets}");
    assert!((number(&url, "requests_total") - 44.0).abs() < 0.5);
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn what_is_said_of_the_resource_differs_by_what_names_job_and_instance() {
    let (prometheus, telemetry, _endpoint) = both("pushed", &[], [0.5, 2.5, 10.5]);
    telemetry.record_counter("requests", 1).unwrap();
    deliver(&telemetry);
    scraped_from_now_on(&prometheus);
    let url = prometheus.url();
    let info = |job: &str| labels_of(&only(&url, &format!("target_info{{job='{job}'}}")));
    let mut expected = info("pushed");
    // Sent, they are job and instance; who scrapes names those itself.
    let names = [("service_name", "pushed"), ("service_instance_id", "here")];
    expected.extend(names.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(info("node"), expected);
}
