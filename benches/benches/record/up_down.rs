//! A sum that rises and falls, raised.
//!
//! - `prometheus`, `prometheus-client`, `measured`, `metriken`: a gauge, one
//!   shared atomic integer.
//! - `metrics`: a gauge, which is a float: a loop of compare-and-swap behind a
//!   trait object.
//! - `opentelemetry`: its up-down counter, a shared atomic and a flag behind two
//!   trait objects.
//! - `fast-telemetry`: its gauge can only be set; for sums its documentation
//!   points to the sharded counter, which takes negative numbers too.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use criterion::Criterion;
use opentelemetry::metrics::MeterProvider;
use pqcnet_telemetry_core::Registry;

use crate::bench::{Group, bench, group};
use crate::rivals;

pub(crate) fn run(criterion: &mut Criterion) {
    for threads in [1, 2, 4] {
        let mut group = group(criterion, "up_down", threads);
        plain_and_ours(&mut group, threads);
        rivals(&mut group, threads);
        group.finish();
    }
}

fn plain_and_ours(group: &mut Group<'_>, threads: u32) {
    let shared = AtomicU64::new(0);
    bench(group, "fetch_add", threads, || {
        |_| {
            black_box(&shared).fetch_add(1, Ordering::Relaxed);
        }
    });

    let registry = Registry::new();
    let open = registry.up_down_counter("open").expect("a new name");
    bench(group, "increment", threads, || {
        |_| black_box(&open).increment()
    });
    bench(group, "local", threads, || {
        let local = registry.local().up_down_counter(&open);
        move |_| black_box(&local).add(1)
    });
}

fn rivals(group: &mut Group<'_>, threads: u32) {
    static METRIKEN: metriken::Gauge = metriken::Gauge::new();

    let prometheus = prometheus::IntGauge::new("open", "help").expect("a valid name");
    bench(group, "prometheus", threads, || {
        |_| black_box(&prometheus).inc()
    });

    let prometheus_client = <prometheus_client::metrics::gauge::Gauge>::default();
    bench(group, "prometheus-client", threads, || {
        |_| {
            black_box(&prometheus_client).inc();
        }
    });

    let recorder = rivals::metrics_recorder();
    let metrics = metrics::with_local_recorder(&recorder, || metrics::gauge!("open"));
    bench(group, "metrics", threads, || {
        |_| black_box(&metrics).increment(1.0)
    });

    let provider = rivals::opentelemetry();
    let opentelemetry = provider.meter("record").i64_up_down_counter("open").build();
    bench(group, "opentelemetry", threads, || {
        |_| black_box(&opentelemetry).add(1, &[])
    });

    let fast_telemetry = fast_telemetry::Counter::new(rivals::SHARDS);
    bench(group, "fast-telemetry", threads, || {
        |_| black_box(&fast_telemetry).inc()
    });

    let measured = measured::Gauge::new();
    bench(group, "measured", threads, || {
        |_| black_box(&measured).inc()
    });

    bench(group, "metriken", threads, || {
        |_| {
            black_box(&METRIKEN).increment();
        }
    });
}
