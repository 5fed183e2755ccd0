//! A TCP relay that records what it does: chunks and bytes each way, open
//! connections, latency, retries, and an ML-KEM-768 key for each session.
//!
//!     cargo run -p pqcnet-telemetry --example relayer
//!
//! Without arguments it drives itself: clients send through the relay to an
//! echoing upstream for three seconds, and telemetry goes to a sink, all on
//! loopback. You should see a table of totals and `all totals agree`: what the
//! relay counted on its own, what the flushes say they delivered, and what the
//! sink received.
//!
//! With arguments it stands in front of anything, until SIGINT or SIGTERM:
//!
//!     cargo run -p pqcnet-telemetry --example relayer -- \
//!         --listen 127.0.0.1:8080 --upstream 127.0.0.1:8000 \
//!         --endpoint http://127.0.0.1:4318
//!
//! Built with `--features prometheus`, it also serves a page to be scraped, if
//! the configuration has `[telemetry.prometheus]` or the environment
//! `OTEL_EXPORTER_PROMETHEUS_PORT`. Built with `--features tracing`, it sends a
//! trace of each session: the key, the connection, and a span for each direction.
//!
//! The relay passes bytes on as they are: the keys are made, used and thrown
//! away, so that the audit trail speaks of key exchanges that took place.

use std::error::Error;
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use pqcnet_telemetry::{Flusher, TelemetryConfig, TelemetryHandle};

#[path = "relayer/args.rs"]
mod args;
#[path = "relayer/drive.rs"]
mod drive;
#[path = "relayer/instruments.rs"]
mod instruments;
#[path = "relayer/kem.rs"]
mod kem;
#[path = "relayer/metrics.rs"]
mod metrics;
#[path = "relayer/relay.rs"]
mod relay;
#[cfg(feature = "prometheus")]
#[path = "relayer/scrape.rs"]
mod scrape;
#[path = "support/sink.rs"]
mod sink;
#[path = "relayer/stop.rs"]
mod stop;
#[path = "relayer/totals.rs"]
mod totals;
#[path = "relayer/traced.rs"]
mod traced;

use args::Args;
use metrics::Metrics;
use relay::Relay;
use stop::Stop;
use totals::Totals;

/// How long the end may take, where the collector is in trouble.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let args = match Args::parse() {
        Ok(Some(args)) => args,
        Ok(None) => {
            print!("{}", args::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("relayer: {message}");
            return ExitCode::from(2);
        }
    };
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("relayer: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(&args.listen[..])
        .map_err(|error| format!("--listen {:?}: {error}", args.listen))?;
    let address = listener.local_addr()?;
    let stop = Arc::new(Stop::new(address));
    let on_signal = Arc::clone(&stop);
    ctrlc::set_handler(move || on_signal.request())?;

    let (config, sink) = match args.telemetry {
        Some(config) => (config, None),
        None => drive::start_sink(),
    };
    for warning in config.warnings() {
        eprintln!("relayer: {warning}");
    }
    let telemetry = TelemetryHandle::from_config(named(config))?;
    #[cfg(feature = "tracing")]
    traced::install(&telemetry)?;
    let metrics = Metrics::register(&telemetry)?;
    let delivered = Arc::<Mutex<Totals>>::default();
    let flusher = flush_into(&telemetry, &delivered);

    #[cfg(feature = "prometheus")]
    let _scraped = scrape::serve(&telemetry)?;
    println!("listening on {address}");
    let is_driven = args.upstream.is_none();
    let upstream = args.upstream.map_or_else(drive::start_upstream, Ok)?;
    let clients = is_driven.then(|| {
        let (stop, seconds) = (Arc::clone(&stop), args.seconds.unwrap_or(3));
        let limit = args.sessions.unwrap_or(u64::MAX);
        thread::spawn(move || drive::run(address, seconds, limit, &stop))
    });
    if let (Some(seconds), false) = (args.seconds, is_driven) {
        stop_after(seconds, &stop);
    }

    let relayed = Relay::new(metrics, upstream, &stop).run(listener, args.sessions);
    // The last flush has been reported, as all others.
    let last = flusher.stop();
    println!("{}", telemetry.shutdown(PATIENCE));

    let delivered = std::mem::take(&mut *delivered.lock().unwrap_or_else(PoisonError::into_inner));
    let mut columns = vec![("relayed", relayed), ("delivered", delivered)];
    if let Some(sink) = sink {
        columns.push(("received", Totals::of_requests(&sink.received())?));
    }
    let agreed = totals::compare(&columns);
    if let Some(clients) = clients {
        clients.join().map_err(|_| "a client panicked")??;
    }
    agreed?;
    if !matches!(last, Some(Ok(_))) {
        return Err("the last flush has failed".into());
    }
    println!("all totals agree");
    Ok(())
}

/// `config` with a service name, unless it has one.
fn named(config: TelemetryConfig) -> TelemetryConfig {
    if config.labels().contains_key("service.name") {
        return config;
    }
    config.with_label("service.name", "relayer")
}

/// Flushes in the background, and adds up what was delivered.
fn flush_into(telemetry: &TelemetryHandle, delivered: &Arc<Mutex<Totals>>) -> Flusher {
    let delivered = Arc::clone(delivered);
    telemetry.spawn_flusher_with(move |flushed| match flushed {
        Ok(snapshot) => {
            let mut delivered = delivered.lock().unwrap_or_else(PoisonError::into_inner);
            delivered.add_snapshot(snapshot);
        }
        Err(error) => eprintln!("relayer: {error}"),
    })
}

fn stop_after(seconds: u64, stop: &Arc<Stop>) {
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        thread::sleep(Duration::from_secs(seconds));
        stop.request();
    });
}
