//! The recorder of the `metrics` crate that a handle makes.

use std::sync::Arc;

use super::TelemetryHandle;
use crate::facade::{Facade, FacadeError, MetricsRecorder};

impl TelemetryHandle {
    /// Makes this handle record what the whole process tells the macros of the
    /// [`metrics`] crate, from now on.
    ///
    /// Fails with [`FacadeError::AlreadyInstalled`] where the process has a
    /// recorder. [`metrics_recorder`](Self::metrics_recorder) has choices.
    pub fn install_metrics_recorder(&self) -> Result<(), FacadeError> {
        self.metrics_recorder().install()
    }

    /// A recorder for [`metrics::with_local_recorder`], for a layer of
    /// `metrics-util`, or to be installed with resolutions of its own; see
    /// [`facade`](crate::facade).
    pub fn metrics_recorder(&self) -> MetricsRecorder {
        let shared = &*self.shared;
        let facade = shared.facade.get_or_init(|| {
            let has_self_metrics = shared.metrics.is_some();
            Arc::new(Facade::new(&shared.registry, has_self_metrics))
        });
        MetricsRecorder::new(Arc::clone(facade))
    }
}
