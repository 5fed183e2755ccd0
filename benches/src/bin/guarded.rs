//! The program that `guard` counts and reads.
//!
//! ```text
//! guarded CASE RECORDS
//! guarded --list
//! guarded --list-rivals
//! guarded --list-spans
//! ```
//!
//! Sets a case up and calls its function in `hot` RECORDS times. All that `hot`
//! is given goes through `black_box`, or the compiler would fit it to that.

use std::error::Error;
use std::fmt::Display;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::AtomicU64;

use lexopt::Parser;
use lexopt::prelude::{Long, Value, ValueExt};
use pqcnet_telemetry::{OtlpEncoder, Protocol, TelemetryConfig, TelemetryHandle};
use pqcnet_telemetry_benches::pages::{
    MetricsExporter, OPEN_METRICS, Ours, Page, PrometheusClient, Size, TEXT,
};
use pqcnet_telemetry_benches::spans::{Shape, Subject};
use pqcnet_telemetry_benches::workload::{Outcome, values};
use pqcnet_telemetry_core::component::{Level, Off};
use pqcnet_telemetry_core::{Counter, Registry, Relay, instruments};

#[path = "guarded/facade.rs"]
mod facade;
#[path = "guarded/spans.rs"]
mod spans;

/// What is guarded: one function a case, none of which calls another. Handles
/// are arguments, so the code is what a user's own function would have; in a
/// program, as the compiler reaches thread-locals by a longer way in libraries.
mod hot {
    use std::sync::atomic::{AtomicU64, Ordering};

    use pqcnet_telemetry::{OtlpEncoder, TelemetryError, TelemetryHandle};
    use pqcnet_telemetry_benches::pages::Page;
    use pqcnet_telemetry_benches::spans::{Lost, Pass, Pipeline};
    use pqcnet_telemetry_benches::workload::Outcome;
    use pqcnet_telemetry_core::component::Off;
    use pqcnet_telemetry_core::{
        Counter, Family, Gauge, Histogram, LocalCounter, LocalHistogram, Registry, Relay,
        RetiredEpoch, UpDownCounter,
    };

    /// What the others are not: a shared cell. The guard tries itself on it.
    #[inline(never)]
    pub(crate) fn fetch_add(cell: &AtomicU64, n: u64) {
        cell.fetch_add(n, Ordering::Relaxed);
    }

    #[inline(never)]
    pub(crate) fn counter(counter: &Counter, n: u64) {
        counter.add(n);
    }

    #[inline(never)]
    pub(crate) fn local_counter(counter: &LocalCounter, n: u64) {
        counter.add(n);
    }

    #[inline(never)]
    pub(crate) fn histogram(histogram: &Histogram, value: u64) {
        histogram.record(value);
    }

    #[inline(never)]
    pub(crate) fn local_histogram(histogram: &LocalHistogram, value: u64) {
        histogram.record(value);
    }

    #[inline(never)]
    pub(crate) fn family(family: &Family<Outcome, Counter>, outcome: Outcome) {
        family.increment(outcome);
    }

    /// Not by `add`: the compiler would make this and `counter` one function.
    #[inline(never)]
    pub(crate) fn bound(bound: &Counter) {
        bound.increment();
    }

    #[inline(never)]
    pub(crate) fn up_down(counter: &UpDownCounter, n: i64) {
        counter.add(n);
    }

    #[inline(never)]
    pub(crate) fn gauge(gauge: &Gauge, value: f64) {
        gauge.set(value);
    }

    /// A `ret`, and nothing before it.
    #[inline(never)]
    pub(crate) fn off_level(counter: &Off<Counter>, n: u64) {
        counter.add(n);
    }

    /// Of which the first goes nowhere, and leaves the thread's bank to the
    /// second.
    #[inline(never)]
    pub(crate) fn beside_muted(muted: &Counter, counter: &Counter, n: u64) {
        muted.add(n);
        counter.add(n);
    }

