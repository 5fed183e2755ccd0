//! Native histograms, which Prometheus asks for by protobuf.

use pqcnet_telemetry::PrometheusConfig;

use super::{name_of, scraped_from_now_on, scraping, served};
use crate::prometheus_histograms::{assert_buckets, values};
use crate::promql::{number, only, query};

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn a_scraped_native_histogram_has_the_buckets_of_a_naive_count() {
    let mut values = values();
    let (telemetry, endpoint) = served(PrometheusConfig::new());
    let sizes = telemetry.histogram("sizes").unwrap();
    for value in &values {
        sizes.record(*value);
    }
    let prometheus = scraping(endpoint.address(), &["scrape_native_histograms: true"]);
    scraped_from_now_on(&prometheus);
    let url = prometheus.url();
    assert_buckets(&only(&url, "sizes"), &values);
    // Classic buckets are not kept beside them.
    assert!(query(&url, "sizes_bucket").is_empty());

    assert!((number(&url, "histogram_count(sizes)") - values.len() as f64).abs() < 0.5);
    let sum = values.iter().sum::<u64>() as f64;
    assert!((number(&url, "histogram_sum(sizes)") - sum).abs() < 0.5);
    values.sort_unstable();
    for quantile in [0.1, 0.5, 0.9, 0.99] {
        let rank = (quantile * values.len() as f64) as usize;
        let expected = values[rank] as f64;
        let found = number(&url, &format!("histogram_quantile({quantile}, sizes)"));
        // A value and the next may be on the two sides of the rank.
        assert!(
            (found - expected).abs() <= expected * 0.02 + 1.0,
            "{quantile}: {found}, not {expected}"
        );
    }
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn classic_buckets_are_there_beside_native_ones_for_who_keeps_both() {
    let scrapes = PrometheusConfig::new().with_histogram_bounds([10.0]);
    let (telemetry, endpoint) = served(scrapes);
    let sizes = telemetry.histogram("sizes").unwrap();
    for value in [1, 10, 11] {
        sizes.record(value);
    }
    let lines = [
        "scrape_native_histograms: true",
        "always_scrape_classic_histograms: true",
    ];
    let prometheus = scraping(endpoint.address(), &lines);
    scraped_from_now_on(&prometheus);
    let url = prometheus.url();
    assert!((number(&url, "sizes_bucket{le='10.0'}") - 2.0).abs() < 0.5);
    assert!((number(&url, "histogram_count(sizes)") - 3.0).abs() < 0.5);
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn where_they_are_off_who_asks_for_them_has_classic_ones() {
    let scrapes = PrometheusConfig::new().with_native_histograms(false);
    let (telemetry, endpoint) = served(scrapes);
    telemetry.histogram("sizes").unwrap().record(1);
    let prometheus = scraping(endpoint.address(), &["scrape_native_histograms: true"]);
    let found = scraped_from_now_on(&prometheus);
    assert!(found.iter().any(|series| name_of(series) == "sizes_bucket"));
    assert!(found.iter().all(|series| name_of(series) != "sizes"));
}
