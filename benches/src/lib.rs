//! What the benchmarks in `benches/` share: the work that every candidate does,
//! and how it is timed.

pub mod figures;
pub mod guard;
pub mod opentelemetry;
pub mod pages;
pub mod spans;
pub mod table;
pub mod timing;
pub mod workload;
