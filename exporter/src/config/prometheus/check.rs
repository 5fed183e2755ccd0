//! What a scrape endpoint must be to be served.

use std::net::IpAddr;
use std::time::Duration;

use super::{PrometheusConfig, Token, refuse_token};
use crate::config::ConfigError;
use crate::config::check::{check_bounds, invalid};

/// Each has a socket, of which a process has so many.
const MOST_CONNECTIONS: usize = 1 << 16;

impl PrometheusConfig {
    /// Says what is wrong with it. Reads no file and resolves no name.
    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
        if let Some(host) = &self.host {
            check_host("prometheus.host", host)?;
        }
        if let Some(path) = &self.path
            && !is_path(path)
        {
            let reason = "a path begins with / and has no query, fragment or white space";
            return Err(invalid("prometheus.path", path, reason));
        }
        if let Some(Token::Text(token)) = &self.token {
            check_token("prometheus.token", token.reveal())?;
        }
        if let Some(connections) = &self.max_connections
            && !(1..=MOST_CONNECTIONS).contains(connections)
        {
            let reason = "it must be 1 to 65536";
            return Err(invalid("prometheus.max-connections", connections, reason));
        }
        for (key, timeout) in [
            ("prometheus.header-timeout", self.header_timeout),
            ("prometheus.timeout", self.timeout),
        ] {
            if timeout == Some(Duration::ZERO) {
                return Err(invalid(key, &Duration::ZERO, "it must be above zero"));
            }
        }
        match &self.histogram_bounds {
            Some(bounds) => check_bounds("prometheus.histogram-bounds", bounds),
            None => Ok(()),
        }
    }
}

/// Nothing at all would mean everywhere to most programs.
pub(in crate::config) fn check_host(key: &str, host: &str) -> Result<(), ConfigError> {
    // A port or a scheme in a host has another key, or none.
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_named = !host.is_empty() && host.bytes().all(is_name);
    if is_named || address_of(host).is_some() {
        return Ok(());
    }
    let reason = "it must be a name or an address, without a port; 0.0.0.0 is all of IPv4";
    Err(invalid(key, &host, reason))
}

/// An address, with or without the brackets of a URL.
pub(crate) fn address_of(host: &str) -> Option<IpAddr> {
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(inner) => inner.parse().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

fn is_path(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#');
    path.starts_with('/') && path.bytes().all(is_plain)
}

/// What RFC 6750 takes for one, but for the order of its `=`.
pub(super) fn check_token(key: &str, token: &str) -> Result<(), ConfigError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() {
        return Err(refuse_token(key, "it is empty"));
    }
    if !token.bytes().all(is_plain) {
        let reason = "a bearer token has letters, digits and -._~+/= only";
        return Err(refuse_token(key, reason));
    }
    Ok(())
}
