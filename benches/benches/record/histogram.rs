//! A value into a histogram.
//!
//! Ours and the three lines of `hdrhistogram` have the same buckets, three
//! digits from 1 to an hour in nanoseconds. Ours keep count and sum.
//!
//! - `hdrhistogram`: the thread's own, which nobody can read from outside;
//!   keeps count, least and greatest, no sum.
//! - `hdrhistogram_mutex`: one for all threads.
//! - `hdrhistogram_sync`: its own for many threads, a recorder each. A reader
//!   waits until every recorder has handed its histogram over.
//! - `prometheus`: its eleven default buckets, of seconds, of which the values
//!   use the first three; an atomic each for count, sum (a loop of
//!   compare-and-swap), bucket and a second count, so that it reads
//!   consistently.
//! - `prometheus_local`, `nm_push`: the thread's own plain cells, which nobody
//!   can read before that thread has flushed them; the flush is not timed.
//! - `prometheus-client`: fifteen powers of two, under a mutex.
//! - `metrics`: no buckets; the value and the time are pushed on a list, which
//!   grows until the exporter sorts it into buckets. That is done, but not
//!   timed, before each batch.
//! - `opentelemetry`: fifteen powers of two, least and greatest, under a mutex.
//! - `opentelemetry_exponential`: 160 buckets at the finest scale that holds
//!   the values, a lookup in logarithms under a mutex.
//! - `measured`: fifteen powers of two, under a read lock; sums by
//!   compare-and-swap.
//! - `metriken`, `histogram`: three digits, one shared atomic a bucket; no sum,
//!   and no count but that of the buckets. `metriken` wraps `histogram`, and
//!   `metriken_sharded` has one for each of 256 threads.
//! - `fast-telemetry`: powers of two, in four shards with sum and count.
//! - `fast-telemetry_histogram`: fifteen powers of two, searched one by one.
//! - `nm`: the same bounds and search, in the thread's own event with sum and
//!   count, added to atomically.

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use criterion::Criterion;
use hdrhistogram::Histogram as Hdr;
use opentelemetry::metrics::MeterProvider;
use pqcnet_telemetry_benches::workload::Outcome;
use pqcnet_telemetry_core::{Layout, Registry};

use crate::bench::{Group, bench, group};
use crate::rivals;
use crate::rivals::BOUNDS;

pub(crate) fn run(criterion: &mut Criterion) {
    for threads in [1, 2, 4] {
        let mut group = group(criterion, "histogram", threads);
        plain(&mut group, threads);
        ours(&mut group, threads);
        prometheus(&mut group, threads);
        metrics(&mut group, threads);
        opentelemetry(&mut group, threads);
        measured(&mut group, threads);
        metriken(&mut group, threads);
        fast_telemetry(&mut group, threads);
        nm(&mut group, threads);
        plain_rival(&mut group, threads);
        group.finish();
    }
}

fn hdr() -> Hdr<u64> {
    let (low, high) = Layout::DEFAULT_RANGE;
    Hdr::new_with_bounds(low, high, Layout::DEFAULT_DIGITS).expect("our own default range")
}

fn plain(group: &mut Group<'_>, threads: u32) {
    thread_local! {
        static HDR: RefCell<Hdr<u64>> = RefCell::new(hdr());
    }
    bench(group, "hdrhistogram", threads, || {
        |value| HDR.with_borrow_mut(|hdr| black_box(hdr).saturating_record(black_box(value)))
    });

    let mutex = Mutex::new(hdr());
    bench(group, "hdrhistogram_mutex", threads, || {
        |value| {
            black_box(&mutex)
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .saturating_record(black_box(value));
        }
    });

    let sync = Mutex::new(hdr().into_sync());
    bench(group, "hdrhistogram_sync", threads, || {
        let mut sync = sync.lock().unwrap_or_else(PoisonError::into_inner);
        // Takes in what the threads of the batch before left in the channel,
        // and waits for none of this one.
        sync.refresh_timeout(Duration::ZERO);
        let recorder = RefCell::new(sync.recorder());
        move |value| {
            black_box(&recorder)
                .borrow_mut()
                .saturating_record(black_box(value));
        }
    });
}

fn ours(group: &mut Group<'_>, threads: u32) {
    let registry = Registry::new();
    let histogram = registry.histogram("histogram").expect("a new name");
    let family = registry
        .histogram_family::<Outcome>("family")
        .expect("a new name");

    bench(group, "record", threads, || {
        |value| black_box(&histogram).record(black_box(value))
    });
    bench(group, "local", threads, || {
        let local = registry.local().histogram(&histogram);
        move |value| black_box(&local).record(black_box(value))
    });
    bench(group, "family", threads, || {
        |value| black_box(&family).record(black_box(Outcome::Accepted), black_box(value))
    });
}

