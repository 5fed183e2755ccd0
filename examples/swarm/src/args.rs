//! The command line, and where telemetry goes.

use std::env;
use std::error::Error;

use lexopt::prelude::{Long, Short, ValueExt};
use pqcnet_telemetry::TelemetryConfig;

pub(crate) const USAGE: &str = "\
usage: pqcnet-telemetry-swarm-example [--endpoint URL]

  --endpoint URL    deliver traces to this OTLP/HTTP endpoint; unless given, to
                    where OTEL_EXPORTER_OTLP_ENDPOINT says, or nowhere
  --help            print this
";

/// The configuration that the process's arguments and environment ask for; `None`
/// where they ask for help.
pub(crate) fn config() -> Result<Option<TelemetryConfig>, Box<dyn Error>> {
    let mut endpoint: Option<String> = None;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("endpoint") => endpoint = Some(parser.value()?.string()?),
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    let config = match endpoint {
        Some(url) => TelemetryConfig::new(&url),
        None if env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some() => {
            TelemetryConfig::from_env()?
        }
        None => {
            println!("no --endpoint and no OTEL_EXPORTER_OTLP_ENDPOINT: nothing is sent");
            TelemetryConfig::from_env()?.without_delivery()
        }
    };
    config.validate()?;
    if config.labels().contains_key("service.name") {
        return Ok(Some(config));
    }
    Ok(Some(config.with_label("service.name", "p2p-swarm")))
}
