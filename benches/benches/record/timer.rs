//! Two readings of the clock and a record of what lies between, which is
//! nothing.
//!
//! - `instant`: the standard library's clock, into our histogram.
//! - `timer`: ours, which reads the time-stamp counter where it is steady.
//! - `prometheus`: the standard library's clock, into its default buckets; each
//!   timer holds a clone of the histogram's `Arc`.
//! - `nm`: a clock that advances in steps of 1 to 20 milliseconds, in
//!   milliseconds, into eight buckets; its documentation advises against it
//!   for operations this short.

use std::hint::black_box;
use std::time::Instant;

use criterion::Criterion;
use pqcnet_telemetry_core::{Registry, Timer};

use crate::bench::{Group, bench, group};

/// Bounds for `nm`, in milliseconds.
const MAGNITUDES: [nm::Magnitude; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

pub(crate) fn run(criterion: &mut Criterion) {
    Timer::calibrate();
    for threads in [1, 2, 4] {
        let mut group = group(criterion, "timer", threads);
        timers(&mut group, threads);
        group.finish();
    }
}

fn timers(group: &mut Group<'_>, threads: u32) {
    let registry = Registry::new();
    let histogram = registry.histogram("histogram").expect("a new name");
    bench(group, "instant", threads, || {
        |_| {
            let start = Instant::now();
            black_box(&histogram).record(start.elapsed().as_nanos() as u64);
        }
    });
    bench(group, "timer", threads, || {
        |_| drop(black_box(&histogram).start_timer())
    });

    let opts = prometheus::HistogramOpts::new("histogram", "help");
    let prometheus = prometheus::Histogram::with_opts(opts).expect("a valid name");
    bench(group, "prometheus", threads, || {
        |_| black_box(&prometheus).start_timer().observe_duration()
    });

    thread_local! {
        static EVENT: nm::Event = nm::Event::builder()
            .name("timer")
            .histogram(&MAGNITUDES)
            .build();
    }
    bench(group, "nm", threads, || {
        |_| EVENT.with(|event| black_box(event).observe_duration_millis(|| ()))
    });
}
