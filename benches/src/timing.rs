//! Timing of single records, on one thread and on several at once.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::workload::values;

/// The time of `iterations` records, rounded up to whole passes over `values`
/// and scaled back.
pub fn time(iterations: u64, values: &[u64], record: &impl Fn(u64)) -> Duration {
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

/// The time of `iterations` records by each of `threads` threads that start
/// together: the mean of all. `candidate` is called once in each thread, and
/// what it returns records.
///
/// # Panics
///
/// If a candidate does.
pub fn time_of_threads<R: Fn(u64)>(
    threads: u32,
    iterations: u64,
    candidate: &(impl Fn() -> R + Sync),
) -> Duration {
    let values = values();
    let start = Barrier::new(threads as usize);
    let run = || {
        let record = candidate();
        // A thread's first records make what it needs.
        time(1, &values, &record);
        start.wait();
        time(iterations, &values, &record)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let count = threads.len() as u32;
        let times = threads
            .into_iter()
            .map(|thread| thread.join().expect("records don't panic"));
        times.sum::<Duration>() / count
    })
}
