//! A gauge, set. All keep one value for all threads.
//!
//! - `set`: ours also looks at a flag, so that a gauge that was never set is
//!   not reported.
//! - `prometheus`, `prometheus-client`, `fast-telemetry`, `measured`: a store of
//!   a float; `prometheus-client` swaps, to return the value before.
//! - `metrics`: a swap, and an atomic that tells the exporter when it last
//!   changed, behind a trait object.
//! - `opentelemetry`: a store of a float and a flag behind two trait objects.
//! - `metriken`: integers only, by a swap.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use criterion::Criterion;
use opentelemetry::metrics::MeterProvider;
use pqcnet_telemetry_core::Registry;

use crate::bench::{Group, bench, group};
use crate::rivals;

pub(crate) fn run(criterion: &mut Criterion) {
    for threads in [1, 2, 4] {
        let mut group = group(criterion, "gauge", threads);
        plain_and_ours(&mut group, threads);
        rivals(&mut group, threads);
        group.finish();
    }
}

fn plain_and_ours(group: &mut Group<'_>, threads: u32) {
    let shared = AtomicU64::new(0);
    bench(group, "store", threads, || {
        |value| black_box(&shared).store(black_box(value), Ordering::Relaxed)
    });

    let registry = Registry::new();
    let gauge = registry.gauge("gauge").expect("a new name");
    bench(group, "set", threads, || {
        |value| black_box(&gauge).set(black_box(value) as f64)
    });
}

fn rivals(group: &mut Group<'_>, threads: u32) {
    static METRIKEN: metriken::Gauge = metriken::Gauge::new();

    let prometheus = prometheus::Gauge::new("gauge", "help").expect("a valid name");
    bench(group, "prometheus", threads, || {
        |value| black_box(&prometheus).set(black_box(value) as f64)
    });

    let prometheus_client = prometheus_client::metrics::gauge::Gauge::<f64, AtomicU64>::default();
    bench(group, "prometheus-client", threads, || {
        |value| {
            black_box(&prometheus_client).set(black_box(value) as f64);
        }
    });

    let recorder = rivals::metrics_recorder();
    let metrics = metrics::with_local_recorder(&recorder, || metrics::gauge!("gauge"));
    bench(group, "metrics", threads, || {
        |value| black_box(&metrics).set(black_box(value) as f64)
    });

    let provider = rivals::opentelemetry();
    let opentelemetry = provider.meter("record").f64_gauge("gauge").build();
    bench(group, "opentelemetry", threads, || {
        |value| black_box(&opentelemetry).record(black_box(value) as f64, &[])
    });

    let fast_telemetry = fast_telemetry::GaugeF64::new();
    bench(group, "fast-telemetry", threads, || {
        |value| black_box(&fast_telemetry).set(black_box(value) as f64)
    });

    let measured = measured::FloatGauge::new();
    bench(group, "measured", threads, || {
        |value| black_box(&measured).set(black_box(value) as f64)
    });

    bench(group, "metriken", threads, || {
        |value| {
            black_box(&METRIKEN).set(black_box(value) as i64);
        }
    });
}
