//! What the peer says: the bytes of its answers.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceResponse,
};
use pqcnet_telemetry::Protocol;
use prost::Message;

use crate::fault::{Form, Oddity};

/// The client reads no more of an answer.
pub(crate) const MAX_RESPONSE_BYTES: usize = 4_096;

/// A token of the peer's own, in a place where clients print it with ease.
pub(crate) const SECRET: &str = "hunter2";

/// An answer, and what is sent of it.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.into())],
            body: body.into(),
        }
    }

    pub(crate) fn well(protocol: Protocol) -> Self {
        match protocol {
            Protocol::HttpProtobuf => Self::new(200, "application/x-protobuf", ""),
            _ => Self::new(200, "application/json", "{}"),
        }
    }

    pub(crate) fn odd(oddity: Oddity, protocol: Protocol) -> Self {
        let page = "<!doctype html><title>welcome</title>";
        match oddity {
            Oddity::WebPage => Self::new(200, "text/html; charset=utf-8", page),
            Oddity::WrongType => Self::new(200, "image/png", "\u{89}PNG"),
            Oddity::Oversized => {
                let body = vec![b' '; 16 * MAX_RESPONSE_BYTES];
                Self::new(200, "application/json", body)
            }
            Oddity::GzipBomb => {
                let mut answer = Self::new(200, "application/json", bomb());
                answer.headers.push(("content-encoding", "gzip".into()));
                answer
            }
            Oddity::Warning => {
                let body = r#"{"partialSuccess":{"errorMessage":"slow down, will you"}}"#;
                Self::new(200, "application/json", body)
            }
            Oddity::HalfABody | Oddity::ByteByByte => {
                let mut answer = Self::well(protocol);
                if answer.body.is_empty() {
                    answer.body = vec![0x0a, 0x00]; // an empty partial success
                }
                answer
            }
        }
    }

    pub(crate) fn partial(rejected: usize, form: Form, is_logs: bool) -> Self {
        let field = if is_logs {
            "rejectedLogRecords"
        } else {
            "rejectedDataPoints"
        };
        let in_json = |count: String| {
            let text = format!(
                "{{\"partialSuccess\":{{\"{field}\":{count},\"errorMessage\":\"too old\"}}}}"
            );
            Self::new(200, "application/json", text)
        };
        match form {
            Form::Number => in_json(rejected.to_string()),
            Form::Text => in_json(format!("\"{rejected}\"")),
            Form::Protobuf => {
                // That of logs has the same fields under the same numbers.
                let response = ExportMetricsServiceResponse {
                    partial_success: Some(ExportMetricsPartialSuccess {
                        rejected_data_points: rejected as i64,
                        error_message: "too old".into(),
                    }),
                };
                let body = response.encode_to_vec();
                Self::new(200, "application/x-protobuf", body)
            }
        }
    }

    pub(crate) fn status(code: u16, is_wordy: bool) -> Self {
        let mut answer = match code {
            400 if is_wordy => Self::new(400, "text/plain", "request body too large"),
            300..400 => Self::new(code, "text/html", "<a href=elsewhere>moved</a>"),
            _ if is_wordy => Self::new(code, "application/json", r#"{"message":"no, thank you"}"#),
            _ => Self::new(code, "text/plain", ""),
        };
        if (300..400).contains(&code) {
            let place = format!("http://127.0.0.1:1/login?token={SECRET}");
            answer.headers.push(("location", place));
        }
        answer
    }

    /// The status line and the headers.
    pub(crate) fn head(&self, closes: bool) -> Vec<u8> {
        let mut head = Vec::new();
        let mut line = |text: &str| head.extend_from_slice(&[text.as_bytes(), b"\r\n"].concat());
        line(&format!("HTTP/1.1 {} Whatever", self.status));
        for (name, value) in &self.headers {
            line(&format!("{name}: {value}"));
        }
        if closes {
            line("connection: close");
        }
        line(&format!("content-length: {}", self.body.len()));
        line("");
        head
    }
}

/// 3 MiB of zeros: within the limit, as long as nobody unpacks it.
fn bomb() -> Vec<u8> {
    static BOMB: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let packed = || {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        for _ in 0..3 {
            encoder
                .write_all(&vec![0; 1 << 20])
                .expect("a Vec takes all");
        }
        let bomb = encoder.finish().expect("a Vec takes all");
        assert!(bomb.len() < MAX_RESPONSE_BYTES);
        bomb
    };
    BOMB.get_or_init(packed).clone()
}
