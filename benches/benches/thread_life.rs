//! What does a thread's life cost?
//!
//! ```text
//! cargo bench -p pqcnet-telemetry-benches --bench thread_life
//! ```
//!
//! | line | from, to |
//! |---|---|
//! | `spawn_alone` | spawn to join of a thread that does nothing: the floor of the others |
//! | `spawn_and_record_*` | spawn to join of a thread that increments one counter |
//! | `first_record_*` | that increment alone, by the thread's own clock |
//! | `later_record` | the second one, by the same clock: nearly all of it is the clock's reading |
//! | `first_histogram_record` | a thread's first record to a histogram, after one to a counter |
//!
//! `new_shard` finds none to take over, as its registry is new; `adopting` takes
//! over the shard of the thread before. `first_histogram_record` makes the
//! histogram's cells in both banks. The groups differ in the registry's
//! capacity: `thread_life` has the default one, `thread_life_10k` 10,000
//! counters.
//!
//! The rivals: `fast_telemetry` gives a thread a number, by which it finds its
//! cell among those every counter is made with; `nm` registers the event anew
//! for each thread, and adds it to an archive at the thread's end.

use std::hint::black_box;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use nm::Event;
use pqcnet_telemetry_core::{Counter, Histogram, Registry, RegistryBuilder};

type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// The time that `of_one` takes for one after the other of what `prepare`
/// makes; that it drops outside of it.
fn bench<P>(
    group: &mut Group<'_>,
    name: &str,
    prepare: impl Fn() -> P,
    of_one: impl Fn(&P) -> Duration,
) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| (0..iterations).map(|_| of_one(&prepare())).sum());
    });
}

/// A thread's life, spawn to join.
fn life(work: impl FnOnce() + Send + 'static) -> Duration {
    timed(|| thread::spawn(work).join().expect("records don't panic"))
}

/// What a thread finds out about itself.
fn inside(work: impl FnOnce() -> Duration + Send + 'static) -> Duration {
    thread::spawn(work).join().expect("records don't panic")
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// A registry with a counter and a histogram, and no shard yet.
struct Ours {
    counter: Counter,
    histogram: Histogram,
}

impl Ours {
    fn new(builder: &RegistryBuilder) -> Self {
        let registry = builder.build();
        Self {
            counter: registry.counter("counter").expect("a new name"),
            histogram: registry.histogram("histogram").expect("a new name"),
        }
    }
}

fn ours(group: &mut Group<'_>, builder: &RegistryBuilder) {
    let fresh = || Ours::new(builder);
    // One thread at a time, so its one shard is idle whenever the next begins.
    let adopting = || {};
    let used = Ours::new(builder).counter;
    life({
        let counter = used.clone();
        move || counter.increment()
    });

    bench(group, "spawn_and_record_new_shard", fresh, |ours| {
        let counter = ours.counter.clone();
        life(move || counter.increment())
    });
    bench(group, "spawn_and_record_adopting", adopting, |()| {
        let counter = used.clone();
        life(move || counter.increment())
    });
    bench(group, "first_record_new_shard", fresh, |ours| {
        let counter = ours.counter.clone();
        inside(move || timed(|| black_box(&counter).increment()))
    });
    bench(group, "first_record_adopting", adopting, |()| {
        let counter = used.clone();
        inside(move || timed(|| black_box(&counter).increment()))
    });
    bench(group, "later_record", adopting, |()| {
        let counter = used.clone();
        inside(move || {
            counter.increment();
            timed(|| black_box(&counter).increment())
        })
    });
    bench(group, "first_histogram_record", fresh, |ours| {
        let (counter, histogram) = (ours.counter.clone(), ours.histogram.clone());
        inside(move || {
            counter.increment();
            timed(|| black_box(&histogram).record(black_box(1_000)))
        })
    });
}

fn rivals(group: &mut Group<'_>) {
    // As many cells as it makes for itself by default.
    static FAST: LazyLock<fast_telemetry::Counter> =
        LazyLock::new(|| fast_telemetry::Counter::new(4));
    thread_local! {
        static NM: Event = Event::builder().name("thread_life").build();
    }
    let fast = || FAST.inc();
    let nm = || NM.with(Event::observe_once);
    fast();
    let nothing = || {};

    bench(group, "spawn_and_record_fast_telemetry", nothing, |()| {
        life(fast)
    });
    bench(group, "spawn_and_record_nm", nothing, |()| life(nm));
    bench(group, "first_record_fast_telemetry", nothing, |()| {
        inside(move || timed(fast))
    });
    bench(group, "first_record_nm", nothing, |()| {
        inside(move || timed(nm))
    });
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();

    let mut group = criterion.benchmark_group("thread_life");
    bench(&mut group, "spawn_alone", || {}, |()| life(|| {}));
    ours(&mut group, &Registry::builder());
    rivals(&mut group);
    group.finish();

    let mut group = criterion.benchmark_group("thread_life_10k");
    ours(&mut group, &Registry::builder().counter_capacity(10_000));
    group.finish();

    criterion.final_summary();
}
