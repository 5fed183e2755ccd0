//! Through `fastrace`. Its values are texts.

use std::borrow::Cow;
use std::hint::black_box;

use fastrace::prelude::{Event, LocalSpan, Span, SpanContext};

use super::PEER;

#[inline(always)]
pub(super) fn span(bytes: u64) {
    let span = handled(bytes, black_box(PEER), bytes & 1 == 1);
    let _entered = span.set_local_parent();
}

#[inline(always)]
pub(super) fn child(bytes: u64) {
    let (peer, is_retry) = (black_box(PEER), bytes & 1 == 1);
    let span = handled(bytes, peer, is_retry);
    let _entered = span.set_local_parent();
    let _sent = LocalSpan::enter_with_local_parent("relayer.send")
        .with_properties(|| fields(bytes, peer, is_retry));
}

#[inline(always)]
pub(super) fn event(bytes: u64) {
    let span = handled(bytes, black_box(PEER), bytes & 1 == 1);
    let _entered = span.set_local_parent();
    let bytes = || [("bytes", bytes.to_string())];
    LocalSpan::add_event(Event::new("taken").with_properties(bytes));
}

#[inline(always)]
fn handled(bytes: u64, peer: &str, is_retry: bool) -> Span {
    Span::root("relayer.handle", SpanContext::random())
        .with_properties(|| fields(bytes, peer, is_retry))
}

#[inline(always)]
fn fields(bytes: u64, peer: &str, is_retry: bool) -> [(&'static str, Cow<'static, str>); 3] {
    let is_retry = if is_retry { "true" } else { "false" };
    [
        ("bytes", bytes.to_string().into()),
        ("peer", peer.to_owned().into()),
        ("is_retry", is_retry.into()),
    ]
}
