//! Four threads that record, and time it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pqcnet_telemetry::TelemetryHandle;
use pqcnet_telemetry::core::{Counter, Histogram};

use crate::support::telemetry::kem;

const THREADS: u32 = 4;
const COUNTERS: usize = 200;
const HISTOGRAMS: usize = 20;
/// Of a batch, which is timed as a whole.
const RECORDS: usize = 10_000;
/// Between a thread's events: a hundred in a second, of all threads.
const BETWEEN_EVENTS: Duration = Duration::from_millis(10 * THREADS as u64);

/// What the collector does meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    Up,
    Down,
    Over,
}

pub(crate) struct Recorders {
    phase: Arc<AtomicU8>,
    threads: Vec<JoinHandle<Recorded>>,
}

/// What was recorded, and how long it took.
#[derive(Default)]
pub(crate) struct Recorded {
    pub(crate) events: u64,
    /// Nanoseconds per record, batch by batch.
    batches: Vec<(u8, f64)>,
}

impl Recorders {
    pub(crate) fn start(telemetry: &TelemetryHandle) -> Self {
        let phase = Arc::new(AtomicU8::new(Phase::Up as u8));
        let threads = (0..THREADS).map(|_| {
            let (telemetry, phase) = (telemetry.clone(), Arc::clone(&phase));
            thread::spawn(move || record(&telemetry, &phase))
        });
        Self {
            threads: threads.collect(),
            phase,
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::SeqCst);
    }

    pub(crate) fn stop(self) -> Recorded {
        self.enter(Phase::Over);
        let mut all = Recorded::default();
        for thread in self.threads {
            let recorded = thread.join().unwrap();
            all.events += recorded.events;
            all.batches.extend(recorded.batches);
        }
        all
    }
}

fn record(telemetry: &TelemetryHandle, phase: &AtomicU8) -> Recorded {
    let counter = |index| {
        telemetry
            .counter(format!("outage.counter.{index}"))
            .unwrap()
    };
    let counters: Vec<Counter> = (0..COUNTERS).map(counter).collect();
    let histogram = |index| {
        telemetry
            .histogram(format!("outage.histogram.{index}"))
            .unwrap()
    };
    let histograms: Vec<Histogram> = (0..HISTOGRAMS).map(histogram).collect();
    let mut recorded = Recorded {
        events: 0,
        // Here before the memory is measured, and not a part of its growth.
        batches: vec![(Phase::Over as u8, 0.0); 100_000],
    };
    recorded.batches.clear();
    let mut next_event = Instant::now();
    loop {
        let before = phase.load(Ordering::SeqCst);
        if before == Phase::Over as u8 {
            return recorded;
        }
        let start = Instant::now();
        for index in 0..RECORDS / 2 {
            counters[index % COUNTERS].increment();
            histograms[index % HISTOGRAMS].record(index as u64);
        }
        let took = start.elapsed().as_nanos() as f64 / RECORDS as f64;
        recorded.batches.push((before, took));
        if next_event <= Instant::now() {
            next_event += BETWEEN_EVENTS;
            telemetry.record_kem_event(kem("outage::0123456789abcdef"));
            recorded.events += 1;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

impl Recorded {
    fn of(&self, phase: Phase) -> impl Iterator<Item = f64> {
        let batches = self.batches.iter();
        batches
            .filter(move |(p, _)| *p == phase as u8)
            .map(|(_, nanoseconds)| *nanoseconds)
    }

    pub(crate) fn batches(&self, phase: Phase) -> usize {
        self.of(phase).count()
    }

    /// The median of the batches, in nanoseconds per record.
    pub(crate) fn median(&self, phase: Phase) -> f64 {
        let mut batches: Vec<_> = self.of(phase).collect();
        batches.sort_by(f64::total_cmp);
        batches[batches.len() / 2]
    }
}
