//! Where the relay's spans go, and what leads to them.

use pqcnet_telemetry::core::ExemplarContext;

/// Sends the spans and events of this process with everything else.
#[cfg(feature = "tracing")]
pub(crate) fn install(
    telemetry: &pqcnet_telemetry::TelemetryHandle,
) -> Result<(), pqcnet_telemetry::trace::TraceError> {
    telemetry.install_tracing()
}

/// What leads from a metric to this session: its trace, or its number in a build
/// that has no traces.
pub(crate) fn exemplar(session: u64) -> Option<ExemplarContext> {
    #[cfg(feature = "tracing")]
    if let Some(context) = pqcnet_telemetry::trace::current_context() {
        return context.exemplar();
    }
    ExemplarContext::correlation(&format!("session-{session}"))
}
