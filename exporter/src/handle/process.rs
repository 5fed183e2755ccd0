//! A handle that reports what its process uses.

use super::TelemetryHandle;
use crate::process::{BuildInfo, ProcessError, ProcessMetrics};

impl TelemetryHandle {
    /// Reports what this process uses, from the next flush or scrape on: CPU
    /// time, resident memory, threads, file descriptors, start time and uptime,
    /// under the names of the OpenTelemetry semantic conventions
    /// (`process.cpu.time` and the like), and `build.info`.
    ///
    /// They are read when an epoch is cut, at most once a second. They are
    /// series like the program's own: a process that does nothing else reports
    /// them still, at every flush. A forked child reports its own.
    ///
    /// On Linux; fails elsewhere with [`ProcessError::Unsupported`], where
    /// `/proc` can't be read, where the handle does so already, and where the
    /// registry has no room for two counters, three up-down counters and three
    /// gauges.
    ///
    /// ```no_run
    /// use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle, build_info};
    ///
    /// let telemetry = TelemetryHandle::from_config(TelemetryConfig::default())?;
    /// telemetry.observe_process(&build_info!())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observe_process(&self, build: &BuildInfo) -> Result<(), ProcessError> {
        let shared = &*self.shared;
        // Held, so that one of two calls registers.
        let _outbox = shared.outbox();
        if shared.process.get().is_some() {
            return Err(ProcessError::AlreadyObserved);
        }
        let metrics = ProcessMetrics::register(&shared.registry, build)?;
        let _ = shared.process.set(metrics);
        Ok(())
    }
}
