//! A counter without labels, by handle.
//!
//! `thread_local_cell` is a `Cell<u64>` that nobody can read from outside: what
//! the machine takes for a load, an add and a store to one address, hence the
//! floor of any counter kept in memory. At two threads and more it tells how
//! much threads slow each other down where they share nothing. `fetch_add` is
//! one atomic for all threads, at one thread the best case of the usual
//! counter. `arc_swap` is the obvious way to swap epochs: load the current
//! array of counters, then `fetch_add`.
//!
//! - `prometheus`, `prometheus-client`, `measured`, `metriken`: one shared
//!   atomic.
//! - `prometheus_local`, `nm_push`: the thread's own plain cells, which nobody
//!   can read before that thread has flushed them; the flush is not timed.
//! - `metrics`: a shared atomic behind a trait object, and another that tells
//!   the exporter when it last changed.
//! - `opentelemetry`: a shared atomic and a flag behind two trait objects.
//! - `metriken_sharded`: its group of counters for high throughput, one shard
//!   for each of 256 threads, added to atomically; all readable at any time.
//! - `fast-telemetry`: four shards, added to atomically by whichever threads
//!   get one; readable at any time.
//! - `nm`: a count and a sum in the thread's own event, added to atomically;
//!   readable at any time.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use criterion::Criterion;
use opentelemetry::metrics::MeterProvider;
use pqcnet_telemetry_core::Registry;

use crate::bench::{Group, bench, group};
use crate::rivals;

pub(crate) fn run(criterion: &mut Criterion) {
    for threads in [1, 2, 4] {
        let mut group = group(criterion, "counter", threads);
        plain(&mut group, threads);
        ours(&mut group, threads);
        shared_rivals(&mut group, threads);
        sharded_rivals(&mut group, threads);
        group.finish();
    }
}

fn plain(group: &mut Group<'_>, threads: u32) {
    thread_local! {
        static CELL: Cell<u64> = const { Cell::new(0) };
    }
    let shared = AtomicU64::new(0);
    let epoch = ArcSwap::from_pointee(vec![AtomicU64::new(0)]);

    bench(group, "thread_local_cell", threads, || {
        |_| CELL.with(|cell| black_box(cell).set(cell.get().wrapping_add(1)))
    });
    bench(group, "fetch_add", threads, || {
        |_| {
            black_box(&shared).fetch_add(1, Ordering::Relaxed);
        }
    });
    bench(group, "arc_swap", threads, || {
        |_| {
            black_box(&epoch).load()[0].fetch_add(1, Ordering::Relaxed);
        }
    });
}

fn ours(group: &mut Group<'_>, threads: u32) {
    let registry = Registry::new();
    let counter = registry.counter("counter").expect("a new name");

    bench(group, "increment", threads, || {
        |_| black_box(&counter).increment()
    });
    bench(group, "local", threads, || {
        let local = registry.local().counter(&counter);
        move |_| black_box(&local).increment()
    });
}

fn shared_rivals(group: &mut Group<'_>, threads: u32) {
    static METRIKEN: metriken::Counter = metriken::Counter::new();

    let prometheus = prometheus::IntCounter::new("counter", "help").expect("a valid name");
    bench(group, "prometheus", threads, || {
        |_| black_box(&prometheus).inc()
    });
    bench(group, "prometheus_local", threads, || {
        let local = prometheus.local();
        move |_| black_box(&local).inc()
    });

    let prometheus_client = <prometheus_client::metrics::counter::Counter>::default();
    bench(group, "prometheus-client", threads, || {
        |_| {
            black_box(&prometheus_client).inc();
        }
    });

    let recorder = rivals::metrics_recorder();
    let metrics = metrics::with_local_recorder(&recorder, || metrics::counter!("counter"));
    bench(group, "metrics", threads, || {
        |_| black_box(&metrics).increment(1)
    });

    let provider = rivals::opentelemetry();
    let opentelemetry = provider.meter("record").u64_counter("counter").build();
    bench(group, "opentelemetry", threads, || {
        |_| black_box(&opentelemetry).add(1, &[])
    });

    let measured = measured::Counter::new();
    bench(group, "measured", threads, || {
        |_| black_box(&measured).inc()
    });

    bench(group, "metriken", threads, || {
        |_| {
            black_box(&METRIKEN).increment();
        }
    });
}

fn sharded_rivals(group: &mut Group<'_>, threads: u32) {
    static METRIKEN: metriken::ShardedCounterGroup = metriken::ShardedCounterGroup::new(1);
    thread_local! {
        static EVENT: nm::Event = nm::Event::builder().name("counter").build();
        static PUSHER: nm::MetricsPusher = nm::MetricsPusher::new();
        static PUSHED: nm::Event<nm::Push> = nm::Event::builder()
            .name("counter_pushed")
            .pusher_local(&PUSHER)
            .build();
    }

    bench(group, "metriken_sharded", threads, || {
        |_| {
            black_box(&METRIKEN).increment(0);
        }
    });

    let fast_telemetry = fast_telemetry::Counter::new(rivals::SHARDS);
    bench(group, "fast-telemetry", threads, || {
        |_| black_box(&fast_telemetry).inc()
    });

    bench(group, "nm", threads, || {
        |_| EVENT.with(|event| black_box(event).observe_once())
    });
    bench(group, "nm_push", threads, || {
        |_| PUSHED.with(|event| black_box(event).observe_once())
    });
}
