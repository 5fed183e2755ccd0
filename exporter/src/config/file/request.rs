//! The keys that the general table, a signal's and a destination's share.

use toml::{Table, Value};

use super::value::{choice, count, milliseconds, path_of, positive, table_of, text_of};
use crate::config::choice::{COMPRESSIONS, PROTOCOLS, compression_of, protocol_of};
use crate::config::request::Headers;
use crate::config::signals::BySignal;
use crate::config::tls::PemFile;
use crate::config::{ConfigError, Endpoint, RequestOptions};

/// Those of a signal's table, which has no others.
const SIGNAL_KEYS: &[&str] = &[
    "endpoint",
    "protocol",
    "compression",
    "certificate",
    "client-certificate",
    "client-key",
    "timeout-ms",
    "connect-timeout-ms",
    "max-request-bytes",
    "max-response-bytes",
    "headers",
];

impl RequestOptions {
    /// Reads a signal's table, whose name is `at`.
    pub(super) fn from_table(at: &str, value: &Value) -> Result<Self, ConfigError> {
        let mut options = Self::default();
        let prefix = format!("{at}.");
        for (key, value) in table_of(at, value)? {
            if !options.read(&prefix, key, value)? {
                return Err(ConfigError::UnknownKey {
                    key: format!("telemetry.{prefix}{key}"),
                    known: SIGNAL_KEYS,
                });
            }
        }
        Ok(options)
    }

    /// Reads the tables of all signals within `table`. The keys in it begin
    /// with `prefix`.
    pub(super) fn of_signals(prefix: &str, table: &Table) -> Result<BySignal<Self>, ConfigError> {
        BySignal::default().try_map(|signal, ()| match table.get(signal) {
            Some(value) => Self::from_table(&format!("{prefix}{signal}"), value),
            None => Ok(Self::default()),
        })
    }

    /// Takes `value` if `key` is one of these, and says whether it is.
    /// Messages have `prefix` before it.
    pub(super) fn read(
        &mut self,
        prefix: &str,
        key: &str,
        value: &Value,
    ) -> Result<bool, ConfigError> {
        let at = &*format!("{prefix}{key}");
        let file = || path_of(at, value).map(|path| PemFile::new(at, path));
        match key {
            "endpoint" => self.endpoint = Some(Endpoint::parse(at, text_of(at, value)?)?),
            "protocol" => self.protocol = Some(choice(at, value, protocol_of, PROTOCOLS)?),
            "compression" => {
                self.compression = Some(choice(at, value, compression_of, COMPRESSIONS)?);
            }
            "certificate" => self.tls.certificate = Some(file()?),
            "client-certificate" => self.tls.client_certificate = Some(file()?),
            "client-key" => self.tls.client_key = Some(file()?),
            "timeout-ms" => self.timeout = Some(milliseconds(at, value)?),
            "connect-timeout-ms" => self.connect_timeout = Some(milliseconds(at, value)?),
            "max-request-bytes" => self.max_request_bytes = Some(count(at, value)?),
            "max-response-bytes" => self.max_response_bytes = Some(positive(at, value)?),
            "headers" => self.read_headers(at, value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Without `table_of` and `text_of`, whose errors would show what may be a
    /// secret.
    fn read_headers(&mut self, at: &str, value: &Value) -> Result<(), ConfigError> {
        let refuse = |key: String, reason: &'static str| ConfigError::InvalidValue {
            key,
            value: "***".into(),
            reason: reason.into(),
        };
        let Value::Table(table) = value else {
            return Err(refuse(at.into(), "it must be a table"));
        };
        // A table without headers takes the general ones away.
        self.headers = Some(Headers::new());
        for (name, value) in table {
            let Value::String(value) = value else {
                return Err(refuse(format!("{at}.{name}"), "it must be a string"));
            };
            self.insert_header(name, value);
        }
        Ok(())
    }
}
