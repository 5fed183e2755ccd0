//! Counts the instructions of every case of `guarded`, looks at the code of the
//! records, and holds both to `guard.toml`.
//!
//! ```text
//! scripts/guard [--case NAME] [--record]
//! scripts/guard --rivals
//! scripts/guard --spans
//! ```
//!
//! Fails where a case takes more than its bound, where a record's code has
//! what is forbidden to it, and where the file and `guarded` know different
//! cases. `--record` moves the bounds to what is counted now. `--rivals` counts
//! those of `guarded`, which have no bounds. `--spans` counts spans by whoever
//! records them, on the thread that does and on all threads up to the encoded
//! request, and leaves the figures where `table` finds them.

use std::env;
use std::error::Error;
use std::fmt::Display;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use lexopt::Parser;
use lexopt::prelude::{Long, ValueExt};
use pqcnet_telemetry_benches::figures::{Figures, Unit};
use pqcnet_telemetry_benches::guard::bounds::{Bound, Bounds, Forbidden};
use pqcnet_telemetry_benches::guard::code::{self, Code};
use pqcnet_telemetry_benches::guard::count;

/// The case on which the guard tries itself: a `lock` and a `ret`.
const KNOWN: &str = "fetch_add";

#[derive(Default)]
struct Args {
    case: Option<String>,
    record: bool,
    rivals: bool,
    spans: bool,
}

fn main() -> ExitCode {
    let args = match parse() {
        Ok(args) => args,
        Err(error) => return complain(&error, 2),
    };
    if let Some(reason) = lacking() {
        println!("guard: NOT RUN: {reason}");
        return ExitCode::from(77);
    }
    match guard(&args) {
        Ok(status) => status,
        Err(error) => complain(&error, 1),
    }
}

fn complain(what: &dyn Display, status: u8) -> ExitCode {
    eprintln!("guard: {what}");
    ExitCode::from(status)
}

fn parse() -> Result<Args, lexopt::Error> {
    let mut args = Args::default();
    let mut parser = Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("case") => args.case = Some(parser.value()?.string()?),
            Long("record") => args.record = true,
            Long("rivals") => args.rivals = true,
            Long("spans") => args.spans = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(args)
}

/// What this machine lacks to run the guard.
fn lacking() -> Option<String> {
    if !cfg!(target_arch = "x86_64") {
        let here = env::consts::ARCH;
        return Some(format!("the bounds are for x86_64, this is {here}"));
    }
    let tools = [("valgrind", "valgrind"), ("objdump", "binutils")];
    let (tool, package) = tools.into_iter().find(|(tool, _)| is_missing(tool))?;
    Some(format!("{tool} is needed: apt-get install {package}"))
}

