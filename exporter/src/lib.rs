//! Counters, latencies and KEM audit events of `PQCNet` nodes, delivered as
//! OTLP to the collector their operators already run.
//!
//! A record costs about a nanosecond and never waits, whatever the collector
//! does: see [`pqcnet_telemetry_core`]. [`TelemetryHandle::flush`] cuts an
//! epoch, sends it, and keeps everything it could not deliver for the next
//! flush.
//!
//! ```no_run
//! use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};
//!
//! let config = TelemetryConfig::from_toml(
//!     r#"
//!     [telemetry]
//!     endpoint = "http://localhost:4318"
//!     flush-interval-ms = 500
//!
//!     [telemetry.labels]
//!     component = "relayer"
//!     "#,
//! )?;
//! let telemetry = TelemetryHandle::from_config(config)?;
//! let _flusher = telemetry.spawn_flusher(); // flushes a last time when dropped
//!
//! let ingest = telemetry.counter("relayer.ingest")?; // for hot paths
//! ingest.increment();
//! telemetry.record_latency_ms("relayer.latency_ms", 42); // by name
//! # Ok::<(), pqcnet_telemetry::TelemetryError>(())
//! ```

#![forbid(unsafe_code)]

mod accumulate;
mod config;
mod deliver;
mod encoder;
mod error;
#[cfg(feature = "metrics")]
pub mod facade;
mod flusher;
mod handle;
mod kem;
pub mod manifest;
mod named;
mod otlp;
#[cfg(feature = "tracing")]
pub mod p2p;
#[cfg(feature = "process")]
mod process;
#[cfg(feature = "prometheus")]
mod prometheus;
mod recent;
mod rows;
mod self_metrics;
mod snapshot;
mod spool;
#[cfg(feature = "tracing")]
pub mod trace;
mod trail;

pub use config::{
    Compression, ConfigError, DestinationConfig, HistogramEncoding, Protocol, SpoolSync,
    TelemetryConfig, Temporality,
};
#[cfg(feature = "prometheus")]
pub use config::{PrometheusConfig, TranslationStrategy};
#[doc(hidden)]
pub use deliver::SimulatedClock;
pub use deliver::{
    DeliveryReport, DropReason, ExportError, Failure, Signal, SignalReport, SpoolReport,
};
pub use encoder::OtlpEncoder;
pub use error::TelemetryError;
pub use flusher::Flusher;
pub use handle::TelemetryHandle;
pub use kem::{KemUsageReason, KemUsageRecord};
#[cfg(feature = "process")]
pub use process::{BuildInfo, ProcessError};
#[cfg(feature = "prometheus")]
pub use prometheus::{ScrapeEndpoint, ScrapeError};
pub use snapshot::{Distribution, KemEvent, TelemetrySnapshot};
pub use spool::{DeadLetter, SpoolError, read_dead_letters};

pub use pqcnet_telemetry_core as core;

/// The README's example, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
