//! OTLP/HTTP JSON: requests out, responses in.
//!
//! Written by hand, because the constant part of a series (its name, unit and
//! attributes) is rendered once and a flush writes numbers between ready-made
//! pieces. The rules are those of the OTLP specification, *JSON Protobuf
//! Encoding*: lowerCamelCase keys, enums as integers, 64-bit integers as
//! decimal strings, doubles that are no JSON numbers as strings.

pub(crate) mod json;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod resource;
pub(crate) mod response;

/// One request's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    /// Data points or log records in it.
    pub(crate) items: usize,
    /// Names the one item that made it larger than the limit.
    pub(crate) oversized: Option<String>,
}
