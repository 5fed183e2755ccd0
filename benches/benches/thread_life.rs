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
//! `new_shard` finds every shard claimed, as each thread before it has left its
//! own so: 15 at most, then a new registry is made. `adopting` takes over the
//! idle shard of the thread before. `first_histogram_record` makes the
//! histogram's cells in both banks. The groups differ in the registry's
//! capacity: `thread_life` has the default one, `thread_life_10k` 10,000
//! counters.
//!
//! New shards and cells are never freed here, so they are made of memory that
//! the allocator asks the system for, as where threads start with the process.
//! From memory that was freed before, it would clear every byte.
//!
//! The rivals: `fast_telemetry` gives a thread a number, by which it finds its
//! cell among those every counter is made with; `nm` registers the event anew
//! for each thread, and adds it to an archive at the thread's end.

use std::hint::black_box;
use std::iter;
use std::mem;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use nm::Event;
use pqcnet_telemetry_core::{Counter, Histogram, Registry, RegistryBuilder};

type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// The time that `of_one` takes for one after the other of what `prepare`
/// makes outside of it.
fn bench<P>(
    group: &mut Group<'_>,
    name: &str,
    mut prepare: impl FnMut() -> P,
    of_one: impl Fn(P) -> Duration,
) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| (0..iterations).map(|_| of_one(prepare())).sum());
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

/// A registry with a counter and a histogram.
#[derive(Clone)]
struct Ours {
    registry: Registry,
    counter: Counter,
    histogram: Histogram,
}

impl Ours {
    fn new(builder: &RegistryBuilder) -> Self {
        let registry = builder.build();
        Self {
            counter: registry.counter("counter").expect("a new name"),
            histogram: registry.histogram("histogram").expect("a new name"),
            registry,
        }
    }

    /// Leaves this thread's shard claimed, and the registry alive, for good.
    fn keep_shard(&self) {
        mem::forget(self.registry.local());
    }
}

/// Threads that make a shard each, in one registry.
const SHARDS: usize = 16;

/// Registries in which every shard is claimed, as long as each thread keeps
/// its own.
fn crowded(builder: &RegistryBuilder) -> impl FnMut() -> Ours {
    let mut registries = iter::repeat_with(|| iter::repeat_n(Ours::new(builder), SHARDS)).flatten();
    move || registries.next().expect("it never ends")
}

fn ours(group: &mut Group<'_>, builder: &RegistryBuilder) {
    let used = Ours::new(builder).counter;
    // One thread at a time, so its one shard is idle whenever the next begins.
    let adopting = || used.clone();
    let increment = |counter: Counter| life(move || counter.increment());
    increment(adopting());

    bench(group, "spawn_and_record_adopting", adopting, increment);
    bench(group, "first_record_adopting", adopting, |counter| {
        inside(move || timed(|| black_box(&counter).increment()))
    });
    bench(group, "later_record", adopting, |counter| {
        inside(move || {
            counter.increment();
            timed(|| black_box(&counter).increment())
        })
    });
}

/// Briefly, as every thread leaves some 100 KB behind.
fn ours_that_make(group: &mut Group<'_>, builder: &RegistryBuilder) {
    let crowded = || crowded(builder);
    group
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500));

    bench(group, "spawn_and_record_new_shard", crowded(), |ours| {
        life(move || {
            ours.counter.increment();
            ours.keep_shard();
        })
    });
    bench(group, "first_record_new_shard", crowded(), |ours| {
        inside(move || {
            let time = timed(|| black_box(&ours.counter).increment());
            ours.keep_shard();
            time
        })
    });
    bench(group, "first_histogram_record", crowded(), |ours| {
        inside(move || {
            ours.counter.increment();
            ours.keep_shard();
            timed(|| black_box(&ours.histogram).record(black_box(1_000)))
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

    let (default, ten_thousand) = (
        Registry::builder(),
        Registry::builder().counter_capacity(10_000),
    );

    let mut group = criterion.benchmark_group("thread_life");
    bench(&mut group, "spawn_alone", || {}, |()| life(|| {}));
    ours(&mut group, &default);
    rivals(&mut group);
    ours_that_make(&mut group, &default);
    group.finish();

    let mut group = criterion.benchmark_group("thread_life_10k");
    ours(&mut group, &ten_thousand);
    ours_that_make(&mut group, &ten_thousand);
    group.finish();

    criterion.final_summary();
}
