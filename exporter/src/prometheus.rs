//! A page for Prometheus to scrape, and the server it comes from.
//!
//! ```text
//! Pages     totals as text, in the format that is asked for   pages.rs
//! listen    which addresses                                   listen.rs
//! Endpoint  the server's thread                               endpoint.rs
//! Server    connections, each a task of that thread           server.rs  connection.rs
//! Seats     who gives way where there are too many            seats.rs
//! Watched   how long a connection may still take              watched.rs
//! answer    what a request gets                               answer.rs  encoding.rs
//! ```
//!
//! A connection can hold a header's worth of input and a page: what all of them
//! hold is bounded by their number and by `Seats`. Nothing of the node waits
//! for any of them.

mod answer;
mod connection;
mod encoding;
mod endpoint;
mod error;
mod listen;
mod pages;
mod seats;
mod server;
mod watched;

pub use endpoint::ScrapeEndpoint;
pub use error::ScrapeError;
pub(crate) use pages::{PageFormat, PageOptions, Pages};
