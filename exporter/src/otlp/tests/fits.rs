//! Requests are as full as the limit allows, and not fuller.

use crate::config::Protocol;
use crate::otlp::items::{Item, ItemsEncoder};
use crate::otlp::tests::resource;

/// Encodes with each limit that could make a difference.
pub(super) fn check<T: Item>(items: &[T], context: &T::Context) {
    for protocol in [Protocol::HttpJson, Protocol::HttpProtobuf] {
        let encoder_to = |limit| ItemsEncoder::new(protocol, &resource(), limit);
        let encoder = encoder_to(usize::MAX);
        // By how many items are in it.
        let lengths: Vec<_> = (0..=items.len())
            .map(|count| {
                let body = encoder.encode(&items[..count], context);
                assert_eq!((body.items, body.oversized), (count, None));
                body.bytes.len()
            })
            .collect();
        let near = |len: &usize| len - 1..=len + 1;
        for limit in lengths.iter().flat_map(near).chain([0]) {
            let body = encoder_to(limit).encode(items, context);
            let fitting = lengths.iter().rposition(|len| *len <= limit);
            assert_eq!(body.items, fitting.unwrap_or(0).max(1));
            let same = encoder.encode(&items[..body.items], context);
            assert!(body.bytes == same.bytes);
            let is_oversized = body.bytes.len() > limit;
            let oversized = is_oversized.then(|| items[0].label());
            assert_eq!(body.oversized, oversized);
        }
    }
}
