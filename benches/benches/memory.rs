//! What does it take in memory?
//!
//! ```text
//! cargo bench -p pqcnet-telemetry-benches --bench memory [-- --quick]
//! ```
//!
//! Every line is what a process of its own has come to hold in resident memory
//! since its threads were started and nothing was registered yet: each of the
//! threads has recorded into 1,000 counters and 20 histograms, 200 values into
//! each of these, three times with a flush after each, and all threads are
//! alive.
//!
//! | line | what it holds |
//! |---|---|
//! | `nothing` | nothing: what the measuring itself adds |
//! | `ours` | ours, with the default layout: three digits up to 3.6e12 |
//! | `dense` | all cells of that layout, for each thread: two banks, and a baseline for each |
//! | `hdrhistogram` | for each thread a `u64` a counter and an `hdrhistogram` a histogram, one bank, no baselines |
//! | `opentelemetry` | the SDK's, shared by all threads, with exponential histograms of 160 buckets |
//! | `prometheus` | the crate's, shared by all threads, with histograms of 200 buckets |
//!
//! The values are 5 % apart and reach over 14 octaves; those of the lines that
//! end in `_narrow` are 200 from 1,000 to 3,000. The last lines are one registry
//! of ours that nobody records into, empty and with these series registered.
//!
//! It takes Linux's `/proc`; elsewhere it says so and measures nothing.

use std::array;
use std::cell::Cell;
use std::env;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io;
use std::process::{Command, ExitCode};
use std::sync::{Barrier, OnceLock};
use std::thread;

use hdrhistogram::Histogram as Hdr;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{
    Instrument, InstrumentKind, SdkMeterProvider, Stream, Temporality,
};
use pqcnet_telemetry_benches::figures::{self, Effort, Unit};
use pqcnet_telemetry_benches::opentelemetry::{Reader, exponential};
use pqcnet_telemetry_benches::workload::{Series, VALUES, values};
use pqcnet_telemetry_core::{Layout, Registry};

const COUNTERS: usize = 1_000;
const HISTOGRAMS: usize = 20;

/// One after the other, so both banks are used, and the first one again.
const ROUNDS: usize = 3;

type Values = [u64; VALUES];

fn narrow() -> Values {
    array::from_fn(|step| 1_000 + 10 * step as u64)
}

/// All series of one way to keep them, for all threads.
trait Candidate: Send + Sync {
    /// What each thread makes for itself.
    type Local;

    fn new() -> Self;
    fn local(&self) -> Self::Local;
    fn record(&self, local: &mut Self::Local, values: &Values);
    fn flush(&self) {}
}

struct Nothing;

impl Candidate for Nothing {
    type Local = ();

    fn new() -> Self {
        Self
    }

    fn local(&self) {}

    fn record(&self, (): &mut (), values: &Values) {
        black_box(values);
    }
}

struct Ours {
    registry: Registry,
    series: Series,
}

impl Candidate for Ours {
    type Local = ();

    fn new() -> Self {
        let registry = Registry::new();
        Self {
            series: Series::new(&registry, COUNTERS, HISTOGRAMS),
            registry,
        }
    }

    fn local(&self) {}

    fn record(&self, (): &mut (), values: &Values) {
        self.series.record(values);
    }

    fn flush(&self) {
        self.registry.flush();
    }
}

/// A histogram of our default layout.
fn hdr() -> Hdr<u64> {
    let (low, high) = Layout::DEFAULT_RANGE;
    Hdr::new_with_bounds(low, high, Layout::DEFAULT_DIGITS).expect("our own default range")
}

struct Dense;

impl Candidate for Dense {
    /// Two banks and their baselines, cell by cell.
    type Local = [Vec<u64>; 4];

    fn new() -> Self {
        Self
    }

    fn local(&self) -> Self::Local {
        array::from_fn(|_| vec![0; COUNTERS + HISTOGRAMS * hdr().distinct_values()])
    }

    fn record(&self, local: &mut Self::Local, _: &Values) {
        for cell in black_box(local).iter_mut().flatten() {
            *cell += 1;
        }
    }
}

struct ThreadLocalHdr;

impl Candidate for ThreadLocalHdr {
    type Local = (Vec<Cell<u64>>, Vec<Hdr<u64>>);

    fn new() -> Self {
        Self
    }

