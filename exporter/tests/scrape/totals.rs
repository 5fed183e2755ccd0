//! Scrapers, flushes and destinations disturb none of each other's totals.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use opentelemetry_proto::tonic::metrics::v1::NumberDataPoint;
use pqcnet_telemetry::{PrometheusConfig, TelemetryHandle, Temporality};

use crate::client::{GET, Scraper, page, scrapes};
use crate::support::read::{metrics_in, points_of, value_of};
use crate::support::sink::{Request, Sink};
use crate::support::telemetry::{config, flush_until_delivered, simulated, status};

fn pushing(sink: &Sink, temporality: Temporality, scrapes: PrometheusConfig) -> TelemetryHandle {
    let config = config(&sink.url()).with_temporality(temporality);
    simulated(config.with_prometheus(scrapes))
}

/// The points of "requests" that were received, in order.
fn points(requests: &[Request]) -> Vec<NumberDataPoint> {
    let metrics = requests.iter().flat_map(metrics_in);
    let metrics = metrics.filter(|metric| metric.name == "requests");
    metrics
        .flat_map(|metric| points_of(&metric).to_vec())
        .collect()
}

/// What the receiver has in the end.
fn pushed(temporality: Temporality, points: &[NumberDataPoint]) -> u64 {
    let values: Vec<_> = points.iter().map(|point| value_of(point) as u64).collect();
    match temporality {
        Temporality::Delta => values.iter().sum(),
        _ => values.last().copied().unwrap_or(0),
    }
}

#[test]
fn two_scrapers_and_a_receiver_see_the_same_totals() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let sink = Sink::start();
        let telemetry = pushing(&sink, temporality, scrapes());
        let endpoint = telemetry.serve_metrics().unwrap();
        let address = endpoint.address();
        let (is_over, mut recorded) = (AtomicBool::new(false), 1);
        thread::scope(|scope| {
            let scraper = || {
                let mut scraper = Scraper::connect(address);
                let mut last = 0;
                while !is_over.load(Ordering::SeqCst) {
                    let total = scraper.send(GET).reply().total("requests");
                    assert!(total >= last, "{total} after {last}");
                    last = total;
                }
            };
            telemetry.record_counter("requests", 1).unwrap();
            let scrapers = [scope.spawn(scraper), scope.spawn(scraper)];
            for round in 0..200 {
                for n in 0..20 {
                    telemetry.record_counter("requests", n).unwrap();
                    recorded += n;
                }
                if round % 3 == 0 {
                    telemetry.flush().unwrap();
                }
            }
            is_over.store(true, Ordering::SeqCst);
            for scraper in scrapers {
                scraper.join().unwrap();
            }
        });
        assert_eq!(page(address).total("requests"), recorded);
        telemetry.flush().unwrap();
        let points = points(&sink.received());
        assert_eq!(pushed(temporality, &points), recorded, "{temporality:?}");
        for pair in points.windows(2) {
            assert!(pair[0].time_unix_nano + 1_000_000 <= pair[1].time_unix_nano);
            if temporality == Temporality::Delta {
                assert_eq!(pair[0].time_unix_nano, pair[1].start_time_unix_nano);
            }
        }
        assert_eq!(page(address).total("requests"), recorded, "after the flush");
    }
}

#[test]
fn what_is_pushed_is_what_would_be_without_scrapes() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let run = |is_scraped: bool| {
            let sink = Sink::start();
            let telemetry = pushing(&sink, temporality, scrapes());
            let endpoint = telemetry.serve_metrics().unwrap();
            let scrape = || {
                if is_scraped {
                    page(endpoint.address());
                }
            };
            let mut snapshots = Vec::new();
            for n in [3, 0, 5, 7] {
                scrape();
                telemetry.record_counter("requests", n).unwrap();
                scrape();
                telemetry.record_counter("requests", n).unwrap();
                scrape();
                snapshots.push(telemetry.flush().unwrap().counters);
                scrape();
            }
            let points = points(&sink.received());
            let values: Vec<_> = points.iter().map(value_of).collect();
            (values, snapshots)
        };
        assert_eq!(run(true), run(false), "{temporality:?}");
    }
}

#[test]
fn a_scrape_alone_pushes_nothing() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let sink = Sink::start();
        let telemetry = pushing(&sink, temporality, scrapes());
        let endpoint = telemetry.serve_metrics().unwrap();
        for total in 1..=10 {
            telemetry.record_counter("requests", 1).unwrap();
            assert_eq!(page(endpoint.address()).total("requests"), total);
        }
        telemetry.flush().unwrap();
        let points = points(&sink.received());
        let values: Vec<_> = points.iter().map(value_of).collect();
        assert_eq!(values, [10], "one flush, one report of {temporality:?}");
    }
}

#[test]
fn scrapes_while_a_receiver_fails_cost_it_nothing() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let mut refusals = 3;
        let sink = Sink::answering(move |_| {
            if refusals > 0 {
                refusals -= 1;
                return status(if refusals % 2 == 0 {
                    "503 Service Unavailable"
                } else {
                    "400 Bad Request"
                });
            }
            crate::support::sink::Answer::ok()
        });
        let telemetry = pushing(&sink, temporality, scrapes());
        let endpoint = telemetry.serve_metrics().unwrap();
        for total in 1..=20 {
            telemetry.record_counter("requests", 1).unwrap();
            assert_eq!(page(endpoint.address()).total("requests"), total);
            let _ = telemetry.flush();
        }
        flush_until_delivered(&telemetry);
        // Those of the refused requests are among them.
        let points = points(&sink.received());
        let taken = &points[3..];
        assert_eq!(
            pushed(temporality, taken),
            20,
            "{temporality:?}: {points:?}"
        );
    }
}

#[test]
fn an_endpoint_that_starts_late_shows_all_there_was() {
    let sink = Sink::start();
    let telemetry = pushing(&sink, Temporality::Delta, scrapes());
    let level = telemetry.up_down_counter("level").unwrap();
    for _ in 0..5 {
        telemetry.record_counter("requests", 2).unwrap();
        level.add(1);
        telemetry.flush().unwrap();
    }
    let endpoint = telemetry.serve_metrics().unwrap();
    assert_eq!(page(endpoint.address()).total("requests"), 10);
    let address: SocketAddr = endpoint.address();
    drop(endpoint);
    telemetry.record_counter("requests", 1).unwrap();
    telemetry.flush().unwrap();
    let again = telemetry.serve_metrics().unwrap();
    assert_eq!(again.address().ip(), address.ip());
    assert_eq!(page(again.address()).total("requests"), 11);
}
