//! `[telemetry.prometheus]`.

use toml::Value;

use super::value::{
    choice, count, is_on, milliseconds, numbers, path_of, refuse, table_of, text_of,
};
use crate::config::prometheus::{Token, refuse_token, translation_of};
use crate::config::{ConfigError, FOREVER, PrometheusConfig, Secret};

const KEYS: &[&str] = &[
    "host",
    "port",
    "path",
    "token",
    "token-file",
    "max-connections",
    "header-timeout-ms",
    "timeout-ms",
    "histogram-bounds",
    "native-histograms",
    "translation-strategy",
];

/// Reads the table. An empty one asks for the defaults.
pub(super) fn prometheus_of(value: &Value) -> Result<PrometheusConfig, ConfigError> {
    let table = table_of("prometheus", value)?;
    let mut config = PrometheusConfig::new();
    for (key, value) in table {
        let at = &*format!("prometheus.{key}");
        match key.as_str() {
            "host" => config.host = Some(text_of(at, value)?.into()),
            "port" => config.port = Some(port_of(at, value)?),
            "path" => config.path = Some(text_of(at, value)?.into()),
            "token" => config.token = Some(token_of(at, value)?),
            "token-file" => {
                if table.contains_key("token") {
                    return Err(refuse(at, value, "prometheus.token is given too"));
                }
                config.token = Some(Token::File(path_of(at, value)?));
            }
            "max-connections" => config.max_connections = Some(count(at, value)?),
            "header-timeout-ms" => {
                config.header_timeout = Some(milliseconds(at, value)?.min(FOREVER));
            }
            "timeout-ms" => config.timeout = Some(milliseconds(at, value)?.min(FOREVER)),
            "histogram-bounds" => config.histogram_bounds = Some(numbers(at, value)?),
            "native-histograms" => config.has_native_histograms = Some(is_on(at, value)?),
            "translation-strategy" => {
                let reason = "it is UnderscoreEscapingWithSuffixes, \
                              UnderscoreEscapingWithoutSuffixes, NoUTF8EscapingWithSuffixes or \
                              NoTranslation";
                config.translation = Some(choice(at, value, translation_of, reason)?);
            }
            _ => {
                return Err(ConfigError::UnknownKey {
                    key: format!("telemetry.{at}"),
                    known: KEYS,
                });
            }
        }
    }
    config.validate()?;
    Ok(config)
}

fn port_of(at: &str, value: &Value) -> Result<u16, ConfigError> {
    value
        .as_integer()
        .and_then(|port| port.try_into().ok())
        .ok_or_else(|| refuse(at, value, "it must be 0 to 65535"))
}

/// Without `text_of`, whose errors show what may be the token.
fn token_of(at: &str, value: &Value) -> Result<Token, ConfigError> {
    let token = value.as_str();
    let token = token.ok_or_else(|| refuse_token(at, "it must be a string"))?;
    Ok(Token::Text(Secret::new(token)))
}
