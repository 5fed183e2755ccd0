//! The command line.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use lexopt::Parser;
use lexopt::prelude::{Long, Short, ValueExt};
use pqcnet_telemetry::TelemetryConfig;

pub(crate) const USAGE: &str = "\
usage: relayer [options]

  --listen ADDR     accept clients on host:port; 127.0.0.1:0 unless given
  --upstream ADDR   relay to host:port, resolved once; unless given, to an
                    upstream of its own, with clients of its own
  --endpoint URL    deliver telemetry to this OTLP/HTTP endpoint
  --config FILE     read the [telemetry] table of this TOML file; --endpoint
                    goes over its endpoints
  --sessions N      stop after N sessions
  --seconds N       stop after N seconds; 3 without --upstream
  --help            print this

With --upstream and neither --endpoint nor --config, telemetry goes where the
OTEL_* variables say. Without all three it goes to a sink of its own.
";

pub(crate) struct Args {
    pub(crate) listen: Vec<SocketAddr>,
    /// `None`: one of its own.
    pub(crate) upstream: Option<Vec<SocketAddr>>,
    /// `None`: to a sink of its own.
    pub(crate) telemetry: Option<TelemetryConfig>,
    pub(crate) sessions: Option<u64>,
    pub(crate) seconds: Option<u64>,
}

impl Args {
    /// The process's arguments; `None` where they ask for help.
    pub(crate) fn parse() -> Result<Option<Self>, lexopt::Error> {
        let mut args = Self {
            listen: vec![([127, 0, 0, 1], 0).into()],
            upstream: None,
            telemetry: None,
            sessions: None,
            seconds: None,
        };
        let (mut endpoint, mut file) = (None, None);
        let mut parser = Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("listen") => args.listen = addresses("--listen", &mut parser)?,
                Long("upstream") => args.upstream = Some(addresses("--upstream", &mut parser)?),
                Long("endpoint") => endpoint = Some(parser.value()?.string()?),
                Long("config") => file = Some(PathBuf::from(parser.value()?)),
                Long("sessions") => args.sessions = Some(count("--sessions", &mut parser)?),
                Long("seconds") => args.seconds = Some(count("--seconds", &mut parser)?),
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        if endpoint.is_some() || file.is_some() || args.upstream.is_some() {
            args.telemetry = Some(telemetry(file.as_deref(), endpoint.as_deref())?);
        }
        Ok(Some(args))
    }
}

fn addresses(name: &str, parser: &mut Parser) -> Result<Vec<SocketAddr>, lexopt::Error> {
    let value = parser.value()?.string()?;
    match value.to_socket_addrs() {
        Ok(addresses) => Ok(addresses.collect()),
        Err(error) => Err(format!("{name} {value:?}: {error}").into()),
    }
}

fn count(name: &str, parser: &mut Parser) -> Result<u64, lexopt::Error> {
    let value = parser.value()?.string()?;
    match value.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{name} {value:?}: it must be a whole number above zero").into()),
    }
}

fn telemetry(file: Option<&Path>, endpoint: Option<&str>) -> Result<TelemetryConfig, String> {
    let mut config = match file {
        Some(file) => {
            let name = format!("--config {}", file.display());
            let text = std::fs::read_to_string(file).map_err(|e| format!("{name}: {e}"))?;
            TelemetryConfig::from_toml(&text).map_err(|e| format!("{name}: {e}"))?
        }
        None => TelemetryConfig::from_env().map_err(|e| e.to_string())?,
    };
    if let Some(url) = endpoint {
        config = config.with_endpoint(url);
        config.validate().map_err(|e| format!("--endpoint: {e}"))?;
    }
    Ok(config)
}
