//! Prints the dead letters of a spool folder as JSON lines: the KEM events that
//! a destination refused for good, each with the reason.
//!
//!     cargo run -p pqcnet-telemetry --example dead_letters -- <folder>
//!
//! The process that writes the folder must not run. Nothing is changed.

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: dead_letters <folder of the spool>");
        return ExitCode::from(2);
    };
    let letters = match pqcnet_telemetry::read_dead_letters(folder) {
        Ok(letters) => letters,
        Err(error) => {
            eprintln!("dead_letters: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut out = io::stdout().lock();
    for letter in &letters {
        let line = serde_json::to_string(letter).expect("a letter can be written as JSON");
        if writeln!(out, "{line}").is_err() {
            return ExitCode::FAILURE; // nobody reads on
        }
    }
    eprintln!("{} dead letters", letters.len());
    ExitCode::SUCCESS
}
