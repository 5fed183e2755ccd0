//! The run without arguments: an upstream, clients and a sink of its own.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pqcnet_telemetry::TelemetryConfig;

use crate::sink::Sink;
use crate::stop::Stop;

const CLIENTS: usize = 8;
const FLUSH_INTERVAL: Duration = Duration::from_millis(500);
/// The upstream is late, so that the first sessions have to retry.
const LATE: Duration = Duration::from_millis(250);

/// A sink, and the configuration that sends there whatever the environment.
pub(crate) fn start_sink() -> (TelemetryConfig, Option<Sink>) {
    let sink = Sink::start();
    let config = TelemetryConfig::default().with_endpoint(&sink.url());
    (config.with_flush_interval(FLUSH_INTERVAL), Some(sink))
}

/// Starts an upstream that hears a client out, and then says it all back.
pub(crate) fn start_upstream() -> io::Result<Vec<SocketAddr>> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    thread::spawn(move || {
        thread::sleep(LATE);
        let listener = TcpListener::bind(address).expect("the port is still free");
        for client in listener.incoming().flatten() {
            // A client that leaves early is the relay's to count.
            thread::spawn(move || answer(client).ok());
        }
    });
    Ok(vec![address])
}

fn answer(mut client: TcpStream) -> io::Result<()> {
    let mut heard = Vec::new();
    client.read_to_end(&mut heard)?;
    thread::sleep(Duration::from_millis(heard.len() as u64 % 16));
    client.write_all(&heard)
}

/// Sends through the relay for so long, or so many sessions, then stops it.
/// Fails where an answer is not what was sent.
pub(crate) fn run(relay: SocketAddr, seconds: u64, sessions: u64, stop: &Stop) -> io::Result<()> {
    let end = Instant::now() + Duration::from_secs(seconds);
    let next = AtomicU64::new(0);
    let client = || {
        while Instant::now() < end && !stop.is_requested() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= sessions {
                break;
            }
            match talk(relay, number) {
                // The relay may end it, once it was asked to stop.
                Err(_) if stop.is_requested() => break,
                talked => talked?,
            }
        }
        Ok(())
    };
    let talked = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        let mut clients = clients.into_iter();
        clients.try_for_each(|client| client.join().expect("clients do not panic"))
    });
    stop.request();
    talked
}

fn talk(relay: SocketAddr, number: u64) -> io::Result<()> {
    let message = message(number);
    let mut stream = TcpStream::connect(relay)?;
    stream.write_all(&message)?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    if answer != message {
        return Err(io::Error::other(format!(
            "session {number}: sent {} bytes and got other {} back",
            message.len(),
            answer.len()
        )));
    }
    Ok(())
}

/// 8 bytes to 256 KiB, no word of which occurs in another message.
fn message(number: u64) -> Vec<u8> {
    let words = 1 + number * 7_919 % 32_768;
    let word = |n: u64| (number << 32 | n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..words).flat_map(|n| word(n).to_le_bytes()).collect()
}
