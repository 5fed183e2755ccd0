//! `OTEL_EXPORTER_PROMETHEUS_*`.

use crate::config::TelemetryConfig;
use crate::config::prometheus::check_host;

impl TelemetryConfig {
    pub(super) fn apply_prometheus(&mut self, get: &impl Fn(&str) -> Option<String>) {
        let name = "OTEL_EXPORTER_PROMETHEUS_HOST";
        if let Some(value) = get(name) {
            match value.trim() {
                host if check_host(name, host).is_ok() => {
                    self.prometheus.get_or_insert_default().host = Some(host.into());
                }
                _ => self.ignore(name, &value, "it is no name or address without a port"),
            }
        }
        let name = "OTEL_EXPORTER_PROMETHEUS_PORT";
        if let Some(value) = get(name) {
            match value.trim().parse() {
                Ok(port) => self.prometheus.get_or_insert_default().port = Some(port),
                Err(_) => self.ignore(name, &value, "it is 0 to 65535"),
            }
        }
    }
}
