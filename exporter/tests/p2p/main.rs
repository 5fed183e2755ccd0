//! Spans of peer-to-peer operations, as a layer of `tracing` sees them: names,
//! attributes and their types, parents, and what is left of one that never came
//! to a result.

mod attributes;
mod capture;
mod declared;
mod endings;
mod parents;
mod peers;
mod texts;
