//! A throwaway HTTP sink on loopback, for examples and tests: keeps what it
//! receives, and answers as it is told.

#![allow(dead_code, reason = "every example and test uses its part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `/v1/metrics`, `/v1/logs`.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, as text.
    pub(crate) body: String,
    /// The body, as it is.
    pub(crate) bytes: Vec<u8>,
}

impl Request {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(n, _)| n == name).map(|(_, value)| &**value)
    }
}

/// What the sink does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// This status line, headers and body, such as `200 OK`.
    Status(
        &'static str,
        &'static [(&'static str, &'static str)],
        String,
    ),
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// Nothing, while the sink lives.
    Hang,
    /// The end of the connection at once, with the request half read.
    Reset,
}

impl Answer {
    /// `200 OK` with an empty JSON object.
    pub(crate) fn ok() -> Self {
        let headers = &[("content-type", "application/json")];
        Self::Status("200 OK", headers, "{}".into())
    }
}

type Script = Arc<Mutex<dyn FnMut(&Request) -> Answer + Send>>;

/// The sink; stops listening when the process ends.
pub(crate) struct Sink {
    address: SocketAddr,
    requests: Receiver<Request>,
}

impl Sink {
    /// A sink that answers every request with success.
    pub(crate) fn start() -> Self {
        Self::answering(|_| Answer::ok())
    }

    /// A sink that asks `script` for each answer.
    pub(crate) fn answering(script: impl FnMut(&Request) -> Answer + Send + 'static) -> Self {
        Self::at("127.0.0.1:0", script)
    }

    /// The same, at this address.
    pub(crate) fn at(
        address: &str,
        script: impl FnMut(&Request) -> Answer + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).expect("loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let (sender, requests) = channel();
        let script: Script = Arc::new(Mutex::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, sender) = (Arc::clone(&script), sender.clone());
                thread::spawn(move || serve(stream, &script, &sender));
            }
        });
        Self { address, requests }
    }

    /// `http://127.0.0.1:<port>`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request that has arrived and was not asked for yet.
    pub(crate) fn received(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }

    /// The next request, arrived or yet to arrive. None for a minute.
    pub(crate) fn next(&self) -> Option<Request> {
        self.requests.recv_timeout(Duration::from_secs(60)).ok()
    }
}

/// Serves one connection until either side ends it.
fn serve(stream: TcpStream, script: &Script, sender: &Sender<Request>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let request = read_request(&mut reader)?;
        let answer = script.lock().ok()?(&request);
        // Before the answer: who has it may ask for the request at once.
        sender.send(request).ok()?;
        let stream = reader.get_mut();
        match answer {
            Answer::Status(status, headers, body) => {
                write!(stream, "HTTP/1.1 {status}\r\n").ok()?;
                for (name, value) in headers {
                    write!(stream, "{name}: {value}\r\n").ok()?;
                }
                let length = body.len();
                write!(stream, "content-length: {length}\r\n\r\n{body}").ok()?;
            }
            Answer::Raw(bytes) => {
                stream.write_all(&bytes).ok()?;
                return None;
            }
            Answer::Hang => loop {
                thread::sleep(Duration::from_secs(3600));
            },
            Answer::Reset => return None,
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length?.1.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        path,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        bytes: body,
    })
}
