//! Who records, and how it is set up.

use tracing::Dispatch;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use super::pipeline::{Export, Pipeline};
use super::{fastrace, opentelemetry, ours};

/// Ours, its rivals, and what `tracing` takes without either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// No subscriber at all.
    NoSubscriber,
    /// A subscriber that takes warnings and worse, so not these spans.
    BelowLevel,
    /// `tracing_subscriber::registry()` without a layer: the floor for all
    /// layers.
    Registry,
    /// This library's layer.
    Ours,
    /// `tracing-opentelemetry` as it comes.
    OpenTelemetry,
    /// The same without the attributes for location and thread, and without
    /// adding up busy and idle times.
    OpenTelemetryLean,
    /// `fastrace`, which is not for `tracing`'s macros.
    Fastrace,
}

/// When spans are encoded that wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As the subject does in a program: on a thread of its own.
    Background,
    /// The same, but nothing that depends on the time.
    WhenFlushed,
}

impl Subject {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NoSubscriber,
        Self::BelowLevel,
        Self::Registry,
        Self::Ours,
        Self::OpenTelemetry,
        Self::OpenTelemetryLean,
        Self::Fastrace,
    ];

    /// As its figures are called.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoSubscriber => "no_subscriber",
            Self::BelowLevel => "below_level",
            Self::Registry => "registry",
            Self::Ours => "ours",
            Self::OpenTelemetry => "tracing-opentelemetry",
            Self::OpenTelemetryLean => "tracing-opentelemetry_lean",
            Self::Fastrace => "fastrace",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.name() == name)
    }

    /// Whether its spans go anywhere.
    pub fn is_exporting(self) -> bool {
        match self {
            Self::NoSubscriber | Self::BelowLevel | Self::Registry => false,
            Self::Ours | Self::OpenTelemetry | Self::OpenTelemetryLean | Self::Fastrace => true,
        }
    }

    /// Sets it up for the whole process.
    ///
    /// # Panics
    ///
    /// If the process has a subscriber.
    pub fn install(self, encoding: Encoding) -> Pipeline {
        let (dispatch, pipeline) = self.build(encoding);
        if let Some(dispatch) = dispatch {
            let set = tracing::dispatcher::set_global_default(dispatch);
            set.expect("one subject a process");
        }
        pipeline
    }

    /// What takes its spans from `tracing`, and where they go.
    pub(super) fn build(self, encoding: Encoding) -> (Option<Dispatch>, Pipeline) {
        let none = |dispatch| (dispatch, None);
        let (dispatch, export): (_, Option<Box<dyn Export>>) = match self {
            Self::NoSubscriber => none(None),
            Self::BelowLevel => none(Some(registry().with(LevelFilter::WARN).into())),
            Self::Registry => none(Some(registry().into())),
            Self::Ours => ours::build(encoding),
            Self::OpenTelemetry => opentelemetry::build(|layer| layer),
            Self::OpenTelemetryLean => opentelemetry::build(|layer| {
                let layer = layer.with_location(false).with_threads(false);
                layer.with_tracked_inactivity(false)
            }),
            Self::Fastrace => (None, Some(Box::new(fastrace::Reporter::start()))),
        };
        (dispatch, Pipeline::new(export))
    }
}
