//! `tracing-opentelemetry` with the SDK's batch processor.

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider,
};
use tracing::Dispatch;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Registry, registry};

use super::QUEUE;
use super::encoder::{Encoder, resource};
use super::pipeline::Export;

type Layer = OpenTelemetryLayer<Registry, SdkTracer>;

/// Defaults, but a queue that no round fills.
pub(super) fn build(
    configure: impl FnOnce(Layer) -> Layer,
) -> (Option<Dispatch>, Option<Box<dyn Export>>) {
    let encoder = Encoder::default();
    let config = BatchConfigBuilder::default().with_max_queue_size(QUEUE);
    let processor = BatchSpanProcessor::builder(encoder.clone()).with_batch_config(config.build());
    let provider = SdkTracerProvider::builder()
        .with_resource(resource())
        .with_span_processor(processor.build())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("relayer"));
    let subscriber = registry().with(configure(layer));
    let export = Provider { provider, encoder };
    (Some(subscriber.into()), Some(Box::new(export)))
}

struct Provider {
    provider: SdkTracerProvider,
    encoder: Encoder,
}

impl Export for Provider {
    fn flush(&self) -> u64 {
        // Where it fails, not all have been encoded.
        let _ = self.provider.force_flush();
        self.encoder.encoded()
    }

    fn last(&self) -> Vec<u8> {
        self.encoder.last()
    }
}
