//! What is said of each signal by itself.

use super::TelemetryConfig;

/// The signals of this build, by their names in keys and paths.
pub(super) const SIGNALS: &[&str] = if cfg!(feature = "tracing") {
    &["metrics", "logs", "traces"]
} else {
    &["metrics", "logs"]
};

/// Why something about traces is refused. It is not ignored: somebody waits
/// for them.
#[cfg(not(feature = "tracing"))]
pub(super) const NO_TRACES: &str = "this build has no traces: it lacks the cargo feature tracing";

impl TelemetryConfig {
    /// Whether the destination of the top-level keys gets this signal.
    pub(super) fn sends(&self, signal: &str) -> bool {
        let mut unsent = self.unsent.iter();
        !unsent.any(|(name, is_unsent)| name == signal && *is_unsent)
    }

    /// Makes that so of these signals alone.
    pub(super) fn send_only(&mut self, signals: &[&str]) {
        for (signal, is_unsent) in self.unsent.iter_mut() {
            *is_unsent = !signals.contains(&signal);
        }
    }
}

/// One thing for each signal.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BySignal<T> {
    pub(super) metrics: T,
    pub(super) logs: T,
    /// Not looked at in a build without traces.
    pub(super) traces: T,
}

impl<T> BySignal<T> {
    /// Each with the name of its signal.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &T)> {
        let all = [
            ("metrics", &self.metrics),
            ("logs", &self.logs),
            ("traces", &self.traces),
        ];
        all.into_iter()
    }

    /// The same, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut T)> {
        let all = [
            ("metrics", &mut self.metrics),
            ("logs", &mut self.logs),
            ("traces", &mut self.traces),
        ];
        all.into_iter()
    }

    /// What `map` makes of each, metrics first, unless it fails.
    pub(super) fn try_map<U, E>(
        self,
        mut map: impl FnMut(&'static str, T) -> Result<U, E>,
    ) -> Result<BySignal<U>, E> {
        Ok(BySignal {
            metrics: map("metrics", self.metrics)?,
            logs: map("logs", self.logs)?,
            traces: map("traces", self.traces)?,
        })
    }
}
