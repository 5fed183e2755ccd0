//! What a receiver answers: `Export…ServiceResponse` with a status 2xx, and
//! often a `google.rpc.Status` with another.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use prost::Message;
use serde::{Deserialize, Deserializer};

use crate::config::Protocol;

/// A receiver's word that it did not take everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartialSuccess {
    /// Data points, log records or spans refused; they must not be sent again. Zero
    /// makes the message a warning.
    pub(crate) rejected: u64,
    pub(crate) message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    partial_success: Option<Fields>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    #[serde(default, deserialize_with = "lenient_count")]
    rejected_data_points: u64,
    #[serde(default, deserialize_with = "lenient_count")]
    rejected_log_records: u64,
    #[serde(default, deserialize_with = "lenient_count")]
    rejected_spans: u64,
    error_message: Option<String>,
}

/// `google.rpc.Status`, what there is of it for people.
#[derive(Deserialize, Message)]
struct Status {
    #[prost(string, tag = "2")]
    message: String,
}

/// Reads the body of a successful answer to a request of this protocol. An
/// empty body, one that can't be read, and one without a filled partial
/// success all mean full success: the receivers in use send each of them.
pub(crate) fn partial_success(
    protocol: Protocol,
    content_type: Option<&str>,
    body: &[u8],
) -> Option<PartialSuccess> {
    let answered = content_type.and_then(Protocol::of_content_type);
    let (rejected, message) = match answered.unwrap_or(protocol) {
        Protocol::HttpJson => {
            let response: Response = serde_json::from_slice(body).ok()?;
            let fields = response.partial_success?;
            let rejected = fields
                .rejected_data_points
                .saturating_add(fields.rejected_log_records)
                .saturating_add(fields.rejected_spans);
            (rejected, fields.error_message.unwrap_or_default())
        }
        Protocol::HttpProtobuf => {
            // Those for logs and traces have the same fields and numbers.
            let response = ExportMetricsServiceResponse::decode(body).ok()?;
            let fields = response.partial_success?;
            let rejected = u64::try_from(fields.rejected_data_points).unwrap_or(0);
            (rejected, fields.error_message)
        }
    };
    (rejected > 0 || !message.is_empty()).then_some(PartialSuccess { rejected, message })
}

/// An int64, which proto3 JSON writes as a string and sloppy servers as a
/// number. What is neither counts as none.
fn lenient_count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(match &value {
        serde_json::Value::String(text) => text.trim().parse().unwrap_or(0),
        other => other.as_u64().unwrap_or(0),
    })
}

/// What an answer that is no success says to people: the message of a
/// `google.rpc.Status`, or the text as it is.
pub(crate) fn status_message(content_type: Option<&str>, body: &[u8]) -> String {
    let status = match content_type.and_then(Protocol::of_content_type) {
        Some(Protocol::HttpProtobuf) => Status::decode(body).ok(),
        // What says that it is text may be JSON all the same.
        Some(Protocol::HttpJson) | None => serde_json::from_slice(body).ok(),
    };
    let message = status.map(|status: Status| printable(status.message.as_bytes()));
    message
        .filter(|message| !message.is_empty())
        .unwrap_or_else(|| printable(body))
}

