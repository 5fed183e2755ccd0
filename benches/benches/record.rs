//! What does one record cost, and against what?
//!
//! ```text
//! cargo bench -p pqcnet-telemetry-benches --bench record
//! ```
//!
//! Every line is the time of one record. Only ratios within one run say
//! anything, as the machine's clock and its other work are in all of them:
//! each group has the plain way of doing the same thing beside ours.
//!
//! | group | plain | ours |
//! |---|---|---|
//! | `counter` | `fetch_add`, `thread_local_cell` | the rest |
//! | `counter_2_threads` | `fetch_add`, `thread_local_cell` | `increment` |
//! | `histogram` | `hdrhistogram`, in a thread-local `RefCell` | the rest |
//! | `up_down` | `fetch_add` | the rest |
//! | `gauge` | `store` | `set` |
//!
//! `counter/fetch_add` is a shared atomic that nobody else touches, the best
//! case of the usual counter. `thread_local_cell` is a `Cell<u64>` that nobody
//! can read from outside: what the machine takes for a load, an add and a store
//! to one address, hence the floor of any counter kept in memory. In
//! `counter_2_threads` it tells how much two threads slow each other down
//! where they share nothing, which is the machine's doing.
//!
//! One cell is recorded into again and again, so each record waits for the
//! store of the one before. Records to different series overlap, and cost less.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use hdrhistogram::Histogram as Hdr;
use pqcnet_telemetry_core::{Layout, Registry, label_set};

/// Records in one pass of the timed loop, each of another value.
const VALUES: usize = 200;

label_set! {
    /// A label of three values.
    enum Outcome: "outcome" {
        /// Taken.
        Accepted = "accepted",
        /// Put off.
        Deferred = "deferred",
        /// Sent back.
        Rejected = "rejected",
    }
}

thread_local! {
    static CELL: Cell<u64> = const { Cell::new(0) };
    static HDR: RefCell<Hdr<u64>> = {
        let (low, high) = Layout::DEFAULT_RANGE;
        let hdr = Hdr::new_with_bounds(low, high, Layout::DEFAULT_DIGITS);
        RefCell::new(hdr.expect("our own default range"))
    };
}

/// From a microsecond to 16 milliseconds, 5 % apart, in no order.
fn values() -> [u64; VALUES] {
    let mut values = [0; VALUES];
    let mut value = 1_000;
    for step in 0..VALUES {
        // 73 and 200 have no common divisor, so every place is filled.
        values[step * 73 % VALUES] = value;
        value += value / 20;
    }
    values
}

/// The time of `iterations` records, rounded up to whole passes and scaled
/// back.
fn time(iterations: u64, values: &[u64], record: &impl Fn(u64)) -> Duration {
    let passes = iterations.div_ceil(values.len() as u64);
    let start = Instant::now();
    for _ in 0..passes {
        for value in values {
            record(*value);
        }
    }
    let records = passes * values.len() as u64;
    start.elapsed().mul_f64(iterations as f64 / records as f64)
}

/// The time of `iterations` records by each of two threads that start
/// together: the mean of both.
fn time_of_two(iterations: u64, values: &[u64], record: &(impl Fn(u64) + Sync)) -> Duration {
    let start = Barrier::new(2);
    let run = || {
        // The first record of a thread claims its shard.
        time(1, values, record);
        start.wait();
        time(iterations, values, record)
    };
    thread::scope(|scope| {
        let other = scope.spawn(run);
        let mine = scope.spawn(run).join().expect("records don't panic");
        (mine + other.join().expect("records don't panic")) / 2
    })
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn one_thread(group: &mut Group<'_>, name: &str, record: impl Fn(u64)) {
    let values = values();
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| time(iterations, &values, &record));
    });
}

fn two_threads(group: &mut Group<'_>, name: &str, record: impl Fn(u64) + Sync) {
    let values = values();
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| time_of_two(iterations, &values, &record));
    });
}

/// `black_box` on the handle or cell, so that each record loads all it needs
/// anew; the compiler knows the 1, as it does at a caller's `increment()`.
fn counter(criterion: &mut Criterion) {
    let registry = Registry::new();
    let counter = registry.counter("counter").expect("a new name");
    let bound = counter.bind(&[("peer", "a")]).expect("a valid attribute");
    let family = registry
        .counter_family::<Outcome>("family")
        .expect("a new name");
    let local = registry.local().counter(&counter);
    let shared = AtomicU64::new(0);

    let mut group = criterion.benchmark_group("counter");
    one_thread(&mut group, "fetch_add", |_| {
        black_box(&shared).fetch_add(1, Ordering::Relaxed);
    });
    one_thread(&mut group, "thread_local_cell", |_| {
        CELL.with(|cell| black_box(cell).set(cell.get().wrapping_add(1)));
    });
    one_thread(&mut group, "increment", |_| black_box(&counter).increment());
    one_thread(&mut group, "local", |_| black_box(&local).increment());
    one_thread(&mut group, "family", |_| {
        black_box(&family).increment(black_box(Outcome::Deferred));
    });
    one_thread(&mut group, "bound", |_| black_box(&bound).increment());
    group.finish();

    let mut group = criterion.benchmark_group("counter_2_threads");
    two_threads(&mut group, "fetch_add", |_| {
        black_box(&shared).fetch_add(1, Ordering::Relaxed);
    });
    two_threads(&mut group, "thread_local_cell", |_| {
        CELL.with(|cell| black_box(cell).set(cell.get().wrapping_add(1)));
    });
    two_threads(&mut group, "increment", |_| black_box(&counter).increment());
    group.finish();
}

/// `hdrhistogram` keeps least, greatest and count where ours keeps sum and
/// count; both clamp, and neither is asked for an unknown bucket.
fn histogram(criterion: &mut Criterion) {
    let registry = Registry::new();
    let histogram = registry.histogram("histogram").expect("a new name");
    let local = registry.local().histogram(&histogram);

    let mut group = criterion.benchmark_group("histogram");
    one_thread(&mut group, "hdrhistogram", |value| {
        HDR.with_borrow_mut(|hdr| black_box(hdr).saturating_record(black_box(value)));
    });
    one_thread(&mut group, "record", |value| {
        black_box(&histogram).record(black_box(value));
    });
    one_thread(&mut group, "local", |value| {
        black_box(&local).record(black_box(value));
    });
    group.finish();
}

fn up_down(criterion: &mut Criterion) {
    let registry = Registry::new();
    let open = registry.up_down_counter("open").expect("a new name");
    let local = registry.local().up_down_counter(&open);
    let shared = AtomicU64::new(0);

    let mut group = criterion.benchmark_group("up_down");
    one_thread(&mut group, "fetch_add", |_| {
        black_box(&shared).fetch_add(1, Ordering::Relaxed);
    });
    one_thread(&mut group, "increment", |_| black_box(&open).increment());
    one_thread(&mut group, "local", |_| black_box(&local).add(1));
    group.finish();
}

fn gauge(criterion: &mut Criterion) {
    let registry = Registry::new();
    let gauge = registry.gauge("gauge").expect("a new name");
    let shared = AtomicU64::new(0);

    let mut group = criterion.benchmark_group("gauge");
    one_thread(&mut group, "store", |value| {
        black_box(&shared).store(black_box(value), Ordering::Relaxed);
    });
    one_thread(&mut group, "set", |value| {
        black_box(&gauge).set(black_box(value as f64));
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    counter(&mut criterion);
    histogram(&mut criterion);
    up_down(&mut criterion);
    gauge(&mut criterion);
    criterion.final_summary();
}
