//! What a process reports of itself, beside what it does.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};
use pqcnet_telemetry::{
    BuildInfo, ProcessError, TelemetryConfig, TelemetryHandle, TelemetrySnapshot, build_info,
};

mod support;

use support::read::{metrics_in, texts};
use support::sink::Sink;
use support::telemetry::{PATIENT, config};

const MEMORY: &str = "process.memory.usage";
const THREADS: &str = "process.thread.count";
const DESCRIPTORS: &str = "process.unix.file_descriptor.count";

/// One test at a time: they share a process.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn observed(config: TelemetryConfig) -> TelemetryHandle {
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    telemetry.observe_process(&build_info!()).unwrap();
    telemetry
}

/// What a handle that is made now sees at first.
fn now() -> TelemetrySnapshot {
    let config = TelemetryConfig::default().without_delivery();
    observed(config).flush().unwrap()
}

/// Milliseconds of CPU time, in both modes.
fn cpu(snapshot: &TelemetrySnapshot) -> u64 {
    let mode = |mode| {
        let name = format!("process.cpu.time{{cpu.mode={mode}}}");
        snapshot.counters.get(&name).copied().unwrap_or_default()
    };
    mode("user") + mode("system")
}

#[test]
fn names_kinds_and_units_are_those_of_the_conventions() {
    let _alone = alone();
    let sink = Sink::start();
    let telemetry = TelemetryHandle::from_config(config(&sink.url())).unwrap();
    let build = BuildInfo::new("1.2.3").with("revision", "abc");
    telemetry.observe_process(&build).unwrap();
    telemetry.flush().unwrap();
    let requests = sink.received();
    let metrics: Vec<_> = requests.iter().flat_map(metrics_in).collect();
    let kind = |metric: &Metric| match &metric.data {
        Some(Data::Sum(sum)) if sum.is_monotonic => "counter",
        Some(Data::Sum(_)) => "up-down counter",
        Some(Data::Gauge(_)) => "gauge",
        other => panic!("{other:?}"),
    };
    let mut found: Vec<_> = metrics
        .iter()
        .map(|metric| (&*metric.name, kind(metric), &*metric.unit))
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("build.info", "gauge", ""),
            ("process.cpu.time", "counter", "s"),
            (MEMORY, "up-down counter", "By"),
            ("process.start_time", "gauge", "s"),
            (THREADS, "up-down counter", "{thread}"),
            (DESCRIPTORS, "up-down counter", "{file_descriptor}"),
            ("process.uptime", "gauge", "s"),
        ]
    );
    let points = |name: &str| -> Vec<NumberDataPoint> {
        let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
        match metric.data.clone().unwrap() {
            Data::Sum(sum) => sum.data_points,
            Data::Gauge(gauge) => gauge.data_points,
            other => panic!("{other:?}"),
        }
    };
    let [build] = &points("build.info")[..] else {
        panic!("one build");
    };
    assert_eq!(build.value, Some(Value::AsDouble(1.0)));
    let expected = [("version", "1.2.3"), ("revision", "abc")];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(texts(&build.attributes), BTreeMap::from(expected));
    // In seconds, not the milliseconds that are recorded.
    let modes = points("process.cpu.time");
    assert!(!modes.is_empty());
    for point in modes {
        let mode = &texts(&point.attributes)["cpu.mode"];
        assert!(["system", "user"].contains(&&**mode), "{mode}");
        assert!(
            matches!(point.value, Some(Value::AsDouble(_))),
            "{:?}",
            point.value
        );
    }
}

#[test]
fn an_idle_process_that_observes_itself_reports_at_every_flush() {
    let _alone = alone();
    let sink = Sink::start();
    let telemetry = observed(config(&sink.url()));
    for _ in 0..3 {
        telemetry.flush().unwrap();
        assert_eq!(sink.received().len(), 1);
    }
}

#[test]
fn threads_that_wait_are_counted() {
    let _alone = alone();
    let before = now().up_down_counters[THREADS];
    let (stay, waiting) = mpsc::channel::<()>();
    let waiting = Mutex::new(waiting);
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| waiting.lock().unwrap().recv().unwrap_err());
        }
        // A thread that has ended may be counted for a moment, so `before` may
        // have been some too many; one that was started is there at once.
        let during = now().up_down_counters[THREADS];
        assert!((51..=before + 50 + 50).contains(&during), "{during}");
        drop(stay);
    });
}

