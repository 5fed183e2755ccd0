//! The parent that is elsewhere, for spans that begin here.

use std::cell::RefCell;

use super::context::SpanContext;

thread_local! {
    static PARENT: RefCell<Option<SpanContext>> = const { RefCell::new(None) };
}

impl SpanContext {
    /// Runs `program`. Spans that begin in it, on this thread, and have no parent
    /// in this process, are children of this one:
    ///
    /// ```
    /// use pqcnet_telemetry::trace::SpanContext;
    /// use tracing::{Span, info_span};
    ///
    /// fn handling(path: &str, caller: Option<SpanContext>) -> Span {
    ///     let begin = || info_span!("request", otel.kind = "server", url.path = path);
    ///     match caller {
    ///         Some(caller) => caller.scope(begin),
    ///         None => begin(),
    ///     }
    /// }
    /// ```
    ///
    /// So the sampler knows the caller's decision before the span's fields are
    /// read; [`SpanExt::set_parent`](crate::trace::SpanExt::set_parent) comes later.
    pub fn scope<R>(&self, program: impl FnOnce() -> R) -> R {
        let _restored = Restored(PARENT.replace(Some(self.clone())));
        program()
    }
}

/// Puts back what was there, also when the program panics.
struct Restored(Option<SpanContext>);

impl Drop for Restored {
    fn drop(&mut self) {
        PARENT.set(self.0.take());
    }
}

/// The parent of a span that begins now and has none in this process.
pub(super) fn parent() -> Option<SpanContext> {
    // A thread that ends has none.
    let parent = PARENT.try_with(|parent| parent.borrow().clone());
    parent.ok().flatten()
}
