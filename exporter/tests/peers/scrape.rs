//! Prometheus scrapes a handle: what it then answers to queries is what was
//! recorded.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pqcnet_telemetry::{PrometheusConfig, ScrapeEndpoint, TelemetryConfig, TelemetryHandle};
use serde_json::Value;

use crate::process::eventually;
use crate::prometheus::Prometheus;
use crate::promql::{float, query};

mod ended;
mod exemplars;
mod native;
mod pages;
mod pushed;
mod restarts;
mod tokens;
mod values;

/// A handle that delivers nothing, says nothing of itself, and serves so, at a
/// free port.
fn served(scrapes: PrometheusConfig) -> (TelemetryHandle, ScrapeEndpoint) {
    let config = TelemetryConfig::default()
        .without_delivery()
        .with_self_metrics(false);
    serve(config.with_prometheus(scrapes.with_host("127.0.0.1").with_port(0)))
}

fn serve(config: TelemetryConfig) -> (TelemetryHandle, ScrapeEndpoint) {
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    let endpoint = telemetry.serve_metrics().unwrap();
    (telemetry, endpoint)
}

/// A job that scrapes `address` four times a second, with further `lines`.
fn job(name: &str, address: SocketAddr, lines: &[&str]) -> String {
    format!(
        "- job_name: {name}\n  scrape_interval: 250ms\n  scrape_timeout: 250ms\n  \
         static_configs: [{{targets: ['{address}'], labels: {{instance: here}}}}]\n  {}\n",
        lines.join("\n  ")
    )
}

/// A Prometheus that scrapes `address` by the job `node`, which has `lines`.
fn scraping(address: SocketAddr, lines: &[&str]) -> Prometheus {
    running(&[job("node", address, lines)])
}

fn running(jobs: &[String]) -> Prometheus {
    let config = format!("scrape_configs:\n{}", jobs.concat());
    Prometheus::start_from(&config, "exemplar-storage")
}

/// All that the job `node` has found by a scrape of a later moment than this,
/// but for what Prometheus says of the scrape.
fn scraped_from_now_on(prometheus: &Prometheus) -> Vec<Value> {
    let url = prometheus.url();
    // A scrape may be told to be of some milliseconds later than it is.
    let now = SystemTime::now() + Duration::from_millis(20);
    let now = now.duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let mut found = Vec::new();
    let is_scraped = eventually(|| {
        let times = query(&url, "timestamp(up{job='node'}) and up{job='node'} == 1");
        if !times.iter().any(|time| float(&time["value"][1]) > now) {
            return false;
        }
        // All as of one moment; the target may be down again by then.
        found = query(&url, "{job='node'}");
        let is_up = |series: &Value| name_of(series) == "up" && series["value"][1] == "1";
        found.iter().any(is_up)
    });
    assert!(is_scraped, "{:?}", query(&url, "up"));
    found.retain(|series| name_of(series) != "up" && !name_of(series).starts_with("scrape_"));
    found
}

fn name_of(series: &Value) -> &str {
    series["metric"]["__name__"].as_str().unwrap()
}

/// The labels of a series, its name among them, but for what Prometheus has
/// added.
fn labels_of(series: &Value) -> BTreeMap<String, String> {
    let labels = series["metric"].as_object().unwrap().iter();
    let labels = labels.filter(|(name, _)| !["job", "instance"].contains(&&***name));
    labels
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

/// A page, in the format that is asked for.
fn page(address: SocketAddr, accept: &str) -> String {
    let answer = ureq::get(format!("http://{address}/metrics"))
        .header("accept", accept)
        .call();
    let mut answer = answer.unwrap();
    answer.body_mut().read_to_string().unwrap()
}

const TEXT: &str = "text/plain; version=0.0.4";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0";
