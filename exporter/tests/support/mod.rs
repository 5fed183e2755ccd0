//! What the tests of delivery share.

#![allow(dead_code, reason = "every test uses its part of it")]

#[path = "../../../examples/support/sink.rs"]
pub(crate) mod sink;

pub(crate) mod again;
pub(crate) mod read;
pub(crate) mod telemetry;
pub(crate) mod threads;
