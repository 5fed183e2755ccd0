//! The machine code of the guarded functions, as objdump shows it.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use super::bounds::Forbidden;

/// In the symbol of every function of `guarded::hot`, and of no other. Each
/// part of a path comes with its length, in Rust's old mangling and the new.
pub(super) const HOT: &str = "7guarded3hot";

/// All instructions of a program.
pub struct Code(String);

impl Code {
    /// Disassembles `program`.
    pub fn of(program: &Path) -> Result<Self, Box<dyn Error>> {
        let mut objdump = Command::new("objdump");
        objdump.args(["-d", "--no-show-raw-insn"]).arg(program);
        Ok(Self(super::output_of(&mut objdump)?))
    }

    /// The instructions of the function of `case`.
    pub fn function(&self, case: &str) -> Result<Vec<&str>, Box<dyn Error>> {
        let symbol = format!("{HOT}{}{case}", case.len());
        let mut found = self
            .0
            .split("\n\n")
            .filter(|block| block.lines().next().unwrap_or_default().contains(&symbol));
        let (Some(block), None) = (found.next(), found.next()) else {
            return Err(format!("not one function of symbol {symbol:?} in the program").into());
        };
        // Each "  address:<tab>instruction".
        let lines = block.lines().skip(1);
        let mut instructions: Vec<_> = lines
            .filter_map(|line| Some(line.split_once(":\t")?.1))
            .collect();
        while instructions.pop_if(|last| is_padding(last)).is_some() {}
        if instructions.is_empty() {
            return Err(format!("no instructions in {symbol}").into());
        }
        Ok(instructions)
    }
}

/// The first of `instructions` that is `forbidden`.
pub fn find<'a>(instructions: &[&'a str], forbidden: Forbidden) -> Option<&'a str> {
    let is_forbidden = match forbidden {
        Forbidden::Lock => locks,
        Forbidden::Call => calls,
    };
    instructions
        .iter()
        .find(|instruction| is_forbidden(instruction))
        .copied()
}

/// An exchange with memory locks without the prefix.
fn locks(instruction: &str) -> bool {
    let mut words = instruction.split_whitespace();
    words.clone().any(|word| word == "lock" || word == "mfence")
        || words.next() == Some("xchg") && instruction.contains('(')
}

fn calls(instruction: &str) -> bool {
    let mut words = instruction.split_whitespace();
    words.any(|word| word == "call" || word == "callq")
}

fn is_padding(instruction: &str) -> bool {
    instruction.trim_end() == "int3" || instruction.contains("nop")
}
