//! Exemplars, from a record to Prometheus's answer.

use pqcnet_telemetry::PrometheusConfig;
use pqcnet_telemetry::core::{ExemplarContext, Instrument};
use serde_json::Value;

use super::{scraping, served};
use crate::process::eventually;
use crate::prometheus::Prometheus;

/// The exemplars of a series, whenever they were.
fn exemplars(prometheus: &Prometheus, series: &str) -> Vec<Value> {
    let answer = ureq::get(format!("{}/api/v1/query_exemplars", prometheus.url()))
        .query("query", series)
        .query("start", "0")
        .query("end", "9999999999")
        .call()
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["status"], "success", "{answer}");
    let series = answer["data"].as_array().unwrap().iter();
    series
        .flat_map(|series| series["exemplars"].as_array().unwrap().clone())
        .collect()
}

/// That the series gets an exemplar with these labels and value.
fn assert_comes_back(prometheus: &Prometheus, series: &str, labels: &Value, value: &str) {
    let mut found = Vec::new();
    let is_there = eventually(|| {
        found = exemplars(prometheus, series);
        let mut found = found.iter();
        found.any(|exemplar| exemplar["labels"] == *labels && exemplar["value"] == value)
    });
    assert!(is_there, "{series}: {labels} not among {found:?}");
}

fn exemplars_come_back(lines: &[&str], id: &str) {
    let scrapes = PrometheusConfig::new().with_histogram_bounds([1.0, 10.0]);
    let (telemetry, endpoint) = served(scrapes);
    let prometheus = scraping(endpoint.address(), lines);
    let trace = ExemplarContext::trace([0xab; 16], [0xcd; 8]).unwrap();
    let traced = serde_json::json!({
        "trace_id": "ab".repeat(16),
        "span_id": "cd".repeat(8),
    });
    let session = ExemplarContext::correlation(id).unwrap();
    let correlated = serde_json::json!({"correlation_id": id});

    let requests = telemetry.counter("requests").unwrap();
    let wait = Instrument::new("wait").unit("s").decimals(3);
    let wait = telemetry.histogram(wait).unwrap();
    requests.add_with_exemplar(3, &trace);
    wait.record_with_exemplar(500, &trace);
    wait.record_with_exemplar(5_000, &session);
    let bucket = |le: &str| format!("wait_seconds_bucket{{le='{le}'}}");
    assert_comes_back(&prometheus, "requests_total", &traced, "3");
    assert_comes_back(&prometheus, &bucket("1.0"), &traced, "0.5");
    assert_comes_back(&prometheus, &bucket("10.0"), &correlated, "5");
    requests.add_with_exemplar(4, &session);
    assert_comes_back(&prometheus, "requests_total", &correlated, "4");
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn exemplars_scraped_as_open_metrics_come_back() {
    // Nothing that is escaped: Prometheus leaves it so in exemplars.
    let id = "é session} # {17";
    exemplars_come_back(&["scrape_protocols: ['OpenMetricsText1.0.0']"], id);
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn exemplars_scraped_as_protobuf_come_back() {
    let id = "é \"session}\\\n # {17";
    exemplars_come_back(&["scrape_protocols: ['PrometheusProto']"], id);
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn exemplars_of_a_native_histogram_come_back() {
    let (telemetry, endpoint) = served(PrometheusConfig::new());
    let prometheus = scraping(endpoint.address(), &["scrape_native_histograms: true"]);
    let trace = ExemplarContext::trace([0xab; 16], [0xcd; 8]).unwrap();
    let traced = serde_json::json!({
        "trace_id": "ab".repeat(16),
        "span_id": "cd".repeat(8),
    });
    let sizes = telemetry.histogram("sizes").unwrap();
    sizes.record_with_exemplar(500, &trace);
    assert_comes_back(&prometheus, "sizes", &traced, "500");
}
