//! A Collector of each test's own: a process that listens on loopback and
//! writes down what it takes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

use crate::read::Received;

/// Longer than anything here takes, however loaded the machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where a Collector finds a free port by itself.
pub(crate) const ANY_PORT: &str = "127.0.0.1:0";

/// A Collector of this test's own; killed when dropped.
pub(crate) struct Collector {
    process: Child,
    endpoint: String,
    folder: PathBuf,
    log: Receiver<String>,
    scheme: &'static str,
    /// What speaks to it, apart from what is tested.
    agent: Agent,
}

impl Collector {
    /// A Collector on a port of its choice.
    pub(crate) fn start() -> Self {
        Self::start_at(ANY_PORT, &[])
    }

    /// A Collector at `endpoint`, with `overrides` of its configuration.
    pub(crate) fn start_at(endpoint: &str, overrides: &[&str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);

        let binary = std::env::var_os("PQCNET_OTELCOL")
            .expect("PQCNET_OTELCOL must name the Collector's binary: run scripts/interop");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!(
            "collector-{}-{}",
            process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        fs::create_dir_all(&folder).unwrap();
        let config = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../scripts/collector/config.yaml"
        );
        let mut command = Command::new(&binary);
        command.args(["--config", config]);
        for change in overrides {
            command.args(["--config", &format!("yaml:{change}")]);
        }
        let mut process = command
            .env("OTELCOL_ENDPOINT", endpoint)
            .env("OTELCOL_OUT", folder.join("out.jsonl"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("PQCNET_OTELCOL={}: {error}", binary.display()));
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let (sender, log) = channel();
        // To its end, lest the Collector wait for a reader.
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut collector = Self {
            process,
            endpoint: String::new(),
            folder,
            log,
            scheme: "http",
            agent: Agent::new_with_defaults(),
        };
        let line = collector.wait_for_line("Starting HTTP server");
        let (_, rest) = line.split_once("\"endpoint\": \"").unwrap();
        collector.endpoint.push_str(rest.split('"').next().unwrap());
        collector.wait_for_line("Everything is ready. Begin running and processing data.");
        collector
    }

    /// It, where its configuration has TLS, which `agent` can speak to it.
    #[allow(dead_code, reason = "for tests/peers")]
    pub(crate) fn secured(mut self, agent: Agent) -> Self {
        self.scheme = "https";
        self.agent = agent;
        self
    }

    /// The next line of its log that contains `text`.
    pub(crate) fn wait_for_line(&self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.log.recv_timeout(left) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => seen.push(line),
                Err(error) => panic!("no {text:?} ({error}) in:\n{}", seen.join("\n")),
            }
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.endpoint)
    }

    /// What it has written down so far.
    pub(crate) fn written(&self) -> String {
        fs::read_to_string(self.folder.join("out.jsonl")).unwrap_or_default()
    }

    /// Waits until it has written down all that it has taken, kills it, and
    /// returns that. A Collector of an instant ago would not notice SIGTERM.
    pub(crate) fn stop(self) -> Received {
        // The last line: requests are written in the order they were taken in.
        let span = json!({"name": "last", "traceId": "1".repeat(32), "spanId": "1".repeat(16)});
        let spans = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]});
        let taken = self
            .agent
            .post(format!("{}/v1/traces", self.url()))
            .content_type("application/json")
            .send(spans.to_string());
        assert!(taken.unwrap().status().is_success());
        for _ in 0..1_200 {
            let text = self.written();
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            let lines = whole
                .lines()
                .map(|line| serde_json::from_str(line).unwrap());
            let mut requests: Vec<Value> = lines.collect();
            let is_last = |request: &Value| {
                let spans = &request["resourceSpans"][0]["scopeSpans"][0]["spans"];
                spans[0]["name"] == "last"
            };
            if requests.pop_if(|request| is_last(request)).is_some() {
                return Received { requests };
            }
            thread::sleep(Duration::from_millis(25));
        }
        panic!("the Collector has not written down what it has taken");
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        // Else it may tell why.
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// An address that a Collector can come back to: below the ports that the
/// system hands out, so that nobody gets it meanwhile.
pub(crate) fn lasting_address() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(0);

    let first = process::id() % 10_000;
    for _ in 0..1_000 {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let address = format!("127.0.0.1:{}", 20_000 + (first + step) % 10_000);
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
    panic!("no free port");
}
