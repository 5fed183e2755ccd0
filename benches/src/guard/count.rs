//! Instructions of one record or one span, counted by callgrind.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use crate::spans::ROUND;
use crate::workload::VALUES;

/// Whole passes over the workload's values, so that all of them have been
/// recorded when the second half begins.
const RECORDS: u64 = 3 * VALUES as u64;

/// Whole rounds, of spans with a child too.
const SPANS: u64 = 8 * ROUND as u64;

/// What is counted.
#[derive(Clone, Copy, Debug)]
enum Collected {
    /// What runs from the entry of a function of `hot` until it returns, on its
    /// thread.
    Hot,
    /// What all threads do from [`begin_counting`] on.
    Process,
}

/// Instructions, or how many of them a record takes.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// In the case's function and all that it calls.
    pub all: f64,
    /// In functions that it calls or jumps to.
    pub elsewhere: f64,
}

/// What a record of `case` takes, once all is set up: what a run of twice as
/// many records takes more, by record.
pub fn per_record(guarded: &Path, case: &str) -> Result<Count, Box<dyn Error>> {
    per(guarded, case, RECORDS, Collected::Hot)
}

/// What a span of `case` takes on the thread that records it.
pub fn per_span(guarded: &Path, case: &str) -> Result<Count, Box<dyn Error>> {
    per(guarded, case, SPANS, Collected::Hot)
}

/// What a span of `case` takes on all threads, until it is encoded.
pub fn per_span_of_process(guarded: &Path, case: &str) -> Result<Count, Box<dyn Error>> {
    per(guarded, case, SPANS, Collected::Process)
}

/// Called by `guarded` where the setting up is over, which takes as long as
/// clocks take to compare.
#[inline(never)]
pub fn begin_counting() {
    black_box(());
}

fn per(
    guarded: &Path,
    case: &str,
    records: u64,
    collected: Collected,
) -> Result<Count, Box<dyn Error>> {
    let short = collect(guarded, case, records, collected)?;
    let long = collect(guarded, case, 2 * records, collected)?;
    let per_record = |short: f64, long: f64| (long - short) / records as f64;
    let count = Count {
        all: per_record(short.all, long.all),
        elsewhere: per_record(short.elsewhere, long.elsewhere),
    };
    if count.all < 1.0 {
        return Err(format!("callgrind sees no records of {case}").into());
    }
    Ok(count)
}

fn collect(
    guarded: &Path,
    case: &str,
    records: u64,
    collected: Collected,
) -> Result<Count, Box<dyn Error>> {
    let mut command = Command::new("valgrind");
    command
        .args(["-q", "--tool=callgrind", "--callgrind-out-file=/dev/stdout"])
        .arg(match collected {
            Collected::Hot => format!("--toggle-collect=*{}*", super::code::HOT),
            Collected::Process => "--zero-before=*begin_counting*".to_owned(),
        })
        .args([
            "--demangle=no",
            "--compress-strings=no",
            "--compress-pos=no",
        ])
        // One `memset` for all CPUs, and none by `rep stos`, of which callgrind
        // counts each byte.
        .env("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-ERMS")
        .arg(guarded)
        .args([case, &records.to_string()]);
    parse(&super::output_of(&mut command)?)
}

/// Reads callgrind's format: `fn=` begins a function; a line of a position and
/// a number is its own cost, but after `calls=` that of the call.
fn parse(profile: &str) -> Result<Count, Box<dyn Error>> {
    let (mut total, mut own) = (None, 0_u64);
    let (mut is_hot, mut is_call) = (false, false);
    for line in profile.lines() {
        if let Some(function) = line.strip_prefix("fn=") {
            is_hot = function.contains(super::code::HOT);
        } else if let Some(number) = line.strip_prefix("totals: ") {
            total = Some(number.trim().parse::<u64>()?);
        } else if is_hot && !is_call && line.starts_with(|first: char| first.is_ascii_digit()) {
            let (_, cost) = line.split_once(' ').ok_or("a cost line without a cost")?;
            own += cost.parse::<u64>()?;
        }
        is_call = line.starts_with("calls=");
    }
    let all = total.ok_or("callgrind wrote no totals")? as f64;
    Ok(Count {
        all,
        elsewhere: all - own as f64,
    })
}
