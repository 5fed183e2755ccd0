//! Does a flush disturb a writer?
//!
//! ```text
//! cargo bench -p pqcnet-telemetry-benches --bench disturbance [-- --quick]
//! ```
//!
//! One thread records into 1,000 counters and 100 histograms, 200 values into
//! each of these, in turn; another does what the second part of a line's name
//! says:
//!
//! | | the other thread |
//! |---|---|
//! | `none` | there is none |
//! | `every_ms` | flushes, then sleeps for a millisecond |
//! | `back_to_back` | flushes without pause |
//! | `neighbour` | as `every_ms`, but a registry of its own |
//! | `busy_neighbour` | as `back_to_back`, but a registry of its own |
//!
//! The neighbours are the controls: before each flush they record into all
//! series of their own registry, so they keep the other core as busy as the
//! flushes above do and share nothing with the writer. What they have in
//! common with those is the machine's doing.
//!
//! The first part of the name says what is timed. A sample is the time from one
//! reading of the clock to the next, with one `counter` increment, one
//! `histogram` record, or nothing (`clock`) in between. So every line contains
//! the clock's own time, and nothing that happens to the writer during a batch
//! falls between two samples. A record is over when its thread goes on, as for
//! a caller, not when its store has reached the cache.
//!
//! Whatever is timed, the writer records into everything between two batches of
//! samples, so that a flush has the same work everywhere. The histograms' 20,000
//! buckets are more than the near caches hold: most samples of `histogram`
//! contain a miss, flush or not, and with a flush there are two banks of them.
//!
//! All lines are measured in turn, in rounds, and each is the median of its
//! rounds: of ten 99.9th percentiles, or of ten greatest samples. `samples` and
//! `flushes` are those of all rounds, flushes of a neighbour's own and those
//! before the first sample of a round included.

use std::array;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram as Hdr;
use pqcnet_telemetry_benches::figures::{self, Effort, Figures, Unit};
use pqcnet_telemetry_benches::workload::{Series, VALUES, values};
use pqcnet_telemetry_core::Registry;
use quanta::Clock;

const COUNTERS: usize = 1_000;
const HISTOGRAMS: usize = 100;
/// Samples taken in one go: one for each counter, so ten for each histogram.
const BATCH: usize = COUNTERS;
const VALUES_IN_BATCH: usize = BATCH / HISTOGRAMS;
/// Values recorded into each histogram between batches: about as many records
/// as are timed, so that a millisecond sees all values.
const VALUES_BETWEEN: usize = 8;

#[derive(Clone, Copy, Debug)]
enum Subject {
    Clock,
    Counter,
    Histogram,
}

const SUBJECTS: [(&str, Subject); 3] = [
    ("counter", Subject::Counter),
    ("histogram", Subject::Histogram),
    ("clock", Subject::Clock),
];

/// What the other thread flushes.
#[derive(Clone, Copy, Debug)]
enum Flushes {
    TheWriters,
    ItsOwn,
}

#[derive(Clone, Copy, Debug)]
struct Condition {
    name: &'static str,
    /// `None`: there is no other thread.
    other: Option<Flushes>,
    pause: Option<Duration>,
}

const CONDITIONS: [Condition; 5] = {
    const fn condition(
        name: &'static str,
        other: Option<Flushes>,
        pause: Option<Duration>,
    ) -> Condition {
        Condition { name, other, pause }
    }
    const MS: Option<Duration> = Some(Duration::from_millis(1));
    [
        condition("none", None, None),
        condition("every_ms", Some(Flushes::TheWriters), MS),
        condition("back_to_back", Some(Flushes::TheWriters), None),
        condition("neighbour", Some(Flushes::ItsOwn), MS),
        condition("busy_neighbour", Some(Flushes::ItsOwn), None),
    ]
};

