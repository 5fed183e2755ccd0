//! The table of what everything costs, made of what the benches have left.

use std::path::{Path, PathBuf};

pub mod machine;
pub mod plot;
pub mod read;
pub mod render;
pub mod sections;
pub mod targets;

/// The benches, in the order in which they run.
pub const BENCHES: [&str; 6] = [
    "record",
    "flush",
    "disturbance",
    "thread_life",
    "memory",
    "span",
];

/// The folder of the workspace, of which this package is a part.
pub fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}
