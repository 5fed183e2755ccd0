//! Interop with real programs other than the Collector alone: Prometheus, to
//! which is sent and which scrapes, `VictoriaMetrics`, Jaeger, nginx in between,
//! and a Collector behind TLS. What they tell when asked is what was recorded.
//!
//! Run by `scripts/interop`, which builds or finds the programs and names them
//! in `PQCNET_…` variables.

// The Collector, and how to read what it writes down, are those of its own tests.
#[allow(dead_code, reason = "not all of it is of use here")]
#[path = "../collector/fixture.rs"]
mod fixture;
#[allow(dead_code, reason = "not all of it is of use here")]
#[path = "../collector/load.rs"]
mod load;
#[allow(dead_code, reason = "not all of it is of use here")]
#[path = "../collector/read.rs"]
mod read;
#[allow(dead_code, reason = "not all of it is of use here")]
#[path = "../collector/record.rs"]
mod record;

mod handle;
mod process;
mod promql;

mod certificates;
mod collector_tls;
mod collector_wire;
mod destinations;
#[cfg(feature = "metrics")]
mod facade;
mod jaeger;
mod nginx;
mod prometheus;
mod prometheus_histograms;
mod prometheus_restarts;
#[cfg(feature = "prometheus")]
mod scrape;
mod shutdown;
mod victoria_metrics;