    #[inline(never)]
    pub(crate) fn named(telemetry: &TelemetryHandle, name: &str) -> Result<(), TelemetryError> {
        telemetry.record_counter(name, 1)
    }

    #[inline(never)]
    pub(crate) fn named_latency(telemetry: &TelemetryHandle, name: &str, milliseconds: u64) {
        telemetry.record_latency_ms(name, milliseconds);
    }

    #[inline(never)]
    pub(crate) fn facade_counter(counter: &metrics::Counter, n: u64) {
        counter.increment(n);
    }

    #[inline(never)]
    pub(crate) fn facade_gauge(gauge: &metrics::Gauge, value: f64) {
        gauge.set(value);
    }

    #[inline(never)]
    pub(crate) fn facade_histogram(histogram: &metrics::Histogram, value: f64) {
        histogram.record(value);
    }

    #[inline(never)]
    pub(crate) fn facade_macro(n: u64) {
        metrics::counter!("relayer.ingest").increment(n);
    }

    #[inline(never)]
    pub(crate) fn facade_labels(n: u64) {
        metrics::counter!("relayer.sent", "request" => "http", "svc" => "admin").increment(n);
    }

    #[inline(never)]
    pub(crate) fn facade_dynamic(uid: &str) {
        let uid = uid.to_owned();
        metrics::counter!("relayer.users", "request" => "http", "uid" => uid).increment(1);
    }

    #[inline(never)]
    pub(crate) fn facade_gauge_macro(value: f64) {
        metrics::gauge!("relayer.queued").set(value);
    }

    #[inline(never)]
    pub(crate) fn facade_histogram_macro(value: f64) {
        metrics::histogram!("relayer.wait").record(value);
    }

    #[inline(never)]
    pub(crate) fn span(pass: Pass, values: &[u64]) {
        pass(values);
    }

    /// The same, and the way of the spans into a request.
    #[inline(never)]
    pub(crate) fn span_encoded(
        pass: Pass,
        values: &[u64],
        pipeline: &Pipeline,
    ) -> Result<(), Lost> {
        pass(values);
        pipeline.flush()
    }

    #[inline(never)]
    pub(crate) fn report(registry: &Registry, encoder: &mut OtlpEncoder) -> usize {
        encoder.add(&registry.flush());
        encoder.encode().map(<[u8]>::len).sum()
    }

    #[inline(never)]
    pub(crate) fn page(page: &mut dyn Page) -> usize {
        page.write()
    }

    #[inline(never)]
    pub(crate) fn flush(registry: &Registry) -> RetiredEpoch {
        registry.flush()
    }

    /// One item, and its share of the visits that batches call for.
    #[inline(never)]
    pub(crate) fn relay(relay: &Relay<Box<u64>>, item: Box<u64>, take: impl FnMut(Box<u64>)) {
        if relay.push(item) {
            relay.drain(take);
        }
    }
}

type Done = Result<(), Box<dyn Error>>;
type Case = fn(u64) -> Done;

