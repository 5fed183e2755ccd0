//! Spans and events of the `tracing` crate.
//!
//! ```text
//! TracingLayer   what the program does      layer.rs  visit.rs
//! SpanRecord     one span, in memory        span.rs  event.rs  fields.rs
//! Hub            from threads to batches    hub.rs
//! ```
//!
//! Batches go the way of all else that is delivered: see `deliver`.

pub(crate) mod batch;
pub(crate) mod context;
pub(crate) mod event;
pub(crate) mod fields;
pub(crate) mod moment;
pub(crate) mod span;
