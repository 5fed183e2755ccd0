//! What goes over the wire, decoded strictly by `opentelemetry-proto` and
//! compared with what was recorded.
//!
//! That decoder answers some mistakes with silence (a value that does not
//! parse becomes no value), so every `oneof` is asserted to be there; and it
//! ignores unknown keys, so the key names are checked beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric, number_data_point};
use pqcnet_telemetry::core::{Instrument, Layout};
use pqcnet_telemetry::{
    HistogramEncoding, KemUsageReason, KemUsageRecord, TelemetryConfig, TelemetryHandle,
    Temporality,
};

#[path = "../../examples/support/sink.rs"]
mod sink;

use sink::{Request, Sink};

fn telemetry(
    sink: &Sink,
    adjust: impl FnOnce(TelemetryConfig) -> TelemetryConfig,
) -> TelemetryHandle {
    let config = TelemetryConfig::new(&sink.url())
        .with_timeout(Duration::from_secs(60))
        .with_self_metrics(false);
    TelemetryHandle::from_config(adjust(config)).unwrap()
}

/// Decodes a metrics request and returns its metrics by name.
fn metrics_of(request: &Request) -> BTreeMap<String, Metric> {
    assert_eq!(request.path, "/v1/metrics");
    check_keys(request);
    let decoded: ExportMetricsServiceRequest = serde_json::from_str(&request.body).unwrap();
    let [resource] = &decoded.resource_metrics[..] else {
        panic!("one resource");
    };
    assert!(resource.resource.is_some());
    let [scope] = &resource.scope_metrics[..] else {
        panic!("one scope");
    };
    assert_eq!(scope.scope.as_ref().unwrap().name, "pqcnet-telemetry");
    let mut metrics = BTreeMap::new();
    for metric in &scope.metrics {
        assert!(metric.data.is_some(), "{} has no data", metric.name);
        let twin = metrics.insert(metric.name.clone(), metric.clone());
        assert!(twin.is_none(), "{} occurs twice", metric.name);
    }
    metrics
}

/// Every key of a request is one the protocol has, in its exact spelling, and
/// what must be a string or a number is one.
fn check_keys(request: &Request) {
    let known: BTreeSet<&str> = "resourceMetrics resourceLogs resource attributes key value \
        stringValue intValue boolValue scopeMetrics scopeLogs scope name version metrics unit \
        description sum gauge histogram exponentialHistogram aggregationTemporality isMonotonic \
        dataPoints startTimeUnixNano timeUnixNano asInt asDouble count scale zeroCount positive \
        offset bucketCounts explicitBounds min max logRecords observedTimeUnixNano \
        severityNumber severityText eventName"
        .split_whitespace()
        .collect();
    check_keys_of(&serde_json::from_str(&request.body).unwrap(), &known);
    assert_eq!(request.header("content-type"), Some("application/json"));
    // An answer that unpacks to more than it seems to be is not asked for.
    assert_eq!(request.header("accept-encoding"), None);
    let agent = concat!("OTel-OTLP-Exporter-Rust/", env!("CARGO_PKG_VERSION"));
    assert_eq!(request.header("user-agent"), Some(agent));
}

fn check_keys_of(value: &serde_json::Value, known: &BTreeSet<&str>) {
    match value {
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                assert!(known.contains(&**key), "unknown key {key}");
                match &**key {
                    "startTimeUnixNano"
                    | "timeUnixNano"
                    | "observedTimeUnixNano"
                    | "asInt"
                    | "count"
                    | "zeroCount"
                    | "intValue" => {
                        let text = value.as_str().expect("64-bit integers are strings");
                        text.parse::<i128>().unwrap();
                    }
                    "scale" | "offset" | "severityNumber" => {
                        assert!(value.is_i64(), "{key} is an integer");
                    }
                    // 0 is none.
                    "aggregationTemporality" => {
                        assert!(matches!(value.as_i64(), Some(1 | 2)), "{key} {value}");
                    }
                    "bucketCounts" => {
                        let counts = value.as_array().unwrap();
                        assert!(counts.iter().all(serde_json::Value::is_string));
                    }
                    _ => {}
                }
                assert!(!value.is_null(), "{key} is null");
                check_keys_of(value, known);
            }
        }
        serde_json::Value::Array(array) => {
            for value in array {
                check_keys_of(value, known);
            }
        }
        _ => {}
    }
}