#[test]
fn files_that_are_open_are_counted() {
    let _alone = alone();
    let before = now().up_down_counters[DESCRIPTORS];
    let files: Vec<_> = (0..50).map(|_| File::open("/dev/null").unwrap()).collect();
    let during = now().up_down_counters[DESCRIPTORS];
    assert!((50..=before + 50 + 50).contains(&during), "{during}");
    drop(files);
}

#[test]
fn memory_that_is_touched_is_counted() {
    const BYTES: usize = 128 << 20;
    let _alone = alone();
    let before = now().up_down_counters[MEMORY];
    let mut memory = vec![0_u8; BYTES];
    for page in memory.chunks_mut(4_096) {
        page[0] = 1;
    }
    let during = now().up_down_counters[MEMORY];
    black_box(&memory);
    // Other memory may have been given back meanwhile; the kernel's count is
    // off by some pages a CPU.
    let grown = during - before;
    let bytes = BYTES as i64;
    assert!((bytes / 2..bytes * 2).contains(&grown), "{grown}");
}

#[test]
fn time_on_the_cpu_is_counted() {
    let _alone = alone();
    let before = cpu(&now());
    let start = Instant::now();
    while cpu(&now()) < before + 200 {
        assert!(start.elapsed() < PATIENT, "no CPU time in a minute's work");
        black_box((0..1_000_000_u64).fold(0, |sum, n| black_box(sum ^ n)));
    }
    let seen = cpu(&now());
    let cpus = thread::available_parallelism().unwrap().get() as f64;
    let uptime = now().gauges["process.uptime"];
    // Never more than there was, to a tick a thread.
    assert!(seen as f64 <= uptime * 1_000.0 * cpus + 1_000.0, "{seen}");
}

#[test]
fn the_start_time_is_this_processs() {
    let _alone = alone();
    let snapshot = now();
    let start = snapshot.gauges["process.start_time"];
    let uptime = snapshot.gauges["process.uptime"];
    // Read once more, by hand: ticks since boot, a hundred a second for any
    // program, and seconds since boot.
    let line = fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = line.rsplit_once(") ").unwrap().1;
    let ticks: f64 = after_name.split(' ').nth(19).unwrap().parse().unwrap();
    let boot = fs::read_to_string("/proc/uptime").unwrap();
    let boot: f64 = boot.split(' ').next().unwrap().parse().unwrap();
    let age = boot - ticks / 100.0;
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let patient = PATIENT.as_secs_f64();
    assert!(
        (uptime - 1.0..uptime + patient).contains(&age),
        "{uptime} {age}"
    );
    let since = wall.as_secs_f64() - start;
    // Less a second, as clocks are set.
    assert!((uptime - 1.0..uptime + patient).contains(&since), "{since}");
}

#[test]
fn a_handle_observes_its_process_once() {
    let _alone = alone();
    let telemetry = observed(TelemetryConfig::default().without_delivery());
    let again = telemetry.clone().observe_process(&build_info!());
    assert_eq!(again, Err(ProcessError::AlreadyObserved));
}

#[test]
fn without_room_nothing_is_observed_and_all_else_goes_on() {
    let _alone = alone();
    let config = TelemetryConfig::default()
        .without_delivery()
        .with_self_metrics(false)
        .with_counter_capacity(4);
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    telemetry.record_counter("c", 1).unwrap();
    let refused = telemetry.observe_process(&build_info!());
    assert!(
        matches!(refused, Err(ProcessError::Register(_))),
        "{refused:?}"
    );
    let snapshot = telemetry.flush().unwrap();
    assert_eq!(snapshot.counters["c"], 1);
    assert_eq!(cpu(&snapshot), 0);
    assert!(snapshot.gauges.is_empty(), "{snapshot:?}");
}

#[cfg(feature = "prometheus")]
#[test]
fn a_page_has_the_names_that_the_documentation_gives() {
    let _alone = alone();
    let config = TelemetryConfig::default().without_delivery();
    let scrapes = pqcnet_telemetry::PrometheusConfig::new().with_port(0);
    let telemetry = observed(config.with_prometheus(scrapes));
    let mut page = Vec::new();
    assert!(telemetry.write_page("text/plain;version=0.0.4", &mut page));
    let page = String::from_utf8(page).unwrap();
    for start in [
        // Of the modes, the one or the other may be at zero yet.
        "# TYPE process_cpu_time_seconds_total counter",
        "process_memory_usage_bytes",
        "process_thread_count",
        "process_unix_file_descriptor_count",
        "process_uptime_seconds",
        "process_start_time_seconds",
        "build_info",
    ] {
        let is_there = page.lines().any(|line| line.starts_with(start));
        assert!(is_there, "{start}: {page}");
    }
}