    fn local(&self) -> Self::Local {
        let histograms = (0..HISTOGRAMS).map(|_| hdr());
        (vec![Cell::new(0); COUNTERS], histograms.collect())
    }

    fn record(&self, (counters, histograms): &mut Self::Local, values: &Values) {
        for counter in black_box(counters) {
            counter.set(counter.get() + 1);
        }
        for histogram in histograms {
            for value in values {
                histogram.saturating_record(*value);
            }
        }
    }
}

struct OpenTelemetry {
    reader: Reader,
    counters: Vec<opentelemetry::metrics::Counter<u64>>,
    histograms: Vec<opentelemetry::metrics::Histogram<u64>>,
    /// Which the instruments need alive.
    _provider: SdkMeterProvider,
}

impl Candidate for OpenTelemetry {
    type Local = ();

    fn new() -> Self {
        let reader = Reader::new(Temporality::Delta);
        let view = |instrument: &Instrument| {
            let stream = Stream::builder().with_aggregation(exponential()).build();
            (instrument.kind() == InstrumentKind::Histogram)
                .then(|| stream.expect("the specification's own defaults"))
        };
        let provider = SdkMeterProvider::builder()
            .with_reader(reader.clone())
            .with_view(view)
            .build();
        let meter = provider.meter("memory");
        let counter = |n| meter.u64_counter(format!("counter.{n}")).build();
        let histogram = |n| meter.u64_histogram(format!("histogram.{n}")).build();
        Self {
            reader,
            counters: (0..COUNTERS).map(counter).collect(),
            histograms: (0..HISTOGRAMS).map(histogram).collect(),
            _provider: provider,
        }
    }

    fn local(&self) {}

    fn record(&self, (): &mut (), values: &Values) {
        for counter in &self.counters {
            counter.add(1, &[]);
        }
        for histogram in &self.histograms {
            for value in values {
                histogram.record(*value, &[]);
            }
        }
    }

    fn flush(&self) {
        let mut metrics = ResourceMetrics::default();
        self.reader
            .collect(&mut metrics)
            .expect("the reader is registered");
    }
}

struct Prometheus {
    registry: prometheus::Registry,
    counters: Vec<prometheus::IntCounter>,
    histograms: Vec<prometheus::Histogram>,
}

impl Candidate for Prometheus {
    type Local = ();

    fn new() -> Self {
        let registry = prometheus::Registry::new();
        let counter = |n| {
            let counter =
                prometheus::IntCounter::new(format!("counter_{n}"), "help").expect("a valid name");
            registry
                .register(Box::new(counter.clone()))
                .expect("a new name");
            counter
        };
        let histogram = |n| {
            let buckets = prometheus::exponential_buckets(1_000.0, 1.05, VALUES);
            let options = prometheus::HistogramOpts::new(format!("histogram_{n}"), "help")
                .buckets(buckets.expect("they rise"));
            let histogram = prometheus::Histogram::with_opts(options).expect("a valid name");
            registry
                .register(Box::new(histogram.clone()))
                .expect("a new name");
            histogram
        };
        Self {
            counters: (0..COUNTERS).map(counter).collect(),
            histograms: (0..HISTOGRAMS).map(histogram).collect(),
            registry,
        }
    }

    fn local(&self) {}

    fn record(&self, (): &mut (), values: &Values) {
        for counter in &self.counters {
            counter.inc();
        }
        for histogram in &self.histograms {
            for value in values {
                histogram.observe(*value as f64);
            }
        }
    }

    fn flush(&self) {
        drop(self.registry.gather());
    }
}

/// This process's resident memory in bytes, by its page tables: `VmRSS` of
/// `/proc/self/status` may be some pages for each core behind.
fn resident() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/self/smaps_rollup")?;
    let kilobytes = text
        .lines()
        .find_map(|line| line.strip_prefix("Rss:")?.trim().strip_suffix(" kB"))
        .and_then(|number| number.parse::<u64>().ok())
        .ok_or_else(|| io::Error::other("no Rss in /proc/self/smaps_rollup"))?;
    Ok(kilobytes * 1024)
}

