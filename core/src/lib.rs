//! Metrics for threads that can't wait: a record is a load, an add and a
//! store to a cell of the thread's own, about a nanosecond; cutting an epoch
//! stops nobody; and *the sum over all retired epochs equals the sum of all
//! records*.
//!
//! # How it works
//!
//! Every thread owns a *shard*: two *banks* of cells, one for each of two
//! *epochs* that take turns. A record goes to the bank of the active epoch.
//! [`Registry::flush`] swaps the epochs and *harvests* the banks just
//! *retired*: it reports each cell's value less a *baseline*, and moves the
//! baseline up. Cells are never reset, so a record that lands late is not
//! lost: it is *residue*, and the next flush reports it.
//!
//! # What it costs
//!
//! A record allocates nothing, takes no lock and never panics, after a
//! thread's first record to a series. A flush costs time for what was touched.
//! Memory grows with the threads that record at the same time, and the cells
//! they touch; a thread that ends leaves its shard to the next.
//!
//! # Example
//!
//! ```
//! use pqcnet_telemetry_core::Registry;
//!
//! let registry = Registry::new();
//! let ingest = registry.counter("relayer.ingest")?;
//! let wait = registry.histogram("relayer.wait")?;
//!
//! std::thread::scope(|scope| {
//!     for _ in 0..4 {
//!         scope.spawn(|| {
//!             for value in 0..1_000 {
//!                 ingest.increment();
//!                 wait.record(value);
//!             }
//!         });
//!     }
//! });
//!
//! let epoch = registry.flush();
//! assert_eq!(epoch.counter("relayer.ingest"), Some(4_000));
//! assert_eq!(epoch.histogram("relayer.wait").unwrap().len(), 4_000);
//! # Ok::<(), pqcnet_telemetry_core::RegisterError>(())
//! ```
//!
//! # Whole items
//!
//! What can't be added up goes through bounded queues that count what they have
//! no room for: [`EventQueue`] for rare events, [`Relay`] for many from many
//! threads.
//!
//! # Limits
//!
//! Recording is not async-signal-safe: a handler that interrupts a record of
//! the same series on the same thread can undo it. A global allocator may
//! record into counters and gauges, not into histograms.

mod bank;
mod catalog;
mod cell;
mod collector;
pub mod component;
mod core;
mod counter;
mod epoch;
mod error;
mod events;
mod exemplar;
mod family;
mod gauge;
mod histogram;
mod idle;
mod lazy;
mod lease;
mod local;
#[cfg(loom)]
#[doc(hidden)]
pub mod model;
mod registrar;
mod registry;
mod relay;
mod retired;
mod series;
mod shard;
mod slots;
mod sync;
mod thread;
mod timer;

pub use catalog::Catalog;
pub use counter::{Counter, UpDownCounter};
pub use error::{CounterOverflow, RegisterError};
pub use events::EventQueue;
pub use exemplar::{Exemplar, ExemplarContext};
pub use family::{Family, LabelSet};
pub use gauge::Gauge;
pub use histogram::{Histogram, layout::Layout};
pub use local::{Local, LocalCounter, LocalHistogram, LocalUpDownCounter};
pub use registry::{Registry, RegistryBuilder};
pub use relay::Relay;
pub use retired::{Distribution, RetiredEpoch, Value};
pub use series::{AttributeValue, Attributes, Instrument, InstrumentInfo, Kind, Series};
pub use timer::Timer;
