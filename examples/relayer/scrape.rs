//! The page for Prometheus, where the configuration asks for one.

use pqcnet_telemetry::{ScrapeEndpoint, ScrapeError, TelemetryHandle};

/// Serves it until what is returned is dropped.
pub(crate) fn serve(telemetry: &TelemetryHandle) -> Result<Option<ScrapeEndpoint>, ScrapeError> {
    match telemetry.serve_metrics() {
        Ok(endpoint) => {
            println!("metrics on {}", endpoint.address());
            Ok(Some(endpoint))
        }
        Err(ScrapeError::NotConfigured) => Ok(None),
        Err(error) => Err(error),
    }
}
