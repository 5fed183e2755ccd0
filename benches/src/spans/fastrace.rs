//! `fastrace` with its own conversion to what OpenTelemetry's exporters take.

use std::borrow::Cow;

use fastrace::collector::Config;
use fastrace_opentelemetry::OpenTelemetryReporter;
use opentelemetry::InstrumentationScope;

use super::encoder::{Encoder, resource};
use super::pipeline::Export;

/// The process's reporter. Its threads send through channels of 10,240 messages,
/// of which an operation takes four at most: a round fills none of them.
pub(super) struct Reporter(Encoder);

impl Reporter {
    /// With the default configuration.
    pub(super) fn start() -> Self {
        let encoder = Encoder::default();
        let scope = InstrumentationScope::builder("relayer").build();
        let resource = Cow::Owned(resource());
        let reporter = OpenTelemetryReporter::new(encoder.clone(), resource, scope);
        fastrace::set_reporter(reporter, Config::default());
        Self(encoder)
    }
}

impl Export for Reporter {
    fn flush(&self) -> u64 {
        fastrace::flush();
        self.0.encoded()
    }

    fn last(&self) -> Vec<u8> {
        self.0.last()
    }
}
