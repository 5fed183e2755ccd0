//! What the endpoint says of itself, among the library's own metrics.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};

use crate::client::{GET, Scraper, ask, ask_with, page, scrapes};
use crate::support::read::{metrics_in, points_of, texts, value_of};
use crate::support::sink::Sink;
use crate::support::telemetry::{PATIENT, config};

fn with_self_metrics(sink: &Sink) -> TelemetryConfig {
    config(&sink.url()).with_self_metrics(true)
}

fn flushed(telemetry: &TelemetryHandle, sink: &Sink) -> Vec<Metric> {
    sink.received();
    telemetry.record_counter("c", 1).unwrap();
    telemetry.flush().unwrap();
    sink.received().iter().flat_map(metrics_in).collect()
}

fn metric<'a>(metrics: &'a [Metric], name: &str) -> &'a Metric {
    metrics.iter().find(|metric| metric.name == name).unwrap()
}

/// Answers counted, by status.
fn answers(metrics: &[Metric]) -> Vec<(i64, i64)> {
    let points = points_of(metric(metrics, "pqcnet.telemetry.scrape.requests"));
    let mut answers: Vec<_> = points
        .iter()
        .filter_map(|point| {
            let attribute = point.attributes.first()?;
            assert_eq!(attribute.key, "http.response.status_code");
            match attribute.value.as_ref()?.value.as_ref()? {
                Value::IntValue(status) => Some((*status, value_of(point))),
                other => panic!("{other:?}"),
            }
        })
        .collect();
    answers.sort_unstable();
    answers
}

/// Connections cut, by the reason.
fn cut(metrics: &[Metric]) -> Vec<(String, i64)> {
    let points = points_of(metric(metrics, "pqcnet.telemetry.scrape.connections.cut"));
    let points = points.iter().filter(|point| !point.attributes.is_empty());
    let cut = points.map(|point| {
        (
            texts(&point.attributes)["error.type"].clone(),
            value_of(point),
        )
    });
    cut.collect()
}

#[test]
fn answers_are_counted_by_status_and_so_are_wrong_tokens() {
    let sink = Sink::start();
    let scrapes = scrapes().with_token("hunter2");
    let telemetry = TelemetryHandle::from_config(with_self_metrics(&sink).with_prometheus(scrapes));
    let telemetry = telemetry.unwrap();
    let endpoint = telemetry.serve_metrics().unwrap();
    let address = endpoint.address();
    let right = "authorization: Bearer hunter2";
    for _ in 0..3 {
        assert_eq!(ask_with(address, right).status, 200);
    }
    for wrong in ["authorization: Bearer x", "x: y"] {
        assert_eq!(ask_with(address, wrong).status, 401);
    }
    let other = format!("GET /x HTTP/1.1\r\nhost: x\r\n{right}\r\n\r\n");
    assert_eq!(ask(address, &other).status, 404);
    let metrics = flushed(&telemetry, &sink);
    assert_eq!(answers(&metrics), [(200, 3), (401, 2), (404, 1)]);
    assert!(cut(&metrics).is_empty());
}

#[test]
fn a_scrape_is_timed_as_the_collection_that_it_is() {
    let sink = Sink::start();
    let telemetry =
        TelemetryHandle::from_config(with_self_metrics(&sink).with_prometheus(scrapes()));
    let telemetry = telemetry.unwrap();
    let endpoint = telemetry.serve_metrics().unwrap();
    for _ in 0..4 {
        page(endpoint.address());
    }
    let metrics = flushed(&telemetry, &sink);
    let collection = metric(&metrics, "otel.sdk.metric_reader.collection.duration");
    assert_eq!(collection.unit, "s");
    let Some(Data::ExponentialHistogram(histogram)) = &collection.data else {
        panic!("{collection:?}");
    };
    let kind = "prometheus_http_text_metric_exporter";
    let counts: Vec<_> = histogram
        .data_points
        .iter()
        .filter(|point| {
            let attributes = texts(&point.attributes);
            attributes.get("otel.component.type").map(String::as_str) == Some(kind)
                && attributes["otel.component.name"] == format!("{kind}/0")
        })
        .map(|point| point.count)
        .collect();
    assert_eq!(counts, [4]);
}

#[test]
fn connections_are_cut_for_a_reason() {
    let sink = Sink::start();
    let scrapes = scrapes().with_max_connections(2);
    let telemetry = TelemetryHandle::from_config(with_self_metrics(&sink).with_prometheus(scrapes));
    let telemetry = telemetry.unwrap();
    let endpoint = telemetry.serve_metrics().unwrap();
    let address = endpoint.address();
    let mut first = Scraper::connect(address);
    first.send(GET).reply();
    let mut others = [Scraper::connect(address), Scraper::connect(address)];
    for other in &mut others {
        other.send(GET).reply();
    }
    assert!(first.is_ended(), "it gives way");
    drop(others);
    let mut garbage = Scraper::connect(address);
    assert_eq!(garbage.send("\0\r\n\r\n").reply_to_head().status, 400);
    let mut long = Scraper::connect(address);
    long.send(&format!(
        "GET /metrics HTTP/1.1\r\nx: {}\r\n",
        "x".repeat(40_000)
    ));
    assert_eq!(long.reply_to_head().status, 431);
    assert!(garbage.is_ended() && long.is_ended());
    let mut reasons = Vec::new();
    // Who has the answer may ask before it is counted.
    while reasons.len() < 3 {
        reasons = cut(&flushed(&telemetry, &sink));
    }
    reasons.sort_unstable();
    let [(limit, given_way), (head, heads), (garbage, garbages)] = &reasons[..] else {
        panic!("{reasons:?}");
    };
    let names = (&**limit, &**head, &**garbage);
    assert_eq!(names, ("connection_limit", "head_too_large", "no_request"));
    assert!(*given_way >= 1, "{given_way}");
    assert_eq!((*heads, *garbages), (1, 1));
}

#[test]
fn a_node_that_delivers_nothing_else_still_tells_its_scrapers() {
    let config = TelemetryConfig::default()
        .without_delivery()
        .with_timeout(PATIENT);
    let telemetry = TelemetryHandle::from_config(config.with_prometheus(scrapes())).unwrap();
    let endpoint = telemetry.serve_metrics().unwrap();
    page(endpoint.address());
    let page = page(endpoint.address());
    assert!(page.text().contains("pqcnet_telemetry_scrape_requests"));
}

#[test]
fn a_node_without_endpoint_says_nothing_of_scrapes() {
    let sink = Sink::start();
    let telemetry = TelemetryHandle::from_config(with_self_metrics(&sink)).unwrap();
    let metrics = flushed(&telemetry, &sink);
    assert!(metrics.iter().all(|metric| !metric.name.contains("scrape")));
}
