//! Runs the benches, prints what everything costs, and writes it down.
//!
//! ```text
//! cargo run --release -p pqcnet-telemetry-benches --bin table [-- --help]
//! ```
//!
//! The table goes to standard output, all else to standard error.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::SystemTime;

use lexopt::Parser;
use lexopt::prelude::{Long, Short, Value, ValueExt};
use pqcnet_telemetry_benches::figures::target_dir;
use pqcnet_telemetry_benches::table::plot::{bars, curves};
use pqcnet_telemetry_benches::table::read::Results;
use pqcnet_telemetry_benches::table::render::Page;
use pqcnet_telemetry_benches::table::{BENCHES, machine, sections, workspace};

const COMMAND: &str = "cargo run --release -p pqcnet-telemetry-benches --bin table";

const USAGE: &str = "\
usage: table [BENCH]... [--quick] [--out DIR]
       table --no-run [--out DIR]
       table [BENCH]... [--quick | --no-run] --section TITLE

Runs the benches, or those named, one after the other; prints the table of what
everything costs and writes it, with plots, to DIR/YYYY-MM-DD.*.

  --no-run   from the results that are there
  --quick    criterion's --quick: rough figures, which are not written
  --out DIR  default: the workspace's benches/record
  --section TITLE
             only the tables whose titles begin so, which are not written
";

struct Args {
    /// None if there is nothing to run.
    benches: Vec<&'static str>,
    quick: bool,
    out: PathBuf,
    section: Option<String>,
}

fn main() -> ExitCode {
    let args = match parse() {
        Ok(Some(args)) => args,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => return complain(&error.to_string(), 2),
    };
    match table(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error.to_string(), 1),
    }
}

fn complain(what: &str, status: u8) -> ExitCode {
    eprintln!("{what}");
    ExitCode::from(status)
}

/// `None` if only help is asked for.
fn parse() -> Result<Option<Args>, lexopt::Error> {
    let mut args = Args {
        benches: Vec::new(),
        quick: false,
        out: workspace().join("benches/record"),
        section: None,
    };
    let mut run = true;
    let mut parser = Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(None),
            Long("no-run") => run = false,
            Long("quick") => args.quick = true,
            Long("out") => args.out = parser.value()?.into(),
            Long("section") => {
                let title = parser.value()?.string()?;
                if !sections::SECTIONS
                    .iter()
                    .any(|it| it.title.starts_with(&title))
                {
                    return Err(format!("no table's title begins with `{title}`").into());
                }
                args.section = Some(title);
            }
            Value(name) => {
                let name = name.string()?;
                let bench = BENCHES.into_iter().find(|bench| *bench == name);
                let benches = BENCHES.join(", ");
                args.benches.push(
                    bench.ok_or_else(|| format!("no bench `{name}`: the benches are {benches}"))?,
                );
            }
            other => return Err(other.unexpected()),
        }
    }
    if !run && !args.benches.is_empty() {
        return Err("--no-run takes all results that are there: name no bench with it".into());
    }
    if run && args.benches.is_empty() {
        args.benches = BENCHES.to_vec();
    }
    Ok(Some(args))
}

fn table(args: &Args) -> Result<(), Box<dyn Error>> {
    let target = target_dir();
    let start = SystemTime::now();
    for bench in &args.benches {
        run(bench, args.quick, &target)?;
    }
    let is_run = !args.benches.is_empty();
    let results = Results::read(&target, is_run.then_some(start))?;
    for group in sections::unknown(&results) {
        eprintln!("{group} is in none of the tables");
    }

    // Results that are only read again are as old as they are.
    let date = date(if is_run {
        start
    } else {
        results.latest().unwrap_or(start)
    });
    let note = match (is_run, args.quick) {
        (_, true) => "A quick run: the figures are rough.",
        (true, false) => {
            "One run of each bench, one after the other; medians, and ratios within the run."
        }
        (false, false) => {
            "What each bench's last run has left; medians, and ratios between those runs."
        }
    };
    let plots = [
        ("a bar for each way to record", format!("{date}.svg")),
        ("what costs grow with", format!("{date}-curves.svg")),
    ];
    let page = Page {
        date: &date,
        command: &command(),
        note,
        plots: if args.quick { &[] } else { &plots },
        results: &results,
        machine: &machine::describe(&workspace()),
    };
    if let Some(section) = &args.section {
        io::stdout().write_all(page.render_sections(section).as_bytes())?;
        return Ok(());
    }
    let page = page.render();
    if !args.quick {
        let drawn = [bars::draw(&results)?, curves::draw(&results)?];
        write(&args.out, &format!("{date}.md"), &page)?;
        for ((_, name), plot) in plots.iter().zip(&drawn) {
            write(&args.out, name, plot)?;
        }
    }
    io::stdout().write_all(page.as_bytes())?;
    Ok(())
}

fn run(bench: &str, quick: bool, target: &Path) -> Result<(), Box<dyn Error>> {
    let cargo = env::var_os("CARGO").unwrap_or("cargo".into());
    let mut command = Command::new(&cargo);
    command
        .args(["bench", "-p", "pqcnet-telemetry-benches", "--bench", bench])
        .current_dir(workspace())
        // Absolute, as a bench runs in another folder than cargo; and where the
        // results are looked for.
        .env("CARGO_TARGET_DIR", target)
        .env("CRITERION_HOME", target.join("criterion"))
        .stdout(Stdio::from(io::stderr()));
    if quick {
        command.args(["--", "--quick"]);
    }
    let status = command
        .status()
        .map_err(|error| format!("{}: {error}", Path::new(&cargo).display()))?;
    if !status.success() {
        return Err(format!("bench `{bench}` failed: {status}").into());
    }
    Ok(())
}

fn date(time: SystemTime) -> String {
    let time = humantime::format_rfc3339_seconds(time).to_string();
    time.chars().take_while(|sign| *sign != 'T').collect()
}

/// This call.
fn command() -> String {
    let args: Vec<_> = env::args_os().skip(1).collect();
    let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    match args.join(" ") {
        args if args.is_empty() => COMMAND.into(),
        args => format!("{COMMAND} -- {args}"),
    }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Box<dyn Error>> {
    let path = folder.join(name);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, text))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("written to {}", path.display());
    Ok(())
}