const CASES: [(&str, Case); 33] = [
    ("fetch_add", |records| {
        let cell = AtomicU64::new(0);
        repeat(records, |value| hot::fetch_add(black_box(&cell), value));
        Ok(())
    }),
    ("counter", counter),
    ("local_counter", local_counter),
    ("histogram", histogram),
    ("local_histogram", local_histogram),
    ("family", family),
    ("bound", bound),
    ("up_down", up_down),
    ("gauge", gauge),
    ("off_level", off_level),
    ("beside_muted", beside_muted),
    ("named", named),
    ("named_latency", named_latency),
    ("facade_counter", |records| {
        facade::counter(records, facade::ours)
    }),
    ("facade_gauge", |records| {
        facade::gauge(records, facade::ours)
    }),
    ("facade_histogram", |records| {
        facade::histogram(records, facade::ours)
    }),
    ("facade_macro", |records| {
        facade::plain(records, facade::ours)
    }),
    ("facade_labels", |records| {
        facade::labels(records, facade::ours)
    }),
    ("facade_dynamic", |records| {
        facade::dynamic(records, facade::ours)
    }),
    ("facade_gauge_macro", |records| {
        facade::gauge_macro(records, facade::ours)
    }),
    ("facade_histogram_macro", |records| {
        facade::histogram_macro(records, facade::ours)
    }),
    ("flush", |flushes| flush(flushes, COUNTERS)),
    ("flush_tenth", |flushes| flush(flushes, COUNTERS / 10)),
    ("flush_idle", |flushes| flush(flushes, 0)),
    ("relay", |items| {
        relay(items);
        Ok(())
    }),
    ("span", |count| {
        spans::run((Shape::Span, Subject::Ours), count)
    }),
    ("span_child", |count| {
        spans::run((Shape::Child, Subject::Ours), count)
    }),
    ("span_event", |count| {
        spans::run((Shape::Event, Subject::Ours), count)
    }),
    ("span_encoded", |count| {
        spans::run_encoded((Shape::Span, Subject::Ours), count)
    }),
    ("report_json", |reports| report(reports, Protocol::HttpJson)),
    ("report_protobuf", |reports| {
        report(reports, Protocol::HttpProtobuf)
    }),
    ("page_text", |pages| {
        page(pages, &mut Ours::new(TENTH, TEXT));
        Ok(())
    }),
    ("page_openmetrics", |pages| {
        page(pages, &mut Ours::new(TENTH, OPEN_METRICS));
        Ok(())
    }),
];

/// The same functions of `hot` with a rival behind them: counted to compare,
/// not guarded.
const RIVALS: [(&str, Case); 10] = [
    ("prometheus_counter", |records| {
        facade::counter(records, facade::rival)
    }),
    ("prometheus_gauge", |records| {
        facade::gauge(records, facade::rival)
    }),
    ("prometheus_histogram", |records| {
        facade::histogram(records, facade::rival)
    }),
    ("prometheus_macro", |records| {
        facade::plain(records, facade::rival)
    }),
    ("prometheus_labels", |records| {
        facade::labels(records, facade::rival)
    }),
    ("prometheus_dynamic", |records| {
        facade::dynamic(records, facade::rival)
    }),
    ("prometheus_gauge_macro", |records| {
        facade::gauge_macro(records, facade::rival)
    }),
    ("prometheus_histogram_macro", |records| {
        facade::histogram_macro(records, facade::rival)
    }),
    ("prometheus_page_text", |pages| {
        page(pages, &mut MetricsExporter::new(TENTH));
        Ok(())
    }),
    ("prometheus_client_page_openmetrics", |pages| {
        page(pages, &mut PrometheusClient::new(TENTH));
        Ok(())
    }),
];

/// Of the pages: as for the reports.
const TENTH: Size = Size {
    counters: 100,
    peers: 0,
    histograms: 10,
};

/// Of the registry that is flushed.
const COUNTERS: usize = 1_000;

fn main() -> ExitCode {
    match asked() {
        Ok(Asked::List(cases)) => {
            println!("{}", names(cases, "\n"));
            ExitCode::SUCCESS
        }
        Ok(Asked::ListSpans) => {
            spans::names().for_each(|name| println!("{name}"));
            ExitCode::SUCCESS
        }
        Ok(Asked::Run(run, records)) => match run(records) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(&error, 1),
        },
        Err(error) => complain(&format!("{error}; cases: {}", names(&CASES, ", ")), 2),
    }
}

fn complain(what: &dyn Display, status: u8) -> ExitCode {
    eprintln!("guarded: {what}");
    ExitCode::from(status)
}

fn names(cases: &[(&str, Case)], separator: &str) -> String {
    let names: Vec<_> = cases.iter().map(|(name, _)| *name).collect();
    names.join(separator)
}

