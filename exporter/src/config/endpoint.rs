//! Where requests go: an OTLP endpoint, checked.

use std::fmt;

use ureq::http::Uri;

use super::ConfigError;
use super::error::excerpt;

/// An `http` or `https` URL without user info, query or fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    scheme: &'static str,
    authority: String,
    path: String,
}

impl Endpoint {
    /// Parses `value`, which was given as `key`.
    pub(crate) fn parse(key: &str, value: &str) -> Result<Self, ConfigError> {
        let refuse = |shown: &str, reason: &'static str| {
            Err(ConfigError::InvalidValue {
                key: key.into(),
                value: excerpt(shown),
                reason: reason.into(),
            })
        };
        // Before anything else can quote it: what stands before an '@' may be
        // a password.
        if let Some(redacted) = without_user_info(value) {
            return refuse(
                &redacted,
                "user info is not sent; put credentials into headers",
            );
        }
        let Some((scheme, rest)) = value.split_once("://") else {
            return refuse(value, "it has no scheme; write http://… or https://…");
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => "http",
            "https" => "https",
            _ => return refuse(value, "the scheme is neither http nor https"),
        };
        // A query may hold a token, so it is not shown.
        let end = rest.find(['?', '#']).unwrap_or(rest.len());
        if end < rest.len() {
            return refuse(
                &format!("{scheme}://{}…", &rest[..end]),
                "a query or fragment is not sent; put credentials into headers",
            );
        }
        match value.parse::<Uri>() {
            Ok(uri) if uri.host().is_some_and(|host| !host.is_empty()) => {
                let authority = uri.authority().map_or("", |authority| authority.as_str());
                let host = uri.host().unwrap_or_default();
                let port = authority.strip_prefix(host).unwrap_or_default();
                let is_port = |digits: &str| {
                    digits.bytes().all(|digit| digit.is_ascii_digit())
                        && digits.parse::<u16>().is_ok_and(|port| port != 0)
                };
                if !port.is_empty() && port != ":" && !port.strip_prefix(':').is_some_and(is_port) {
                    return refuse(value, "the port is not between 1 and 65535");
                }
                Ok(Self {
                    scheme,
                    authority: authority.trim_end_matches(':').into(),
                    path: uri.path().into(),
                })
            }
            _ => refuse(value, "it is not a URL with a host"),
        }
    }

    /// This base endpoint's URL for a signal: its path, then `v1/<signal>`.
    pub(crate) fn signal(&self, signal: &str) -> Self {
        let mut path = self.path.trim_end_matches('/').to_owned();
        path.push_str("/v1/");
        path.push_str(signal);
        Self {
            path,
            ..self.clone()
        }
    }

    /// The host alone.
    pub(crate) fn host(&self) -> &str {
        self.split_authority().0
    }

    /// The port, given or the scheme's.
    pub(crate) fn port(&self) -> u16 {
        let given = self.split_authority().1;
        let default = if self.scheme == "https" { 443 } else { 80 };
        given.and_then(|port| port.parse().ok()).unwrap_or(default)
    }

    fn split_authority(&self) -> (&str, Option<&str>) {
        match self.authority.rsplit_once(':') {
            // Not within the brackets of an IPv6 address.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (&self.authority, None),
        }
    }

    /// Whether the base endpoint already ends in a signal's path, which
    /// [`signal`](Self::signal) would append once more.
    pub(crate) fn ends_in_signal(&self) -> bool {
        let path = self.path.trim_end_matches('/');
        ["/v1/metrics", "/v1/logs", "/v1/traces"]
            .iter()
            .any(|signal| path.ends_with(signal))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

/// `value` with its user info starred, if it has one. An '@' behind a '/', '?'
/// or '#' counts as well: a password may hold those, and a path can write %40.
fn without_user_info(value: &str) -> Option<String> {
    let start = value.find("://").map_or(0, |at| at + 3);
    let at = value[start..].rfind('@')?;
    let host = value[start + at + 1..].split(['?', '#']).next()?;
    Some(format!("{}***@{host}", &value[..start]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(value: &str) -> String {
        Endpoint::parse("endpoint", value).unwrap_err().to_string()
    }

    #[test]
    fn signal_paths_follow_the_specification() {
        // Examples 1 to 3 of "Endpoint URLs for OTLP/HTTP".
        for (base, expected) in [
            ("http://collector:4318", "http://collector:4318/v1/metrics"),
            ("http://collector:4318/", "http://collector:4318/v1/metrics"),
            (
                "http://collector:4318/mycollector/",
                "http://collector:4318/mycollector/v1/metrics",
            ),
            (
                "http://collector:4318/mycollector",
                "http://collector:4318/mycollector/v1/metrics",
            ),
            ("https://[::1]:4318", "https://[::1]:4318/v1/metrics"),
            ("HTTP://collector", "http://collector/v1/metrics"),
        ] {
            let endpoint = Endpoint::parse("endpoint", base).unwrap();
            assert_eq!(endpoint.signal("metrics").to_string(), expected);
        }
        let as_is = Endpoint::parse("metrics-endpoint", "http://collector").unwrap();
        assert_eq!(as_is.to_string(), "http://collector/");
    }

    #[test]
    fn a_port_left_out_is_the_schemes_and_not_that_of_otlp() {
        for (url, shown, port) in [
            ("http://collector", "http://collector/", 80),
            ("https://collector", "https://collector/", 443),
            ("https://collector:/x", "https://collector/x", 443),
            ("http://[::1]", "http://[::1]/", 80),
            ("http://[::1]:4318", "http://[::1]:4318/", 4318),
        ] {
            let endpoint = Endpoint::parse("endpoint", url).unwrap();
            assert_eq!((&*endpoint.to_string(), endpoint.port()), (shown, port));
        }
    }

    #[test]
    fn refusals_name_key_value_and_reason_but_no_secret() {
        for value in ["collector:4318", "localhost", ""] {
            let text = reason(value);
            assert!(
                text.contains("endpoint") && text.contains("scheme"),
                "{text}"
            );
            assert!(text.contains(&format!("{value:?}")), "{text}");
        }
        assert!(reason("ftp://collector").contains("neither http nor https"));
        assert!(reason("http://").contains("host"));
        assert!(reason("http://:4318").contains("host"));
        assert!(reason("http://host:99999").contains("\"http://host:99999\""));
        assert!(reason("http://ho st").contains("\"http://ho st\""));
        for value in [
            "http://user:hunter2@collector:4318",
            "https://hunter2@collector/path",
            "user:hunter2@collector",
            "http://user:hunter2@collector?x=hunter2",
            "http://collector/?token=hunter2",
            "http://collector/#hunter2",
        ] {
            let text = reason(value);
            assert!(!text.contains("hunter2"), "{text}");
            assert!(text.contains("collector"), "{text}");
        }
    }

    #[test]
    fn a_doubled_signal_path_is_noticed() {
        let endpoint = Endpoint::parse("endpoint", "http://h/v1/metrics").unwrap();
        assert!(endpoint.ends_in_signal());
        let endpoint = Endpoint::parse("endpoint", "http://h/v1").unwrap();
        assert!(!endpoint.ends_in_signal());
    }
}
