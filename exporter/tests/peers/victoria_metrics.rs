//! `VictoriaMetrics`, which takes OTLP as protobuf only.

use pqcnet_telemetry::{Failure, Signal, TelemetryError};

use crate::fixture::lasting_address;
use crate::handle::handle;
use crate::process::{Folder, Process, eventually};
use crate::promql::{float, number, query};
use crate::record::failure;

/// A `VictoriaMetrics` of this test's own.
struct VictoriaMetrics {
    _process: Process,
    address: String,
    _folder: Folder,
}

impl VictoriaMetrics {
    fn start() -> Self {
        let folder = Folder::new("victoria-metrics");
        let address = lasting_address();
        let arguments = [
            format!("-storageDataPath={}", folder.at("data").display()),
            format!("-httpListenAddr={address}"),
            // What was taken is found at once.
            "-search.latencyOffset=0s".into(),
            "-search.disableCache".into(),
        ];
        let health = format!("http://{address}/health");
        let is_ready = || ureq::get(&health).call().is_ok();
        let process = Process::start("PQCNET_VICTORIA_METRICS", arguments, &folder, is_ready);
        Self {
            _process: process,
            address,
            _folder: folder,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn otlp(&self) -> String {
        format!("{}/opentelemetry", self.url())
    }

    /// Waits until queries find what it has taken of `series`.
    fn settle(&self, series: &str) {
        let url = self.url();
        ureq::get(format!("{url}/internal/force_flush"))
            .call()
            .unwrap();
        assert!(eventually(|| !query(&url, series).is_empty()), "{series}");
    }
}

#[test]
#[ignore = "needs VictoriaMetrics: run scripts/interop"]
fn json_fails_with_400_and_says_that_protobuf_is_meant() {
    let victoria_metrics = VictoriaMetrics::start();
    let telemetry = handle(&victoria_metrics.otlp(), "");
    telemetry.record_counter("requests", 1).unwrap();
    let flushed = telemetry.flush();
    let Err(TelemetryError::Export(error)) = &flushed else {
        panic!("{flushed:?}");
    };
    let text = error.to_string();
    for part in ["400", "json encoding isn't supported", "protobuf"] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    let failure = failure(flushed, Signal::Metrics);
    assert!(
        matches!(failure, Some(Failure::Status { status: 400, .. })),
        "{failure:?}"
    );
    let found = query(&victoria_metrics.url(), "{__name__='requests'}");
    assert!(found.is_empty(), "{found:?}");
}

fn values_are_found(lines: &str) {
    let victoria_metrics = VictoriaMetrics::start();
    let telemetry = handle(&victoria_metrics.otlp(), lines);
    let requests = telemetry.counter("requests").unwrap();
    let paths = telemetry.counter("paths").unwrap();
    paths.bind(&[("path", "/v1 \"é\"")]).unwrap().add(5);
    telemetry.up_down_counter("open").unwrap().add(-7);
    telemetry.gauge("load").unwrap().set(0.25);
    let waits = telemetry.histogram("wait").unwrap();
    for n in 1..=4 {
        requests.add(10 * n);
        waits.record(n);
        telemetry.flush().unwrap();
    }

    let url = victoria_metrics.url();
    victoria_metrics.settle("wait_count == 4");
    for (promql, expected) in [
        ("requests", 100.0),
        ("paths{path='/v1 \"é\"'}", 5.0),
        ("open", -7.0),
        ("load", 0.25),
        ("wait_count", 4.0),
        ("wait_sum", 10.0),
    ] {
        let found = number(&url, promql);
        assert!((found - expected).abs() < 1e-9, "{promql}: {found}");
    }
}

#[test]
#[ignore = "needs VictoriaMetrics: run scripts/interop"]
fn values_sent_as_protobuf_are_found() {
    values_are_found("protocol = 'http/protobuf'");
}

#[test]
#[ignore = "needs VictoriaMetrics: run scripts/interop"]
fn values_sent_as_gzipped_protobuf_are_found() {
    values_are_found("protocol = 'http/protobuf'\ncompression = 'gzip'");
}

#[test]
#[ignore = "needs VictoriaMetrics: run scripts/interop"]
fn explicit_buckets_sent_as_protobuf_are_found() {
    let victoria_metrics = VictoriaMetrics::start();
    let telemetry = handle(
        &victoria_metrics.otlp(),
        "protocol = 'http/protobuf'\nhistograms = 'explicit'\nhistogram-bounds = [1, 10]",
    );
    let sizes = telemetry.histogram("sizes").unwrap();
    for size in [0, 1, 2, 10, 11] {
        sizes.record(size);
    }
    telemetry.flush().unwrap();

    victoria_metrics.settle("sizes_count");
    let found = query(&victoria_metrics.url(), "sizes_bucket");
    let bucket = |bucket: &serde_json::Value| {
        let bound = float(&bucket["metric"]["le"]);
        (bound.to_string(), bucket["value"][1].clone())
    };
    let mut buckets: Vec<_> = found.iter().map(bucket).collect();
    buckets.sort_by_key(|(bound, _)| bound.len());
    let expected = [("1", "2"), ("10", "4"), ("inf", "5")];
    assert_eq!(
        buckets,
        expected.map(|(bound, count)| (bound.to_owned(), count.into()))
    );
}