fn is_missing(tool: &str) -> bool {
    let mut version = Command::new(tool);
    let run = version.arg("--version").stdout(Stdio::null()).status();
    run.is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

fn guard(args: &Args) -> Result<ExitCode, Box<dyn Error>> {
    let mut bounds = Bounds::read()?;
    if let Some(case) = &args.case
        && !bounds.names().contains(&case.as_str())
    {
        let names = bounds.names().join(", ");
        return Ok(complain(
            &format!("unknown case {case:?}; cases: {names}"),
            2,
        ));
    }
    let guarded = guarded()?;
    if args.rivals {
        return count_rivals(&guarded);
    }
    if args.spans {
        return count_spans(&guarded);
    }
    let code = Code::of(&guarded)?;
    try_itself(&guarded, &code)?;
    check_names(&guarded, &bounds.names())?;

    println!("| case | instructions | at most | |");
    println!("|---|---|---|---|");
    let (mut cases, mut wrong) = (0, Vec::new());
    let is_chosen = |bound: &&mut Bound| args.case.as_ref().is_none_or(|case| *case == bound.name);
    for bound in bounds.cases.iter_mut().filter(is_chosen) {
        let count = count::per_record(&guarded, &bound.name)?;
        if args.record {
            bound.record(count.all);
        }
        let (name, all, at_most) = (&bound.name, count.all, bound.at_most);
        let verdict = if bound.is_passed_by(all) {
            wrong.push(format!(
                "{name} takes {all:.1} instructions, its bound is {at_most}"
            ));
            "over"
        } else if bound.is_loose_for(all) {
            "ok; so far below that --record could lower the bound"
        } else {
            "ok"
        };
        println!("| {name} | {all:.1} | {at_most} | {verdict} |");
        wrong.extend(offences(bound, &code, count.elsewhere)?);
        cases += 1;
    }
    if !wrong.is_empty() {
        return Ok(complain(&wrong.join("\nguard: "), 1));
    }
    if args.record {
        bounds.write()?;
    }
    match cases {
        1 => println!("guard: 1 case within its bound"),
        _ => println!("guard: {cases} cases within their bounds"),
    }
    Ok(ExitCode::SUCCESS)
}

fn count_rivals(guarded: &Path) -> Result<ExitCode, Box<dyn Error>> {
    println!("| rival | instructions |");
    println!("|---|---|");
    for name in list(guarded, "--list-rivals")?.lines() {
        println!("| {name} | {:.1} |", count::per_record(guarded, name)?.all);
    }
    Ok(ExitCode::SUCCESS)
}

fn count_spans(guarded: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let mut figures = Figures::default();
    println!("| a span | instructions | of the process |");
    println!("|---|---|---|");
    for name in list(guarded, "--list-spans")?.lines() {
        let (shape, subject) = name.split_once('/').ok_or("a case without a subject")?;
        let thread = count::per_span(guarded, name)?.all;
        let process = count::per_span_of_process(guarded, name)?.all;
        println!("| {name} | {thread:.1} | {process:.1} |");
        figures.keep(format!("{shape}_thread/{subject}"), thread, Unit::Count);
        figures.keep(format!("{shape}_process/{subject}"), process, Unit::Count);
    }
    figures.write("instructions")?;
    Ok(ExitCode::SUCCESS)
}

/// The program beside this one.
fn guarded() -> Result<PathBuf, Box<dyn Error>> {
    let path = env::current_exe()?.with_file_name("guarded");
    if path.exists() {
        return Ok(path);
    }
    Err(format!("no {}: scripts/guard builds it", path.display()).into())
}

/// Fails where the guard would not see what it guards against.
fn try_itself(guarded: &Path, code: &Code) -> Result<(), Box<dyn Error>> {
    let count = count::per_record(guarded, KNOWN)?.all;
    if !(2.0..=20.0).contains(&count) {
        return Err(format!("broken: it counts {count} instructions for {KNOWN}").into());
    }
    if code::find(&code.function(KNOWN)?, Forbidden::Lock).is_none() {
        return Err(format!("broken: it finds no lock in {KNOWN}").into());
    }
    Ok(())
}

/// Fails where only one of `guarded` and the file knows a case.
fn check_names(guarded: &Path, bounded: &[&str]) -> Result<(), Box<dyn Error>> {
    let list = list(guarded, "--list")?;
    let known: Vec<_> = list.lines().filter(|name| *name != KNOWN).collect();
    if let Some(name) = known.iter().find(|name| !bounded.contains(name)) {
        return Err(format!("{name} is a case of guarded, but not in guard.toml").into());
    }
    if let Some(name) = bounded.iter().find(|name| !known.contains(name)) {
        return Err(format!("{name} is in guard.toml, but no case of guarded").into());
    }
    Ok(())
}

fn list(guarded: &Path, which: &str) -> Result<String, Box<dyn Error>> {
    Ok(String::from_utf8(
        Command::new(guarded).arg(which).output()?.stdout,
    )?)
}

/// What a case does that is forbidden to it.
fn offences(bound: &Bound, code: &Code, elsewhere: f64) -> Result<Vec<String>, Box<dyn Error>> {
    if bound.forbids.is_empty() {
        return Ok(Vec::new());
    }
    let name = &bound.name;
    let instructions = code.function(name)?;
    let mut offences: Vec<_> = bound
        .forbids
        .iter()
        .filter_map(|forbidden| code::find(&instructions, *forbidden))
        .map(|found| format!("the code of {name} has `{found}`"))
        .collect();
    // Else the code that was looked at is not all that ran.
    if elsewhere != 0.0 {
        offences.push(format!(
            "{name} takes {elsewhere:.1} instructions outside its function"
        ));
    }
    Ok(offences)
}
