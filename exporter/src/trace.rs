//! Spans and events of the `tracing` crate.
//!
//! ```text
//! TracingLayer   what the program does      layer.rs  visit.rs
//! SpanRecord     one span, in memory        span.rs  event.rs  fields.rs
//! Hub            from threads to batches    hub.rs  pool.rs
//! ```
//!
//! Batches go the way of all else that is delivered: see `deliver`.

pub(crate) mod batch;
pub(crate) mod context;
mod error;
pub(crate) mod event;
pub(crate) mod fields;
pub(crate) mod hub;
mod ids;
pub(crate) mod layer;
pub(crate) mod moment;
pub(crate) mod own_thread;
pub(crate) mod pool;
pub(crate) mod sampler;
pub(crate) mod span;
pub(crate) mod span_ext;
pub(crate) mod tally;
mod visit;
pub(crate) mod w3c;

pub use context::{SpanContext, SpanId, TraceId};
pub use error::TraceError;
pub use layer::TracingLayer;
pub use sampler::Sampler;
pub use span_ext::{SpanExt, current_context};
