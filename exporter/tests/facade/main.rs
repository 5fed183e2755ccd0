//! The `metrics` crate's macros with this library's recorder behind them: what
//! they are told arrives as OTLP, and what can't be recorded is counted.
//!
//! The cases follow the tests that the `metrics` repository has for its macros,
//! its registry and its Prometheus recorder.

mod conflicts;
mod counters;
mod descriptions;
mod fixture;
mod gauges;
mod histograms;
mod labels;
mod library;
mod macros;
mod names;
#[path = "../support/mod.rs"]
mod support;
mod threads;