fn flushed(telemetry: &TelemetryHandle, sink: &Sink) -> BTreeMap<String, Metric> {
    telemetry.flush().unwrap();
    let requests = sink.received();
    let request = requests
        .iter()
        .find(|request| request.path == "/v1/metrics");
    metrics_of(request.expect("a metrics request"))
}

fn int_of(metric: &Metric) -> i64 {
    let Some(metric::Data::Sum(sum)) = &metric.data else {
        panic!("{} is no sum", metric.name);
    };
    match sum.data_points[0].value {
        Some(number_data_point::Value::AsInt(value)) => value,
        ref other => panic!("{}: {other:?}", metric.name),
    }
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<&str, &str> {
    let text = |pair: &'_ KeyValue| match &pair.value.as_ref()?.value {
        Some(any_value::Value::StringValue(_)) => Some(()),
        _ => None,
    };
    attributes
        .iter()
        .filter(|pair| text(pair).is_some())
        .map(|pair| match &pair.value.as_ref().unwrap().value {
            Some(any_value::Value::StringValue(text)) => (&*pair.key, &**text),
            _ => unreachable!(),
        })
        .collect()
}

#[test]
fn every_kind_decodes_to_what_was_recorded() {
    let sink = Sink::start();
    let telemetry = telemetry(&sink, |config| config.with_label("component", "relayer"));
    let ingest = Instrument::new("relayer.ingest")
        .unit("{message}")
        .description("Messages \"taken in\"");
    telemetry.counter(ingest).unwrap().add(7);
    telemetry.up_down_counter("open").unwrap().add(-3);
    telemetry.gauge("load").unwrap().set(0.25);
    let latency = telemetry.histogram("latency").unwrap();
    let values = [0, 1, 2, 3, 4, 900, 1_000_000];
    for value in values {
        latency.record(value);
    }

    let metrics = flushed(&telemetry, &sink);
    let ingest = &metrics["relayer.ingest"];
    assert_eq!(int_of(ingest), 7);
    assert_eq!(ingest.unit, "{message}");
    assert_eq!(ingest.description, "Messages \"taken in\"");
    let Some(metric::Data::Sum(sum)) = &ingest.data else {
        unreachable!()
    };
    assert!(sum.is_monotonic);
    assert_eq!(sum.aggregation_temporality, 2);
    let Some(metric::Data::Sum(open)) = &metrics["open"].data else {
        panic!("an up-down counter is a sum");
    };
    assert!(!open.is_monotonic);
    assert_eq!(int_of(&metrics["open"]), -3);
    let Some(metric::Data::Gauge(load)) = &metrics["load"].data else {
        panic!("a gauge is a gauge");
    };
    assert_eq!(
        load.data_points[0].value,
        Some(number_data_point::Value::AsDouble(0.25))
    );

    let Some(metric::Data::ExponentialHistogram(latency)) = &metrics["latency"].data else {
        panic!("histograms are exponential by default");
    };
    let point = &latency.data_points[0];
    assert_eq!(point.count, 7);
    assert_eq!(point.sum, Some(1_000_910.0));
    assert_eq!(point.zero_count, 1);
    assert_eq!(point.min, Some(0.0));
    assert!(point.max.unwrap() >= 1_000_000.0 && point.max.unwrap() < 1_001_000.0);
    assert!(point.start_time_unix_nano > 0 && point.start_time_unix_nano < point.time_unix_nano);
    // Each value above zero, placed by the definition of the buckets.
    let positive = point.positive.as_ref().unwrap();
    let mut expected = vec![0; positive.bucket_counts.len()];
    for value in &values[1..] {
        let scaled = (*value as f64).log2() * 2_f64.powi(point.scale);
        let index = scaled.ceil() as i32 - 1;
        expected[(index - positive.offset) as usize] += 1;
    }
    assert_eq!(positive.bucket_counts, expected);
}

