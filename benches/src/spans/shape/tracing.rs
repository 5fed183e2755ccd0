//! Through the macros of `tracing`.

use std::hint::black_box;

use tracing::{info, info_span};

use super::PEER;

#[inline(always)]
pub(super) fn span(bytes: u64) {
    let (peer, is_retry) = (black_box(PEER), bytes & 1 == 1);
    let _handled = info_span!("relayer.handle", bytes, peer, is_retry).entered();
}

#[inline(always)]
pub(super) fn child(bytes: u64) {
    let (peer, is_retry) = (black_box(PEER), bytes & 1 == 1);
    let _handled = info_span!("relayer.handle", bytes, peer, is_retry).entered();
    let _sent = info_span!("relayer.send", bytes, peer, is_retry).entered();
}

#[inline(always)]
pub(super) fn event(bytes: u64) {
    let (peer, is_retry) = (black_box(PEER), bytes & 1 == 1);
    let _handled = info_span!("relayer.handle", bytes, peer, is_retry).entered();
    info!(bytes, "taken");
}
