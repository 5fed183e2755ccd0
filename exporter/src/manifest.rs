//! `metrics.json`: what a program records, as a file beside its source.
//!
//! Dashboards and alerts are made from names of metrics, by people and programs
//! who have no registry to ask. This writes those names down, from the
//! [`Descriptor`]s that [`instruments!`](crate::core::instruments) makes, and
//! says when the file is not what the code declares any more. A name that the
//! code has no more stays in the file, deprecated: somebody's dashboard may
//! still have it.
//!
//! [`command`] is all that a program needs of it:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use pqcnet_telemetry::core::{Counter, instruments};
//! use pqcnet_telemetry::manifest;
//!
//! instruments! {
//!     /// What a relayer measures.
//!     pub struct RelayerMetrics {
//!         /// Messages taken in from clients.
//!         #[name = "relayer.ingest", unit = "{message}", group = "Traffic"]
//!         pub ingest: Counter,
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     manifest::command(&[RelayerMetrics::DESCRIPTORS], std::env::args_os())
//! }
//! ```
//!
//! Called with a path it writes the file; with `--check` before the path it
//! fails where the file is not current, and says by which names. The file is an
//! array in the order of names:
//!
//! ```json
//! [
//!   {
//!     "name": "relayer.ingest",
//!     "kind": "counter",
//!     "unit": "{message}",
//!     "description": "Messages taken in from clients.",
//!     "labels": {},
//!     "level": "info",
//!     "group": "Traffic",
//!     "deprecated": false
//!   }
//! ]
//! ```

use std::collections::BTreeMap;
use std::collections::btree_map;

use pqcnet_telemetry_core::component::Descriptor;

mod command;
mod difference;
mod entry;
mod error;
mod file;

pub use command::command;
pub use difference::{Change, Difference};
pub use entry::Entry;
pub use error::ManifestError;

/// Why an instrument is deprecated that the code does not declare any more.
const VANISHED: &str = "no longer recorded";

/// What a program records: an entry for each name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    entries: BTreeMap<String, Entry>,
}

impl Manifest {
    /// What `components` declare.
    ///
    /// Components may share an instrument: the longer description is kept, as
    /// registration does. Fails where they differ in anything else.
    pub fn new(components: &[&[Descriptor]]) -> Result<Self, ManifestError> {
        let mut entries = BTreeMap::new();
        for descriptor in components.iter().copied().flatten() {
            let entry = Entry::of(descriptor);
            match entries.entry(entry.name.clone()) {
                btree_map::Entry::Vacant(vacant) => {
                    vacant.insert(entry);
                }
                btree_map::Entry::Occupied(mut known) => known.get_mut().agree(entry)?,
            }
        }
        Ok(Self { entries })
    }

    /// This, and what only `committed` has, deprecated.
    #[must_use]
    pub fn keeping(mut self, committed: &Self) -> Self {
        for (name, entry) in &committed.entries {
            self.entries.entry(name.clone()).or_insert_with(|| {
                let mut vanished = entry.clone();
                if !vanished.deprecated {
                    vanished.deprecated = true;
                    vanished.deprecated_reason = Some(VANISHED.into());
                }
                vanished
            });
        }
        self
    }

    /// In the order of their names.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.values()
    }

    /// The text of the file.
    #[expect(clippy::missing_panics_doc, reason = "it can't")]
    pub fn to_json(&self) -> String {
        let entries: Vec<_> = self.entries.values().collect();
        let text = serde_json::to_string_pretty(&entries);
        text.expect("no map has a key but text, and a `String` takes all") + "\n"
    }

    /// By what the file of `committed` differs from this, which keeps what it
    /// had; in the order of names.
    pub fn differences(&self, committed: &Self) -> Vec<Difference> {
        let expected = self.clone().keeping(committed);
        let differences = expected.entries.iter().filter_map(|(name, entry)| {
            let is_declared = self.entries.contains_key(name);
            Difference::between(committed.entries.get(name), entry, is_declared)
        });
        differences.collect()
    }
}
