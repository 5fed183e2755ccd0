//! Prometheus, which takes OTLP metrics: what it answers to queries is what was
//! recorded.

use std::thread;
use std::time::Duration;

use pqcnet_telemetry::{Failure, Signal, TelemetryHandle};

use crate::fixture::lasting_address;
use crate::handle::handle;
use crate::process::{Folder, Process};
use crate::promql::{number, query, samples};
use crate::record::{failure, kem_event};

/// A Prometheus of this test's own.
pub(crate) struct Prometheus {
    process: Option<Process>,
    address: String,
    folder: Folder,
    features: &'static str,
}

impl Prometheus {
    pub(crate) fn start() -> Self {
        Self::start_with("exemplar-storage")
    }

    /// One with `features` that are not on by themselves.
    fn start_with(features: &'static str) -> Self {
        Self::start_from("", features)
    }

    /// One of this configuration.
    pub(crate) fn start_from(config: &str, features: &'static str) -> Self {
        let folder = Folder::new("prometheus");
        folder.write("prometheus.yml", config);
        let mut prometheus = Self {
            process: None,
            address: lasting_address(),
            folder,
            features,
        };
        prometheus.run();
        prometheus
    }

    fn run(&mut self) {
        let arguments = [
            format!(
                "--config.file={}",
                self.folder.at("prometheus.yml").display()
            ),
            format!("--storage.tsdb.path={}", self.folder.at("data").display()),
            format!("--web.listen-address={}", self.address),
            "--web.enable-otlp-receiver".into(),
            format!("--enable-feature={}", self.features),
        ];
        let is_ready = || {
            let answer = ureq::get(format!("{}/-/ready", self.url())).call();
            answer.is_ok()
        };
        let process = Process::start("PQCNET_PROMETHEUS", arguments, &self.folder, is_ready);
        self.process = Some(process);
    }

    /// Kills it, and starts it again after `meanwhile`, with the data it has
    /// and where it was.
    pub(crate) fn crash(&mut self, meanwhile: impl FnOnce()) {
        self.process = None;
        meanwhile();
        self.run();
    }

    /// Where its queries go.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where its OTLP goes.
    pub(crate) fn otlp(&self) -> String {
        format!("{}/api/v1/otlp", self.url())
    }
}

/// Lets the clock go on: Prometheus holds one sample a millisecond.
pub(crate) fn next_millisecond() {
    thread::sleep(Duration::from_millis(2));
}

fn assert_is(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-9, "{value}, not {expected}");
}

/// Each kind of instrument, sent under `lines` of `[telemetry]`, is found with
/// its value.
fn each_kind_is_found(lines: &str) {
    let prometheus = Prometheus::start();
    let telemetry = handle(&prometheus.otlp(), lines);
    telemetry.record_counter("requests", 41).unwrap();
    telemetry.record_counter("requests", 1).unwrap();
    telemetry.up_down_counter("open").unwrap().add(-7);
    telemetry.gauge("load").unwrap().set(0.25);
    for wait in [0, 3, 3, 900] {
        telemetry.record_latency_ms("wait", wait);
    }
    let paths = telemetry.counter("paths").unwrap();
    paths.bind(&[("path", "/v1 \"é\"")]).unwrap().add(5);
    telemetry.flush().unwrap();

    let url = prometheus.url();
    for (promql, expected) in [
        ("requests_total", 42.0),
        ("open", -7.0),
        ("load", 0.25),
        ("paths_total{path='/v1 \"é\"'}", 5.0),
        ("histogram_count(wait_milliseconds)", 4.0),
        ("histogram_sum(wait_milliseconds)", 906.0),
    ] {
        assert_is(number(&url, promql), expected);
    }
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn each_kind_sent_as_json_is_found_with_its_value() {
    each_kind_is_found("");
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn each_kind_sent_as_gzipped_json_is_found_with_its_value() {
    each_kind_is_found("compression = 'gzip'");
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn each_kind_sent_as_protobuf_is_found_with_its_value() {
    each_kind_is_found("protocol = 'http/protobuf'");
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn each_kind_sent_as_gzipped_protobuf_is_found_with_its_value() {
    each_kind_is_found("protocol = 'http/protobuf'\ncompression = 'gzip'");
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn each_flush_adds_one_sample_with_the_total_so_far() {
    let prometheus = Prometheus::start();
    let telemetry = handle(&prometheus.otlp(), "");
    let mut totals = Vec::new();
    for n in 1..=20_u32 {
        telemetry.record_counter("requests", n.into()).unwrap();
        telemetry.flush().unwrap();
        totals.push(f64::from(n * (n + 1) / 2));
        next_millisecond();
    }
    let samples = samples(&prometheus.url(), "requests_total");
    assert!(samples.is_sorted_by(|a, b| a.0 < b.0), "{samples:?}");
    let values = samples.iter().map(|(_, value)| *value);
    assert_eq!(values.collect::<Vec<_>>(), totals);
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn the_resource_names_job_and_instance() {
    let prometheus = Prometheus::start();
    let telemetry = handle(
        &prometheus.otlp(),
        "labels = {'service.name' = 'sentry', component = 'relayer'}",
    );
    telemetry.record_counter("requests", 1).unwrap();
    telemetry.flush().unwrap();
    let url = prometheus.url();
    let joined = "requests_total * on(job, instance) group_left target_info";
    for promql in [
        "requests_total{job='sentry', instance!=''}",
        "target_info{job='sentry', component='relayer', telemetry_sdk_language='rust'}",
        joined,
    ] {
        assert_is(number(&url, promql), 1.0);
    }
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn logs_fail_with_404_and_metrics_arrive_all_the_same() {
    let prometheus = Prometheus::start();
    let telemetry = handle(&prometheus.otlp(), "");
    for n in 1..=3 {
        telemetry.record_counter("requests", n).unwrap();
        telemetry.record_kem_event(kem_event("a"));
        let flushed = telemetry.flush();
        assert_eq!(failure(flushed.clone(), Signal::Metrics), None);
        let failure = failure(flushed, Signal::Logs);
        assert!(
            matches!(failure, Some(Failure::Status { status: 404, .. })),
            "{failure:?}"
        );
        next_millisecond();
    }
    assert_is(number(&prometheus.url(), "requests_total"), 6.0);
}

/// Three deltas of 1, 2 and 3.
fn record_deltas(telemetry: &TelemetryHandle, flushed: impl Fn(&TelemetryHandle)) {
    for n in 1..=3 {
        telemetry.record_counter("requests", n).unwrap();
        flushed(telemetry);
        next_millisecond();
    }
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn deltas_are_refused_with_500_and_a_reason() {
    let prometheus = Prometheus::start();
    let telemetry = handle(&prometheus.otlp(), "temporality = 'delta'");
    record_deltas(&telemetry, |telemetry| {
        let failure = failure(telemetry.flush(), Signal::Metrics);
        let Some(Failure::Status { status: 500, body }) = failure else {
            panic!("{failure:?}");
        };
        assert!(body.contains("temporality"), "{body}");
    });
    let found = query(&prometheus.url(), "requests_total");
    assert!(found.is_empty(), "{found:?}");
}

#[test]
#[ignore = "needs Prometheus: run scripts/interop"]
fn deltas_add_up_where_it_is_told_to_add_them() {
    let prometheus = Prometheus::start_with("otlp-deltatocumulative");
    let telemetry = handle(&prometheus.otlp(), "temporality = 'delta'");
    record_deltas(&telemetry, |telemetry| {
        telemetry.flush().unwrap();
    });
    assert_is(number(&prometheus.url(), "requests_total"), 6.0);
}
