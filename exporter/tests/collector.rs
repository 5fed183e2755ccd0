//! Interop with the real OpenTelemetry Collector: what it writes down is what
//! was recorded, through restarts, refusals and limits.
//!
//! Run by `scripts/interop`, which builds the Collector and names the binary
//! in `PQCNET_OTELCOL`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use pqcnet_telemetry::core::{AttributeValue, Counter, Histogram, Instrument, label_set};
use pqcnet_telemetry::{
    Failure, HistogramEncoding, KemUsageReason, KemUsageRecord, Signal, TelemetryConfig,
    TelemetryError, TelemetryHandle, TelemetrySnapshot, Temporality,
};
use serde_json::{Value, json};

/// Longer than anything here takes, however loaded the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Collector of this test's own; killed when dropped.
struct Collector {
    process: Child,
    endpoint: String,
    folder: PathBuf,
    log: Receiver<String>,
}

impl Collector {
    /// A Collector on a port of its choice.
    fn start() -> Self {
        Self::start_at("127.0.0.1:0", &[])
    }

    /// A Collector at `endpoint`, with `overrides` of its configuration.
    fn start_at(endpoint: &str, overrides: &[&str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);

        let binary = std::env::var_os("PQCNET_OTELCOL")
            .expect("PQCNET_OTELCOL must name the Collector's binary: run scripts/interop");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!(
            "collector-{}-{}",
            process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        fs::create_dir_all(&folder).unwrap();
        let config = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../scripts/collector/config.yaml"
        );
        let mut command = Command::new(&binary);
        command.args(["--config", config]);
        for change in overrides {
            command.args(["--config", &format!("yaml:{change}")]);
        }
        let mut process = command
            .env("OTELCOL_ENDPOINT", endpoint)
            .env("OTELCOL_OUT", folder.join("out.jsonl"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("PQCNET_OTELCOL={}: {error}", binary.display()));
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let (sender, log) = channel();
        // To its end, lest the Collector wait for a reader.
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut collector = Self {
            process,
            endpoint: String::new(),
            folder,
            log,
        };
        let line = collector.wait_for_line("Starting HTTP server");
        let (_, rest) = line.split_once("\"endpoint\": \"").unwrap();
        collector.endpoint.push_str(rest.split('"').next().unwrap());
        collector.wait_for_line("Everything is ready. Begin running and processing data.");
        collector
    }

    /// The next line of its log that contains `text`.
    fn wait_for_line(&self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.log.recv_timeout(left) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => seen.push(line),
                Err(error) => panic!("no {text:?} ({error}) in:\n{}", seen.join("\n")),
            }
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.endpoint)
    }

    /// Waits until it has written down all that it has taken, kills it, and
    /// returns that. A Collector of an instant ago would not notice SIGTERM.
    fn stop(self) -> Received {
        // The last line: requests are written in the order they were taken in.
        let span = json!({"name": "last", "traceId": "1".repeat(32), "spanId": "1".repeat(16)});
        let spans = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]});
        let taken = ureq::post(format!("{}/v1/traces", self.url()))
            .content_type("application/json")
            .send(spans.to_string());
        assert!(taken.unwrap().status().is_success());
        for _ in 0..1_200 {
            let path = self.folder.join("out.jsonl");
            let text = fs::read_to_string(path).unwrap_or_default();
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            let lines = whole
                .lines()
                .map(|line| serde_json::from_str(line).unwrap());
            let mut requests: Vec<Value> = lines.collect();
            let is_last = |request: &Value| !request["resourceSpans"].is_null();
            if requests.pop_if(|request| is_last(request)).is_some() {
                return Received { requests };
            }
            thread::sleep(Duration::from_millis(25));
        }
        panic!("the Collector has not written down what it has taken");
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        // Else it may tell why.
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// An address that a Collector can come back to: below the ports that the
/// system hands out, so that nobody gets it meanwhile.
fn lasting_address() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(0);

    let first = process::id() % 10_000;
    for _ in 0..1_000 {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let address = format!("127.0.0.1:{}", 20_000 + (first + step) % 10_000);
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
    panic!("no free port");
}

/// The requests that a Collector has written down, oldest first.
#[derive(Clone, Debug, Default)]
struct Received {
    requests: Vec<Value>,
}

impl Received {
    /// All items of a kind, such as `resourceMetrics/scopeMetrics/metrics`.
    fn items(&self, path: [&str; 3]) -> Vec<&Value> {
        let mut found: Vec<_> = self.requests.iter().collect();
        for key in path {
            let lists = found.into_iter().filter_map(|value| value[key].as_array());
            found = lists.flatten().collect();
        }
        found
    }

    fn metrics(&self) -> Vec<&Value> {
        self.items(["resourceMetrics", "scopeMetrics", "metrics"])
    }

    fn log_records(&self) -> Vec<&Value> {
        self.items(["resourceLogs", "scopeLogs", "logRecords"])
    }

    /// The only report of the metric of this name.
    fn metric(&self, name: &str) -> &Value {
        let mut metrics = self.metrics();
        metrics.retain(|metric| metric["name"] == name);
        let [metric] = metrics[..] else {
            panic!("{} reports of {name:?}", metrics.len());
        };
        metric
    }

    /// The data points of the metric of this name, oldest first.
    fn points(&self, name: &str) -> Vec<&Value> {
        let metrics = self.metrics().into_iter();
        metrics
            .filter(|metric| metric["name"] == name)
            .flat_map(points_of)
            .collect()
    }

    /// The last data point of the metric of this name.
    fn last_point(&self, name: &str) -> &Value {
        self.points(name).pop().unwrap()
    }

