//! Timing of spans: rounds of some thousand, each until the last is encoded.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::pipeline::Pipeline;
use super::shape::Pass;
use crate::workload::values;

/// Operations of one thread from one flush to the next.
pub const ROUND: usize = 2_048;

/// Spans that no exporter takes for a whole batch, so that none is encoded before
/// the flush: the SDK's batches are of 512.
const UNNOTICED: usize = 400;

/// Operations of one thread, each of so many spans, during which nothing is
/// encoded.
pub fn short_round(threads: u32, spans: u64) -> usize {
    UNNOTICED / (threads as usize * spans as usize)
}

/// What some operations take, by the median of the rounds.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// On a thread that records, in the mean of all.
    pub recording: Duration,
    /// From the first record to the last encoded span, over all threads: of two
    /// threads, the time in which they make as many operations together.
    pub all_in: Duration,
}

/// One thread's part of a round.
struct Lap {
    start: Instant,
    recorded: Instant,
    /// By the thread that was last.
    flushed: Option<Instant>,
}

/// The values of so many operations.
pub fn round_of(operations: usize) -> Vec<u64> {
    values().into_iter().cycle().take(operations).collect()
}

/// What is timed.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Records.
    pub pass: Pass,
    /// Spans of an operation.
    pub spans: u64,
    /// Threads that begin each round together.
    pub threads: u32,
    /// Operations of each from one flush to the next.
    pub round: usize,
}

/// The times of `operations` in rounds: of as many as there are operations, at
/// least one.
///
/// # Panics
///
/// If a span was lost.
pub fn times(work: Work, operations: u64, pipeline: &Pipeline) -> Times {
    let Work {
        pass,
        spans,
        threads,
        round,
    } = work;
    let values = round_of(round);
    let rounds = operations.div_ceil(round as u64).max(1);
    let line = StartingLine::new(threads);
    let done = AtomicU64::new(0);
    let lost = OnceLock::new();
    let lap = |number: u64| {
        line.wait(number);
        let start = Instant::now();
        pass(black_box(&values));
        let recorded = Instant::now();
        pipeline.add_made(values.len() as u64 * spans);
        let is_last = done.fetch_add(1, Ordering::AcqRel) + 1 == (number + 1) * u64::from(threads);
        let flushed = is_last.then(|| {
            // Said at the end, as the other threads wait for this one.
            if let Err(error) = pipeline.flush() {
                let _ = lost.set(error);
            }
            Instant::now()
        });
        Lap {
            start,
            recorded,
            flushed,
        }
    };
    // A thread's first records make what it needs: the first round is not timed.
    let run = || -> Vec<_> { (0..=rounds).map(lap).skip(1).collect() };
    let laps: Vec<Vec<Lap>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let threads = threads.into_iter();
        let laps = threads.map(|thread| thread.join().expect("records don't panic"));
        laps.collect()
    });
    if let Some(lost) = lost.get() {
        panic!("{lost}");
    }

    let of_round = |number: usize| laps.iter().map(|laps| &laps[number]).collect::<Vec<_>>();
    let rounds: Vec<_> = (0..rounds as usize)
        .map(|number| Round::of(&of_round(number)))
        .collect();
    let per_operation = operations as f64 / round as f64;
    let time = |part: fn(&Round) -> Duration| {
        let median = median(rounds.iter().map(part).collect());
        median.mul_f64(per_operation)
    };
    Times {
        recording: time(|round| round.recording),
        all_in: time(|round| round.all_in) / threads,
    }
}

/// What one round took.
struct Round {
    recording: Duration,
    all_in: Duration,
}

impl Round {
    fn of(laps: &[&Lap]) -> Self {
        let recording: Duration = laps.iter().map(|lap| lap.recorded - lap.start).sum();
        let start = laps.iter().map(|lap| lap.start).min();
        let flushed = laps.iter().find_map(|lap| lap.flushed);
        let all_in = start.zip(flushed).map(|(start, flushed)| flushed - start);
        Self {
            recording: recording / laps.len() as u32,
            all_in: all_in.expect("one thread is the last"),
        }
    }
}

/// Of an even number, the greater of the two in the middle.
fn median(mut times: Vec<Duration>) -> Duration {
    let middle = times.len() / 2;
    *times.select_nth_unstable(middle).1
}

/// Where threads wait for each other, to start at the same moment.
struct StartingLine {
    threads: u64,
    barrier: Barrier,
    arrived: AtomicU64,
}

impl StartingLine {
    fn new(threads: u32) -> Self {
        Self {
            threads: threads.into(),
            barrier: Barrier::new(threads as usize),
            arrived: AtomicU64::new(0),
        }
    }

    /// First asleep, as others may need the processor, then awake, as waking up
    /// takes as long as many records.
    fn wait(&self, number: u64) {
        self.barrier.wait();
        self.arrived.fetch_add(1, Ordering::AcqRel);
        while self.arrived.load(Ordering::Acquire) < (number + 1) * self.threads {
            thread::yield_now();
        }
    }
}
