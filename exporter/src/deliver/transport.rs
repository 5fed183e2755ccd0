//! One HTTP endpoint, spoken to through ureq.

use std::time::{Duration, Instant};

use ureq::http::header::{CONTENT_TYPE, USER_AGENT};
use ureq::{Agent, Error};

use super::Failure;
use crate::config::{Endpoint, Secret, TelemetryConfig};
use crate::otlp::Body;
use crate::otlp::response::partial_success;

/// Sends requests to one URL, one at a time, over a kept connection.
pub(crate) struct Transport {
    agent: Agent,
    url: String,
    headers: Vec<(String, Secret)>,
    max_request_bytes: usize,
    max_response_bytes: u64,
}

impl Transport {
    pub(crate) fn new(config: &TelemetryConfig, endpoint: &Endpoint) -> Self {
        let agent = Agent::config_builder()
            // A status is an answer to be read, not an error.
            .http_status_as_error(false)
            // A redirected POST would arrive as a GET without its body.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build()
            .new_agent();
        let headers = config.headers.iter();
        Self {
            agent,
            url: endpoint.to_string(),
            headers: headers.map(|(k, v)| (k.clone(), v.clone())).collect(),
            max_request_bytes: config.max_request_bytes,
            max_response_bytes: config.max_response_bytes,
        }
    }

    /// The URL, which holds no secret.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn send(&self, body: &Body, deadline: Instant) -> Result<(), Failure> {
        if let Some(item) = &body.oversized {
            return Err(Failure::TooLarge {
                item: item.clone(),
                bytes: body.bytes.len(),
                limit: self.max_request_bytes,
            });
        }
        let budget = deadline.saturating_duration_since(Instant::now());
        if budget.is_zero() {
            return Err(Failure::Timeout { after: budget });
        }
        let mut request = self
            .agent
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(
                USER_AGENT,
                concat!("OTel-OTLP-Exporter-Rust/", env!("CARGO_PKG_VERSION")),
            );
        for (name, value) in &self.headers {
            request = request.header(name, value.reveal());
        }
        let mut response = request
            .config()
            .timeout_global(Some(budget))
            .build()
            .send(&body.bytes[..])
            .map_err(|error| failure(&error, budget))?;
        let status = response.status();
        let answer = response
            .body_mut()
            .with_config()
            .limit(self.max_response_bytes)
            .read_to_vec();
        if !status.is_success() {
            return Err(Failure::Status {
                status: status.as_u16(),
                body: printable(&answer.unwrap_or_default()),
            });
        }
        // The status has said that the request was taken; an answer that can't
        // be read does not take that back.
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                log::warn!("{}: unreadable answer: {error}", self.url);
                return Ok(());
            }
        };
        match partial_success(&answer) {
            None => Ok(()),
            Some(partial) if partial.rejected == 0 => {
                let message = printable(partial.message.as_bytes());
                log::warn!("{}: the receiver warns: {message}", self.url);
                Ok(())
            }
            Some(partial) => Err(Failure::PartialSuccess {
                rejected: partial.rejected,
                message: printable(partial.message.as_bytes()),
            }),
        }
    }
}

fn failure(error: &Error, budget: Duration) -> Failure {
    let message = error.to_string();
    match error {
        Error::Timeout(_) => Failure::Timeout { after: budget },
        Error::ConnectionFailed | Error::HostNotFound | Error::Tls(_) | Error::Rustls(_) => {
            Failure::Connect { message }
        }
        Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => {
            Failure::Connect { message }
        }
        _ => Failure::Broken { message },
    }
}

/// The beginning of somebody else's text, fit for a log line.
fn printable(bytes: &[u8]) -> String {
    const MOST: usize = 300;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST)]);
    let shown: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_short_and_printable() {
        assert_eq!(printable(b" a\r\n\x1b[31mb\xff "), "a   [31mb\u{fffd}");
        assert_eq!(printable(&[b'x'; 1_000]).len(), 300);
    }
}
