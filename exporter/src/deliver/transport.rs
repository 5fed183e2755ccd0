//! One HTTP endpoint, spoken to through ureq.

use std::io;
use std::time::{Duration, Instant};

use rustls::AlertDescription;
use ureq::http::HeaderValue;
use ureq::http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use ureq::{Agent, Error, Timeout};

use super::failure::Failure;
use super::lane::Attempt;
use super::retry_after::RetryAfter;
use super::unlogged::unlogged;
use crate::config::{Compression, Route};
use crate::otlp::Body;
use crate::otlp::gzip::gzip;
use crate::otlp::response::{partial_success, printable, status_message};

/// By the specification, *User Agent*.
const USER_AGENT: &str = concat!("OTel-OTLP-Exporter-Rust/", env!("CARGO_PKG_VERSION"));

/// Sends requests to one URL, one at a time, over a kept connection.
pub(crate) struct Transport {
    agent: Agent,
    url: String,
    route: Route,
}

/// The port of most proxies closes a connection after a minute or two; `ureq`
/// looks whether one is still open before it uses it.
const KEEP_ALIVE: Duration = Duration::from_secs(90);

impl Transport {
    pub(crate) fn new(route: &Route) -> Self {
        let agent = Agent::config_builder()
            // A status is an answer to be read, not an error.
            .http_status_as_error(false)
            // A redirected POST would arrive as a GET without its body.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections_per_host(1)
            .max_idle_age(KEEP_ALIVE)
            .timeout_global(Some(route.timeout))
            .timeout_resolve(Some(route.connect_timeout))
            .timeout_connect(Some(route.connect_timeout))
            .user_agent(USER_AGENT)
            .tls_config(route.tls.config())
            .build()
            .new_agent();
        Self {
            agent,
            url: route.url.to_string(),
            route: route.clone(),
        }
    }

    pub(crate) fn send(&self, body: &Body) -> Attempt {
        let start = Instant::now();
        let (failure, retry_after) = match self.exchange(body) {
            Ok(()) => (None, None),
            Err((failure, retry_after)) => (Some(failure), retry_after),
        };
        Attempt {
            failure,
            retry_after,
            duration: start.elapsed(),
        }
    }

    fn exchange(&self, body: &Body) -> Result<(), (Failure, Option<RetryAfter>)> {
        // The encoder's limit may be lower: what the receiver was found to take.
        if let Some(item) = &body.oversized
            && body.bytes.len() > self.route.max_request_bytes
        {
            let failure = Failure::TooLarge {
                item: item.clone(),
                bytes: body.bytes.len(),
                limit: self.route.max_request_bytes,
            };
            return Err((failure, None));
        }
        let mut request = self
            .agent
            .post(&self.url)
            .header(CONTENT_TYPE, self.route.protocol.content_type());
        for (name, value) in &self.route.headers {
            request = request.header(name, value.reveal());
        }
        let sent = unlogged(|| match self.route.compression {
            Compression::Gzip => request
                .header(CONTENT_ENCODING, "gzip")
                .send(&gzip(&body.bytes)[..]),
            _ => request.send(&body.bytes[..]),
        });
        let mut response = sent.map_err(|error| (self.failure(&error), None))?;
        let status = response.status();
        let header = |name| {
            let value: Option<&HeaderValue> = response.headers().get(name);
            value
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let content_type = header(CONTENT_TYPE);
        let retry_after = header(RETRY_AFTER).and_then(|value| RetryAfter::parse(&value));
        let location = header(LOCATION);
        let answer = response.body_mut().with_config();
        let answer = answer.limit(self.route.max_response_bytes);
        let answer = unlogged(|| answer.read_to_vec());
        if status.is_success() {
            return self
                .read_success(content_type.as_deref(), answer)
                .map_err(|f| (f, None));
        }
        let body = match location {
            Some(location) if status.is_redirection() => {
                // The query may hold a token.
                let end = location.find(['?', '#']).unwrap_or(location.len());
                let place = printable(&location.as_bytes()[..end]);
                format!("redirects to {place}, which is not followed")
            }
            _ => status_message(content_type.as_deref(), &answer.unwrap_or_default()),
        };
        let status = status.as_u16();
        Err((Failure::Status { status, body }, retry_after))
    }

    /// The status has said that the request was taken; an answer that can't be
    /// read does not take that back.
    fn read_success(
        &self,
        content_type: Option<&str>,
        answer: Result<Vec<u8>, Error>,
    ) -> Result<(), Failure> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                log::warn!("{}: unreadable answer: {error}", self.url);
                return Ok(());
            }
        };
        if content_type.is_some_and(|value| value.starts_with("text/html")) {
            log::warn!(
                "{}: answers with a web page; is it an OTLP receiver?",
                self.url
            );
        }
        match partial_success(self.route.protocol, content_type, &answer) {
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

    fn failure(&self, error: &Error) -> Failure {
        let message = error.to_string();
        match error {
            Error::Timeout(Timeout::Resolve | Timeout::Connect) => Failure::Connect { message },
            Error::Timeout(_) => Failure::Timeout {
                after: self.route.timeout,
            },
            Error::ConnectionFailed | Error::HostNotFound | Error::Tls(_) | Error::Rustls(_) => {
                Failure::Connect { message }
            }
            Error::Io(io) if is_before_the_request(io) => Failure::Connect { message },
            _ => Failure::Broken { message },
        }
    }
}

/// Whether no byte of a request can have been read: a refused connection, or a
/// TLS handshake that failed. That of TLS 1.3 can fail while the request is
/// already under way, for want of a client certificate; it is not read then.
fn is_before_the_request(error: &io::Error) -> bool {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    match tls {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::PeerIncompatible(_)) => true,
        Some(rustls::Error::AlertReceived(alert)) => matches!(
            alert,
            AlertDescription::HandshakeFailure
                | AlertDescription::NoCertificate
                | AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::CertificateRequired
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied
                | AlertDescription::DecryptError // of a signature
                | AlertDescription::ProtocolVersion
        ),
        _ => error.kind() == io::ErrorKind::ConnectionRefused,
    }
}
