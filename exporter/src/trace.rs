//! Spans and events of the `tracing` crate, as OpenTelemetry has them.
//!
//! | in the program | of the OTLP span |
//! |---|---|
//! | a span, from its creation until its last handle is dropped | start and end; entering and leaving it are not told |
//! | its name | the name, unless a field `otel.name` gives another |
//! | its target | the name of the instrumentation scope |
//! | the span above it, or the remote one that is said to be ([`SpanContext::scope`], [`SpanExt::set_parent`]) | the parent |
//! | `follows_from`, [`SpanExt::add_link`] | a link |
//! | a field, recorded at once or later | an attribute, of its type: integers past 64 bits are texts, [`Debug`] and [`Display`] are texts too |
//! | `otel.kind`: `server`, `client`, `producer`, `consumer`, `internal` | the kind; `internal` without it |
//! | `otel.status_code`: `ok`, `error`; `otel.status_description` | the status, and no attribute |
//! | a field `error` that is true, a text or an [`Error`](std::error::Error) | an attribute, and the status of an error with that text |
//! | an event at `ERROR`, such as `#[instrument(err)]` makes | the status of an error, with the event's field `error`, else its message |
//! | any event in it | an event of the span, named by the message, or by the event's name without one |
//! | an event with a field `error`, or with one that is an `Error` | an event named `exception`, with `exception.message` (semantic conventions, *Exceptions*) |
//!
//! | in the program | of the OTLP log record |
//! |---|---|
//! | an event | the record; its target is the name of the scope |
//! | its message | the body, as long as an attribute may be |
//! | its level: `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` | the severity: 1, 5, 9, 13, 17 |
//! | `name:`, where the program gives one | the event's name |
//! | its fields | attributes |
//! | the span it is in | trace and span id, and flags |
//!
//! Not sent are a span's level, the place in the code, the thread, busy and idle
//! times, and the sources of an error beyond its own text.
//!
//! All that is recorded is read when it happens and encoded on another thread. A
//! value's own [`Debug`] or [`Display`] may panic or trace by itself.
//!
//! [`Debug`]: std::fmt::Debug
//! [`Display`]: std::fmt::Display

// ```text
// TracingLayer   what the program does      layer.rs  visit.rs  span_ext.rs
// SpanContext    where a span belongs       context.rs  remote.rs  w3c.rs  ids.rs
// SpanRecord     one span, in memory        span.rs  event.rs  fields.rs  moment.rs
// Hub            from threads to batches    hub.rs  pool.rs  tally.rs  per_thread.rs
// ```
//
// Batches go the way of all else that is delivered: see `deliver`.

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
mod per_thread;
pub(crate) mod pool;
mod remote;
pub(crate) mod sampler;
pub(crate) mod span;
pub(crate) mod span_ext;
pub(crate) mod tally;
mod visit;
pub(crate) mod w3c;

pub use context::{SpanContext, SpanId, TraceId};
pub use error::TraceError;
pub use fields::FieldValue;
pub use layer::TracingLayer;
pub use sampler::Sampler;
pub use span_ext::{SpanExt, current_context};
