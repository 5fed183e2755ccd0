//! Handles that are scraped, and a scraper that can misbehave.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Instant;

use pqcnet_telemetry::{PrometheusConfig, ScrapeEndpoint, TelemetryConfig, TelemetryHandle};

use crate::support::telemetry::PATIENT;

/// What a scraper asks, at least.
pub(crate) const GET: &str = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n";

/// The same, once.
pub(crate) const GET_ONCE: &str = "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// At any port, and as patient as the tests are.
pub(crate) fn scrapes() -> PrometheusConfig {
    PrometheusConfig::new()
        .with_port(0)
        .with_header_timeout(PATIENT)
        .with_timeout(PATIENT)
}

/// A handle that delivers nothing, and serves so.
pub(crate) fn served(scrapes: PrometheusConfig) -> (TelemetryHandle, ScrapeEndpoint) {
    let config = TelemetryConfig::default().without_delivery();
    let telemetry = TelemetryHandle::from_config(config.with_prometheus(scrapes)).unwrap();
    let endpoint = telemetry.serve_metrics().unwrap();
    (telemetry, endpoint)
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(n, _)| n == name).map(|(_, value)| &**value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The value of the counter of this name that has one series.
    #[track_caller]
    pub(crate) fn total(&self, name: &str) -> u64 {
        assert_eq!(self.status, 200, "{self:?}");
        let names = [name.to_owned(), format!("{name}_total")];
        let lines = self.text().lines();
        let values: Vec<_> = lines
            .filter(|line| {
                let end = line.find(['{', ' ']).unwrap_or(line.len());
                names.contains(&line[..end].to_owned())
            })
            .collect();
        let [line] = values[..] else {
            panic!("{name}: {values:?}");
        };
        let value: f64 = line.rsplit_once(' ').unwrap().1.parse().unwrap();
        value as u64
    }
}

/// A connection to an endpoint.
pub(crate) struct Scraper(BufReader<TcpStream>);

impl Scraper {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENT)).unwrap();
        stream.set_write_timeout(Some(PATIENT)).unwrap();
        // Small: some tests have thousands.
        Self(BufReader::with_capacity(512, stream))
    }

    pub(crate) fn send(&mut self, text: &str) -> &mut Self {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
        self
    }

    /// Sends as much of `bytes` as the other side takes.
    pub(crate) fn send_all_that_fits(&mut self, bytes: &[u8]) -> &mut Self {
        let _ = self.0.get_mut().write_all(bytes);
        self
    }

    /// Sends, and says that nothing follows.
    pub(crate) fn half_close(&mut self) -> &mut Self {
        self.0
            .get_mut()
            .shutdown(std::net::Shutdown::Write)
            .unwrap();
        self
    }

    #[track_caller]
    pub(crate) fn reply(&mut self) -> Reply {
        self.try_reply(true).unwrap()
    }

    /// A reply whose body is not sent.
    #[track_caller]
    pub(crate) fn reply_to_head(&mut self) -> Reply {
        self.try_reply(false).unwrap()
    }

    pub(crate) fn try_reply(&mut self, has_body: bool) -> io::Result<Reply> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|s| s.parse().ok());
        let status = status.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut reply = Reply {
            status,
            headers,
            body: Vec::new(),
        };
        if has_body {
            let length = reply.header("content-length").unwrap().parse().unwrap();
            reply.body.resize(length, 0);
            self.0.read_exact(&mut reply.body)?;
        }
        Ok(reply)
    }

    /// Whether the other side has ended the connection, once it does or has
    /// sent something; a time-out is neither.
    #[track_caller]
    pub(crate) fn is_ended(&mut self) -> bool {
        match self.0.read(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => {
                let is_late = matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                );
                assert!(!is_late, "nothing comes, and no end");
                true
            }
        }
    }

    /// Whether it is open and nothing has come, now.
    pub(crate) fn is_silent(&mut self) -> bool {
        self.0.get_mut().set_nonblocking(true).unwrap();
        let read = self.0.read(&mut [0]);
        self.0.get_mut().set_nonblocking(false).unwrap();
        matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// That the other side has ended all but so many, or does soon.
#[track_caller]
pub(crate) fn assert_at_most_open(most: usize, scrapers: &mut [Scraper]) {
    let deadline = Instant::now() + PATIENT;
    loop {
        let open = scrapers.iter_mut().map(Scraper::is_silent);
        let open = open.filter(|is_silent| *is_silent).count();
        if open <= most {
            return;
        }
        assert!(Instant::now() < deadline, "{open} are open");
        thread::yield_now();
    }
}

/// One page, by a connection of its own.
#[track_caller]
pub(crate) fn page(address: SocketAddr) -> Reply {
    ask(address, GET_ONCE)
}

/// The reply to `request`, by a connection of its own.
#[track_caller]
pub(crate) fn ask(address: SocketAddr, request: &str) -> Reply {
    Scraper::connect(address).send(request).reply()
}

/// The reply to a request with these header lines.
#[track_caller]
pub(crate) fn ask_with(address: SocketAddr, headers: &str) -> Reply {
    ask(
        address,
        &format!("GET /metrics HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n"),
    )
}
