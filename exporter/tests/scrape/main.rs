//! The scrape endpoint: what it serves, whom it refuses, and that nothing else
//! notices.

#[path = "../support/mod.rs"]
mod support;

mod client;

mod answers;
mod floods;
mod growth;
mod hostile;
mod meters;
mod places;
mod tokens;
mod totals;
