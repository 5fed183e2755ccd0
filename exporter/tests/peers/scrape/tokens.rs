//! A bearer token, where Prometheus has it and where it has not.

use pqcnet_telemetry::PrometheusConfig;
use serde_json::Value;

use super::{job, running, scraped_from_now_on, served};
use crate::process::eventually;
use crate::promql::{number, query};

/// What Prometheus says of the last scrape of a job, if that has failed.
fn last_error(url: &str, job: &str) -> String {
    let answer = ureq::get(format!("{url}/api/v1/targets"))
        .call()
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let targets = answer["data"]["activeTargets"].as_array().unwrap();
    let mut targets = targets.iter();
    let target = targets.find(|target| target["labels"]["job"] == job);
    target.unwrap()["lastError"].as_str().unwrap().to_owned()
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn with_the_token_it_scrapes_and_without_it_the_target_is_down() {
    let (telemetry, endpoint) = served(PrometheusConfig::new().with_token("hunter2"));
    telemetry.record_counter("requests", 5).unwrap();
    let address = endpoint.address();
    let prometheus = running(&[
        job("node", address, &["authorization: {credentials: hunter2}"]),
        job("wrong", address, &["authorization: {credentials: hunter3}"]),
        job("without", address, &[]),
    ]);
    scraped_from_now_on(&prometheus);
    let url = prometheus.url();
    assert!((number(&url, "requests_total") - 5.0).abs() < 0.5);
    for job in ["wrong", "without"] {
        assert!(
            eventually(|| last_error(&url, job).contains("401")),
            "{job}"
        );
        assert!(number(&url, &format!("up{{job='{job}'}}")).abs() < 0.5);
        let found = query(&url, &format!("requests_total{{job='{job}'}}"));
        assert!(found.is_empty(), "{found:?}");
    }
}
