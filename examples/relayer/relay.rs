//! The relay: a thread for each direction of each session.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pqcnet_telemetry::core::LabelSet;
use tracing::{Span, field, info, info_span, warn};

use crate::instruments::{Direction, Outcome};
use crate::kem;
use crate::metrics::{Meter, Metrics, Session};
use crate::stop::Stop;
use crate::totals::Totals;

const CHUNK: usize = 64 << 10;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Pauses before each further attempt to connect.
const BACKOFF_MS: [u64; 6] = [10, 20, 40, 80, 160, 320];
/// How long a silent connection may keep its thread from seeing a stop.
const TICK: Duration = Duration::from_millis(500);

pub(crate) struct Relay<'a> {
    metrics: Metrics,
    upstream: Vec<SocketAddr>,
    stop: &'a Stop,
    /// Counted without the library.
    totals: Mutex<Totals>,
}

impl<'a> Relay<'a> {
    pub(crate) fn new(metrics: Metrics, upstream: Vec<SocketAddr>, stop: &'a Stop) -> Self {
        Self {
            metrics,
            upstream,
            stop,
            totals: Mutex::default(),
        }
    }

    /// Relays until it is asked to stop or has accepted so many sessions, and
    /// then until the open ones have ended. Returns what it relayed.
    pub(crate) fn run(self, listener: TcpListener, sessions: Option<u64>) -> Totals {
        thread::scope(|scope| {
            for number in 1..=sessions.unwrap_or(u64::MAX) {
                let Some(client) = self.accept(&listener) else {
                    break;
                };
                let relay = &self;
                let session = move || relay.session(&client, number);
                if let Err(error) = thread::Builder::new().spawn_scoped(scope, session) {
                    eprintln!("relayer: session {number}: {error}");
                    self.count_session(Outcome::Refused);
                }
            }
            // Who comes now is refused, rather than left waiting.
            drop(listener);
        });
        let totals = self.totals.into_inner();
        totals.unwrap_or_else(PoisonError::into_inner)
    }

    /// The next client; `None` after a stop.
    fn accept(&self, listener: &TcpListener) -> Option<TcpStream> {
        loop {
            let accepted = listener.accept();
            if self.stop.is_requested() {
                return None;
            }
            match accepted {
                Ok((client, _)) => return Some(client),
                // Out of file descriptors, say, until a session ends.
                Err(error) => eprintln!("relayer: accepting a client: {error}"),
            }
            thread::sleep(TICK);
        }
    }

    fn session(&self, client: &TcpStream, number: u64) {
        let span = info_span!(
            "session",
            otel.kind = "server",
            session = number,
            outcome = field::Empty
        );
        let _in = span.enter();
        let session = Session {
            number,
            accepted: Instant::now(),
        };
        self.metrics.instruments.connections.increment();
        let outcome = match self.make_key(number).then(|| self.connect()).flatten() {
            Some(upstream) => self.relay(client, &upstream, session),
            None => Outcome::Refused,
        };
        self.metrics.instruments.connections.decrement();
        span.record("outcome", outcome.value());
        info!("session ended");
        self.count_session(outcome);
    }

    fn make_key(&self, session: u64) -> bool {
        let span = info_span!("exchange_key", scheme = field::Empty, error = field::Empty);
        let _in = span.enter();
        match kem::exchange(session) {
            Ok(record) => {
                span.record("scheme", &*record.scheme);
                self.count(|totals| totals.add_kem_event(record.reason.as_str()));
                self.metrics.telemetry.record_kem_event(record);
                true
            }
            Err(error) => {
                eprintln!("relayer: session {session}: {error}");
                span.record("error", field::display(&error));
                false
            }
        }
    }

    fn connect(&self) -> Option<TcpStream> {
        let span = info_span!("connect", otel.kind = "client", error = field::Empty);
        let _in = span.enter();
        let mut pauses = BACKOFF_MS.iter();
        loop {
            let attempt = |to| TcpStream::connect_timeout(to, CONNECT_TIMEOUT).ok();
            if let Some(upstream) = self.upstream.iter().find_map(attempt) {
                return Some(upstream);
            }
            let Some(pause) = pauses.next().filter(|_| !self.stop.is_cut()) else {
                span.record("error", "no upstream takes a connection");
                return None;
            };
            warn!(pause_ms = pause, "no upstream takes a connection");
            thread::sleep(Duration::from_millis(*pause));
            self.metrics.instruments.retries.increment();
            self.count(|totals| totals.add("relayer.retries", 1_u64));
        }
    }

    fn relay(&self, client: &TcpStream, upstream: &TcpStream, session: Session) -> Outcome {
        // The session's, on another thread too.
        let span = Span::current();
        let up = || self.pump(Direction::Upstream, session, client, upstream);
        let down = || span.in_scope(|| self.pump(Direction::Downstream, session, upstream, client));
        thread::scope(|scope| {
            let Ok(down) = thread::Builder::new().spawn_scoped(scope, down) else {
                return Outcome::Broken;
            };
            let is_complete = up().is_ok();
            match down.join() {
                Ok(Ok(())) if is_complete => Outcome::Complete,
                _ => Outcome::Broken,
            }
        })
    }

    /// Moves what `from` sends to `to` until `from` is done, and passes that
    /// on. An error ends both connections, and with them the other direction.
    fn pump(
        &self,
        direction: Direction,
        session: Session,
        from: &TcpStream,
        to: &TcpStream,
    ) -> io::Result<()> {
        let span = info_span!(
            "pump",
            direction = direction.value(),
            bytes = field::Empty,
            error = field::Empty
        );
        let _in = span.enter();
        let mut meter = self.metrics.meter(direction, session);
        let moved = self.copy(&mut meter, from, to);
        span.record("bytes", meter.bytes());
        if let Err(error) = &moved {
            span.record("error", field::display(error));
        }
        if moved.is_err() {
            // They may be gone already.
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        }
        self.count(|totals| meter.add_to(totals));
        moved
    }

    fn copy(&self, meter: &mut Meter, mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
        from.set_read_timeout(Some(TICK))?;
        to.set_write_timeout(Some(TICK))?;
        to.set_nodelay(true)?;
        let mut buffer = vec![0; CHUNK];
        loop {
            let length = self.patiently(|| from.read(&mut buffer))?;
            if length == 0 {
                return to.shutdown(Shutdown::Write);
            }
            meter.read();
            let mut rest = &buffer[..length];
            while !rest.is_empty() {
                let written = self.patiently(|| to.write(rest))?;
                meter.wrote(written);
                rest = &rest[written..];
            }
        }
    }

    /// Repeats what only took its time, unless the relay has to end.
    fn patiently<T>(&self, mut step: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        use ErrorKind::{Interrupted, TimedOut, WouldBlock};
        while !self.stop.is_cut() {
            match step() {
                Err(e) if [WouldBlock, TimedOut, Interrupted].contains(&e.kind()) => {}
                done => return done,
            }
        }
        Err(TimedOut.into())
    }

    fn count_session(&self, outcome: Outcome) {
        self.metrics.instruments.sessions.increment(outcome);
        self.count(|totals| totals.add_labelled("relayer.sessions", outcome, 1));
    }

    fn count(&self, add: impl FnOnce(&mut Totals)) {
        add(&mut self.totals.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
