//! The same spans through ours and through every rival, up to the bytes that
//! would be sent.
//!
//! ```text
//! Shape      what is recorded            shape.rs
//! Subject    by whom                     subject.rs  opentelemetry.rs  fastrace.rs  ours.rs
//! Pipeline   from ended to encoded       pipeline.rs  encoder.rs  background.rs
//! Times      how long both take          rounds.rs
//! ```
//!
//! A process has one subscriber and one reporter, so it measures one [`Subject`]:
//! with several at once, each call site would ask all of them.

mod background;
mod encoder;
mod fastrace;
mod opentelemetry;
mod ours;
mod pipeline;
mod rounds;
mod shape;
mod subject;

pub use background::Background;
pub use pipeline::{Lost, Pipeline};
pub use rounds::{ROUND, Times, Work, round_of, short_round, times};
pub use shape::{Pass, Shape};
pub use subject::{Encoding, Subject};

/// Spans that the queues have room for: what two threads record between two
/// flushes, each span with a child.
const QUEUE: usize = 2 * 2 * ROUND;

#[cfg(test)]
mod tests;
