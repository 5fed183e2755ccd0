//! Spans and events of the `tracing` crate.

use std::hint::black_box;
use std::sync::Arc;
use std::time::SystemTime;

use tracing::subscriber::set_global_default;
use tracing_subscriber::layer::SubscriberExt;

use super::TelemetryHandle;
use super::shared::{Lifecycle, Outbox, Shared};
use crate::config::Protocol;
use crate::deliver::{Delivery, Unqueued};
use crate::otlp::SpansEncoder;
use crate::self_metrics::SelfMetrics;
use crate::trace::hub::Hub;
use crate::trace::{SpanContext, TraceError, TracingLayer, w3c};

impl TelemetryHandle {
    /// A layer that sends what the program traces: spans as traces, events as log
    /// records and as events of their spans.
    ///
    /// What becomes of what is [a table of the module](crate::trace). The layer
    /// takes every level of every crate; a program's filter goes with it:
    ///
    /// ```no_run
    /// use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};
    /// use tracing_subscriber::filter::{LevelFilter, Targets};
    /// use tracing_subscriber::prelude::*;
    ///
    /// let telemetry = TelemetryHandle::from_config(TelemetryConfig::default())?;
    /// let filter = Targets::new()
    ///     .with_target("my_node", LevelFilter::DEBUG)
    ///     .with_default(LevelFilter::WARN);
    /// tracing_subscriber::registry()
    ///     .with(telemetry.tracing_layer().with_filter(filter))
    ///     .init();
    /// let _flusher = telemetry.spawn_flusher();
    /// # Ok::<(), pqcnet_telemetry::TelemetryError>(())
    /// ```
    ///
    /// To be added to a subscriber once, and of one handle: a span is that of the
    /// first such layer it meets, and with two of a handle each event is told twice.
    ///
    /// Spans are sent when they have ended, in batches: when one is full, at the
    /// configured interval, and with every flush; from the first flush on, or
    /// from [`spawn_flusher`](Self::spawn_flusher). The first layer of a process
    /// calibrates the clock, which takes up to 200 ms.
    ///
    /// # Panics
    ///
    /// If delivery is under way and the operating system starts no thread.
    pub fn tracing_layer(&self) -> TracingLayer {
        let shared = &*self.shared;
        let hub = shared
            .tracing
            .get_or_init(|| Arc::new(Hub::new(&shared.config)));
        // Delivery that began without a layer has no lanes for it.
        if let Lifecycle::Running { delivery, process } = &shared.outbox().delivery
            && *process == std::process::id()
        {
            shared.begin_traces(delivery, false);
        }
        TracingLayer::new(Arc::clone(hub))
    }

    /// Makes a subscriber of this layer alone the process's: the shortest way,
    /// for programs that have none. It has no filter, so all that is traced is
    /// sent, also by the crates a program is made of.
    ///
    /// Fails with [`TraceError::AlreadyInstalled`] where the process has a
    /// subscriber; that one's builder takes
    /// [`tracing_layer`](Self::tracing_layer).
    pub fn install_tracing(&self) -> Result<(), TraceError> {
        let subscriber = tracing_subscriber::registry().with(self.tracing_layer());
        set_global_default(subscriber).map_err(|_| TraceError::AlreadyInstalled)
    }

    /// The span that a request's headers name, to be the parent of one's own
    /// ([`SpanExt::set_parent`](crate::trace::SpanExt::set_parent)); `header`
    /// gives the value of a header by its name, in lower case, several of a name
    /// joined by commas.
    ///
    /// `None` if there is no `traceparent`, or if it is malformed, which is
    /// counted ([`malformed_contexts`](Self::malformed_contexts)): then a new
    /// trace begins (W3C *Trace Context*, *Processing Model*).
    pub fn extract_context<V: AsRef<[u8]>>(
        &self,
        header: impl Fn(&str) -> Option<V>,
    ) -> Option<SpanContext> {
        let parent = header(w3c::TRACEPARENT)?;
        let state = header(w3c::TRACESTATE);
        let state = state.as_ref().map(AsRef::as_ref);
        let parsed = w3c::parse(parent.as_ref(), state);
        if parsed.is_err()
            && let Some(hub) = self.shared.tracing.get()
        {
            hub.found_malformed();
        }
        parsed.ok()
    }

    /// Requests whose `traceparent` was malformed, since the layer was made.
    pub fn malformed_contexts(&self) -> u64 {
        self.shared.tracing.get().map_or(0, |hub| hub.malformed())
    }

    /// Encodes all spans that have ended as protobuf, and drops them: what tracing
    /// costs without a network. Says how many those were. For benchmarks.
    #[doc(hidden)]
    pub fn encode_spans(&self) -> usize {
        const MOST_BYTES: usize = 4 << 20;
        let shared = &*self.shared;
        let Some(hub) = shared.tracing.get() else {
            return 0;
        };
        let encoder = SpansEncoder::new(Protocol::HttpProtobuf, &shared.resource, MOST_BYTES);
        let mut spans = 0;
        for batch in hub.collect().spans {
            let mut rest = &batch.items[..];
            while !rest.is_empty() {
                let items = rest.iter().map(AsRef::as_ref);
                let body = black_box(encoder.encode(items, &batch.anchor));
                rest = &rest[body.items..];
                spans += body.items;
            }
        }
        spans
    }

    /// Starts delivery if there is something traced to deliver.
    pub(crate) fn begin_delivery(&self) {
        if self.shared.tracing.get().is_some() {
            // After a shutdown nothing begins.
            let _ = self.shared.running(&mut self.shared.outbox());
        }
    }
}

impl Shared {
    /// Lanes for what is traced, if something is.
    pub(super) fn begin_traces(&self, delivery: &Delivery, is_child: bool) {
        let Some(hub) = self.tracing.get() else {
            return;
        };
        if is_child {
            // Made by the parent, which sends them.
            hub.collect();
        }
        delivery.start_traces(&self.starter(&self.resource, SystemTime::now()), hub);
    }

    /// Records what was traced since the last cut.
    pub(super) fn count_traces(&self, outbox: &mut Outbox, metrics: &SelfMetrics) {
        let Some(hub) = self.tracing.get() else {
            return;
        };
        let (spans, losses) = (hub.spans(), hub.losses());
        let before = std::mem::replace(&mut outbox.traced, (spans, losses));
        metrics.spans_found(
            spans.sampled - before.0.sampled,
            spans.unsampled - before.0.unsampled,
            spans.live() as i64 - before.0.live() as i64,
            losses.spans - before.1.spans,
            losses.records - before.1.records,
        );
    }

    pub(super) fn with_traces(&self, unqueued: Unqueued) -> Unqueued {
        let Some(hub) = self.tracing.get() else {
            return unqueued;
        };
        let losses = hub.losses();
        Unqueued {
            spans: losses.spans,
            log_records: losses.records,
            open_spans: hub.spans().open(),
            ..unqueued
        }
    }
}
