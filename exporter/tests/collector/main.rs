//! Interop with the real OpenTelemetry Collector: what it writes down is what
//! was recorded, through restarts, refusals and limits.
//!
//! Run by `scripts/interop`, which builds the Collector and names the binary
//! in `PQCNET_OTELCOL`.

mod fixture;
mod load;
mod read;
mod record;

mod attributes;
#[cfg(feature = "metrics")]
mod facade;
mod histograms;
mod hostile_texts;
mod kem_events;
mod kinds;
mod limits;
mod outages;
mod refusals;
mod resource;
mod temporality;
