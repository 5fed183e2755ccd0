//! A series that ends.

use std::thread;
use std::time::{Duration, Instant};

use pqcnet_telemetry::PrometheusConfig;

use super::{scraped_from_now_on, scraping, served};
use crate::promql::{number, query};

/// Longer than a series that has ended stays on pages.
const LINGER: Duration = Duration::from_secs(180);

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn an_ended_series_is_scraped_a_last_time_and_vanishes() {
    let (telemetry, endpoint) = served(PrometheusConfig::new());
    let prometheus = scraping(endpoint.address(), &[]);
    let url = prometheus.url();
    let messages = telemetry.counter("messages").unwrap();
    let [short, long] = ["short", "long"].map(|peer| messages.bind(&[("peer", peer)]).unwrap());
    short.add(5);
    long.add(6);
    scraped_from_now_on(&prometheus);
    short.add(2);
    short.end();
    scraped_from_now_on(&prometheus);
    // What it gained at its end is there.
    assert!((number(&url, "messages_total{peer='short'}") - 7.0).abs() < 0.5);
    let deadline = Instant::now() + LINGER;
    while !query(&url, "messages_total{peer='short'}").is_empty() {
        assert!(Instant::now() < deadline, "it is still there");
        thread::sleep(Duration::from_millis(250));
    }
    scraped_from_now_on(&prometheus);
    let last = number(&url, "last_over_time(messages_total{peer='short'}[1h])");
    assert!((last - 7.0).abs() < 0.5, "{last}");
    assert!((number(&url, "messages_total{peer='long'}") - 6.0).abs() < 0.5);

    // The next of its name begins anew.
    messages.bind(&[("peer", "short")]).unwrap().add(1);
    scraped_from_now_on(&prometheus);
    assert!((number(&url, "messages_total{peer='short'}") - 1.0).abs() < 0.5);
}