/// What the command line asks for.
enum Asked {
    List(&'static [(&'static str, Case)]),
    ListSpans,
    Run(Box<dyn FnOnce(u64) -> Done>, u64),
}

fn asked() -> Result<Asked, lexopt::Error> {
    let (mut run, mut records) = (None, None);
    let mut parser = Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("list") => return Ok(Asked::List(&CASES)),
            Long("list-rivals") => return Ok(Asked::List(&RIVALS)),
            Long("list-spans") => return Ok(Asked::ListSpans),
            Value(name) if run.is_none() => {
                let name = name.string()?;
                run = Some(case(&name).ok_or_else(|| format!("unknown case {name:?}"))?);
            }
            Value(number) if records.is_none() => {
                let number = number.string()?;
                let parsed = number.parse();
                records = Some(parsed.map_err(|error| format!("RECORDS {number:?}: {error}"))?);
            }
            other => return Err(other.unexpected()),
        }
    }
    match (run, records) {
        (Some(run), Some(records)) => Ok(Asked::Run(run, records)),
        _ => Err("usage: guarded CASE RECORDS".into()),
    }
}

fn case(name: &str) -> Option<Box<dyn FnOnce(u64) -> Done>> {
    if let Some(case) = spans::named(name) {
        return Some(Box::new(move |records| spans::run(case, records)));
    }
    let mut known = CASES.iter().chain(&RIVALS);
    let (_, run) = known.find(|(known, _)| *known == name)?;
    Some(Box::new(run))
}

/// Calls `record` with the workload's values, again and again.
fn repeat(records: u64, record: impl Fn(u64)) {
    for value in values().iter().cycle().take(records as usize) {
        record(black_box(*value));
    }
}

fn counter(records: u64) -> Done {
    let counter = Registry::new().counter("relayer.ingest")?;
    repeat(records, |value| hot::counter(black_box(&counter), value));
    Ok(())
}

fn local_counter(records: u64) -> Done {
    let registry = Registry::new();
    let counter = registry
        .local()
        .counter(&registry.counter("relayer.ingest")?);
    repeat(records, |value| {
        hot::local_counter(black_box(&counter), value);
    });
    Ok(())
}

fn histogram(records: u64) -> Done {
    let histogram = Registry::new().histogram("relayer.latency")?;
    repeat(records, |value| {
        hot::histogram(black_box(&histogram), value);
    });
    Ok(())
}

fn local_histogram(records: u64) -> Done {
    let registry = Registry::new();
    let histogram = registry.histogram("relayer.latency")?;
    let histogram = registry.local().histogram(&histogram);
    repeat(records, |value| {
        hot::local_histogram(black_box(&histogram), value);
    });
    Ok(())
}

fn family(records: u64) -> Done {
    let family = Registry::new().counter_family("relayer.ingest")?;
    repeat(records, |_| {
        hot::family(black_box(&family), black_box(Outcome::Deferred));
    });
    Ok(())
}

fn bound(records: u64) -> Done {
    let counter = Registry::new().counter("relayer.ingest")?;
    let bound = counter.bind(&[("peer", "10.0.0.1")])?;
    repeat(records, |_| hot::bound(black_box(&bound)));
    Ok(())
}

fn up_down(records: u64) -> Done {
    let counter = Registry::new().up_down_counter("relayer.open")?;
    repeat(records, |value| {
        hot::up_down(black_box(&counter), value.cast_signed());
    });
    Ok(())
}

fn gauge(records: u64) -> Done {
    let gauge = Registry::new().gauge("relayer.queued")?;
    repeat(records, |value| {
        hot::gauge(black_box(&gauge), black_box(value as f64));
    });
    Ok(())
}

instruments! {
    struct Metrics {
        /// Recorded at no level.
        #[name = "relayer.off", level = off]
        off: Counter,
        /// Recorded at some.
        #[name = "relayer.ingest"]
        ingest: Counter,
    }
}

