//! Where the rivals' spans end: encoded as their exporters for OTLP/HTTP do, and
//! dropped.

use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use prost::Message;

/// The process's, for every rival.
pub(super) fn resource() -> Resource {
    Resource::builder().with_service_name("relayer").build()
}

/// An exporter without a network. Clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Encoder {
    resource: Arc<ResourceAttributesWithSchema>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    encoded: AtomicU64,
    last: Mutex<Vec<u8>>,
}

impl Encoder {
    /// Spans so far.
    pub(super) fn encoded(&self) -> u64 {
        self.shared.encoded.load(Ordering::Acquire)
    }

    /// The request that was encoded last.
    pub(super) fn last(&self) -> Vec<u8> {
        let last = self.shared.last.lock();
        last.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl SpanExporter for Encoder {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let request = ExportTraceServiceRequest {
            resource_spans: group_spans_by_resource_and_scope(batch, &self.resource),
        };
        let bytes = request.encode_to_vec();
        let last = self.shared.last.lock();
        drop(mem::replace(
            &mut *last.unwrap_or_else(PoisonError::into_inner),
            bytes,
        ));
        self.shared.encoded.fetch_add(spans, Ordering::Release);
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = Arc::new(resource.into());
    }
}
