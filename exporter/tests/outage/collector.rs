//! A collector in a process of its own: its memory is not counted, and it can
//! be stopped.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::again::this_program;
use crate::support::sink::{Answer, Sink};

const ADDRESS: &str = "PQCNET_OUTAGE_ADDRESS";

pub(crate) struct Collector {
    address: String,
    process: Child,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let process = process(&address);
        Self { address, process }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on connections are refused.
    pub(crate) fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) fn start_again(&mut self) {
        self.process = process(&self.address);
    }

    /// From now on connections come about, and nothing is answered.
    pub(crate) fn pause(&mut self) {
        self.signal("-STOP");
    }

    pub(crate) fn resume(&mut self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        let status = Command::new("kill").args([signal, &id]).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn process(address: &str) -> Child {
    let mut command = this_program("collector::answers_until_its_input_ends");
    command.env(ADDRESS, address).stdin(Stdio::piped());
    let process = command.spawn().unwrap();
    while TcpStream::connect(address).is_err() {
        thread::sleep(Duration::from_millis(1));
    }
    process
}

#[test]
#[ignore = "started by the other tests"]
fn answers_until_its_input_ends() {
    let Ok(address) = std::env::var(ADDRESS) else {
        return;
    };
    let sink = Sink::at(&address, |_| Answer::ok());
    thread::spawn(move || {
        loop {
            sink.received(); // and forgotten
            thread::sleep(Duration::from_millis(10));
        }
    });
    // It ends with the process that has started it, whatever ends that.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