fn off_level(records: u64) -> Done {
    let metrics = Metrics::register(&Registry::new())?;
    // The compiler would leave out the calls of a function that it knows.
    let record = black_box(hot::off_level as fn(&Off<Counter>, u64));
    repeat(records, |value| record(black_box(&metrics.off), value));
    Ok(())
}

fn beside_muted(records: u64) -> Done {
    let registry = Registry::new();
    let muted = Metrics::register_at(&registry, Level::Off)?.ingest;
    let live = Metrics::register(&registry)?.ingest;
    repeat(records, |value| {
        hot::beside_muted(black_box(&muted), black_box(&live), value);
    });
    Ok(())
}

fn named(records: u64) -> Done {
    let telemetry = TelemetryHandle::from_config(TelemetryConfig::default())?;
    let names = twenty_names();
    for name in &names {
        telemetry.record_counter(name, 1)?;
    }
    for name in names.iter().cycle().take(records as usize) {
        hot::named(black_box(&telemetry), black_box(name))?;
    }
    Ok(())
}

fn named_latency(records: u64) -> Done {
    let telemetry = TelemetryHandle::from_config(TelemetryConfig::default())?;
    let names = twenty_names();
    for name in &names {
        telemetry.record_latency_ms(name, 42);
    }
    for name in names.iter().cycle().take(records as usize) {
        hot::named_latency(black_box(&telemetry), black_box(name), black_box(42));
    }
    Ok(())
}

/// All of them are looked up: which of them meet on the way depends on the
/// hash's random seed, and evens out over many.
fn twenty_names() -> [String; 20] {
    std::array::from_fn(|number| format!("relayer.name_{number:02}"))
}

/// Flushes, accumulates and encodes a hundred counters and ten histograms of
/// twenty values, all touched.
fn report(reports: u64, protocol: Protocol) -> Done {
    let registry = Registry::new();
    let counters: Vec<_> = (0..100)
        .map(|n| registry.counter(format!("relayer.ingest{n}")))
        .collect::<Result<_, _>>()?;
    let histograms: Vec<_> = (0..10)
        .map(|n| registry.histogram(format!("relayer.latency{n}")))
        .collect::<Result<_, _>>()?;
    let config = TelemetryConfig::default().with_protocol(protocol);
    let mut encoder = OtlpEncoder::new(&config)?;
    for _ in 0..reports {
        counters.iter().for_each(Counter::increment);
        for (histogram, value) in histograms.iter().zip(values().iter().cycle()) {
            (1..=20).for_each(|n| histogram.record(value / n));
        }
        black_box(hot::report(black_box(&registry), black_box(&mut encoder)));
    }
    Ok(())
}

/// Pages of a hundred counters and ten histograms, all recorded into before
/// each.
fn page(pages: u64, page: &mut dyn Page) {
    for _ in 0..pages {
        page.record();
        black_box(hot::page(black_box(page)));
    }
}

/// Flushes of which each finds `touched` counters incremented.
fn flush(flushes: u64, touched: usize) -> Done {
    let registry = Registry::new();
    let counters: Vec<Counter> = (0..COUNTERS)
        .map(|number| registry.counter(format!("relayer.counter_{number}")))
        .collect::<Result<_, _>>()?;
    // So that even the idle flush has a thread's cells to look at.
    let _claim = registry.local();
    for _ in 0..flushes {
        counters[..touched].iter().for_each(Counter::increment);
        drop(black_box(hot::flush(black_box(&registry))));
    }
    Ok(())
}

fn relay(items: u64) {
    const BATCH: usize = 512;
    let relay = Relay::new(2, 8 * BATCH, BATCH);
    let mut taken = Vec::with_capacity(BATCH);
    for item in 0..items {
        let take = |item| taken.push(item);
        hot::relay(black_box(&relay), Box::new(item), take);
        // Out of what is counted: it frees.
        taken.clear();
    }
}
