//! This test binary, run again as a process of its own.

use std::process::{Command, Stdio};

/// This program running one of its tests, an ignored one, alone.
pub(crate) fn this_program(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}
