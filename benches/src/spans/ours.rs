//! This library's layer, without delivery: spans are encoded and dropped.

use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};
use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use super::QUEUE;
use super::background::Background;
use super::pipeline::Export;
use super::subject::Encoding;

/// Its subscriber, and its exporter.
pub(super) fn build(encoding: Encoding) -> (Option<Dispatch>, Option<Box<dyn Export>>) {
    let config = TelemetryConfig::default()
        .with_label("service.name", "relayer")
        .with_span_capacity(QUEUE)
        .with_log_records(false);
    let telemetry = TelemetryHandle::from_config(config).expect("the configuration is valid");
    let subscriber = registry().with(telemetry.tracing_layer());
    let export = Background::new(move || telemetry.encode_spans(), encoding);
    (Some(subscriber.into()), Some(Box::new(export)))
}