/// What this process comes to hold as `threads` threads record `values`.
fn growth<C: Candidate>(threads: usize, values: &Values) -> io::Result<u64> {
    let step = Barrier::new(threads + 1);
    let candidate = OnceLock::new();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                step.wait();
                // Meanwhile the main thread makes what is recorded into.
                step.wait();
                let candidate: &C = candidate.get().expect("made before this step");
                let mut local = candidate.local();
                for _ in 0..ROUNDS {
                    candidate.record(&mut local, values);
                    step.wait();
                    step.wait();
                }
                // Alive, and its own memory with it.
                step.wait();
            });
        }
        step.wait();
        let before = resident().and(resident());
        let candidate = candidate.get_or_init(C::new);
        step.wait();
        for _ in 0..ROUNDS {
            step.wait();
            candidate.flush();
            step.wait();
        }
        let after = resident();
        step.wait();
        Ok(after?.saturating_sub(before?))
    })
}

/// What each of so many is on average, as memory is handed out by the page.
const REGISTRIES: u64 = 100;

fn unused<C>(new: fn() -> C) -> io::Result<u64> {
    let before = resident().and(resident())?;
    let made: Vec<_> = (0..REGISTRIES).map(|_| new()).collect();
    let after = resident()?;
    drop(black_box(made));
    Ok(after.saturating_sub(before) / REGISTRIES)
}

type Measurement = Box<dyn Fn() -> io::Result<u64>>;

/// Every line of the table, and how it is measured.
fn lines(threads: &[usize]) -> Vec<(String, Measurement)> {
    type Line = (
        &'static str,
        fn(usize, &Values) -> io::Result<u64>,
        fn() -> Values,
    );
    let candidates: [Line; 8] = [
        ("nothing", growth::<Nothing>, values),
        ("ours", growth::<Ours>, values),
        ("ours_narrow", growth::<Ours>, narrow),
        ("dense", growth::<Dense>, values),
        ("hdrhistogram", growth::<ThreadLocalHdr>, values),
        ("hdrhistogram_narrow", growth::<ThreadLocalHdr>, narrow),
        ("opentelemetry", growth::<OpenTelemetry>, values),
        ("prometheus", growth::<Prometheus>, values),
    ];
    let mut lines: Vec<(String, Measurement)> = Vec::new();
    for &threads in threads {
        for (name, growth, values) in candidates {
            lines.push((
                format!("{threads}_threads/{name}"),
                Box::new(move || growth(threads, &values())),
            ));
        }
    }
    lines.push(("unused/empty".into(), Box::new(|| unused(Registry::new))));
    lines.push(("unused/registered".into(), Box::new(|| unused(Ours::new))));
    lines
}

const THREADS: [usize; 3] = [1, 16, 64];

/// The option by which this program asks itself for one line, in bytes.
const MEASURE: &str = "--measure";

fn measure(id: &str) -> Result<u64, Box<dyn Error>> {
    let line = lines(&THREADS).into_iter().find(|(line, _)| line == id);
    let (_, measurement) = line.ok_or_else(|| format!("there is no line {id}"))?;
    Ok(measurement()?)
}

/// The same, by a process of its own.
fn measure_apart(id: &str) -> Result<u64, Box<dyn Error>> {
    let child = Command::new(env::current_exe()?)
        .args([MEASURE, id])
        .output()?;
    if !child.status.success() {
        let why = String::from_utf8_lossy(&child.stderr);
        return Err(format!("{id}: {}: {}", child.status, why.trim()).into());
    }
    Ok(String::from_utf8(child.stdout)?.trim().parse()?)
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [option, id] = &arguments[..]
        && option == MEASURE
    {
        return match measure(id) {
            Ok(bytes) => {
                println!("{bytes}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    figures::run("memory", |effort, figures| {
        if let Err(error) = resident() {
            println!("memory can't be measured here: /proc/self/smaps_rollup: {error}");
            return Ok(());
        }
        let (threads, times) = match effort {
            Effort::Full => (&THREADS[..], 3),
            Effort::Quick => (&THREADS[..2], 1),
            Effort::Test => (&THREADS[..1], 1),
        };
        for (id, _) in lines(threads) {
            let mut bytes = (0..times)
                .map(|_| measure_apart(&id))
                .collect::<Result<Vec<_>, _>>()?;
            bytes.sort_unstable();
            figures.add(id, bytes[times / 2] as f64, Unit::Bytes);
        }
        Ok(())
    })
}
