//! A request without its items, encoded once.

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::{ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1;
use prost::Message;

use super::{field_len, key_values, message, open_field};
use crate::otlp::items::{Format, Scope};
use crate::otlp::resource::{Resource, SCOPE, VERSION};

/// A request without its metrics, log records or spans.
///
/// The signals nest alike, under the same numbers: the request has its
/// resource's items as field 1, those have their scope's as field 2, and those
/// the items themselves as field 2.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    resource: Vec<u8>,
    /// The library's.
    scope: Vec<u8>,
}

const REQUEST_RESOURCE: u8 = 1;
const RESOURCE_SCOPE: u8 = 2;
pub(super) const SCOPE_ITEM: u8 = 2;

impl Envelope {
    pub(crate) fn new(resource: &Resource) -> Self {
        let resource = ResourceMetrics {
            resource: Some(v1::Resource {
                attributes: key_values(resource.attributes()),
                ..Default::default()
            }),
            ..Default::default()
        };
        Self {
            resource: resource.encode_to_vec(),
            scope: encoded_scope(SCOPE, VERSION),
        }
    }

    /// The length of a request of the library's scope alone, whose items take so
    /// many bytes, each with its key and length.
    pub(super) fn library_len(&self, items: usize) -> usize {
        self.request_len(field_len(self.scope.len() + items))
    }

    /// Such a request up to its items.
    pub(super) fn open_library(&self, items: usize) -> Vec<u8> {
        let mut out = self.open(field_len(self.scope.len() + items));
        open_field(&mut out, RESOURCE_SCOPE, self.scope.len() + items);
        out.extend_from_slice(&self.scope);
        out
    }

    /// A request up to its scopes, of so many bytes.
    fn open(&self, scopes: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.request_len(scopes));
        open_field(&mut out, REQUEST_RESOURCE, self.resource.len() + scopes);
        out.extend_from_slice(&self.resource);
        out
    }
}

impl Format for Envelope {
    fn scope(&self, name: &str) -> Vec<u8> {
        if name.is_empty() {
            self.scope.clone()
        } else {
            encoded_scope(name, "")
        }
    }

    fn push(&self, items: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        message(items, SCOPE_ITEM, write);
    }

    fn scope_len(&self, scope: &Scope) -> usize {
        field_len(scope.head.len() + scope.items.len())
    }

    fn request_len(&self, scopes: usize) -> usize {
        field_len(self.resource.len() + scopes)
    }

    fn join(&self, scopes: &[Scope]) -> Vec<u8> {
        let scopes_len = scopes.iter().map(|scope| self.scope_len(scope)).sum();
        let mut bytes = self.open(scopes_len);
        for scope in scopes {
            let len = scope.head.len() + scope.items.len();
            open_field(&mut bytes, RESOURCE_SCOPE, len);
            bytes.extend_from_slice(&scope.head);
            bytes.extend_from_slice(&scope.items);
        }
        bytes
    }
}

fn encoded_scope(name: &str, version: &str) -> Vec<u8> {
    let scope = ScopeMetrics {
        scope: Some(InstrumentationScope {
            name: name.to_owned(),
            version: version.to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    scope.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use uuid::Uuid;

    fn resource() -> Resource {
        let labels = [("component", "relayer"), ("empty", ""), ("text", "\0🦀\"")];
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Resource::new(&BTreeMap::from(labels), Uuid::nil())
    }

    #[test]
    fn all_signals_have_the_envelope() {
        let envelope = Envelope::new(&resource());
        let bytes = envelope.open_library(0);
        assert_eq!(bytes.len(), envelope.library_len(0));
        let metrics = ExportMetricsServiceRequest::decode(&bytes[..]).unwrap();
        let logs = ExportLogsServiceRequest::decode(&bytes[..]).unwrap();
        let traces = ExportTraceServiceRequest::decode(&bytes[..]).unwrap();
        let metrics = &metrics.resource_metrics[0];
        let logs = &logs.resource_logs[0];
        let spans = &traces.resource_spans[0];
        assert_eq!(metrics.resource, logs.resource);
        assert_eq!(metrics.resource, spans.resource);
        let attributes = &metrics.resource.as_ref().unwrap().attributes;
        assert_eq!(*attributes, key_values(resource().attributes()));
        let scope = metrics.scope_metrics[0].scope.as_ref().unwrap();
        assert_eq!(logs.scope_logs[0].scope.as_ref(), Some(scope));
        assert_eq!(spans.scope_spans[0].scope.as_ref(), Some(scope));
        assert_eq!((&*scope.name, &*scope.version), (SCOPE, VERSION));
    }
}