#[test]
fn the_resource_has_labels_service_and_sdk() {
    let sink = Sink::start();
    let telemetry = telemetry(&sink, |config| {
        config
            .with_label("service.name", "sentry-7")
            .with_label("cluster", "validator-net")
    });
    telemetry.record_counter("x", 1).unwrap();
    telemetry.flush().unwrap();
    let request = &sink.received()[0];
    let decoded: ExportMetricsServiceRequest = serde_json::from_str(&request.body).unwrap();
    let resource = decoded.resource_metrics[0].resource.as_ref().unwrap();
    let texts = texts(&resource.attributes);
    assert_eq!(texts.len(), resource.attributes.len());
    assert_eq!(texts["service.name"], "sentry-7");
    assert_eq!(texts["cluster"], "validator-net");
    assert_eq!(texts["telemetry.sdk.name"], "pqcnet-telemetry");
    assert_eq!(texts["telemetry.sdk.language"], "rust");
    assert_eq!(texts["telemetry.sdk.version"], env!("CARGO_PKG_VERSION"));
    assert!(!texts["service.instance.id"].is_empty());
}

#[test]
fn empty_histograms_and_zero_counters_are_reported_from_the_start() {
    for encoding in [
        HistogramEncoding::Exponential,
        HistogramEncoding::Explicit(vec![1.0, 2.0]),
    ] {
        let sink = Sink::start();
        let telemetry = telemetry(&sink, |config| config.with_histograms(encoding));
        telemetry.histogram("empty").unwrap();
        telemetry.counter("none").unwrap();
        let metrics = flushed(&telemetry, &sink);
        assert_eq!(int_of(&metrics["none"]), 0);
        match &metrics["empty"].data {
            Some(metric::Data::ExponentialHistogram(histogram)) => {
                let point = &histogram.data_points[0];
                assert_eq!((point.count, point.sum, point.min), (0, Some(0.0), None));
            }
            Some(metric::Data::Histogram(histogram)) => {
                let point = &histogram.data_points[0];
                assert_eq!((point.count, point.sum, point.max), (0, Some(0.0), None));
                assert_eq!(point.bucket_counts, [0, 0, 0]);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn explicit_bounds_are_upper_inclusive() {
    let sink = Sink::start();
    let bounds = vec![0.0, 5.0, 10.0, 1_000.0];
    let telemetry = telemetry(&sink, |config| {
        config.with_histograms(HistogramEncoding::Explicit(bounds.clone()))
    });
    let histogram = telemetry.histogram("h").unwrap();
    for value in [0, 1, 5, 6, 10, 11, 1_000, 1_001] {
        histogram.record(value);
    }
    let metrics = flushed(&telemetry, &sink);
    let Some(metric::Data::Histogram(h)) = &metrics["h"].data else {
        panic!("explicit histogram");
    };
    let point = &h.data_points[0];
    assert_eq!(point.explicit_bounds, bounds);
    assert_eq!(point.bucket_counts, [1, 2, 2, 2, 1]);
    assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
}

#[test]
fn gauges_that_are_no_json_numbers_go_out_as_the_protocols_strings() {
    let sink = Sink::start();
    let telemetry = telemetry(&sink, |config| config);
    for (name, value) in [
        ("nan", f64::NAN),
        ("up", f64::INFINITY),
        ("down", f64::NEG_INFINITY),
    ] {
        telemetry.gauge(name).unwrap().set(value);
    }
    telemetry.gauge("never.set").unwrap();
    telemetry.flush().unwrap();
    let body = &sink.received()[0].body;
    // opentelemetry-proto 0.33.1 reads these strings as "no value", so they
    // are looked at as they are; the collector reads them back in
    // `collector.rs`.
    for (name, text) in [("nan", "NaN"), ("up", "Infinity"), ("down", "-Infinity")] {
        let metric = format!("{{\"name\":\"{name}\",\"gauge\":");
        let at = body.find(&metric).unwrap();
        let point = &body[at..at + body[at..].find(']').unwrap()];
        assert!(
            point.contains(&format!("\"asDouble\":\"{text}\"")),
            "{point}"
        );
    }
    assert!(!body.contains("never.set"));
}

#[test]
fn totals_past_i64_stay_at_its_maximum() {
    let sink = Sink::start();
    let telemetry = telemetry(&sink, |config| config);
    let counter = telemetry.counter("big").unwrap();
    let level = telemetry.up_down_counter("deep").unwrap();
    let mut last = 0;
    for _ in 0..4 {
        counter.add(i64::MAX as u64 / 2 + 1);
        level.add(i64::MIN / 2 - 1);
        let metrics = flushed(&telemetry, &sink);
        let value = int_of(&metrics["big"]);
        assert!(value >= last, "cumulative values never fall");
        last = value;
    }
    assert_eq!(last, i64::MAX);
    counter.add(u64::MAX);
    let metrics = flushed(&telemetry, &sink);
    assert_eq!(int_of(&metrics["big"]), i64::MAX);
    assert_eq!(int_of(&metrics["deep"]), i64::MIN);
}

#[test]
fn hostile_texts_arrive_as_they_are() {
    let long = "🦀\"\\\u{0}".repeat(10_000);
    let hostile = [
        "\"quotes\" and \\ backslashes",
        "\u{0}\u{1}\u{1f}\u{7f}\r\n\t",
        "\u{2028}\u{feff}🦀𝕏",
        "]}}{\"asInt\":\"1\"",
        "",
        &long,
    ];
    let sink = Sink::start();
    let telemetry = telemetry(&sink, |config| {
        let config = config.with_label("\"key\"\u{1}🦀", hostile[0]);
        hostile
            .iter()
            .enumerate()
            .fold(config, |config, (i, text)| {
                config.with_label(format!("label.{i}"), *text)
            })
    });
    let counter = telemetry.counter("c").unwrap();
    for text in hostile {
        counter.bind(&[("peer", text)]).unwrap().increment();
        telemetry.record_kem_event(KemUsageRecord {
            label: text.into(),
            scheme: text.into(),
            reason: KemUsageReason::Fallback,
            backup_only: true,
        });
    }
    telemetry.flush().unwrap();
    let requests = sink.received();
    let metrics = requests.iter().find(|r| r.path == "/v1/metrics").unwrap();
    check_keys(metrics);
    let decoded: ExportMetricsServiceRequest = serde_json::from_str(&metrics.body).unwrap();
    let resource = decoded.resource_metrics[0].resource.as_ref().unwrap();
    let labels = texts(&resource.attributes);
    assert_eq!(labels["\"key\"\u{1}🦀"], hostile[0]);
    for (index, text) in hostile.iter().enumerate() {
        assert_eq!(labels[&*format!("label.{index}")], *text);
    }
    let Some(metric::Data::Sum(sum)) =
        &decoded.resource_metrics[0].scope_metrics[0].metrics[0].data
    else {
        panic!("a sum");
    };
    // The unbound series was never recorded into and is not reported.
    assert_eq!(sum.data_points.len(), hostile.len());
    for (point, text) in sum.data_points.iter().zip(hostile) {
        assert_eq!(texts(&point.attributes)["peer"], text);
        assert!(point.value.is_some());
    }

    let logs = requests.iter().find(|r| r.path == "/v1/logs").unwrap();
    check_keys(logs);
    let decoded: ExportLogsServiceRequest = serde_json::from_str(&logs.body).unwrap();
    let records = &decoded.resource_logs[0].scope_logs[0].log_records;
    assert_eq!(records.len(), hostile.len());
    let mut ids = BTreeSet::new();
    for (record, text) in records.iter().zip(hostile) {
        assert_eq!(record.event_name, "pqcnet.kem.usage");
        assert_eq!(record.severity_number, 13);
        assert!(record.time_unix_nano > 0 && record.observed_time_unix_nano > 0);
        let texts = texts(&record.attributes);
        assert_eq!(texts["pqcnet.kem.label"], text);
        assert_eq!(texts["pqcnet.kem.scheme"], text);
        assert_eq!(texts["pqcnet.kem.reason"], "fallback");
        assert!(ids.insert(texts["log.record.uid"].to_owned()));
    }
}

#[test]
fn reports_are_split_below_the_limit_and_nothing_is_left_out() {
    let limit = 4_000;
    let sink = Sink::start();
    let telemetry = telemetry(&sink, |config| config.with_max_request_bytes(limit));
    let family = telemetry.counter("bound").unwrap();
    for index in 0..100_u64 {
        let name = format!("plain.n{index}");
        telemetry.record_counter(&name, index + 1).unwrap();
        let peer = format!("peer-{index}");
        family.bind(&[("peer", &*peer)]).unwrap().add(index + 1);
        telemetry.record_kem_event(KemUsageRecord {
            label: peer,
            scheme: "ml-kem-768".into(),
            reason: KemUsageReason::Normal,
            backup_only: false,
        });
    }
    telemetry.flush().unwrap();
    let mut sum = 0;
    let mut points = 0;
    let mut labels = BTreeSet::new();
    let requests = sink.received();
    assert!(requests.len() > 10);
    for request in &requests {
        assert!(request.body.len() <= limit, "{}", request.body.len());
        if request.path == "/v1/logs" {
            let decoded: ExportLogsServiceRequest = serde_json::from_str(&request.body).unwrap();
            for record in &decoded.resource_logs[0].scope_logs[0].log_records {
                labels.insert(texts(&record.attributes)["pqcnet.kem.label"].to_owned());
            }
            continue;
        }
        for metric in metrics_of(request).values() {
            let Some(metric::Data::Sum(data)) = &metric.data else {
                panic!("a sum");
            };
            assert!(!data.data_points.is_empty());
            for point in &data.data_points {
                points += 1;
                match point.value {
                    Some(number_data_point::Value::AsInt(value)) => sum += value,
                    ref other => panic!("{other:?}"),
                }
            }
        }
    }
    assert_eq!((points, sum), (200, 2 * 5_050));
    assert_eq!(labels.len(), 100);
}

#[test]
fn delta_windows_are_contiguous_and_hold_what_came_in_them() {
    let sink = Sink::start();
    let telemetry = telemetry(&sink, |config| config.with_temporality(Temporality::Delta));
    let counter = telemetry.counter("c").unwrap();
    let level = telemetry.up_down_counter("l").unwrap();
    let histogram = telemetry.histogram("h").unwrap();
    telemetry.counter("idle").unwrap();
    let mut last_time = None;
    for round in 1..5_u64 {
        counter.add(round);
        level.add(2);
        histogram.record(round);
        let metrics = flushed(&telemetry, &sink);
        assert_eq!(int_of(&metrics["c"]), round as i64);
        assert_eq!(int_of(&metrics["l"]), 2 * round as i64, "stays cumulative");
        assert!(!metrics.contains_key("idle"));
        let Some(metric::Data::Sum(sum)) = &metrics["c"].data else {
            panic!("a sum");
        };
        assert_eq!(sum.aggregation_temporality, 1);
        let Some(metric::Data::Sum(level)) = &metrics["l"].data else {
            panic!("a sum");
        };
        assert_eq!(level.aggregation_temporality, 2);
        let Some(metric::Data::ExponentialHistogram(h)) = &metrics["h"].data else {
            panic!("a histogram");
        };
        let point = &h.data_points[0];
        assert_eq!((point.count, point.sum), (1, Some(round as f64)));
        if let Some(last_time) = last_time {
            assert_eq!(point.start_time_unix_nano, last_time);
        }
        last_time = Some(point.time_unix_nano);
    }
}

fn window_of(metric: &Metric) -> (u64, u64) {
    let Some(metric::Data::Sum(sum)) = &metric.data else {
        panic!("a sum");
    };
    let point = &sum.data_points[0];
    (point.start_time_unix_nano, point.time_unix_nano)
}

#[test]
fn delta_windows_begin_with_the_handle_and_at_every_flush() {
    let nanos = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let sink = Sink::start();
    let before = nanos(SystemTime::now());
    let telemetry = telemetry(&sink, |config| config.with_temporality(Temporality::Delta));
    let after = nanos(SystemTime::now());
    telemetry.record_counter("c", 1).unwrap();
    let (start, _) = window_of(&flushed(&telemetry, &sink)["c"]);
    assert!(
        (before..=after).contains(&start),
        "{before} {start} {after}"
    );
    // Nothing came in it, and it is over all the same.
    let idle = telemetry.flush().unwrap();
    assert!(sink.received().is_empty());
    telemetry.record_counter("c", 1).unwrap();
    let (start, _) = window_of(&flushed(&telemetry, &sink)["c"]);
    assert!(start >= nanos(idle.timestamp));
}

#[test]
fn cumulative_points_repeat_their_start() {
    let sink = Sink::start();
    let telemetry = telemetry(&sink, |config| config);
    let mut starts = BTreeSet::new();
    let mut last_time = 0;
    for round in 1..4 {
        telemetry.record_counter("c", 2).unwrap();
        let metrics = flushed(&telemetry, &sink);
        assert_eq!(int_of(&metrics["c"]), 2 * round);
        let Some(metric::Data::Sum(sum)) = &metrics["c"].data else {
            panic!("a sum");
        };
        starts.insert(sum.data_points[0].start_time_unix_nano);
        assert!(sum.data_points[0].time_unix_nano > last_time);
        last_time = sum.data_points[0].time_unix_nano;
    }
    assert_eq!(starts.len(), 1);
}

#[test]
fn points_are_of_the_moment_their_epoch_ended() {
    let sink = Sink::start();
    let telemetry = telemetry(&sink, |config| config);
    telemetry.flush().unwrap();
    // Reports are a millisecond apart; these are so without being moved.
    thread::sleep(Duration::from_millis(5));
    telemetry.record_counter("c", 1).unwrap();
    telemetry.gauge("g").unwrap().set(1.0);
    telemetry.histogram("h").unwrap().record(1);
    let snapshot = telemetry.flush().unwrap();
    let metrics = metrics_of(&sink.received()[0]);
    let times = metrics.values().map(|metric| match &metric.data {
        Some(metric::Data::Sum(sum)) => sum.data_points[0].time_unix_nano,
        Some(metric::Data::Gauge(gauge)) => gauge.data_points[0].time_unix_nano,
        Some(metric::Data::ExponentialHistogram(h)) => h.data_points[0].time_unix_nano,
        other => panic!("{other:?}"),
    });
    let end = snapshot.timestamp.duration_since(UNIX_EPOCH).unwrap();
    let end = u64::try_from(end.as_nanos()).unwrap();
    assert_eq!(times.collect::<Vec<_>>(), [end; 3]);
}

#[test]
fn cumulative_reports_have_every_series_whether_recorded_into_or_not() {
    let sink = Sink::start();
    let telemetry = telemetry(&sink, |config| config);
    telemetry.record_counter("c", 7).unwrap();
    telemetry.up_down_counter("u").unwrap().add(-3);
    telemetry.gauge("g").unwrap().set(0.5);
    telemetry.histogram("h").unwrap().record(9);
    for _ in 0..3 {
        let metrics = flushed(&telemetry, &sink);
        assert_eq!((int_of(&metrics["c"]), int_of(&metrics["u"])), (7, -3));
        let Some(metric::Data::Gauge(gauge)) = &metrics["g"].data else {
            panic!("a gauge");
        };
        let value = number_data_point::Value::AsDouble(0.5);
        assert_eq!(gauge.data_points[0].value, Some(value));
        let Some(metric::Data::ExponentialHistogram(h)) = &metrics["h"].data else {
            panic!("a histogram");
        };
        assert_eq!(
            (h.data_points[0].count, h.data_points[0].sum),
            (1, Some(9.0))
        );
    }
}

#[test]
fn handles_that_nobody_named_are_instances_of_an_unknown_service() {
    let mut instances = BTreeSet::new();
    for _ in 0..2 {
        let sink = Sink::start();
        let telemetry = telemetry(&sink, |config| config);
        telemetry.record_counter("c", 1).unwrap();
        telemetry.flush().unwrap();
        let request = &sink.received()[0];
        let decoded: ExportMetricsServiceRequest = serde_json::from_str(&request.body).unwrap();
        let resource = decoded.resource_metrics[0].resource.as_ref().unwrap();
        let texts = texts(&resource.attributes);
        assert_eq!(texts["service.name"], "unknown_service");
        instances.insert(texts["service.instance.id"].to_owned());
    }
    assert_eq!(instances.len(), 2);
}

#[test]
fn nothing_registered_sends_nothing() {
    let sink = Sink::start();
    let telemetry = telemetry(&sink, |config| config);
    telemetry.flush().unwrap();
    assert!(sink.received().is_empty());
}

#[test]
fn buckets_never_show_more_than_the_recorded_range() {
    // The layout's clamp is what the wire shows as the maximum.
    let sink = Sink::start();
    let telemetry = telemetry(&sink, |config| config);
    let (_, highest) = Layout::DEFAULT_RANGE;
    telemetry.histogram("h").unwrap().record(u64::MAX);
    let metrics = flushed(&telemetry, &sink);
    let Some(metric::Data::ExponentialHistogram(h)) = &metrics["h"].data else {
        panic!("a histogram");
    };
    assert_eq!(h.data_points[0].sum, Some(highest as f64));
}