/// The beginning of somebody else's text, fit for a log line.
pub(crate) fn printable(bytes: &[u8]) -> String {
    const MOST: usize = 300;
    // Not cut inside a character, which may take three bytes more.
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST + 3)]);
    let shown: String = text[..text.floor_char_boundary(MOST)]
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::logs::v1::{
        ExportLogsPartialSuccess, ExportLogsServiceResponse,
    };
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceResponse,
    };
    use proptest::prelude::*;

    const JSON: &str = "application/json; charset=utf-8";
    const PROTOBUF: &str = "application/x-protobuf";

    fn in_json(body: &str) -> Option<PartialSuccess> {
        partial_success(Protocol::HttpJson, None, body.as_bytes())
    }

    fn in_protobuf(rejected_log_records: i64, error_message: &str) -> Vec<u8> {
        let response = ExportLogsServiceResponse {
            partial_success: Some(ExportLogsPartialSuccess {
                rejected_log_records,
                error_message: error_message.to_owned(),
            }),
        };
        response.encode_to_vec()
    }

    fn partial(rejected: u64, message: &str) -> PartialSuccess {
        PartialSuccess {
            rejected,
            message: message.to_owned(),
        }
    }

    #[test]
    fn full_success_has_many_faces() {
        for body in [
            "",
            "{}",
            "null",
            "[]",
            r#"{"partialSuccess":{}}"#,
            r#"{"partialSuccess":null}"#,
            r#"{"partialSuccess":{"rejectedDataPoints":"0"}}"#,
            r#"{"partialSuccess":{"rejectedDataPoints":-3,"errorMessage":null}}"#,
            r#"{"unknown":[1,2]}"#,
            "<html>OK</html>",
        ] {
            for protocol in [Protocol::HttpJson, Protocol::HttpProtobuf] {
                let found = partial_success(protocol, None, body.as_bytes());
                assert_eq!(found, None, "{body}");
            }
        }
        for body in [in_protobuf(0, ""), in_protobuf(-3, ""), vec![0x0a, 200]] {
            let found = partial_success(Protocol::HttpProtobuf, None, &body);
            assert_eq!(found, None, "{body:?}");
        }
    }

    #[test]
    fn counts_come_as_strings_or_numbers() {
        for (body, expected) in [
            (
                r#"{"partialSuccess":{"rejectedDataPoints":"7","errorMessage":"too old"}}"#,
                partial(7, "too old"),
            ),
            (
                r#"{"partialSuccess":{"rejectedDataPoints":7}}"#,
                partial(7, ""),
            ),
            (
                r#"{"partialSuccess":{"rejectedLogRecords":"2","x":1}}"#,
                partial(2, ""),
            ),
            (
                r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"no room"}}"#,
                partial(3, "no room"),
            ),
            (
                r#"{"partialSuccess":{"errorMessage":"slow down"}}"#,
                partial(0, "slow down"),
            ),
        ] {
            assert_eq!(in_json(body), Some(expected), "{body}");
        }
    }

    #[test]
    fn all_signals_count_what_was_rejected_in_one_field() {
        let response = ExportTraceServiceResponse {
            partial_success: Some(ExportTracePartialSuccess {
                rejected_spans: 7,
                error_message: "too old".to_owned(),
            }),
        };
        let body = response.encode_to_vec();
        assert_eq!(body, in_protobuf(7, "too old"));
        let found = partial_success(Protocol::HttpProtobuf, None, &body);
        assert_eq!(found, Some(partial(7, "too old")));
    }

    #[test]
    fn answers_are_read_as_what_they_say_they_are() {
        let json = br#"{"partialSuccess":{"rejectedDataPoints":"7"}}"#;
        let protobuf = in_protobuf(7, "");
        let expected = Some(partial(7, ""));
        for protocol in [Protocol::HttpJson, Protocol::HttpProtobuf] {
            assert_eq!(partial_success(protocol, Some(JSON), json), expected);
            let found = partial_success(protocol, Some(PROTOBUF), &protobuf);
            assert_eq!(found, expected);
        }
        for other in [None, Some("text/plain")] {
            assert_eq!(partial_success(Protocol::HttpJson, other, json), expected);
            let found = partial_success(Protocol::HttpProtobuf, other, &protobuf);
            assert_eq!(found, expected);
        }
        let warning = in_protobuf(-1, "slow down");
        let found = partial_success(Protocol::HttpProtobuf, None, &warning);
        assert_eq!(found, Some(partial(0, "slow down")));
    }

    #[test]
    fn refusals_say_what_their_status_says() {
        let json = br#"{"code":3,"message":"too\nold","details":[]}"#;
        for content_type in [Some(JSON), Some("text/plain"), None] {
            assert_eq!(status_message(content_type, json), "too old");
        }
        let protobuf = b"\x08\x03\x12\x07too old\x1a\x02\x0a\x00";
        assert_eq!(status_message(Some(PROTOBUF), protobuf), "too old");
        for body in [
            "no such page",
            "{}",
            r#"{"message":""}"#,
            r#"{"message":7}"#,
        ] {
            for content_type in [Some(JSON), Some(PROTOBUF), None] {
                assert_eq!(status_message(content_type, body.as_bytes()), body);
            }
        }
    }

    #[test]
    fn foreign_text_is_short_and_printable() {
        assert_eq!(printable(b" a\r\n\x1b[31mb\xff "), "a   [31mb\u{fffd}");
        assert_eq!(printable(&[b'x'; 1_000]).len(), 300);
        assert_eq!(printable(&[0xff; 1_000]).len(), 300);
        // 299 bytes, and a character that does not fit.
        let text = format!("{}🦀", "x".repeat(299));
        assert_eq!(printable(text.as_bytes()), "x".repeat(299));
        let text = format!("{}🦀🦀", "x".repeat(296));
        assert_eq!(printable(text.as_bytes()), text[..300]);
    }

    proptest! {
        #[test]
        fn no_body_panics(
            body in prop::collection::vec(any::<u8>(), 0..400),
            content_type in prop::option::of(prop::sample::select(vec![JSON, PROTOBUF, ""])),
        ) {
            for protocol in [Protocol::HttpJson, Protocol::HttpProtobuf] {
                let _ = partial_success(protocol, content_type, &body);
            }
            let message = status_message(content_type, &body);
            prop_assert!(message.len() <= 300);
            prop_assert!(!message.contains(char::is_control));
        }

        #[test]
        fn no_json_panics(text in r#"\{"partialSuccess":\{("rejectedDataPoints":("-?[0-9]{0,30}"|-?[0-9]{1,30}|null|[0-9]\.[0-9]e[0-9]{1,4}))?\}\}"#) {
            let _ = in_json(&text);
        }

        #[test]
        fn no_damaged_protobuf_panics(
            rejected in any::<i64>(),
            message in ".{0,40}",
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut body = in_protobuf(rejected, &message);
            if !body.is_empty() {
                let at = at.index(body.len());
                body[at] = byte;
            }
            let _ = partial_success(Protocol::HttpProtobuf, Some(PROTOBUF), &body);
            let _ = status_message(Some(PROTOBUF), &body);
        }
    }
}
