//! What a program traces, as a receiver gets it.

#[path = "../support/mod.rs"]
mod support;

mod context;
mod durations;
mod events;
mod fields;
mod hostile;
mod outages;
mod received;
mod reuse;
mod setup;
mod trees;
