//! A request without its metrics or log records, rendered once.

use super::attributes;
use crate::otlp::resource::{Resource, SCOPE, VERSION};

/// Opening and closing of a request.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    pub(crate) open: Vec<u8>,
    pub(crate) close: &'static [u8],
}

impl Envelope {
    /// `{"resourceMetrics":[{…"metrics":[` and its end, for example.
    pub(crate) fn new(resource: &Resource, resources: &str, scopes: &str, items: &str) -> Self {
        let mut open = format!("{{\"{resources}\":[{{\"resource\":{{").into_bytes();
        attributes(&mut open, resource.attributes());
        open.extend_from_slice(
            format!(
                "}},\"{scopes}\":[{{\"scope\":{{\"name\":\"{SCOPE}\",\
                 \"version\":\"{VERSION}\"}},\"{items}\":["
            )
            .as_bytes(),
        );
        Self {
            open,
            close: b"]}]}]}",
        }
    }
}
