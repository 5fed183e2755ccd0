//! Ours alone: whether a record costs more where there is more of everything.
//!
//! `series/N` increments one counter out of N that the thread has recorded
//! into; `shards/N` one counter that N - 1 other living threads have recorded
//! into.

use std::hint::black_box;
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;

use criterion::Criterion;
use pqcnet_telemetry_core::{Counter, Registry};

use crate::bench::{Group, bench};

pub(crate) fn run(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("series");
    for count in [1, 100, 10_000] {
        series(&mut group, count);
    }
    for count in [1, 16, 64] {
        shards(&mut group, count);
    }
    group.finish();
}

fn series(group: &mut Group<'_>, count: u32) {
    let registry = Registry::builder().counter_capacity(count).build();
    let counters: Vec<_> = (0..count)
        .map(|number| registry.counter(format!("counter_{number}")))
        .collect::<Result<_, _>>()
        .expect("new names, and room for all");
    let counter = &counters[counters.len() / 2];

    bench(group, &format!("series/{count}"), 1, || {
        counters.iter().for_each(Counter::increment);
        |_| black_box(counter).increment()
    });
}

fn shards(group: &mut Group<'_>, count: usize) {
    let registry = Registry::new();
    let counter = registry.counter("counter").expect("a new name");
    let recorded = Barrier::new(count);
    let stay = Mutex::new(());

    thread::scope(|scope| {
        // Also on unwinding, lets the others go before the scope waits for them.
        let until_measured = stay.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 1..count {
            scope.spawn(|| {
                counter.increment();
                recorded.wait();
                drop(stay.lock());
            });
        }
        recorded.wait();
        bench(group, &format!("shards/{count}"), 1, || {
            |_| black_box(&counter).increment()
        });
        drop(until_measured);
    });
}
