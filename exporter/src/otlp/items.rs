//! Spans and log records into requests: as many as fit, grouped by scope.

use std::marker::PhantomData;
use std::ptr;

use super::resource::Resource;
use super::{Body, json, protobuf};
use crate::config::Protocol;

/// What a request is made of: a span, or a log record.
pub(crate) trait Item {
    /// What the keys of its requests are, in JSON.
    const KEYS: json::envelope::Keys;

    /// What is needed to write one, besides itself.
    type Context;

    /// The name of its instrumentation scope; empty for the library's own.
    fn scope(&self) -> &'static str;

    /// Names it to people.
    fn label(&self) -> String;

    /// Appends it, a JSON object.
    fn write_json(&self, out: &mut Vec<u8>, context: &Self::Context);

    /// Appends its fields, of a protobuf message.
    fn write_protobuf(&self, out: &mut Vec<u8>, context: &Self::Context);
}

/// How a format makes requests of items.
pub(crate) trait Format {
    /// A scope up to its items.
    fn scope(&self, name: &str) -> Vec<u8>;

    /// Appends an item to those of its scope.
    fn push(&self, items: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>));

    /// The length of a scope with items in a request.
    fn scope_len(&self, scope: &Scope) -> usize;

    /// The length of a request whose scopes take so many bytes.
    fn request_len(&self, scopes: usize) -> usize;

    /// The request.
    fn join(&self, scopes: &[Scope]) -> Vec<u8>;
}

/// The items of one scope.
pub(crate) struct Scope {
    name: &'static str,
    /// What is before its items.
    pub(crate) head: Vec<u8>,
    pub(crate) items: Vec<u8>,
}

/// Encodes items of one kind.
pub(crate) struct ItemsEncoder<T> {
    envelope: Envelope,
    max_bytes: usize,
    kind: PhantomData<fn(&T)>,
}

enum Envelope {
    Json(json::envelope::Envelope),
    Protobuf(protobuf::Envelope),
}

impl<T: Item> ItemsEncoder<T> {
    pub(crate) fn new(protocol: Protocol, resource: &Resource, max_bytes: usize) -> Self {
        let envelope = match protocol {
            Protocol::HttpJson => Envelope::Json(json::envelope::Envelope::new(resource, &T::KEYS)),
            Protocol::HttpProtobuf => Envelope::Protobuf(protobuf::Envelope::new(resource)),
        };
        Self {
            envelope,
            max_bytes,
            kind: PhantomData,
        }
    }

    /// As many of the first items as fit one request, at least one. Those of a
    /// scope stand together, the scopes in the order of their first items.
    pub(crate) fn encode<'a>(
        &self,
        items: impl IntoIterator<Item = &'a T>,
        context: &T::Context,
    ) -> Body
    where
        T: 'a,
    {
        match &self.envelope {
            Envelope::Json(envelope) => {
                self.fill(envelope, items, |out, item| item.write_json(out, context))
            }
            Envelope::Protobuf(envelope) => self.fill(envelope, items, |out, item| {
                item.write_protobuf(out, context);
            }),
        }
    }

    fn fill<'a>(
        &self,
        format: &impl Format,
        items: impl IntoIterator<Item = &'a T>,
        write: impl Fn(&mut Vec<u8>, &T),
    ) -> Body
    where
        T: 'a,
    {
        let mut scopes = Vec::new();
        let mut scopes_len = 0;
        let mut count = 0;
        let mut first = None;
        for item in items {
            first.get_or_insert(item);
            let at = position(&mut scopes, item.scope(), format);
            let scope = &mut scopes[at];
            let before = scope.items.len();
            let others_len = match before {
                0 => scopes_len,
                _ => scopes_len - format.scope_len(scope),
            };
            format.push(&mut scope.items, |out| write(out, item));
            let len = others_len + format.scope_len(scope);
            if count > 0 && format.request_len(len) > self.max_bytes {
                // One too many.
                scope.items.truncate(before);
                scopes.pop_if(|scope| scope.items.is_empty());
                break;
            }
            scopes_len = len;
            count += 1;
        }
        let bytes = format.join(&scopes);
        let oversized = first.filter(|_| bytes.len() > self.max_bytes);
        Body {
            bytes,
            items: count,
            oversized: oversized.map(Item::label),
            rows: Vec::new(),
        }
    }
}

/// Which of the scopes has this name; a new one, if none has.
fn position(scopes: &mut Vec<Scope>, name: &'static str, format: &impl Format) -> usize {
    // Most are of one call site or module, so of one place in memory.
    let is_same = |scope: &Scope| ptr::eq(scope.name, name) || scope.name == name;
    scopes.iter().position(is_same).unwrap_or_else(|| {
        scopes.push(Scope {
            name,
            head: format.scope(name),
            items: Vec::new(),
        });
        scopes.len() - 1
    })
}
