//! What `instruments!` refuses, each beside a twin that it takes.
//!
//! A unit is made of UCUM's codes:
//!
//! ```compile_fail,E0080
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.bytes", unit = "bytes"]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! ```
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.bytes", unit = "By"]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! A name is OpenTelemetry's:
//!
//! ```compile_fail,E0080
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer bytes"]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! ```
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.bytes"]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! Two label keys are not one to Prometheus:
//!
//! ```compile_fail,E0080
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.bytes", labels = ["net.peer", "net_peer"]]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! ```
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.bytes", labels = ["net.peer", "net.zone"]]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! A histogram's buckets have the label `le`:
//!
//! ```compile_fail,E0080
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait", labels = ["le"]]
//!         field: Histogram,
//!     }
//! }
//! ```
//!
//! ```
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait", labels = ["lane"]]
//!         field: Histogram,
//!     }
//! }
//! ```
//!
//! A range is for histograms:
//!
//! ```compile_fail,E0080
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait", range = 1..=5_000]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! ```
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait", range = 1..=5_000]
//!         field: Histogram,
//!     }
//! }
//! ```
//!
//! An option is one of those there are:
//!
//! ```compile_fail,E0560
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait", color = "red"]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! ```
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait", group = "Red"]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! It is given once:
//!
//! ```compile_fail,E0062
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait", unit = "s", unit = "ms"]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! ```
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait", unit = "ms"]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! A level is one of four:
//!
//! ```compile_fail
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait", level = verbose]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! ```
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait", level = debug]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! A field is a handle:
//!
//! ```compile_fail,E0277
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait"]
//!         field: u64,
//!     }
//! }
//! ```
//!
//! ```
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait"]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! A field has a doc comment:
//!
//! ```compile_fail,E0080
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         #[name = "relayer.wait"]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! ```
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait"]
//!         field: Counter,
//!     }
//! }
//! ```
//!
//! Two instruments are not one to Prometheus:
//!
//! ```compile_fail,E0080
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait"]
//!         field: Counter,
//!         /// What that is.
//!         #[name = "relayer_wait"]
//!         other: Counter,
//!     }
//! }
//! ```
//!
//! ```
//! # use pqcnet_telemetry_core::{Counter, Histogram, instruments};
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.wait"]
//!         field: Counter,
//!         /// What that is.
//!         #[name = "relayer.wait2"]
//!         other: Counter,
//!     }
//! }
//! ```
//!
//! A family's label is its enum:
//!
//! ```compile_fail,E0080
//! # use pqcnet_telemetry_core::{Counter, Family, instruments, label_set};
//! label_set! {
//!     enum Lane: "lane" { Fast = "fast" }
//! }
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.bytes", labels = ["lane"]]
//!         field: Family<Lane, Counter>,
//!     }
//! }
//! ```
//!
//! ```
//! # use pqcnet_telemetry_core::{Counter, Family, instruments, label_set};
//! label_set! {
//!     enum Lane: "lane" { Fast = "fast" }
//! }
//! instruments! {
//!     struct Metrics {
//!         /// What it is.
//!         #[name = "relayer.bytes"]
//!         field: Family<Lane, Counter>,
//!     }
//! }
//! ```
