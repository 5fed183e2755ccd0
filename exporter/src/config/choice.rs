//! What can be chosen by name, and how it is found by it.

use super::{Compression, Protocol};

/// Which time a sum or histogram point covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Temporality {
    /// From the series' start. The specification's default: an undelivered
    /// report is superseded by the next, so an outage loses resolution only.
    #[default]
    Cumulative,
    /// From the report before, for counters and histograms; up-down counters
    /// stay cumulative.
    Delta,
}

/// How histograms go out.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum HistogramEncoding {
    /// Base-2 exponential buckets: keeps the relative resolution.
    #[default]
    Exponential,
    /// Counts between fixed bounds, strictly increasing and finite.
    Explicit(Vec<f64>),
}

/// When what is spooled is on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpoolSync {
    /// Every accepted batch is on the disk, fsynced: it survives a crash of
    /// the machine. The default.
    #[default]
    Always,
    /// When the operating system likes: a batch survives a crash of the
    /// process, not of the machine.
    Never,
}

/// The specification's default bounds for explicit histograms.
pub(crate) const DEFAULT_BOUNDS: [f64; 15] = [
    0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0,
    10000.0,
];

pub(super) const PROTOCOLS: &str = "this exporter speaks http/json and http/protobuf";
pub(super) const COMPRESSIONS: &str = "it is none or gzip";

pub(super) fn protocol_of(name: &str) -> Option<Protocol> {
    let known = [Protocol::HttpJson, Protocol::HttpProtobuf];
    known.into_iter().find(|known| known.as_str() == name)
}

pub(super) fn compression_of(name: &str) -> Option<Compression> {
    match name {
        "none" => Some(Compression::None),
        "gzip" => Some(Compression::Gzip),
        _ => None,
    }
}

pub(super) fn temporality_of(name: &str) -> Option<Temporality> {
    match name {
        "cumulative" => Some(Temporality::Cumulative),
        "delta" => Some(Temporality::Delta),
        _ => None,
    }
}
