//! A record by name, one of twenty names in use.
//!
//! - `record_counter`, `record_latency_ms`: ours look the name up in the
//!   thread's own map.
//! - `prometheus_look_up`: the name is a label's value, looked up in one map
//!   for all threads under a read lock.
//! - `metrics_macro`: the name is known to the compiler, which keeps its hash;
//!   names made at run time cost more.
//! - `opentelemetry_attributes`: the name is an attribute made beforehand,
//!   looked up in one map for all threads under a read lock.

use std::hint::black_box;

use criterion::Criterion;
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};

use crate::bench::{Group, bench, group};
use crate::rivals;

/// The name that is recorded.
const NAME: &str = "relayer.ingest";

/// All that are in use.
fn names() -> impl Iterator<Item = String> {
    let others = (1..20).map(|number| format!("relayer.stage_{number}"));
    [NAME.to_owned()].into_iter().chain(others)
}

pub(crate) fn run(criterion: &mut Criterion) {
    for threads in [1, 2, 4] {
        let mut group = group(criterion, "named", threads);
        ours(&mut group, threads);
        rivals(&mut group, threads);
        group.finish();
    }
}

fn telemetry() -> TelemetryHandle {
    TelemetryHandle::from_config(TelemetryConfig::default()).expect("the defaults are valid")
}

fn ours(group: &mut Group<'_>, threads: u32) {
    // A name has one kind, so counters and latencies have a handle each.
    let counters = telemetry();
    bench(group, "record_counter", threads, || {
        for name in names() {
            counters.record_counter(&name, 1).expect("a valid name");
        }
        |_| {
            let _ = black_box(&counters).record_counter(black_box(NAME), 1);
        }
    });

    let latencies = telemetry();
    bench(group, "record_latency_ms", threads, || {
        for name in names() {
            latencies.record_latency_ms(&name, 1);
        }
        |value| black_box(&latencies).record_latency_ms(black_box(NAME), black_box(value))
    });
}

fn rivals(group: &mut Group<'_>, threads: u32) {
    let opts = prometheus::Opts::new("counter", "help");
    let prometheus = prometheus::IntCounterVec::new(opts, &["name"]).expect("a valid label");
    for name in names() {
        prometheus.with_label_values(&[name]).inc();
    }
    bench(group, "prometheus_look_up", threads, || {
        |_| {
            black_box(&prometheus)
                .with_label_values(&[black_box(NAME)])
                .inc();
        }
    });

    let recorder = rivals::metrics_recorder();
    metrics::with_local_recorder(&recorder, || {
        for name in names() {
            metrics::counter!(name).increment(1);
        }
    });
    bench(group, "metrics_macro", threads, || {
        let recorder = metrics::set_default_local_recorder(&recorder);
        move |_| {
            let _in_force = &recorder;
            metrics::counter!("relayer.ingest").increment(1);
        }
    });

    let provider = rivals::opentelemetry();
    let opentelemetry = provider.meter("record").u64_counter("counter").build();
    for name in names() {
        opentelemetry.add(1, &[KeyValue::new("name", name)]);
    }
    let attributes = [KeyValue::new("name", NAME)];
    bench(group, "opentelemetry_attributes", threads, || {
        |_| black_box(&opentelemetry).add(1, black_box(&attributes))
    });
}
