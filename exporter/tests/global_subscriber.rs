//! The process's subscriber. A program of its own, as it is set once.

mod support;

use pqcnet_telemetry::TelemetryHandle;
use pqcnet_telemetry::trace::TraceError;

use support::sink::Sink;
use support::telemetry::config;

#[test]
fn a_second_global_subscriber_is_an_error_that_says_so() {
    let sink = Sink::start();
    let telemetry = TelemetryHandle::from_config(config(&sink.url())).unwrap();
    telemetry.install_tracing().unwrap();
    let error = telemetry.install_tracing().unwrap_err();
    assert_eq!(error, TraceError::AlreadyInstalled);
    let text = error.to_string();
    assert!(
        text.contains("has a global tracing subscriber already"),
        "{text}"
    );
    tracing::info_span!("installed").in_scope(|| {});
    telemetry.flush().unwrap();
    let requests = sink.received();
    assert!(requests.iter().any(|request| request.path == "/v1/traces"));
}