    /// The ids of the events, as often as they came, in order.
    fn event_ids(&self) -> Vec<String> {
        let records = self.log_records().into_iter();
        let mut ids: Vec<_> = records
            .map(|record| attributes(record)["log.record.uid"]["stringValue"].clone())
            .map(|id| id.as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    }

    /// Both, the other's requests later.
    fn and(mut self, other: Self) -> Self {
        self.requests.extend(other.requests);
        self
    }
}

fn points_of(metric: &Value) -> Vec<&Value> {
    let kinds = ["sum", "gauge", "histogram", "exponentialHistogram"];
    let lists = kinds.map(|kind| metric[kind]["dataPoints"].as_array());
    lists.into_iter().flatten().flatten().collect()
}

/// The attributes of a data point, log record or resource.
fn attributes(item: &Value) -> BTreeMap<&str, &Value> {
    let pairs = item["attributes"].as_array().into_iter().flatten();
    pairs
        .map(|pair| (pair["key"].as_str().unwrap(), &pair["value"]))
        .collect()
}

/// A 64-bit integer: a string, or left out where it is zero.
fn integer(value: &Value) -> i128 {
    match value {
        Value::Null => 0,
        Value::String(digits) => digits.parse().unwrap(),
        other => panic!("{other} is no 64-bit integer"),
    }
}

fn integers(list: &Value) -> Vec<i128> {
    list.as_array().into_iter().flatten().map(integer).collect()
}

/// The defaults, whatever the environment says, sending to `url`.
fn config(url: &str) -> TelemetryConfig {
    TelemetryConfig::from_toml_and_env("[telemetry]", |_| None)
        .unwrap()
        .with_endpoint(url)
        .with_timeout(PATIENCE)
}

fn telemetry(collector: &Collector) -> TelemetryHandle {
    TelemetryHandle::from_config(config(&collector.url())).unwrap()
}

fn telemetry_of(url: &str, temporality: Temporality) -> TelemetryHandle {
    TelemetryHandle::from_config(config(url).with_temporality(temporality)).unwrap()
}

fn kem(label: &str, reason: KemUsageReason, backup_only: bool) -> KemUsageRecord {
    KemUsageRecord {
        label: label.into(),
        scheme: "ml-kem-768".into(),
        reason,
        backup_only,
    }
}

/// The failure of one signal of a flush that did not succeed.
fn failure(flushed: Result<TelemetrySnapshot, TelemetryError>, signal: Signal) -> Option<Failure> {
    let Err(TelemetryError::Export(error)) = flushed else {
        panic!("{flushed:?}");
    };
    let mut failures = error.failures();
    let found = failures.find(|(failed, ..)| *failed == signal);
    found.map(|(_, _, failure)| failure.clone())
}

/// A metric without its times, which no test can know.
fn without_times(metric: &Value) -> Value {
    let mut metric = metric.clone();
    for kind in ["sum", "gauge", "histogram", "exponentialHistogram"] {
        let points = metric.get_mut(kind).and_then(|k| k.get_mut("dataPoints"));
        for point in points.and_then(Value::as_array_mut).into_iter().flatten() {
            let point = point.as_object_mut().unwrap();
            assert!(integer(&point.remove("timeUnixNano").unwrap()) > 0);
            point.remove("startTimeUnixNano");
        }
    }
    metric
}

/// Numbers without a pattern, always the same.
fn scattered(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

mod values {
    use super::*;

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn a_counter_arrives_with_its_value_unit_and_description() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        let bytes = Instrument::new("relayer.bytes")
            .unit("By")
            .description("Bytes \"taken\" in");
        let bytes = telemetry.counter(bytes).unwrap();
        bytes.add(1_536);
        bytes.increment();
        telemetry.flush().unwrap();
        let received = collector.stop();
        assert_eq!(
            without_times(received.metric("relayer.bytes")),
            json!({
                "name": "relayer.bytes",
                "unit": "By",
                "description": "Bytes \"taken\" in",
                "sum": {
                    "aggregationTemporality": 2,
                    "isMonotonic": true,
                    "dataPoints": [{"asInt": "1537"}],
                },
            })
        );
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn an_up_down_counter_arrives_below_zero() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        let connections = telemetry.up_down_counter("connections").unwrap();
        connections.add(5);
        connections.add(-12);
        telemetry.flush().unwrap();
        let received = collector.stop();
        assert_eq!(
            without_times(received.metric("connections")),
            json!({
                "name": "connections",
                "sum": {
                    "aggregationTemporality": 2,
                    "dataPoints": [{"asInt": "-7"}],
                },
            })
        );
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn a_gauge_arrives_as_it_was_last_set() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        let load = telemetry.gauge("load").unwrap();
        load.set(7.0);
        load.set(0.1);
        telemetry.flush().unwrap();
        let received = collector.stop();
        assert_eq!(
            without_times(received.metric("load")),
            json!({"name": "load", "gauge": {"dataPoints": [{"asDouble": 0.1}]}})
        );
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn every_double_arrives_as_it_is() {
        let values = [
            0.0,
            -0.0,
            1.0,
            -1.5,
            0.1 + 0.2,
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            5e-324,
            f64::EPSILON,
            9_007_199_254_740_993.0,
            1e21,
        ];
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        for (index, value) in values.iter().enumerate() {
            telemetry.gauge(format!("g{index}")).unwrap().set(*value);
        }
        telemetry.flush().unwrap();
        let received = collector.stop();
        for (index, value) in values.iter().enumerate() {
            let name = format!("g{index}");
            let arrived = received.last_point(&name)["asDouble"].as_f64().unwrap();
            assert_eq!(arrived.to_bits(), value.to_bits(), "{value:e}");
        }
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn gauges_that_are_no_numbers_arrive_as_such() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        for (name, value) in [
            ("nan", f64::NAN),
            ("above", f64::INFINITY),
            ("below", f64::NEG_INFINITY),
        ] {
            telemetry.gauge(name).unwrap().set(value);
        }
        telemetry.flush().unwrap();
        let received = collector.stop();
        assert_eq!(received.last_point("nan")["asDouble"], "NaN");
        assert_eq!(received.last_point("above")["asDouble"], "Infinity");
        assert_eq!(received.last_point("below")["asDouble"], "-Infinity");
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn a_gauge_that_was_never_set_does_not_arrive() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        let _unset = telemetry.gauge("unset").unwrap();
        telemetry.gauge("set").unwrap().set(1.0);
        telemetry.flush().unwrap();
        let received = collector.stop();
        assert_eq!(received.points("unset").len(), 0);
        assert_eq!(received.points("set").len(), 1);
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn totals_past_64_bits_stay_at_their_most_and_least() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        let rising = telemetry.counter("rising").unwrap();
        let falling = telemetry.up_down_counter("falling").unwrap();
        for _ in 0..3 {
            rising.add(i64::MAX.cast_unsigned());
            falling.add(i64::MIN + 1);
            telemetry.flush().unwrap();
        }
        let received = collector.stop();
        for point in received.points("rising") {
            assert_eq!(point["asInt"], "9223372036854775807");
        }
        let falling: Vec<_> = received.points("falling").into_iter().cloned().collect();
        let falling: Vec<_> = falling.iter().map(|point| &point["asInt"]).collect();
        assert_eq!(
            falling,
            [
                "-9223372036854775807",
                "-9223372036854775808",
                "-9223372036854775808"
            ]
        );
    }

    label_set! {
        enum Direction: "direction" {
            Upstream = "upstream",
            Downstream = "downstream",
            Sideways = "sideways",
        }
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn a_family_arrives_as_one_series_a_variant() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        let registry = telemetry.registry();
        let bytes = registry.counter_family::<Direction>("bytes").unwrap();
        let waits = registry.histogram_family::<Direction>("waits").unwrap();
        bytes.add(Direction::Upstream, 1_024);
        bytes.increment(Direction::Downstream);
        waits.record(Direction::Upstream, 3);
        waits.record(Direction::Upstream, 4);
        telemetry.flush().unwrap();
        let received = collector.stop();

        let by_direction = |name, value: &dyn Fn(&Value) -> i128| -> Vec<_> {
            let points = points_of(received.metric(name)).into_iter();
            points
                .map(|point| (attributes(point)["direction"].clone(), value(point)))
                .collect()
        };
        let direction = |value| json!({"stringValue": value});
        assert_eq!(
            by_direction("bytes", &|point| integer(&point["asInt"])),
            [
                (direction("upstream"), 1_024),
                (direction("downstream"), 1),
                (direction("sideways"), 0),
            ]
        );
        assert_eq!(
            by_direction("waits", &|point| integer(&point["count"])),
            [
                (direction("upstream"), 2),
                (direction("downstream"), 0),
                (direction("sideways"), 0),
            ]
        );
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn bound_attributes_arrive_with_their_types() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        let requests = telemetry.counter("requests").unwrap();
        let bound = requests.bind(&[
            ("status", AttributeValue::from(-404)),
            ("cached", true.into()),
            ("fresh", false.into()),
            ("path", "/v1".into()),
            ("empty", "".into()),
        ]);
        bound.unwrap().add(9);
        telemetry.flush().unwrap();
        let received = collector.stop();
        let [point] = received.points("requests")[..] else {
            panic!("{received:?}");
        };
        assert_eq!(point["asInt"], "9");
        assert_eq!(
            json!(attributes(point)),
            json!({
                "status": {"intValue": "-404"},
                "cached": {"boolValue": true},
                "fresh": {"boolValue": false},
                "path": {"stringValue": "/v1"},
                "empty": {"stringValue": ""},
            })
        );
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn attribute_sets_past_the_limit_arrive_as_the_overflow_series() {
        const LIMIT: usize = 5;
        let collector = Collector::start();
        let text = format!("[telemetry]\ncardinality-limit = {LIMIT}");
        let config = TelemetryConfig::from_toml_and_env(&text, |_| None).unwrap();
        let config = config
            .with_endpoint(&collector.url())
            .with_timeout(PATIENCE);
        let telemetry = TelemetryHandle::from_config(config).unwrap();
        let requests = telemetry.counter("requests").unwrap();
        let sent: BTreeMap<String, i128> = (0..20).map(|i| (format!("p{i}"), 1 << i)).collect();
        for (peer, count) in &sent {
            let bound = requests.bind(&[("peer", peer.as_str())]).unwrap();
            bound.add(u64::try_from(*count).unwrap());
        }
        telemetry.flush().unwrap();
        let received = collector.stop();

        let points = points_of(received.metric("requests"));
        assert!(points.len() > 1 && points.len() <= LIMIT);
        let mut overflow = Vec::new();
        let mut left = sent.values().sum::<i128>();
        for point in points {
            let attributes = attributes(point);
            if let Some(peer) = attributes.get("peer") {
                let count = sent[peer["stringValue"].as_str().unwrap()];
                assert_eq!(integer(&point["asInt"]), count);
                left -= count;
            } else {
                assert_eq!(
                    json!(attributes),
                    json!({"otel.metric.overflow": {"boolValue": true}})
                );
                overflow.push(integer(&point["asInt"]));
            }
        }
        assert_eq!(overflow, [left]);
    }
}

mod histograms {
    use super::*;

    /// Index of the bucket of `value` by the definition: the least `i` with
    /// `value <= 2^((i + 1) / 2^scale)`.
    fn naive_index(value: u64, scale: i32) -> i32 {
        let per_octave = 2_f64.powi(scale);
        let position = if value.is_power_of_two() {
            f64::from(value.ilog2()) * per_octave
        } else {
            let position = (value as f64).log2() * per_octave;
            let distance = (position - position.round()).abs();
            assert!(distance > 1e-9, "{value} is too near a bound for doubles");
            position
        };
        let index = position.ceil() - 1.0;
        assert!(index.abs() < 1e6);
        #[expect(clippy::cast_possible_truncation, reason = "small and whole")]
        let index = index as i32;
        index
    }

    /// The positive buckets that hold anything, by index.
    fn buckets(point: &Value) -> BTreeMap<i32, i128> {
        let offset = point["positive"]["offset"].as_i64().unwrap_or(0);
        let offset = i32::try_from(offset).unwrap();
        let counts = integers(&point["positive"]["bucketCounts"]);
        let counts = (offset..).zip(counts);
        counts.filter(|(_, count)| *count != 0).collect()
    }

    fn scale(point: &Value) -> i32 {
        // Zero is left out.
        i32::try_from(point["scale"].as_i64().unwrap_or(0)).unwrap()
    }

    /// Checks a point against the values recorded, all of which fill an HDR
    /// bucket alone or begin one.
    fn assert_is_of(point: &Value, values: &[u64]) {
        let scale = scale(point);
        let mut naive = BTreeMap::<i32, i128>::new();
        for value in values.iter().filter(|value| **value > 0) {
            *naive.entry(naive_index(*value, scale)).or_default() += 1;
        }
        assert_eq!(buckets(point), naive);
        let zeroes = values.iter().filter(|value| **value == 0).count();
        assert_eq!(integer(&point["zeroCount"]), zeroes as i128);
        assert_eq!(point["negative"], json!({}));
        assert_eq!(integer(&point["count"]), values.len() as i128);
        let sum: u64 = values.iter().sum();
        assert_eq!(point["sum"].as_f64(), Some(sum as f64));
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn exponential_buckets_are_those_of_a_naive_count() {
        let small = scattered(1).take(1_000).map(|bits| bits % 2_048);
        let narrow = scattered(2).take(500).map(|bits| 1_000 + bits % 200);
        // From 1 to 2^41, each the first of its HDR bucket.
        let wide = scattered(3)
            .take(1_000)
            .map(|bits| (1_024 + bits % 1_024) << ((bits >> 32) % 31));
        let sets: [(&str, Vec<u64>); 5] = [
            ("small", small.collect()),
            ("narrow", narrow.collect()),
            ("wide", wide.chain(0..2).collect()),
            ("powers", (0..42).map(|exponent| 1 << exponent).collect()),
            ("zeroes", vec![0; 7]),
        ];
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        for (name, values) in &sets {
            let histogram = telemetry.histogram(*name).unwrap();
            for value in values {
                histogram.record(*value);
            }
        }
        telemetry.flush().unwrap();
        let received = collector.stop();
        for (name, values) in &sets {
            assert_is_of(received.last_point(name), values);
        }
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn the_scale_is_the_finest_that_160_buckets_allow() {
        let sets: [&[u64]; 4] = [&[1_000], &[1_000, 1_500], &[1, 2_000], &[1, 1 << 41]];
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        for (index, values) in sets.iter().enumerate() {
            let histogram = telemetry.histogram(format!("h{index}")).unwrap();
            for value in *values {
                histogram.record(*value);
            }
        }
        telemetry.flush().unwrap();
        let received = collector.stop();
        for (index, values) in sets.iter().enumerate() {
            let least = *values.iter().min().unwrap();
            let greatest = *values.iter().max().unwrap();
            let fits =
                |scale: &i32| naive_index(greatest, *scale) - naive_index(least, *scale) < 160;
            let finest = (-10..=8).rev().find(fits).unwrap();
            let point = received.last_point(&format!("h{index}"));
            assert_eq!(scale(point), finest, "{values:?}");
        }
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn least_and_greatest_arrive_to_the_histograms_digits() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        for (name, values) in [("exact", [3, 2_047]), ("large", [777_777, 123_456_789])] {
            let histogram = telemetry.histogram(name).unwrap();
            for value in values {
                histogram.record(value);
            }
        }
        telemetry.flush().unwrap();
        let received = collector.stop();
        let exact = received.last_point("exact");
        assert_eq!((&exact["min"], &exact["max"]), (&json!(3), &json!(2_047)));
        let large = received.last_point("large");
        for (key, value) in [("min", 777_777.0), ("max", 123_456_789.0)] {
            let arrived = large[key].as_f64().unwrap();
            assert!((arrived / value - 1.0).abs() <= 1e-3, "{key} {arrived}");
        }
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn an_empty_histogram_arrives_empty() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        let _empty = telemetry.histogram("empty").unwrap();
        telemetry.flush().unwrap();
        let received = collector.stop();
        assert_eq!(
            without_times(received.metric("empty")),
            // A count of zero is left out, as are least and greatest.
            json!({
                "name": "empty",
                "exponentialHistogram": {
                    "aggregationTemporality": 2,
                    "dataPoints": [{"scale": 8, "sum": 0, "positive": {}, "negative": {}}],
                },
            })
        );
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn explicit_buckets_are_those_of_a_naive_search() {
        let bounds = [-1.0, 0.0, 5.0, 7.5, 100.0, 1_000.0];
        let values: Vec<u64> = (0..2_048).chain([0, 5, 5, 100, 1_000]).collect();
        let collector = Collector::start();
        let explicit = HistogramEncoding::Explicit(bounds.into());
        let config = config(&collector.url()).with_histograms(explicit);
        let telemetry = TelemetryHandle::from_config(config).unwrap();
        let histogram = telemetry.histogram("wait").unwrap();
        for value in &values {
            histogram.record(*value);
        }
        telemetry.flush().unwrap();
        let received = collector.stop();

        // Bounds are upper-inclusive.
        let mut naive = vec![0; bounds.len() + 1];
        for value in &values {
            let below = bounds.iter().filter(|bound| **bound < *value as f64);
            naive[below.count()] += 1;
        }
        let point = received.last_point("wait");
        let arrived: Vec<_> = point["explicitBounds"].as_array().unwrap().iter().collect();
        let arrived: Vec<_> = arrived
            .iter()
            .map(|bound| bound.as_f64().unwrap())
            .collect();
        assert_eq!(arrived, bounds);
        assert_eq!(integers(&point["bucketCounts"]), naive);
        assert_eq!(integer(&point["count"]), values.len() as i128);
        let sum: u64 = values.iter().sum();
        assert_eq!(point["sum"].as_f64(), Some(sum as f64));
        assert_eq!((&point["min"], &point["max"]), (&json!(0), &json!(2_047)));
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn a_latency_by_name_arrives_in_milliseconds() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        telemetry.record_latency_ms("wait", 42);
        telemetry.record_latency_ms("wait", 54);
        telemetry.flush().unwrap();
        let received = collector.stop();
        let metric = received.metric("wait");
        assert_eq!(metric["unit"], "ms");
        assert_is_of(points_of(metric)[0], &[42, 54]);
    }
}

mod identity {
    use super::*;

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn both_signals_arrive_under_one_resource_and_scope() {
        let collector = Collector::start();
        let config = config(&collector.url())
            .with_label("component", "relayer")
            .with_label("service.name", "sentry");
        let telemetry = TelemetryHandle::from_config(config).unwrap();
        for _ in 0..2 {
            telemetry.record_counter("requests", 1).unwrap();
            telemetry.record_kem_event(kem("a", KemUsageReason::Normal, false));
            telemetry.flush().unwrap();
        }
        let received = collector.stop();
        assert_eq!(received.requests.len(), 4);

        let version = env!("CARGO_PKG_VERSION");
        let mut instances = BTreeSet::new();
        for request in &received.requests {
            let (resource, scope) = if request["resourceLogs"].is_null() {
                let metrics = &request["resourceMetrics"][0];
                (&metrics["resource"], &metrics["scopeMetrics"][0]["scope"])
            } else {
                let logs = &request["resourceLogs"][0];
                (&logs["resource"], &logs["scopeLogs"][0]["scope"])
            };
            let mut labels = attributes(resource);
            let instance = labels.remove("service.instance.id").unwrap();
            instances.insert(instance["stringValue"].as_str().unwrap());
            assert_eq!(
                json!(labels),
                json!({
                    "component": {"stringValue": "relayer"},
                    "service.name": {"stringValue": "sentry"},
                    "telemetry.sdk.language": {"stringValue": "rust"},
                    "telemetry.sdk.name": {"stringValue": "pqcnet-telemetry"},
                    "telemetry.sdk.version": {"stringValue": version},
                })
            );
            assert_eq!(
                scope,
                &json!({"name": "pqcnet-telemetry", "version": version})
            );
        }
        assert_eq!(instances.len(), 1, "{instances:?}");
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn cumulative_points_keep_their_start_and_move_on_in_time() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        for _ in 0..4 {
            telemetry.record_counter("requests", 1).unwrap();
            telemetry.record_latency_ms("wait", 1);
            telemetry.up_down_counter("open").unwrap().increment();
            telemetry.flush().unwrap();
        }
        let received = collector.stop();
        for name in ["requests", "wait", "open"] {
            let points = received.points(name);
            assert_eq!(points.len(), 4);
            let starts = points.iter().map(|p| integer(&p["startTimeUnixNano"]));
            let starts: BTreeSet<_> = starts.collect();
            assert_eq!(starts.len(), 1, "{name}");
            let times = points.iter().map(|p| integer(&p["timeUnixNano"]));
            let times: Vec<_> = times.collect();
            assert!(times.is_sorted_by(|a, b| a < b), "{name} {times:?}");
            assert!(*starts.first().unwrap() < times[0], "{name}");
        }
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn kem_events_arrive_with_all_they_were_recorded_with() {
        let recorded = [
            kem("relayer::01", KemUsageReason::Normal, false),
            kem("relayer::02", KemUsageReason::Drill, true),
            kem("relayer::03", KemUsageReason::Fallback, true),
        ];
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        for record in &recorded {
            telemetry.record_kem_event(record.clone());
        }
        let snapshot = telemetry.flush().unwrap();
        let received = collector.stop();

        let severities = [(9, "INFO"), (9, "INFO"), (13, "WARN")];
        let records = received.log_records();
        assert_eq!(records.len(), 3);
        for (index, record) in records.into_iter().enumerate() {
            let (number, text) = severities[index];
            assert_eq!(record["severityNumber"], number);
            assert_eq!(record["severityText"], text);
            assert_eq!(record["eventName"], "pqcnet.kem.usage");
            assert_eq!(record["timeUnixNano"], record["observedTimeUnixNano"]);
            assert!(integer(&record["timeUnixNano"]) > 0);
            let (event, expected) = (&snapshot.kem_events[index], &recorded[index]);
            assert_eq!(event, expected);
            assert_eq!(
                json!(attributes(record)),
                json!({
                    "log.record.uid": {"stringValue": event.id.to_string()},
                    "pqcnet.kem.label": {"stringValue": expected.label},
                    "pqcnet.kem.scheme": {"stringValue": expected.scheme},
                    "pqcnet.kem.reason": {"stringValue": expected.reason.as_str()},
                    "pqcnet.kem.backup_only": {"boolValue": expected.backup_only},
                })
            );
        }
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn kem_events_of_many_threads_arrive_once_each() {
        const THREADS: usize = 4;
        const EACH: usize = 500;
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let telemetry = &telemetry;
                scope.spawn(move || {
                    for index in 0..EACH {
                        let label = format!("{thread}::{index}");
                        telemetry.record_kem_event(kem(&label, KemUsageReason::Normal, false));
                    }
                });
            }
            for _ in 0..10 {
                telemetry.flush().unwrap();
            }
        });
        telemetry.flush().unwrap();
        let received = collector.stop();

        let unique: BTreeSet<_> = received.event_ids().into_iter().collect();
        assert_eq!(unique.len(), THREADS * EACH);
        let labels = received.log_records().into_iter();
        let mut labels: Vec<_> = labels
            .map(|record| attributes(record)["pqcnet.kem.label"]["stringValue"].clone())
            .map(|label| label.as_str().unwrap().to_owned())
            .collect();
        labels.sort();
        let mut expected: Vec<_> = (0..THREADS * EACH)
            .map(|n| format!("{}::{}", n / EACH, n % EACH))
            .collect();
        expected.sort();
        assert_eq!(labels, expected);
    }
}

mod hostile_texts {
    use super::*;

    /// Texts that an encoder by hand may get wrong.
    fn texts() -> Vec<String> {
        let controls = (0..0x20).chain([0x7f, 0x80, 0x9f]);
        let controls: String = controls.filter_map(char::from_u32).collect();
        let mut texts = vec![
            "\"quoted\" \\ and \\\" and \\u0041".to_owned(),
            controls,
            "\r\n\t\u{0}\u{1b}[31m".to_owned(),
            "\u{2028}\u{2029}\u{feff}\u{fffd}\u{fffe}\u{ffff}".to_owned(),
            "🦀𐍈\u{10ffff}\u{10000} e\u{301} 👩‍🚀".to_owned(),
            "\"},{\"key\":\"injected\",\"value\":{\"stringValue\":\"x\"}}".to_owned(),
            "</script>&amp;%00%n'; DROP TABLE metrics;--".to_owned(),
            " leading and trailing ".to_owned(),
            "NaN".to_owned(),
            "0".to_owned(),
        ];
        texts.push("🦀\"\\\n~".repeat(65_536 / 8));
        assert_eq!(texts.last().unwrap().len(), 65_536);
        texts
    }

    /// The string values by key.
    fn strings(item: &Value) -> BTreeMap<String, String> {
        let pairs = attributes(item).into_iter();
        pairs
            .filter_map(|(key, value)| Some((key.to_owned(), value["stringValue"].as_str()?)))
            .map(|(key, value)| (key, value.to_owned()))
            .collect()
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn arrive_identical_as_resource_labels() {
        let collector = Collector::start();
        let mut config = config(&collector.url());
        for (index, text) in texts().into_iter().enumerate() {
            config = config.with_label(format!("value{index}"), text.clone());
            config = config.with_label(text, format!("key{index}"));
        }
        let labels = config.labels().clone();
        let telemetry = TelemetryHandle::from_config(config).unwrap();
        telemetry.record_counter("requests", 1).unwrap();
        telemetry.record_kem_event(kem("a", KemUsageReason::Normal, false));
        telemetry.flush().unwrap();
        let received = collector.stop();
        for resources in ["resourceMetrics", "resourceLogs"] {
            let found = received.requests.iter().map(|request| &request[resources]);
            let [list] = found.filter(|list| !list.is_null()).collect::<Vec<_>>()[..] else {
                panic!("{received:?}");
            };
            let mut arrived = strings(&list[0]["resource"]);
            arrived.retain(|key, _| !key.starts_with("service.") && !key.starts_with("telemetry."));
            assert!(arrived == labels, "{arrived:?}");
        }
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn arrive_identical_as_attributes() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        let requests = telemetry.counter("requests").unwrap();
        let mut expected = BTreeSet::new();
        for text in texts() {
            requests.bind(&[("value", &*text)]).unwrap().increment();
            requests.bind(&[(&*text, "key")]).unwrap().increment();
            expected.insert(("value".to_owned(), text.clone()));
            expected.insert((text, "key".to_owned()));
        }
        telemetry.flush().unwrap();
        let received = collector.stop();
        let points = points_of(received.metric("requests"));
        assert_eq!(points.len(), expected.len());
        let arrived: BTreeSet<_> = points.into_iter().flat_map(strings).collect();
        assert!(arrived == expected, "{arrived:?}");
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn arrive_identical_in_kem_events() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        for text in texts() {
            telemetry.record_kem_event(KemUsageRecord {
                scheme: text.clone(),
                ..kem(&text, KemUsageReason::Normal, false)
            });
        }
        telemetry.flush().unwrap();
        let received = collector.stop();
        let arrived: Vec<_> = received.log_records().into_iter().map(strings).collect();
        assert_eq!(arrived.len(), texts().len());
        for (arrived, text) in arrived.iter().zip(texts()) {
            assert!(arrived["pqcnet.kem.label"] == text, "{arrived:?}");
            assert!(arrived["pqcnet.kem.scheme"] == text, "{arrived:?}");
        }
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn arrive_identical_as_descriptions() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        for (index, text) in texts().into_iter().enumerate() {
            let instrument = Instrument::new(format!("m{index}")).description(text);
            telemetry.counter(instrument).unwrap().increment();
        }
        telemetry.flush().unwrap();
        let received = collector.stop();
        for (index, text) in texts().into_iter().enumerate() {
            let metric = received.metric(&format!("m{index}"));
            assert!(metric["description"] == text, "{metric}");
        }
    }
}

/// What recorder threads have recorded, and into what.
struct Load {
    total: Counter,
    bound: Counter,
    wait: Histogram,
}

impl Load {
    const THREADS: u64 = 4;
    const EACH: u64 = 20_000;

    fn register(telemetry: &TelemetryHandle) -> Self {
        let counter = telemetry.counter("load.total").unwrap();
        let peers = telemetry.counter("load.bound").unwrap();
        Self {
            total: counter,
            bound: peers.bind(&[("peer", "a")]).unwrap(),
            wait: telemetry.histogram("load.wait").unwrap(),
        }
    }

    /// Values that fill an HDR bucket alone.
    fn values(thread: u64) -> impl Iterator<Item = u64> {
        let values = scattered(thread).map(|bits| bits % 2_048);
        values.take(usize::try_from(Self::EACH).unwrap())
    }

    /// Records from all threads while `meanwhile` runs, `rounds` times in all.
    fn run(&self, meanwhile: impl FnOnce()) {
        thread::scope(|scope| {
            for thread in 0..Self::THREADS {
                scope.spawn(move || {
                    for value in Self::values(thread) {
                        self.total.add(value);
                        self.bound.increment();
                        self.wait.record(value);
                    }
                });
            }
            meanwhile();
        });
    }

    /// Checks the points of the series, added up, against what `rounds` calls
    /// of [`run`](Self::run) have recorded.
    fn assert_is(received: &Received, rounds: u64, points: impl Fn(&str) -> Vec<Value>) {
        let values: Vec<_> = (0..Self::THREADS).flat_map(Self::values).collect();
        let (rounds, count) = (i128::from(rounds), values.len() as i128);
        let sum = i128::from(values.iter().sum::<u64>());
        let added = |name: &str, field: &str| -> i128 {
            points(name)
                .iter()
                .map(|point| integer(&point[field]))
                .sum()
        };
        assert!(!received.requests.is_empty());
        assert_eq!(added("load.total", "asInt"), rounds * sum);
        assert_eq!(added("load.bound", "asInt"), rounds * count);
        assert_eq!(added("load.wait", "count"), rounds * count);
        let zeroes = values.iter().filter(|value| **value == 0).count() as i128;
        assert_eq!(added("load.wait", "zeroCount"), rounds * zeroes);
        let waits = points("load.wait");
        let in_buckets = waits
            .iter()
            .flat_map(|p| integers(&p["positive"]["bucketCounts"]));
        assert_eq!(in_buckets.sum::<i128>(), rounds * (count - zeroes));
        let sums = waits.iter().map(|p| p["sum"].as_f64().unwrap());
        // Whole numbers below 2^53: their sum is exact.
        let expected = (rounds * sum) as f64;
        assert!((sums.sum::<f64>() - expected).abs() < 0.5);
    }

    fn assert_last_is(received: &Received, rounds: u64) {
        Self::assert_is(received, rounds, |name| {
            vec![received.last_point(name).clone()]
        });
    }

    fn assert_sum_is(received: &Received, rounds: u64) {
        Self::assert_is(received, rounds, |name| {
            received.points(name).into_iter().cloned().collect()
        });
    }
}

/// Checks that each delta window begins where the one before has ended. A
/// series is left out of windows in which it was not recorded into.
fn assert_windows_follow_one_another(received: &Received) {
    let points = received.metrics().into_iter().flat_map(points_of);
    let windows: BTreeSet<_> = points
        .map(|p| {
            (
                integer(&p["startTimeUnixNano"]),
                integer(&p["timeUnixNano"]),
            )
        })
        .collect();
    let windows: Vec<_> = windows.into_iter().collect();
    assert!(windows.len() > 1);
    assert!(
        windows.iter().all(|(start, end)| start < end),
        "{windows:?}"
    );
    let are_contiguous = windows.is_sorted_by(|before, after| before.1 == after.0);
    assert!(are_contiguous, "{windows:?}");
}

mod temporality {
    use super::*;

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn the_last_cumulative_report_holds_all_that_threads_have_recorded() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        let load = Load::register(&telemetry);
        load.run(|| {
            for _ in 0..20 {
                telemetry.flush().unwrap();
            }
        });
        telemetry.flush().unwrap();
        let received = collector.stop();
        Load::assert_last_is(&received, 1);
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn cumulative_reports_never_fall() {
        let collector = Collector::start();
        let telemetry = telemetry(&collector);
        let load = Load::register(&telemetry);
        load.run(|| {
            for _ in 0..20 {
                telemetry.flush().unwrap();
            }
        });
        let received = collector.stop();
        for (name, field) in [
            ("load.total", "asInt"),
            ("load.bound", "asInt"),
            ("load.wait", "count"),
        ] {
            let points = received.points(name);
            let totals: Vec<_> = points.iter().map(|p| integer(&p[field])).collect();
            assert!(totals.is_sorted(), "{name}: {totals:?}");
        }
        let waits = received.points("load.wait");
        let sums: Vec<_> = waits.iter().map(|p| p["sum"].as_f64().unwrap()).collect();
        assert!(sums.is_sorted(), "{sums:?}");
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn delta_windows_add_up_to_all_that_threads_have_recorded() {
        let collector = Collector::start();
        let telemetry = telemetry_of(&collector.url(), Temporality::Delta);
        let load = Load::register(&telemetry);
        load.run(|| {
            for _ in 0..20 {
                telemetry.flush().unwrap();
            }
        });
        telemetry.flush().unwrap();
        let received = collector.stop();
        Load::assert_sum_is(&received, 1);
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn delta_windows_are_contiguous() {
        let collector = Collector::start();
        let telemetry = telemetry_of(&collector.url(), Temporality::Delta);
        for n in 1..=5 {
            telemetry.record_counter("requests", n).unwrap();
            telemetry.record_latency_ms("wait", n);
            telemetry.flush().unwrap();
        }
        let received = collector.stop();
        assert_windows_follow_one_another(&received);
        for name in ["requests", "wait"] {
            assert_eq!(received.points(name).len(), 5);
        }
        let points = received.points("requests");
        let counts: Vec<_> = points.iter().map(|p| integer(&p["asInt"])).collect();
        assert_eq!(counts, [1, 2, 3, 4, 5]);
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn delta_reports_say_so_and_up_down_counters_stay_cumulative() {
        let collector = Collector::start();
        let telemetry = telemetry_of(&collector.url(), Temporality::Delta);
        let open = telemetry.up_down_counter("open").unwrap();
        for _ in 0..2 {
            telemetry.record_counter("requests", 1).unwrap();
            telemetry.record_latency_ms("wait", 1);
            open.increment();
            telemetry.flush().unwrap();
        }
        let received = collector.stop();
        for metric in received.metrics() {
            let (kind, temporality) = match metric["name"].as_str().unwrap() {
                "requests" => ("sum", 1),
                "wait" => ("exponentialHistogram", 1),
                _ => ("sum", 2),
            };
            assert_eq!(metric[kind]["aggregationTemporality"], temporality);
        }
        let points = received.points("open");
        let totals: Vec<_> = points.iter().map(|p| integer(&p["asInt"])).collect();
        assert_eq!(totals, [1, 2]);
        assert_eq!(
            points[0]["startTimeUnixNano"],
            points[1]["startTimeUnixNano"]
        );
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn a_window_without_records_sends_nothing() {
        let collector = Collector::start();
        let telemetry = telemetry_of(&collector.url(), Temporality::Delta);
        telemetry.record_counter("requests", 1).unwrap();
        for _ in 0..3 {
            telemetry.flush().unwrap();
        }
        let received = collector.stop();
        assert_eq!(received.requests.len(), 1);
    }
}

mod outages {
    use super::*;

    fn ids(snapshot: &TelemetrySnapshot) -> Vec<String> {
        let events = snapshot.kem_events.iter();
        events.map(|event| event.id.to_string()).collect()
    }

    /// Records before, during and after an outage of the Collector. Returns what
    /// both Collectors have written down, and the ids of the events recorded.
    fn through_an_outage(temporality: Temporality) -> (Received, Received, Vec<String>) {
        let address = lasting_address();
        let first = Collector::start_at(&address, &[]);
        let telemetry = telemetry_of(&first.url(), temporality);
        let load = Load::register(&telemetry);
        let event = |label| telemetry.record_kem_event(kem(label, KemUsageReason::Drill, true));

        event("before");
        load.run(|| {});
        let snapshot = telemetry.flush().unwrap();
        let mut recorded = ids(&snapshot);
        let before = first.stop();

        load.run(|| {
            for label in ["down 1", "down 2", "down 3"] {
                event(label);
                telemetry.record_counter("down", 1).unwrap();
                let flushed = telemetry.flush();
                for signal in [Signal::Metrics, Signal::Logs] {
                    // Definite: nothing was sent.
                    let failure = failure(flushed.clone(), signal);
                    assert!(
                        matches!(failure, Some(Failure::Connect { .. })),
                        "{failure:?}"
                    );
                }
            }
        });

        let second = Collector::start_at(&address, &[]);
        event("after");
        load.run(|| {});
        let snapshot = telemetry.flush().unwrap();
        recorded.extend(ids(&snapshot));
        assert_eq!(recorded.len(), 5);
        recorded.sort();
        (before, second.stop(), recorded)
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn the_first_cumulative_report_after_an_outage_holds_everything() {
        let (before, after, _) = through_an_outage(Temporality::Cumulative);
        Load::assert_last_is(&before, 1);
        Load::assert_last_is(&after, 3);
        assert_eq!(after.points("load.total").len(), 1);
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn delta_windows_add_up_through_an_outage() {
        let (before, after, _) = through_an_outage(Temporality::Delta);
        let both = before.and(after);
        Load::assert_sum_is(&both, 3);
        assert_windows_follow_one_another(&both);
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn every_event_arrives_once_through_an_outage() {
        for temporality in [Temporality::Cumulative, Temporality::Delta] {
            let (before, after, recorded) = through_an_outage(temporality);
            assert_eq!(before.event_ids().len(), 1);
            assert_eq!(before.and(after).event_ids(), recorded);
        }
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn a_restart_between_flushes_goes_unnoticed() {
        let address = lasting_address();
        let first = Collector::start_at(&address, &[]);
        let telemetry = telemetry_of(&first.url(), Temporality::Delta);
        telemetry.record_counter("requests", 1).unwrap();
        telemetry.flush().unwrap();
        let before = first.stop();
        // The connection that was kept is dead, and nobody has said so.
        let second = Collector::start_at(&address, &[]);
        telemetry.record_counter("requests", 2).unwrap();
        telemetry.flush().unwrap();
        let both = before.and(second.stop());
        let points = both.points("requests");
        let counts: Vec<_> = points.iter().map(|p| integer(&p["asInt"])).collect();
        assert_eq!(counts, [1, 2]);
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn a_crash_under_a_running_flusher_costs_no_cumulative_total() {
        let address = lasting_address();
        let first = Collector::start_at(&address, &[]);
        let config = config(&first.url()).with_flush_interval(Duration::from_millis(1));
        let telemetry = TelemetryHandle::from_config(config).unwrap();
        let load = Load::register(&telemetry);
        let (sender, outcomes) = channel();
        let flusher = telemetry.spawn_flusher_with(move |flushed| {
            let _ = sender.send(flushed.is_ok());
        });
        let wait_for = |success| {
            let deadline = Instant::now() + PATIENCE;
            while outcomes.recv_timeout(deadline - Instant::now()).unwrap() != success {}
        };
        load.run(|| wait_for(true));
        // At once, whatever it is about to answer.
        drop(first);
        load.run(|| wait_for(false));
        let second = Collector::start_at(&address, &[]);
        load.run(|| wait_for(true));
        flusher.stop().expect("the flusher lives").unwrap();
        Load::assert_last_is(&second.stop(), 3);
    }

    const LIMITER: [&str; 2] = [
        "processors::memory_limiter: {check_interval: 10ms, limit_mib: 1}",
        "service::pipelines::metrics::processors: [memory_limiter]",
    ];

    /// Records into a Collector that is out of memory, and again when it is
    /// back. Returns what the second one has written down.
    fn through_a_refusal(temporality: Temporality) -> Received {
        let address = lasting_address();
        let full = Collector::start_at(&address, &LIMITER);
        full.wait_for_line("Refusing data.");
        let telemetry = telemetry_of(&full.url(), temporality);
        let load = Load::register(&telemetry);
        load.run(|| {});
        for _ in 0..3 {
            telemetry.record_kem_event(kem("a", KemUsageReason::Normal, false));
            let flushed = telemetry.flush();
            // Its logs have no limiter.
            assert_eq!(failure(flushed.clone(), Signal::Logs), None);
            let failure = failure(flushed, Signal::Metrics);
            let Some(Failure::Status { status: 503, body }) = failure else {
                panic!("{failure:?}");
            };
            assert!(body.contains("memory"), "{body}");
        }
        let refused = full.stop();
        assert_eq!(refused.metrics().len(), 0);
        assert_eq!(refused.log_records().len(), 3);

        let second = Collector::start_at(&address, &[]);
        load.run(|| {});
        let snapshot = telemetry.flush().unwrap();
        assert_eq!(snapshot.kem_events.len(), 3);
        second.stop()
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn a_collector_out_of_memory_costs_no_cumulative_total() {
        let received = through_a_refusal(Temporality::Cumulative);
        Load::assert_last_is(&received, 2);
        assert_eq!(received.log_records().len(), 0, "{received:?}");
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn a_collector_out_of_memory_costs_no_delta() {
        let received = through_a_refusal(Temporality::Delta);
        Load::assert_sum_is(&received, 2);
        assert_eq!(received.log_records().len(), 0, "{received:?}");
        // The window that was refused, and the one behind it.
        assert_windows_follow_one_another(&received);
    }
}

mod limits {
    use super::*;

    /// What the Collector takes at most, in bytes.
    const MOST: usize = 4_000;
    const SERIES: usize = 300;

    fn small_collector() -> Collector {
        let limit = format!("receivers::otlp::protocols::http::max_request_body_size: {MOST}");
        Collector::start_at("127.0.0.1:0", &[&limit])
    }

    /// Records far more than fits a request of `MOST` bytes, of each signal.
    fn record(telemetry: &TelemetryHandle) {
        let requests = telemetry.counter("requests").unwrap();
        for index in 0..SERIES {
            let bound = requests.bind(&[("peer", format!("p{index}"))]).unwrap();
            bound.add(1 + index as u64);
            telemetry.record_latency_ms(&format!("wait{index}"), index as u64);
            telemetry.record_kem_event(kem(&index.to_string(), KemUsageReason::Normal, false));
        }
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn a_body_past_the_collectors_limit_is_refused_with_400() {
        let collector = small_collector();
        let telemetry = telemetry(&collector);
        record(&telemetry);
        let flushed = telemetry.flush();
        for signal in [Signal::Metrics, Signal::Logs] {
            let failure = failure(flushed.clone(), signal);
            let Some(Failure::Status { status: 400, body }) = failure else {
                panic!("{signal}: {failure:?}");
            };
            assert!(body.contains("too large"), "{body}");
        }
        assert_eq!(collector.stop().requests.len(), 0);
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn requests_split_to_the_collectors_limit_deliver_everything() {
        for temporality in [Temporality::Cumulative, Temporality::Delta] {
            let collector = small_collector();
            let config = config(&collector.url())
                .with_temporality(temporality)
                .with_max_request_bytes(MOST);
            let telemetry = TelemetryHandle::from_config(config).unwrap();
            record(&telemetry);
            let snapshot = telemetry.flush().unwrap();
            let received = collector.stop();

            assert!(received.requests.len() > 20, "{}", received.requests.len());
            let points = received.points("requests").into_iter();
            let counts: BTreeMap<_, _> = points
                .map(|point| {
                    let peer = attributes(point)["peer"]["stringValue"].clone();
                    (peer.as_str().unwrap().to_owned(), integer(&point["asInt"]))
                })
                .collect();
            let expected = (0..SERIES).map(|index| (format!("p{index}"), 1 + index as i128));
            assert_eq!(counts, expected.collect());
            for index in 0..SERIES {
                let metric = received.metric(&format!("wait{index}"));
                let [point] = points_of(metric)[..] else {
                    panic!("{metric}");
                };
                assert_eq!(integer(&point["count"]), 1);
                assert_eq!(point["sum"].as_f64(), Some(index as f64));
            }
            let mut ids: Vec<_> = snapshot
                .kem_events
                .iter()
                .map(|event| event.id.to_string())
                .collect();
            ids.sort();
            assert_eq!(ids.len(), SERIES);
            assert_eq!(received.event_ids(), ids);
        }
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn requests_are_split_below_the_limit_wherever_it_cuts() {
        let collector = small_collector();
        for most in (MOST - 100..=MOST).step_by(3) {
            let config = config(&collector.url()).with_max_request_bytes(most);
            let telemetry = TelemetryHandle::from_config(config).unwrap();
            record(&telemetry);
            // One that is too large is not sent, and fails.
            telemetry.flush().unwrap();
        }
    }

    #[test]
    #[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
    fn requests_far_past_the_collectors_limit_fail_and_lose_nothing() {
        let address = lasting_address();
        let limit = format!("receivers::otlp::protocols::http::max_request_body_size: {MOST}");
        let small = Collector::start_at(&address, &[&limit]);
        let telemetry = telemetry_of(&small.url(), Temporality::Cumulative);
        // Megabytes: the Collector hangs up before it has read them.
        let requests = telemetry.counter("requests").unwrap();
        for index in 0..40 {
            let peer = format!("{index}{}", "x".repeat(65_536));
            requests.bind(&[("peer", peer)]).unwrap().increment();
        }
        let failure = failure(telemetry.flush(), Signal::Metrics);
        // Whether its answer is seen before the end of the connection is luck.
        assert!(
            matches!(
                failure,
                Some(Failure::Status { status: 400, .. } | Failure::Broken { .. })
            ),
            "{failure:?}"
        );
        drop(small);
        let large = Collector::start_at(&address, &[]);
        telemetry.flush().unwrap();
        assert_eq!(large.stop().points("requests").len(), 40);
    }
}
