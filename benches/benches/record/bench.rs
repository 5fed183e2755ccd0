//! How every line of every group is run.

use criterion::measurement::WallTime;
use criterion::{Bencher, BenchmarkGroup, BenchmarkId, Criterion, SamplingMode};
use pqcnet_telemetry_benches::timing::time_of_threads;

pub(crate) type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// The group of `question` at `threads` threads.
pub(crate) fn group<'a>(criterion: &'a mut Criterion, question: &str, threads: u32) -> Group<'a> {
    let plural = if threads == 1 { "" } else { "s" };
    let mut group = criterion.benchmark_group(format!("{question}_{threads}_thread{plural}"));
    if threads > 1 {
        // Samples of one length: in the short ones that criterion starts with,
        // a thread can be done before the last one runs.
        group.sampling_mode(SamplingMode::Flat);
    }
    group
}

/// One line of a group: `candidate` is called in each thread, untimed, and what
/// it returns is one record. An id with a slash is a name and a parameter.
pub(crate) fn bench<R: Fn(u64)>(
    group: &mut Group<'_>,
    id: &str,
    threads: u32,
    candidate: impl Fn() -> R + Sync,
) {
    let run = |bencher: &mut Bencher<'_, WallTime>| {
        bencher.iter_custom(|iterations| time_of_threads(threads, iterations, &candidate));
    };
    match id.split_once('/') {
        Some((name, parameter)) => group.bench_function(BenchmarkId::new(name, parameter), run),
        None => group.bench_function(id, run),
    };
}
