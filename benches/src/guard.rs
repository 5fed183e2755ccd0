//! The guard: what a record may cost, in instructions instead of time, so that
//! it needs no quiet machine.

use std::error::Error;
use std::process::Command;

pub mod bounds;
pub mod code;
pub mod count;

/// What `command` writes to its standard output.
fn output_of(command: &mut Command) -> Result<String, Box<dyn Error>> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}: {}", output.status, said.trim()).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
