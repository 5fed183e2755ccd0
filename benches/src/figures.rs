//! Figures of the benchmarks that aren't criterion's: printed as they come, and
//! left as JSON for who makes tables of them.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::Parser;
use lexopt::prelude::Long;
use serde::{Deserialize, Serialize};

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Nanoseconds.
    #[serde(rename = "ns")]
    Nanoseconds,
    /// Bytes.
    #[serde(rename = "bytes")]
    Bytes,
    /// Occurrences.
    #[serde(rename = "count")]
    Count,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nanoseconds => "ns",
            Self::Bytes => "bytes",
            Self::Count => "count",
        })
    }
}

/// One number and what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Its name in its bench, its parts apart by slashes: `counter/none/p50`.
    pub id: String,
    /// The number.
    pub value: f64,
    /// Its unit.
    pub unit: Unit,
}

/// What one bench has found out, in its own order.
#[derive(Debug, Default)]
pub struct Figures(Vec<Figure>);

impl Figures {
    /// Adds a figure, and prints it.
    pub fn add(&mut self, id: impl Into<String>, value: f64, unit: Unit) {
        let id = id.into();
        let digits = usize::from(unit == Unit::Nanoseconds);
        println!("{id:<40} {value:>16.digits$} {unit}");
        self.keep(id, value, unit);
    }

    /// Adds a figure that is printed elsewhere.
    pub fn keep(&mut self, id: impl Into<String>, value: f64, unit: Unit) {
        let id = id.into();
        self.0.push(Figure { id, value, unit });
    }

    /// Leaves them where [`read`] finds them, in place of those of the run
    /// before.
    pub fn write(&self, bench: &str) -> io::Result<()> {
        let path = path_of(bench);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut json = serde_json::to_string_pretty(&self.0)?;
        json.push('\n');
        fs::write(path, json)
    }
}

/// What the last whole run of `bench` has left.
pub fn read(bench: &str) -> io::Result<Vec<Figure>> {
    Ok(serde_json::from_str(&fs::read_to_string(path_of(bench))?)?)
}

/// Where cargo builds: `CARGO_TARGET_DIR`, else the workspace's `target`.
///
/// Cargo starts a bench in its package's folder, wherever it was called from
/// itself; a relative path is taken to start at the workspace.
pub fn target_dir() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = package.parent().unwrap_or(package);
    workspace.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into()))
}

fn path_of(bench: &str) -> PathBuf {
    target_dir().join("figures").join(format!("{bench}.json"))
}

/// How much of the work a bench is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// What the tables are made from.
    Full,
    /// `--quick`: fewer rounds.
    Quick,
    /// `--test`: enough to see that it runs. Leaves no figures.
    Test,
}

impl Effort {
    fn from_args() -> Result<Self, lexopt::Error> {
        let mut effort = Self::Full;
        let mut parser = Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                // Cargo's own, to every bench.
                Long("bench") => {}
                Long("quick") => effort = Self::Quick,
                Long("test") => effort = Self::Test,
                other => return Err(other.unexpected()),
            }
        }
        Ok(effort)
    }
}

/// The `main` of a bench: its arguments, its work, its figures and its exit
/// status.
pub fn run(
    bench: &str,
    work: impl FnOnce(Effort, &mut Figures) -> Result<(), Box<dyn Error>>,
) -> ExitCode {
    let effort = match Effort::from_args() {
        Ok(effort) => effort,
        Err(error) => {
            eprintln!("{bench}: {error}; it takes --quick or --test");
            return ExitCode::from(2);
        }
    };
    let mut figures = Figures::default();
    let outcome = work(effort, &mut figures).and_then(|()| {
        if effort != Effort::Test && !figures.0.is_empty() {
            let path = path_of(bench);
            let written = figures.write(bench);
            written.map_err(|error| format!("{}: {error}", path.display()))?;
            println!("written to {}", path.display());
        }
        Ok(())
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{bench}: {error}");
            ExitCode::FAILURE
        }
    }
}
