//! Four threads that record, and time it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pqcnet_telemetry::TelemetryHandle;
use pqcnet_telemetry::core::{Counter, Histogram};
use tracing::{Dispatch, info, info_span};
use tracing_subscriber::layer::SubscriberExt;

use crate::support::telemetry::kem;

const THREADS: u32 = 4;
const COUNTERS: usize = 200;
const HISTOGRAMS: usize = 20;
/// Of a batch, which is timed as a whole.
const RECORDS: usize = 10_000;
/// Of a batch, each with an event in it.
const SPANS: usize = 100;
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
    pub(crate) spans: u64,
    /// Nanoseconds per record, batch by batch.
    batches: Batches,
    /// Nanoseconds per span, likewise.
    span_batches: Batches,
}

/// When, and how long.
type Batches = Vec<(u8, f64)>;

impl Recorders {
    pub(crate) fn start(telemetry: &TelemetryHandle) -> Self {
        let phase = Arc::new(AtomicU8::new(Phase::Up as u8));
        let layer = telemetry.tracing_layer();
        let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
        let threads = (0..THREADS).map(|_| {
            let (telemetry, phase) = (telemetry.clone(), Arc::clone(&phase));
            let dispatch = dispatch.clone();
            thread::spawn(move || {
                tracing::dispatcher::with_default(&dispatch, || record(&telemetry, &phase))
            })
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
            all.spans += recorded.spans;
            all.batches.extend(recorded.batches);
            all.span_batches.extend(recorded.span_batches);
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
        spans: 0,
        // Here before the memory is measured, and not a part of its growth.
        batches: vec![(Phase::Over as u8, 0.0); 100_000],
        span_batches: vec![(Phase::Over as u8, 0.0); 100_000],
    };
    recorded.batches.clear();
    recorded.span_batches.clear();
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
        let start = Instant::now();
        for number in 0..SPANS {
            info_span!("outage", number).in_scope(|| info!("inside"));
        }
        let took = start.elapsed().as_nanos() as f64 / SPANS as f64;
        recorded.span_batches.push((before, took));
        recorded.spans += SPANS as u64;
        if next_event <= Instant::now() {
            next_event += BETWEEN_EVENTS;
            telemetry.record_kem_event(kem("outage::0123456789abcdef"));
            recorded.events += 1;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

impl Recorded {
    pub(crate) fn batches(&self, phase: Phase) -> usize {
        of(&self.batches, phase).count()
    }

    /// The median of the batches, in nanoseconds per record.
    pub(crate) fn median(&self, phase: Phase) -> f64 {
        median(&self.batches, phase)
    }

    /// The same, in nanoseconds per span.
    pub(crate) fn span_median(&self, phase: Phase) -> f64 {
        median(&self.span_batches, phase)
    }
}

fn of(batches: &Batches, phase: Phase) -> impl Iterator<Item = f64> {
    let batches = batches.iter();
    batches
        .filter(move |(p, _)| *p == phase as u8)
        .map(|(_, nanoseconds)| *nanoseconds)
}

fn median(batches: &Batches, phase: Phase) -> f64 {
    let mut batches: Vec<_> = of(batches, phase).collect();
    batches.sort_by(f64::total_cmp);
    batches[batches.len() / 2]
}