type Statistic = (&'static str, fn(&Hdr<u64>) -> f64);

/// In ticks.
const STATISTICS: [Statistic; 6] = [
    ("mean", |samples| samples.mean()),
    ("p50", |samples| samples.value_at_quantile(0.5) as f64),
    ("p99", |samples| samples.value_at_quantile(0.99) as f64),
    ("p99.9", |samples| samples.value_at_quantile(0.999) as f64),
    ("p99.99", |samples| samples.value_at_quantile(0.9999) as f64),
    ("max", |samples| samples.max() as f64),
];

/// A registry with all its series.
struct Ours {
    registry: Registry,
    series: Series,
}

impl Ours {
    fn new() -> Self {
        let registry = Registry::new();
        Self {
            series: Series::new(&registry, COUNTERS, HISTOGRAMS),
            registry,
        }
    }
}

/// The recording thread, which is the process's first.
struct Writer {
    clock: Clock,
    ours: Ours,
    values: [u64; VALUES],
    /// Of one batch, in the clock's ticks.
    samples: [u64; BATCH],
    batches: usize,
}

impl Writer {
    fn new() -> Self {
        let (ours, values) = (Ours::new(), values());
        for _bank in 0..2 {
            ours.series.record(&values);
            ours.registry.flush();
        }
        Self {
            clock: Clock::new(),
            ours,
            values,
            samples: [0; BATCH],
            batches: 0,
        }
    }

    /// Samples for `time`, in ticks.
    fn samples(&mut self, subject: Subject, time: Duration) -> Hdr<u64> {
        let mut all = Hdr::new(3).expect("three digits are allowed");
        let start = Instant::now();
        while start.elapsed() < time {
            self.batch(subject);
            for ticks in self.samples {
                // It grows with the values, so it takes them all.
                all.record(ticks).expect("a growing histogram");
            }
            let first = self.batches * VALUES_BETWEEN % VALUES;
            self.ours
                .series
                .record(&self.values[first..][..VALUES_BETWEEN]);
        }
        all
    }

    fn batch(&mut self, subject: Subject) {
        self.batches += 1;
        let series = &self.ours.series;
        let (counters, histograms) = (series.counters(), series.histograms());
        let (clock, samples) = (&self.clock, &mut self.samples);
        match subject {
            Subject::Clock => sample(clock, samples, |position| {
                black_box(position);
            }),
            Subject::Counter => sample(clock, samples, |position| {
                black_box(&counters[position]).increment();
            }),
            Subject::Histogram => {
                let first = self.batches * VALUES_IN_BATCH % VALUES;
                let values = &self.values[first..][..VALUES_IN_BATCH];
                sample(clock, samples, |position| {
                    let histogram = &histograms[position % HISTOGRAMS];
                    black_box(histogram).record(black_box(values[position / HISTOGRAMS]));
                });
            }
        }
    }

    /// Nanoseconds in a tick.
    fn scale(&self) -> f64 {
        let ticks = 1 << 40;
        self.clock.delta_as_nanos(0, ticks) as f64 / ticks as f64
    }
}

fn sample(clock: &Clock, samples: &mut [u64; BATCH], record: impl Fn(usize)) {
    let mut before = clock.raw();
    for (position, sample) in samples.iter_mut().enumerate() {
        record(position);
        let now = clock.raw();
        // Two cores' clocks may differ by a little.
        *sample = now.saturating_sub(before);
        before = now;
    }
}

/// What the other thread does; returns how often it has flushed.
fn flush_until(is_over: &AtomicBool, pause: Option<Duration>, flush: impl Fn()) -> u64 {
    let mut flushes = 0;
    while !is_over.load(Ordering::Relaxed) {
        flush();
        flushes += 1;
        if let Some(pause) = pause {
            thread::sleep(pause);
        }
    }
    flushes
}

/// One line of the table, over all rounds.
struct Row {
    id: String,
    subject: Subject,
    condition: Condition,
    /// Each round's `STATISTICS`, in nanoseconds.
    rounds: Vec<[f64; STATISTICS.len()]>,
    samples: u64,
    flushes: u64,
}

impl Row {
    fn all() -> Vec<Self> {
        let row = |(name, subject), condition: Condition| Self {
            id: format!("{name}/{}", condition.name),
            subject,
            condition,
            rounds: Vec::new(),
            samples: 0,
            flushes: 0,
        };
        SUBJECTS
            .iter()
            .flat_map(|subject| CONDITIONS.map(|condition| row(*subject, condition)))
            .collect()
    }

    fn round(&mut self, writer: &mut Writer, own: &Ours, time: Duration) {
        let registry = writer.ours.registry.clone();
        let is_over = AtomicBool::new(false);
        let Condition { other, pause, .. } = self.condition;
        let flush = |flushes| match flushes {
            Flushes::TheWriters => flush_until(&is_over, pause, || drop(registry.flush())),
            Flushes::ItsOwn => flush_until(&is_over, pause, || {
                own.series.record(&values());
                own.registry.flush();
            }),
        };
        let (samples, flushes) = thread::scope(|scope| {
            let other = other.map(|flushes| scope.spawn(move || flush(flushes)));
            // Until the other thread is at work, and the caches are warm.
            writer.samples(self.subject, time / 4);
            let samples = writer.samples(self.subject, time);
            is_over.store(true, Ordering::Relaxed);
            let flushes = other.map_or(0, |other| other.join().expect("flushes don't panic"));
            (samples, flushes)
        });
        let scale = writer.scale();
        self.rounds
            .push(STATISTICS.map(|(_, ticks)| ticks(&samples) * scale));
        self.samples += samples.len();
        self.flushes += flushes;
    }

    /// The medians over the rounds.
    fn medians(&self) -> [f64; STATISTICS.len()] {
        array::from_fn(|statistic| {
            let mut rounds: Vec<_> = self.rounds.iter().map(|round| round[statistic]).collect();
            rounds.sort_by(f64::total_cmp);
            let middle = rounds.len() / 2;
            f64::midpoint(rounds[middle], rounds[(rounds.len() - 1) / 2])
        })
    }

    fn report(&self, figures: &mut Figures) {
        let id = &self.id;
        for ((name, _), nanos) in STATISTICS.iter().zip(self.medians()) {
            figures.add(format!("{id}/{name}"), nanos, Unit::Nanoseconds);
        }
        let counts = [("samples", self.samples), ("flushes", self.flushes)];
        for (what, count) in counts {
            figures.add(format!("{id}/{what}"), count as f64, Unit::Count);
        }
    }
}

fn main() -> ExitCode {
    figures::run("disturbance", |effort, figures| {
        let (rounds, time) = match effort {
            Effort::Full => (10, Duration::from_millis(200)),
            Effort::Quick => (3, Duration::from_millis(100)),
            Effort::Test => (1, Duration::from_millis(4)),
        };
        let mut writer = Writer::new();
        let neighbours = Ours::new();
        let mut rows = Row::all();
        println!("{rounds} rounds of {} lines, {time:?} each", rows.len());
        for _round in 0..rounds {
            for row in &mut rows {
                row.round(&mut writer, &neighbours, time);
            }
            // The next round the other way, so that what drifts during a round
            // is in all lines alike.
            rows.reverse();
        }
        if rounds % 2 == 1 {
            rows.reverse();
        }
        for row in &rows {
            row.report(figures);
        }
        Ok(())
    })
}
