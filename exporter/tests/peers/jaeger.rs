//! Jaeger, which takes OTLP traces: what it answers to queries is what was sent.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::Error;

use crate::fixture::lasting_address;
use crate::process::{Folder, Process, eventually};

use trace::Trace;

mod answer;
mod hand_made;
mod sent;
mod trace;
#[cfg(feature = "tracing")]
mod traced;

/// A Jaeger of this test's own, with nothing in it; killed when dropped.
pub(crate) struct Jaeger {
    _process: Process,
    otlp: String,
    queries: String,
    _folder: Folder,
}

impl Jaeger {
    pub(crate) fn start() -> Self {
        let folder = Folder::new("jaeger");
        let [otlp, queries] = [lasting_address(), lasting_address()];
        let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/jaeger/config.yaml");
        let environment = [("JAEGER_OTLP", &*otlp), ("JAEGER_QUERY", &*queries)];
        let is_ready = || {
            let nothing = ureq::post(format!("http://{otlp}/v1/traces"))
                .content_type("application/json")
                .send("{}");
            let services = ureq::get(format!("http://{queries}/api/services")).call();
            nothing.is_ok() && services.is_ok()
        };
        let process = Process::start_with(
            "PQCNET_JAEGER",
            ["--config", config],
            environment,
            &folder,
            is_ready,
        );
        Self {
            _process: process,
            otlp,
            queries,
            _folder: folder,
        }
    }

    /// Where its OTLP goes; the endpoint of traces is `/v1/traces` below it.
    pub(crate) fn otlp(&self) -> String {
        format!("http://{}", self.otlp)
    }

    /// The trace of this id, in 32 hexadecimal digits, once it has at least so
    /// many spans.
    pub(crate) fn trace(&self, id: &str, spans: usize) -> Trace {
        let mut found = None;
        let is_whole = eventually(|| {
            // As it was sent, not as it would be shown.
            let traces: Option<Vec<Trace>> = self.ask(&format!("traces/{id}"), &[("raw", "true")]);
            found = traces.and_then(|mut traces| traces.pop());
            found
                .as_ref()
                .is_some_and(|trace| trace.spans.len() >= spans)
        });
        assert!(is_whole, "not {spans} spans of {id}: {found:?}");
        found.unwrap()
    }

    /// The services of which it has spans, in order.
    pub(crate) fn services(&self) -> Vec<String> {
        let mut services: Vec<String> = self.ask("services", &[]).unwrap_or_default();
        services.sort();
        services
    }

    /// The traces, whole and of any time, that have a span of this service and
    /// this name by now: those of requests that were answered are.
    pub(crate) fn find(&self, service: &str, operation: &str) -> Vec<Trace> {
        let parameters = [
            ("service", service),
            ("operation", operation),
            ("raw", "true"),
            // In microseconds: the year 2255, or else the last days count.
            ("start", "0"),
            ("end", "9000000000000000"),
            ("limit", "10000"),
        ];
        self.ask("traces", &parameters).unwrap_or_default()
    }

    /// What it answers to a query; nothing where it knows of nothing.
    fn ask<T: DeserializeOwned>(&self, path: &str, parameters: &[(&str, &str)]) -> Option<T> {
        #[derive(Deserialize)]
        struct Answer<T> {
            data: Option<T>,
        }

        let answer = ureq::get(format!("http://{}/api/{path}", self.queries))
            .query_pairs(parameters.iter().copied())
            .call();
        let mut answer = match answer {
            Err(Error::StatusCode(404)) => return None,
            answer => answer.unwrap_or_else(|error| panic!("{path}: {error}")),
        };
        let text = answer.body_mut().read_to_string().unwrap();
        let answer: Answer<T> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
        answer.data
    }
}
