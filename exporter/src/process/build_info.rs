//! Which build of a program this is.

use std::sync::Arc;

use pqcnet_telemetry_core::{Instrument, RegisterError, Registry};

/// Which build of a program runs: the attributes of `build.info`, a gauge that
/// is always 1, for other series to be joined with.
///
/// [`build_info!`](crate::build_info) makes one of the calling crate.
///
/// ```
/// use pqcnet_telemetry::{BuildInfo, build_info};
///
/// let info = build_info!().with("revision", "5e1b2c9");
/// assert_eq!(info, BuildInfo::new(env!("CARGO_PKG_VERSION")).with("revision", "5e1b2c9"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct BuildInfo {
    attributes: Vec<(Arc<str>, Arc<str>)>,
}

impl BuildInfo {
    /// With the attribute `version`.
    pub fn new(version: impl Into<Arc<str>>) -> Self {
        Self {
            attributes: vec![("version".into(), version.into())],
        }
    }

    /// With one more attribute, as `revision`, `branch` or `rustc`; keys are
    /// unique.
    pub fn with(mut self, key: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        self.attributes.push((key.into(), value.into()));
        self
    }

    /// Sets the gauge, for good: gauges are in every epoch.
    pub(super) fn register(&self, registry: &Registry) -> Result<(), RegisterError> {
        let instrument = Instrument::new("build.info").description("1, of the build that runs");
        let attributes = self.attributes.iter();
        let instrument = attributes.fold(instrument, |instrument, (key, value)| {
            instrument.attribute(Arc::clone(key), &**value)
        });
        registry.gauge(instrument)?.set(1.0);
        Ok(())
    }
}

/// The [`BuildInfo`](crate::BuildInfo) of the crate that calls it: its version,
/// as Cargo knows it.
#[macro_export]
macro_rules! build_info {
    () => {
        $crate::BuildInfo::new(::core::env!("CARGO_PKG_VERSION"))
    };
}
