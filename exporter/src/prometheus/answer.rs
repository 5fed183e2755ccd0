//! What a request gets.

use std::borrow::Cow;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};
use subtle::ConstantTimeEq;

use super::encoding::takes_gzip;
use super::pages::PageFormat;
use crate::config::{ScrapeSettings, Secret};
use crate::otlp::gzip::gzip;

/// Less is not worth compressing.
const SMALL: usize = 1_024;

/// A body that is there.
pub(super) struct Whole(Bytes);

impl Whole {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.0);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

/// Answers `request`, with a page from `render` if it asks for one.
///
/// First whether it is a request, then who asks, then for what: without the
/// token nobody learns anything else.
pub(super) fn answer(
    settings: &ScrapeSettings,
    request: &Request<Incoming>,
    render: impl FnOnce(PageFormat) -> Vec<u8>,
) -> Response<Whole> {
    let headers = request.headers();
    let hosts = headers.get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        // RFC 9112, 3.2.
        return text(StatusCode::BAD_REQUEST, "one Host header is needed\n");
    }
    if let Some(token) = &settings.token
        && let Err(challenge) = authorize(token, headers)
    {
        let mut response = text(StatusCode::UNAUTHORIZED, "a bearer token is needed\n");
        set(&mut response, header::WWW_AUTHENTICATE, challenge);
        return response;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(
            StatusCode::METHOD_NOT_ALLOWED,
            "GET or HEAD, nothing else\n",
        );
        set(&mut response, header::ALLOW, "GET, HEAD");
        return response;
    }
    let path = request.uri().path();
    let mut response = if path == settings.path {
        page(settings, headers, render)
    } else if path == "/" {
        text(
            StatusCode::OK,
            format!("metrics are at {}\n", settings.path),
        )
    } else {
        let hint = format!("nothing here; metrics are at {}\n", settings.path);
        text(StatusCode::NOT_FOUND, hint)
    };
    if request.method() == Method::HEAD {
        // The length stays, in the header.
        *response.body_mut() = Whole(Bytes::new());
    }
    if !request.body().is_end_stream() {
        // It is not read, so what comes next can't be found.
        set(&mut response, header::CONNECTION, "close");
    }
    response
}

fn page(
    settings: &ScrapeSettings,
    headers: &HeaderMap,
    render: impl FnOnce(PageFormat) -> Vec<u8>,
) -> Response<Whole> {
    let accept = all(headers, &header::ACCEPT);
    let format = if settings.has_native_histograms {
        PageFormat::negotiate(&accept)
    } else {
        PageFormat::negotiate_text(&accept)
    };
    let mut bytes = render(format);
    let is_gzip = bytes.len() >= SMALL && takes_gzip(&all(headers, &header::ACCEPT_ENCODING));
    if is_gzip {
        bytes = gzip(&bytes);
    }
    let mut response = whole(StatusCode::OK, format.content_type(), bytes.into());
    set(&mut response, header::VARY, "accept, accept-encoding");
    if is_gzip {
        set(&mut response, header::CONTENT_ENCODING, "gzip");
    }
    response
}

/// A list that may be in several headers, as one.
fn all<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Cow<'a, str> {
    let mut values = headers.get_all(name).iter();
    let values = values
        .by_ref()
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    values
        .reduce(|list, more| format!("{list}, {more}").into())
        .unwrap_or_default()
}

/// Whether the token is shown; otherwise what to ask for. RFC 6750, 3.
fn authorize(token: &Secret, headers: &HeaderMap) -> Result<(), &'static str> {
    const MISSING: &str = "Bearer realm=\"metrics\"";
    const WRONG: &str = "Bearer realm=\"metrics\", error=\"invalid_token\"";
    let shown = headers
        .get(header::AUTHORIZATION)
        .ok_or(MISSING)?
        .as_bytes();
    let space = shown.iter().position(|byte| *byte == b' ').ok_or(MISSING)?;
    let (scheme, shown) = shown.split_at(space);
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(MISSING);
    }
    // In a time that says nothing of where they differ.
    let is_right = shown.trim_ascii().ct_eq(token.reveal().as_bytes());
    if is_right.into() { Ok(()) } else { Err(WRONG) }
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Whole> {
    whole(status, "text/plain; charset=utf-8", text.into())
}

fn whole(status: StatusCode, content_type: &'static str, bytes: Bytes) -> Response<Whole> {
    let length = bytes.len();
    let mut response = Response::new(Whole(bytes));
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE, content_type);
    set(&mut response, header::CACHE_CONTROL, "no-store");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, length.into());
    response
}

fn set(response: &mut Response<Whole>, name: HeaderName, value: &'static str) {
    let headers = response.headers_mut();
    headers.insert(name, HeaderValue::from_static(value));
}
