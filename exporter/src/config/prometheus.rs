//! The scrape endpoint: where it listens, whom it answers and how.

use std::path::PathBuf;
use std::time::Duration;

use super::{ConfigError, FOREVER, Secret};

mod check;
mod settings;

pub(crate) use check::address_of;
pub(super) use check::check_host;
pub(crate) use settings::ScrapeSettings;

/// A page for Prometheus to scrape: the calls' counterpart of
/// `[telemetry.prometheus]`, for
/// [`with_prometheus`](crate::TelemetryConfig::with_prometheus).
///
/// | key | variable | default |
/// |---|---|---|
/// | `host`: a name or an address | `OTEL_EXPORTER_PROMETHEUS_HOST` | `localhost` |
/// | `port`; 0: any that is free | `OTEL_EXPORTER_PROMETHEUS_PORT` | 9464 |
/// | `path` | | `/metrics` |
/// | `token`, kept secret: what `Authorization: Bearer …` must have | | none |
/// | `token-file`: a file that holds it; not with `token` | | none |
/// | `max-connections`: 1 to 65536 | | 64 |
/// | `header-timeout-ms`: to send a request | | 5000 |
/// | `timeout-ms`: to take its answer | | 10000 |
/// | `histogram-bounds`: of classic histograms | | those of `histograms = "explicit"`, or the specification's fifteen |
/// | `native-histograms`: for who asks for a format that has them | | `true` |
/// | `translation-strategy`: of names, as the specification calls it | | `UnderscoreEscapingWithSuffixes` |
///
/// `localhost` is `127.0.0.1`, and `::1` where the system has it, whatever its
/// resolver says. Any other name is resolved, and all its addresses are
/// listened at. Nothing but the loopback addresses unless asked: a page tells
/// what the node does to everybody who can connect, unless there is a token,
/// and that goes over the network in the clear. TLS is for a proxy in front.
///
/// The connections' limit is a bound on memory, not a queue: where it is
/// reached, the one that has waited longest for a request gives way.
///
/// ```
/// use pqcnet_telemetry::{PrometheusConfig, TelemetryConfig};
///
/// let scrapes = PrometheusConfig::new().with_port(9_100).with_token("…");
/// let config = TelemetryConfig::default().with_prometheus(scrapes);
/// # let _ = config;
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PrometheusConfig {
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) path: Option<String>,
    pub(super) token: Option<Token>,
    pub(super) max_connections: Option<usize>,
    pub(super) header_timeout: Option<Duration>,
    pub(super) timeout: Option<Duration>,
    pub(super) histogram_bounds: Option<Vec<f64>>,
    pub(super) has_native_histograms: Option<bool>,
    pub(super) translation: Option<TranslationStrategy>,
}

/// Where a bearer token is.
#[derive(Clone, Debug)]
pub(super) enum Token {
    Text(Secret),
    File(PathBuf),
}

/// How names become those of Prometheus, before the escaping that a scraper
/// asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TranslationStrategy {
    /// `relayer.wait` in seconds is `relayer_wait_seconds`. The default.
    #[default]
    UnderscoreEscapingWithSuffixes,
    /// It is `relayer_wait`.
    UnderscoreEscapingWithoutSuffixes,
    /// It is `relayer.wait_seconds`.
    NoUtf8EscapingWithSuffixes,
    /// It is `relayer.wait`.
    NoTranslation,
}

impl PrometheusConfig {
    /// `localhost:9464/metrics`, unless a TOML text or a variable says
    /// otherwise.
    pub fn new() -> Self {
        Self::default()
    }

    /// A name or an address to listen at. Default: `localhost`.
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The port; 0 is any that is free. Default: 9464.
    pub fn with_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The page's path, from its `/` on. Default: `/metrics`.
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The token that a request must show. It is never shown. The last of this
    /// and [`with_token_file`](Self::with_token_file) holds. Default: none.
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Token::Text(Secret::new(token)));
        self
    }

    /// A file that holds the token and nothing else but white space around it;
    /// read when the handle is made.
    pub fn with_token_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.token = Some(Token::File(path.into()));
        self
    }

    /// Most connections at a time, 1 to 65536. Default: 64.
    pub fn with_max_connections(mut self, connections: usize) -> Self {
        self.max_connections = Some(connections);
        self
    }

    /// The longest that sending a request may take. Not zero. Default: 5 s.
    pub fn with_header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = Some(timeout.min(FOREVER));
        self
    }

    /// The longest that taking an answer may take. Not zero. Default: 10 s.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout.min(FOREVER));
        self
    }

    /// The bounds of classic histograms, finite and strictly increasing.
    /// Default: those of [`HistogramEncoding::Explicit`], if that is the
    /// configuration's, or the specification's fifteen.
    ///
    /// [`HistogramEncoding::Explicit`]: crate::HistogramEncoding::Explicit
    pub fn with_histogram_bounds(mut self, bounds: impl Into<Vec<f64>>) -> Self {
        self.histogram_bounds = Some(bounds.into());
        self
    }

    /// Whether a scraper that asks for a format with native histograms gets
    /// them. Default: `true`.
    pub fn with_native_histograms(mut self, is_on: bool) -> Self {
        self.has_native_histograms = Some(is_on);
        self
    }

    /// How names are translated. Default:
    /// [`TranslationStrategy::UnderscoreEscapingWithSuffixes`].
    pub fn with_translation_strategy(mut self, strategy: TranslationStrategy) -> Self {
        self.translation = Some(strategy);
        self
    }

    /// This, with what `over` says over it.
    pub(super) fn under(self, over: Self) -> Self {
        Self {
            host: over.host.or(self.host),
            port: over.port.or(self.port),
            path: over.path.or(self.path),
            token: over.token.or(self.token),
            max_connections: over.max_connections.or(self.max_connections),
            header_timeout: over.header_timeout.or(self.header_timeout),
            timeout: over.timeout.or(self.timeout),
            histogram_bounds: over.histogram_bounds.or(self.histogram_bounds),
            has_native_histograms: over.has_native_histograms.or(self.has_native_histograms),
            translation: over.translation.or(self.translation),
        }
    }
}

/// The specification's name of a strategy.
pub(super) fn translation_of(name: &str) -> Option<TranslationStrategy> {
    match name {
        "UnderscoreEscapingWithSuffixes" => {
            Some(TranslationStrategy::UnderscoreEscapingWithSuffixes)
        }
        "UnderscoreEscapingWithoutSuffixes" => {
            Some(TranslationStrategy::UnderscoreEscapingWithoutSuffixes)
        }
        "NoUTF8EscapingWithSuffixes" => Some(TranslationStrategy::NoUtf8EscapingWithSuffixes),
        "NoTranslation" => Some(TranslationStrategy::NoTranslation),
        _ => None,
    }
}

/// What is wrong with a token is said without it.
pub(super) fn refuse_token(key: &str, reason: &'static str) -> ConfigError {
    ConfigError::InvalidValue {
        key: key.into(),
        value: "***".into(),
        reason: reason.into(),
    }
}
