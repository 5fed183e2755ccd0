//! How requests are put on the wire: their format, and its compression.

/// The format of requests, under the names of `OTEL_EXPORTER_OTLP_PROTOCOL`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// `http/json`: OTLP as JSON, readable by people too.
    #[default]
    HttpJson,
    /// `http/protobuf`: OTLP as binary protobuf, a fraction of the size.
    HttpProtobuf,
}

/// What is done to a request's body before it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Nothing: the body goes out as it is.
    #[default]
    None,
    /// It is compressed with gzip.
    Gzip,
}

impl Protocol {
    /// `http/json` or `http/protobuf`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HttpJson => "http/json",
            Self::HttpProtobuf => "http/protobuf",
        }
    }

    /// The `otel.component.type` of an exporter of a `metric`, `log` or `span`.
    pub(crate) fn component_type(self, signal: &str) -> String {
        match self {
            Self::HttpJson => format!("otlp_http_json_{signal}_exporter"),
            Self::HttpProtobuf => format!("otlp_http_{signal}_exporter"),
        }
    }

    /// Of a request's body, and of the answer to it.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::HttpJson => "application/json",
            Self::HttpProtobuf => "application/x-protobuf",
        }
    }

    /// The one whose bodies have such a `content-type`, whatever its
    /// parameters.
    pub(crate) fn of_content_type(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        [Self::HttpJson, Self::HttpProtobuf]
            .into_iter()
            .find(|protocol| protocol.content_type().eq_ignore_ascii_case(essence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_known_in_any_case_and_with_parameters() {
        for (content_type, protocol) in [
            ("application/json", Some(Protocol::HttpJson)),
            ("Application/JSON; charset=utf-8", Some(Protocol::HttpJson)),
            ("application/x-protobuf", Some(Protocol::HttpProtobuf)),
            (
                " application/X-Protobuf ;v=1;",
                Some(Protocol::HttpProtobuf),
            ),
            ("application/jsonp", None),
            ("text/plain; application/json", None),
            ("", None),
        ] {
            assert_eq!(Protocol::of_content_type(content_type), protocol);
        }
    }
}
