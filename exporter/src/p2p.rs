//! Spans of what a peer-to-peer node does, one type for each, for any layer of
//! the `tracing` crate.
//!
//! ```text
//! Bootstrap                                      bootstrap.rs
//! Publish
//! ├── StoreInDht
//! └── AnnouncePackage                            publish.rs
//! Search
//! └── QueryDhtParallel
//!     └── DhtPeerQuery, one per peer             search.rs
//! RecordPeerSuccess, RecordPeerFailure           reputation.rs
//! ProcessEvents
//! ├── BehaviourEvent
//! ├── ConnectionEstablished
//! ├── ConnectionClosed
//! └── IncomingConnectionError                    events.rs
//! ```
//!
//! What is known at the start is an argument of `start`. What is known later is
//! a method, or an argument of the method that ends the operation; the list that
//! declares a span's fields is the one that its methods are made of, so none
//! of them can name a field that the span does not have, which `tracing` would
//! drop without a word:
//!
//! ```
//! use pqcnet_telemetry::p2p::Search;
//!
//! let search = Search::start("post-quantum", 20, 0, 1);
//! search.local_results(3);
//! search.dht_results(2);
//! search.succeeded(5);
//! ```
//!
//! ```compile_fail,E0599
//! use pqcnet_telemetry::p2p::Search;
//!
//! let search = Search::start("post-quantum", 20, 0, 1);
//! search.local_results(3);
//! search.dht_result(2); // no field of the span
//! search.succeeded(5);
//! ```
//!
//! An operation begins with `start` and ends where its value is dropped, which
//! the methods that say how it ended do. Its duration is recorded then, also
//! where it never came to a result: its future was dropped, or it panicked. Such
//! a span has no status, and none of the attributes of a result.
//!
//! **Parents.** `start` takes the current span for its parent, which `instrument`
//! keeps current across an `.await`; `start_under` names a parent, for what runs in
//! other tasks and threads.
//!
//! ```
//! use pqcnet_telemetry::p2p::{AnnouncePackage, Publish, StoreInDht};
//! # async fn store() -> Result<(), std::io::Error> { Ok(()) }
//! # async fn announce() -> Result<(), std::io::Error> { Ok(()) }
//!
//! async fn publish(id: &str, version: &str, me: &str) {
//!     let publish = Publish::start(id, version, me);
//!     let legs = async {
//!         let put = StoreInDht::start(id, me, 2048); // a child of `publish`
//!         let stored = put.instrument(store()).await;
//!         match &stored {
//!             Ok(()) => put.succeeded(),
//!             Err(error) => put.failed(error),
//!         }
//!         let announce_package = AnnouncePackage::start(id, version, 2048);
//!         let announced = announce_package.instrument(announce()).await;
//!         match &announced {
//!             Ok(()) => announce_package.succeeded(),
//!             Err(error) => announce_package.failed(error),
//!         }
//!         (stored, announced)
//!     };
//!     let (stored, announced) = publish.instrument(legs).await;
//!     publish.finished(&stored, &announced);
//! }
//! ```
//!
//! **What is recorded.** All spans have the level INFO and the target [`TARGET`].
//! Counts, sizes and milliseconds are whole numbers; a duration below one
//! millisecond is 0. Texts are recorded as they are displayed, if anybody listens,
//! and cut between characters, as others choose their length: [`ID_LIMIT`],
//! [`QUERY_TEXT_LIMIT`], [`ERROR_LIMIT`].
//!
//! **Status.** An operation that fails has the status of an error, by the special
//! fields `otel.status_code` and `otel.status_description`, beside its attribute
//! `error` if it has one. Success leaves the status unset, as OpenTelemetry asks
//! of instrumentation (*Trace API*, *Set Status*).
//!
//! **Kind.** `store_in_dht` and `dht_peer_query` are requests to other nodes, and
//! so have the kind `client`; `announce_package` has the kind `producer`. No span
//! of another node continues them: a backend that pairs clients with servers finds
//! no partner, and draws no edge. All others are `internal`, the default.

mod bootstrap;
mod declare;
mod events;
mod open;
mod publish;
mod reputation;
mod search;
mod text;

pub use bootstrap::Bootstrap;
pub use events::{
    BehaviourEvent, ConnectionClosed, ConnectionEstablished, IncomingConnectionError, ProcessEvents,
};
pub use publish::{AnnouncePackage, Publish, StoreInDht};
pub use reputation::{RecordPeerFailure, RecordPeerSuccess};
pub use search::{DhtPeerQuery, QueryDhtParallel, Search};

/// The target of all spans, for filters.
pub const TARGET: &str = "pqcnet::p2p";

/// The most characters of an id, a version, an address or the name of an event.
pub const ID_LIMIT: u32 = 256;

/// The most characters of a search's `query_text`.
pub const QUERY_TEXT_LIMIT: u32 = 256;

/// The most characters of an `error`, a `cause` and a status's description.
pub const ERROR_LIMIT: u32 = 1024;
