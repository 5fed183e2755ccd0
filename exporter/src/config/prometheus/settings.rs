//! What the configuration comes to, with its file read.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::check::check_token;
use super::{PrometheusConfig, Token, TranslationStrategy};
use crate::config::choice::DEFAULT_BOUNDS;
use crate::config::error::excerpt;
use crate::config::{ConfigError, HistogramEncoding, Secret, TelemetryConfig};

/// More than any token has; what else it is would be read for nothing.
const LONGEST_TOKEN: u64 = 1 << 16;

/// How the scrape endpoint is served.
#[derive(Clone, Debug)]
pub(crate) struct ScrapeSettings {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) path: String,
    pub(crate) token: Option<Secret>,
    pub(crate) max_connections: usize,
    pub(crate) header_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) bounds: Vec<f64>,
    pub(crate) has_native_histograms: bool,
    pub(crate) translation: TranslationStrategy,
}

impl TelemetryConfig {
    /// How to serve metrics, if there is anything said of it. Reads the file
    /// of the token.
    pub(crate) fn scrape_settings(&self) -> Result<Option<ScrapeSettings>, ConfigError> {
        let Some(config) = &self.prometheus else {
            return Ok(None);
        };
        let PrometheusConfig {
            host,
            path,
            histogram_bounds,
            ..
        } = config.clone();
        let bounds = histogram_bounds.unwrap_or_else(|| match &self.histograms {
            HistogramEncoding::Explicit(bounds) => bounds.clone(),
            HistogramEncoding::Exponential => DEFAULT_BOUNDS.into(),
        });
        let token = match &config.token {
            None => None,
            Some(Token::Text(token)) => Some(token.clone()),
            Some(Token::File(path)) => Some(read_token(path)?),
        };
        Ok(Some(ScrapeSettings {
            host: host.unwrap_or_else(|| "localhost".into()),
            port: config.port.unwrap_or(9464),
            path: path.unwrap_or_else(|| "/metrics".into()),
            token,
            max_connections: config.max_connections.unwrap_or(64),
            header_timeout: config.header_timeout.unwrap_or(Duration::from_secs(5)),
            timeout: config.timeout.unwrap_or(Duration::from_secs(10)),
            bounds,
            has_native_histograms: config.has_native_histograms.unwrap_or(true),
            translation: config.translation.unwrap_or_default(),
        }))
    }
}

/// Errors name the file, not what is in it.
fn read_token(path: &Path) -> Result<Secret, ConfigError> {
    const KEY: &str = "prometheus.token-file";
    let refuse = |reason: String| ConfigError::InvalidValue {
        key: KEY.into(),
        value: excerpt(&path.to_string_lossy()),
        reason: reason.into(),
    };
    let unreadable = |error| refuse(format!("the file cannot be read: {error}"));
    if fs::metadata(path).map_err(unreadable)?.len() > LONGEST_TOKEN {
        return Err(refuse("the file is too large to hold a token".into()));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let token = text.trim();
    match check_token(KEY, token) {
        Ok(()) => Ok(Secret::new(token)),
        Err(ConfigError::InvalidValue { reason, .. }) => Err(refuse(format!("in it: {reason}"))),
        Err(other) => Err(other),
    }
}