fn prometheus(group: &mut Group<'_>, threads: u32) {
    let opts = prometheus::HistogramOpts::new("histogram", "help");
    let prometheus = prometheus::Histogram::with_opts(opts).expect("a valid name");
    bench(group, "prometheus", threads, || {
        |value| black_box(&prometheus).observe(black_box(value) as f64 * 1e-9)
    });
    bench(group, "prometheus_local", threads, || {
        let local = prometheus.local();
        move |value| black_box(&local).observe(black_box(value) as f64 * 1e-9)
    });

    let prometheus_client =
        prometheus_client::metrics::histogram::Histogram::new(rivals::float_bounds());
    bench(group, "prometheus-client", threads, || {
        |value| black_box(&prometheus_client).observe(black_box(value) as f64)
    });
}

fn metrics(group: &mut Group<'_>, threads: u32) {
    let recorder = rivals::metrics_recorder();
    let exporter = recorder.handle();
    let metrics = metrics::with_local_recorder(&recorder, || metrics::histogram!("histogram"));
    bench(group, "metrics", threads, || {
        exporter.run_upkeep();
        |value| black_box(&metrics).record(black_box(value) as f64)
    });
    // Dropped with its recorder, the list would leak.
    exporter.run_upkeep();
}

fn opentelemetry(group: &mut Group<'_>, threads: u32) {
    let provider = rivals::opentelemetry();
    let opentelemetry = provider
        .meter("record")
        .u64_histogram("histogram")
        .with_boundaries(rivals::float_bounds())
        .build();
    bench(group, "opentelemetry", threads, || {
        |value| black_box(&opentelemetry).record(black_box(value), &[])
    });

    let provider = rivals::opentelemetry_exponential();
    let exponential = provider.meter("record").u64_histogram("histogram").build();
    bench(group, "opentelemetry_exponential", threads, || {
        |value| black_box(&exponential).record(black_box(value), &[])
    });
}

fn measured(group: &mut Group<'_>, threads: u32) {
    use measured::metric::histogram::Thresholds;

    let bounds = BOUNDS.map(|bound| bound as f64);
    let measured = measured::Histogram::with_metadata(Thresholds::with_buckets(bounds));
    bench(group, "measured", threads, || {
        |value| black_box(&measured).observe(black_box(value) as f64)
    });
}

/// Steps of a thousandth: the next power of two.
const GROUPING_POWER: u8 = 10;
/// 2^42 - 1 is above an hour in nanoseconds.
const MAX_VALUE_POWER: u8 = 42;

fn metriken(group: &mut Group<'_>, threads: u32) {
    static SHARED: metriken::AtomicCounterHistogram =
        metriken::AtomicCounterHistogram::new(GROUPING_POWER, MAX_VALUE_POWER);
    static SHARDED: metriken::ShardedCounterHistogram =
        metriken::ShardedCounterHistogram::new(GROUPING_POWER, MAX_VALUE_POWER);

    bench(group, "metriken", threads, || {
        |value| {
            let _ = black_box(&SHARED).increment(black_box(value));
        }
    });
    bench(group, "metriken_sharded", threads, || {
        |value| {
            let _ = black_box(&SHARDED).increment(black_box(value));
        }
    });
}

fn fast_telemetry(group: &mut Group<'_>, threads: u32) {
    let distribution = fast_telemetry::Distribution::new(rivals::SHARDS);
    bench(group, "fast-telemetry", threads, || {
        |value| black_box(&distribution).record(black_box(value))
    });

    let histogram = fast_telemetry::Histogram::new(&BOUNDS, rivals::SHARDS);
    bench(group, "fast-telemetry_histogram", threads, || {
        |value| black_box(&histogram).record(black_box(value))
    });
}

fn nm(group: &mut Group<'_>, threads: u32) {
    const MAGNITUDES: [nm::Magnitude; BOUNDS.len()] = {
        let mut magnitudes = [0; BOUNDS.len()];
        let mut index = 0;
        while index < BOUNDS.len() {
            magnitudes[index] = BOUNDS[index].cast_signed();
            index += 1;
        }
        magnitudes
    };
    thread_local! {
        static EVENT: nm::Event = nm::Event::builder()
            .name("histogram")
            .histogram(&MAGNITUDES)
            .build();
        static PUSHER: nm::MetricsPusher = nm::MetricsPusher::new();
        static PUSHED: nm::Event<nm::Push> = nm::Event::builder()
            .name("histogram_pushed")
            .histogram(&MAGNITUDES)
            .pusher_local(&PUSHER)
            .build();
    }
    bench(group, "nm", threads, || {
        |value| EVENT.with(|event| black_box(event).observe(black_box(value)))
    });
    bench(group, "nm_push", threads, || {
        |value| PUSHED.with(|event| black_box(event).observe(black_box(value)))
    });
}

fn plain_rival(group: &mut Group<'_>, threads: u32) {
    let histogram = ::histogram::AtomicHistogram::new(GROUPING_POWER, MAX_VALUE_POWER)
        .expect("powers in order");
    bench(group, "histogram", threads, || {
        |value| {
            let _ = black_box(&histogram).increment(black_box(value));
        }
    });
}
