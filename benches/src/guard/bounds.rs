//! `guard.toml`: what each case may cost, and what its code must not contain.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The file.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Its cases, in order.
    #[serde(rename = "case")]
    pub cases: Vec<Bound>,
}

/// What one case is held to.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// As `guarded` knows it.
    pub name: String,
    /// Instructions of one record, or one flush.
    pub at_most: u64,
    /// What the code of a record must not contain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forbids: Vec<Forbidden>,
}

/// What a record must do without.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Forbidden {
    /// An instruction that locks a cache line, or a full fence.
    Lock,
    /// A call, be it on a rare path: what is rare ends in a jump, so that no
    /// register is saved on the common one.
    Call,
}

impl Bounds {
    /// Reads the file.
    pub fn read() -> Result<Self, Box<dyn Error>> {
        let path = path();
        let named = |error: &dyn Error| format!("{}: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| named(&error))?;
        Ok(toml::from_str(&text).map_err(|error| named(&error))?)
    }

    /// The names of the cases.
    pub fn names(&self) -> Vec<&str> {
        self.cases.iter().map(|case| case.name.as_str()).collect()
    }

    /// Writes the file.
    pub fn write(&self) -> Result<(), Box<dyn Error>> {
        let compiler = super::output_of(Command::new("rustc").arg("--version"))?;
        let header = format!(
            "\
# What a record, a span, a flush of 1,000 counters, or a report may cost on x86_64:
# instructions, as callgrind counts them, and what its code must not contain. Checked by
# scripts/guard. The numbers are from `scripts/guard --record`, with
# {compiler}
"
        );
        fs::write(path(), header + &toml::to_string(self)?)?;
        Ok(())
    }
}

impl Bound {
    /// Takes `instructions` for what the case costs, and leaves a margin.
    pub fn record(&mut self, instructions: f64) {
        // Names are hashed with a random seed, which decides what a look-up
        // costs.
        let percent = if self.name.starts_with("named") {
            10
        } else {
            5
        };
        self.at_most = instructions.ceil() as u64 * (100 + percent) / 100;
    }

    /// Whether `instructions` are more than allowed.
    pub fn is_passed_by(&self, instructions: f64) -> bool {
        instructions > self.at_most as f64
    }

    /// Whether `instructions` are so few that the bound guards nothing.
    pub fn is_loose_for(&self, instructions: f64) -> bool {
        instructions < 0.8 * self.at_most as f64
    }
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guard.toml")
}
