//! Who is reporting: the resource and the scope, rendered once.

use std::collections::BTreeMap;

use pqcnet_telemetry_core::AttributeValue;
use uuid::Uuid;

use super::json;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Opening and closing of a request, around its metrics or log records.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    pub(crate) open: Vec<u8>,
    pub(crate) close: &'static [u8],
}

/// The resource's attributes: labels, `service.*` and `telemetry.sdk.*`.
#[derive(Clone, Debug)]
pub(crate) struct Resource(BTreeMap<String, AttributeValue>);

impl Resource {
    /// `instance` tells this process's series from those of the one before:
    /// two writers of one identity would corrupt a cumulative stream.
    pub(crate) fn new(labels: &BTreeMap<String, String>, instance: Uuid) -> Self {
        let defaults = [
            ("service.name", "unknown_service".to_owned()),
            ("service.instance.id", instance.to_string()),
        ];
        let library = [
            ("telemetry.sdk.name", "pqcnet-telemetry".to_owned()),
            ("telemetry.sdk.language", "rust".to_owned()),
            ("telemetry.sdk.version", VERSION.to_owned()),
        ];
        let labels = labels.iter().map(|(k, v)| (k.as_str(), v.clone()));
        let all = defaults.into_iter().chain(labels).chain(library);
        Self(all.map(|(k, v)| (k.to_owned(), v.into())).collect())
    }

    /// `{"resourceMetrics":[{…"metrics":[` and its end, for example.
    pub(crate) fn envelope(
        &self,
        resources: &str,
        scopes: &str,
        items: &str,
        close: &'static [u8],
    ) -> Envelope {
        let mut open = format!("{{\"{resources}\":[{{\"resource\":{{").into_bytes();
        json::attributes(&mut open, self.0.iter().map(|(k, v)| (k.as_str(), v)));
        open.extend_from_slice(
            format!(
                "}},\"{scopes}\":[{{\"scope\":{{\"name\":\"pqcnet-telemetry\",\
                 \"version\":\"{VERSION}\"}},\"{items}\":["
            )
            .as_bytes(),
        );
        Envelope { open, close }
    }
}
