//! A node that starts again where it was.

use pqcnet_telemetry::{PrometheusConfig, TelemetryConfig};

use super::{scraped_from_now_on, scraping, serve};
use crate::fixture::lasting_address;
use crate::promql::number;

const CLASSIC: [&str; 2] = ["requests_total", "wait_milliseconds_bucket{le='+Inf'}"];

/// By what `count` says of the histogram, and by each series of `counted`.
fn a_restart_is_a_reset(lines: &[&str], count: &str, counted: &[&str]) {
    let address: std::net::SocketAddr = lasting_address().parse().unwrap();
    let start = || {
        let scrapes = PrometheusConfig::new()
            .with_host("127.0.0.1")
            .with_port(address.port());
        let config = TelemetryConfig::default().without_delivery();
        serve(config.with_prometheus(scrapes))
    };
    let record = |times: u64| {
        let (telemetry, endpoint) = start();
        telemetry.record_counter("requests", times).unwrap();
        (0..times).for_each(|_| telemetry.record_latency_ms("wait", 7));
        (telemetry, endpoint)
    };
    let first = record(100);
    let prometheus = scraping(address, lines);
    let url = prometheus.url();
    scraped_from_now_on(&prometheus);
    assert!((number(&url, "requests_total") - 100.0).abs() < 0.5);
    drop(first);
    let _second = record(3);
    scraped_from_now_on(&prometheus);
    scraped_from_now_on(&prometheus);

    for series in ["requests_total", count] {
        assert!((number(&url, series) - 3.0).abs() < 0.5, "{series}");
    }
    for counted in counted {
        let resets = number(&url, &format!("resets({counted}[1h])"));
        assert!((resets - 1.0).abs() < 0.5, "{counted}: {resets}");
        let increase = number(&url, &format!("increase({counted}[1h])"));
        assert!((3.0..50.0).contains(&increase), "{counted}: {increase}");
        let least = format!("min_over_time(rate({counted}[2s])[1m:50ms])");
        let least = number(&url, &least);
        assert!(least >= 0.0, "{counted}: {least}");
        let most = format!("max_over_time(rate({counted}[2s])[1m:50ms])");
        assert!(number(&url, &most) > 0.0, "{counted}");
    }
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn a_restart_scraped_as_text_is_a_reset_and_no_negative_rate() {
    let text = "scrape_protocols: ['PrometheusText0.0.4']";
    a_restart_is_a_reset(&[text], "wait_milliseconds_count", &CLASSIC);
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn a_restart_scraped_as_open_metrics_is_a_reset_and_no_negative_rate() {
    let open_metrics = "scrape_protocols: ['OpenMetricsText1.0.0']";
    a_restart_is_a_reset(&[open_metrics], "wait_milliseconds_count", &CLASSIC);
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn a_restart_scraped_as_native_histograms_is_a_reset_and_no_negative_rate() {
    let native = "scrape_native_histograms: true";
    a_restart_is_a_reset(
        &[native],
        "histogram_count(wait_milliseconds)",
        &["requests_total"],
    );
}
