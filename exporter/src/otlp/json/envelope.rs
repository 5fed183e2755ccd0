//! A request without its items, rendered once.

use super::{attributes, string};
use crate::otlp::items::{Format, Scope};
use crate::otlp::resource::{Resource, SCOPE, VERSION};

/// What a signal calls the parts of its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    resources: &'static str,
    scopes: &'static str,
    items: &'static str,
}

pub(crate) const METRICS: Keys = Keys {
    resources: "resourceMetrics",
    scopes: "scopeMetrics",
    items: "metrics",
};

pub(crate) const LOGS: Keys = Keys {
    resources: "resourceLogs",
    scopes: "scopeLogs",
    items: "logRecords",
};

#[cfg(feature = "tracing")]
pub(crate) const SPANS: Keys = Keys {
    resources: "resourceSpans",
    scopes: "scopeSpans",
    items: "spans",
};

/// Opening of a request.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    /// `{"resourceMetrics":[{…"scopeMetrics":[`, for example.
    open: Vec<u8>,
    items: &'static str,
}

/// Ends a scope.
pub(super) const SCOPE_CLOSE: &[u8] = b"]}";

/// Ends a request, after its scopes.
pub(super) const CLOSE: &[u8] = b"]}]}";

impl Envelope {
    pub(crate) fn new(resource: &Resource, keys: &Keys) -> Self {
        let mut open = format!("{{\"{}\":[{{\"resource\":{{", keys.resources).into_bytes();
        attributes(&mut open, resource.attributes());
        open.extend_from_slice(format!("}},\"{}\":[", keys.scopes).as_bytes());
        Self {
            open,
            items: keys.items,
        }
    }

    /// A request of the library's scope alone, up to its items.
    pub(super) fn open_library(&self) -> Vec<u8> {
        [&*self.open, &self.scope("")].concat()
    }
}

impl Format for Envelope {
    fn scope(&self, name: &str) -> Vec<u8> {
        let mut head = b"{\"scope\":{\"name\":".to_vec();
        if name.is_empty() {
            string(&mut head, SCOPE);
            head.extend_from_slice(b",\"version\":");
            string(&mut head, VERSION);
        } else {
            string(&mut head, name);
        }
        head.extend_from_slice(format!("}},\"{}\":[", self.items).as_bytes());
        head
    }

    fn push(&self, items: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        if !items.is_empty() {
            items.push(b',');
        }
        write(items);
    }

    /// With a comma.
    fn scope_len(&self, scope: &Scope) -> usize {
        scope.head.len() + scope.items.len() + SCOPE_CLOSE.len() + 1
    }

    fn request_len(&self, scopes: usize) -> usize {
        // The last one has no comma.
        self.open.len() + scopes.saturating_sub(1) + CLOSE.len()
    }

    fn join(&self, scopes: &[Scope]) -> Vec<u8> {
        let scopes_len = scopes.iter().map(|scope| self.scope_len(scope)).sum();
        let mut bytes = Vec::with_capacity(self.request_len(scopes_len));
        bytes.extend_from_slice(&self.open);
        for (index, scope) in scopes.iter().enumerate() {
            if index > 0 {
                bytes.push(b',');
            }
            bytes.extend_from_slice(&scope.head);
            bytes.extend_from_slice(&scope.items);
            bytes.extend_from_slice(SCOPE_CLOSE);
        }
        bytes.extend_from_slice(CLOSE);
        bytes
    }
}
