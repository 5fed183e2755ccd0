//! What a receiver answers with status 2xx: `Export…ServiceResponse`.

use serde::{Deserialize, Deserializer};

/// A receiver's word that it did not take everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartialSuccess {
    /// Data points or log records refused; they must not be sent again. Zero
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
    error_message: Option<String>,
}

/// Reads the body of a successful answer. An empty body, one that is not JSON,
/// and one without a filled `partialSuccess` all mean full success: the
/// receivers in use send each of them.
pub(crate) fn partial_success(body: &[u8]) -> Option<PartialSuccess> {
    let response: Response = serde_json::from_slice(body).ok()?;
    let fields = response.partial_success?;
    let rejected = fields
        .rejected_data_points
        .saturating_add(fields.rejected_log_records);
    let message = fields.error_message.unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            assert_eq!(partial_success(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn counts_come_as_strings_or_numbers() {
        for (body, rejected, message) in [
            (
                r#"{"partialSuccess":{"rejectedDataPoints":"7","errorMessage":"too old"}}"#,
                7,
                "too old",
            ),
            (r#"{"partialSuccess":{"rejectedDataPoints":7}}"#, 7, ""),
            (
                r#"{"partialSuccess":{"rejectedLogRecords":"2","x":1}}"#,
                2,
                "",
            ),
            (
                r#"{"partialSuccess":{"errorMessage":"slow down"}}"#,
                0,
                "slow down",
            ),
        ] {
            let expected = PartialSuccess {
                rejected,
                message: message.into(),
            };
            assert_eq!(partial_success(body.as_bytes()), Some(expected), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = partial_success(&body);
        }

        #[test]
        fn no_json_panics(text in r#"\{"partialSuccess":\{("rejectedDataPoints":("-?[0-9]{0,30}"|-?[0-9]{1,30}|null|[0-9]\.[0-9]e[0-9]{1,4}))?\}\}"#) {
            let _ = partial_success(text.as_bytes());
        }
    }
}
