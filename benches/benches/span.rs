//! What does a span cost, by who records it?
//!
//! ```text
//! cargo bench -p pqcnet-telemetry-benches --bench span
//! ```
//!
//! Every line is the time of one span, by the median of rounds, in three ways:
//!
//! - `recording`: on a thread that records, in the mean of all threads that record
//!   at once, and so few spans that nothing is encoded meanwhile;
//! - `while_encoding`: the same while the spans before it are encoded on another
//!   thread, as they are under a load that does not end;
//! - `all_in`: until the last span of a round is encoded as OTLP protobuf, divided
//!   by the spans of all threads. Nothing is sent. What is encoded while threads
//!   record counts only where these wait for it or for a processor.
//!
//! | group | work |
//! |---|---|
//! | `span_*` | a span of three fields, entered and exited, the first of its trace |
//! | `span_child_*` | the same with a child of three fields: half of both |
//! | `span_event_*` | the first with one event in it |
//!
//! The lines are `no_subscriber`; `below_level`, where the subscriber takes
//! warnings only; `registry`, the floor that `tracing` sets; this library's
//! (`ours`), `tracing-opentelemetry`'s as it comes and lean (no location, no
//! threads, no busy and idle times) with the SDK's batch processor; and
//! `fastrace`'s, which is not for `tracing`'s macros. A span that is lost ends the
//! bench.
//!
//! Each line runs in a process of its own, as subscribers are the process's.

use std::env;
use std::error::Error;
use std::process::{Command, ExitCode};
use std::time::Duration;

use criterion::{Criterion, SamplingMode};
use pqcnet_telemetry_benches::spans::{
    Encoding, ROUND, Shape, Subject, Times, Work, short_round, times,
};

/// Which line a process is for; without it, all of them, each by a child.
const LINE: &str = "SPAN_LINE";

/// One line of one group.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    shape: Shape,
    part: Part,
    threads: u32,
    subject: Subject,
}

/// What of a span's time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Recording,
    WhileEncoding,
    AllIn,
}

fn main() -> ExitCode {
    let outcome = match env::var(LINE) {
        Ok(name) => run_named(&name),
        Err(_) => lines().try_for_each(|line| run_in_child(&line.name())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("span: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Each part of the time, at how many threads. While two threads record, a
/// machine of two processors has none left to encode on.
const PARTS: [(Part, u32); 5] = [
    (Part::Recording, 1),
    (Part::Recording, 2),
    (Part::WhileEncoding, 1),
    (Part::AllIn, 1),
    (Part::AllIn, 2),
];

/// All of them; what is compared, one after the other.
fn lines() -> impl Iterator<Item = Line> {
    let groups = Shape::ALL.into_iter().flat_map(|shape| {
        let group = move |(part, threads)| (shape, part, threads);
        PARTS.into_iter().map(group)
    });
    groups.flat_map(|(shape, part, threads)| {
        let is_asked = move |it: &Subject| part == Part::Recording || it.is_exporting();
        let subjects = Subject::ALL.into_iter().filter(is_asked);
        subjects.map(move |subject| Line {
            shape,
            part,
            threads,
            subject,
        })
    })
}

impl Line {
    fn name(self) -> String {
        format!("{}/{}", self.group(), self.subject.name())
    }

    fn group(self) -> String {
        let part = match self.part {
            Part::Recording => "recording",
            Part::WhileEncoding => "while_encoding",
            Part::AllIn => "all_in",
        };
        let plural = if self.threads == 1 { "" } else { "s" };
        format!(
            "{}_{part}_{}_thread{plural}",
            self.shape.name(),
            self.threads
        )
    }
}

fn run_in_child(name: &str) -> Result<(), Box<dyn Error>> {
    let mut child = Command::new(env::current_exe()?);
    let status = child
        .args(env::args_os().skip(1))
        .env(LINE, name)
        .status()?;
    if !status.success() {
        return Err(format!("{name}: {status}").into());
    }
    Ok(())
}

fn run_named(name: &str) -> Result<(), Box<dyn Error>> {
    let line = lines().find(|line| line.name() == name);
    run(line.ok_or_else(|| format!("no line {name:?}"))?);
    Ok(())
}

fn run(line: Line) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(900))
        .sample_size(30)
        .configure_from_args();
    let mut group = criterion.benchmark_group(line.group());
    // All samples are whole rounds.
    group.sampling_mode(SamplingMode::Flat);
    let (spans, threads) = (line.shape.spans(), line.threads);
    let (encoding, round) = match line.part {
        Part::Recording => (Encoding::WhenFlushed, short_round(threads, spans)),
        Part::WhileEncoding | Part::AllIn => (Encoding::Background, ROUND),
    };
    let work = Work {
        pass: line.shape.pass(line.subject),
        spans,
        threads,
        round,
    };
    let mut pipeline = None;
    group.bench_function(line.subject.name(), |bencher| {
        // Here, as a filter may leave it out.
        let pipeline = pipeline.get_or_insert_with(|| line.subject.install(encoding));
        bencher.iter_custom(|iterations| {
            let Times { recording, all_in } = times(work, iterations, pipeline);
            let time = match line.part {
                Part::Recording | Part::WhileEncoding => recording,
                Part::AllIn => all_in,
            };
            time / spans as u32
        });
    });
    group.finish();
}
