//! Requests that stay out of the log.

use std::sync::Once;

use log::{Level, log_enabled, warn};

/// Where `ureq` logs every byte of a request at TRACE, the secrets of its headers
/// among them.
const BYTES: &str = "ureq_proto::util";

/// Runs `act` without a log of its bytes. A logger that hands on to `tracing` gets
/// nothing meanwhile; another can't be kept from it, so what it must leave out is
/// said once.
pub(super) fn unlogged<R>(act: impl FnOnce() -> R) -> R {
    static SAID: Once = Once::new();

    let is_logged = || log_enabled!(target: BYTES, Level::Trace);
    if !is_logged() {
        return act();
    }
    without_subscriber(|| {
        if is_logged() {
            SAID.call_once(|| {
                warn!(
                    "the logger takes {BYTES} at TRACE, which writes requests into the log \
                     byte by byte, and with them the secrets of headers: filter it out"
                );
            });
        }
        act()
    })
}

#[cfg(feature = "tracing")]
fn without_subscriber<R>(act: impl FnOnce() -> R) -> R {
    tracing::dispatcher::with_default(&tracing::Dispatch::none(), act)
}

#[cfg(not(feature = "tracing"))]
fn without_subscriber<R>(act: impl FnOnce() -> R) -> R {
    act()
}
