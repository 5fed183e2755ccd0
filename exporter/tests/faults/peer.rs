//! The receiver of one signal: raw TCP, so that it can break HTTP where it
//! likes; it writes down what it does.

use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use pqcnet_telemetry::{Protocol, Signal, SimulatedClock};

use crate::answer::Answer;
use crate::fault::{Cut, Fault, Oddity, Wait};
use crate::http::{read_half, read_request, stall};
use crate::otlp;
use crate::play::Play;

/// A hundred years: the client waits no longer, and has ended by then.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A peer at work.
pub(crate) struct Peer {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    is_over: AtomicBool,
    /// The client is another, and comes on a connection of its own.
    is_new_client: AtomicBool,
    plays: Mutex<Vec<Play>>,
}

/// What a peer is to be.
pub(crate) struct Role {
    pub(crate) signal: Signal,
    pub(crate) protocol: Protocol,
    pub(crate) script: Vec<Fault>,
    pub(crate) clock: SimulatedClock,
    /// How many flushes have returned.
    pub(crate) flushes: Arc<AtomicUsize>,
}

impl Peer {
    /// A peer at an address of its own, so that no other takes its port while
    /// it is down.
    pub(crate) fn start(ip: Ipv4Addr, role: Role) -> Self {
        let listener = TcpListener::bind((ip, 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            is_over: AtomicBool::new(false),
            is_new_client: AtomicBool::new(false),
            plays: Mutex::default(),
        });
        let stage = Stage {
            address,
            script: role.script.clone().into_iter(),
            epoch: role.clock.wall() - role.clock.elapsed(),
            role,
            listener: Some(listener),
            shared: Arc::clone(&shared),
            is_kept: false,
        };
        let thread = thread::spawn(move || stage.run());
        Self {
            address,
            shared,
            thread,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1/any", self.address)
    }

    pub(crate) fn expect_new_client(&self) {
        self.shared.is_new_client.store(true, Ordering::SeqCst);
    }

    pub(crate) fn plays(&self) -> usize {
        lock(&self.shared.plays).len()
    }

    /// Ends once the client has gone; everything that was played.
    pub(crate) fn finish(self) -> Vec<Play> {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // It may be down for a moment yet.
        while TcpStream::connect(self.address).is_err() && !self.thread.is_finished() {
            thread::sleep(Duration::from_millis(1));
        }
        self.thread.join().expect("the peer does not panic");
        std::mem::take(&mut lock(&self.shared.plays))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Stage {
    address: SocketAddr,
    role: Role,
    script: std::vec::IntoIter<Fault>,
    /// The time of day that the client's clock counts from.
    epoch: SystemTime,
    /// `None` while it is down.
    listener: Option<TcpListener>,
    shared: Arc<Shared>,
    /// The last answer was complete and leaves the connection open: a client
    /// that has it comes again on the same one.
    is_kept: bool,
}

impl Stage {
    fn run(mut self) {
        while !self.shared.is_over.load(Ordering::SeqCst) {
            let Some(listener) = &self.listener else {
                self.come_back();
                continue;
            };
            if let Ok((stream, _)) = listener.accept() {
                // What goes wrong with a connection is the client's affair.
                let _ = self.serve(stream);
            }
        }
    }

    /// Waits until the client has found the port closed, or has no need to.
    fn come_back(&mut self) {
        let mut seen = self.role.clock.elapsed();
        let mut jumps = 0;
        for _ in 0..40 {
            thread::sleep(Duration::from_micros(500));
            let now = self.role.clock.elapsed();
            jumps += u32::from(now != seen);
            seen = now;
            if jumps > 2 {
                break;
            }
        }
        self.listener = TcpListener::bind(self.address).ok();
    }

    fn serve(&mut self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        let mut is_first = true;
        loop {
            if stream.get_ref().peek(&mut [0])? == 0 {
                return Ok(()); // it has gone
            }
            let is_new = self.shared.is_new_client.swap(false, Ordering::SeqCst);
            if is_first && self.is_kept && !is_new {
                let mut plays = lock(&self.shared.plays);
                plays.last_mut().expect("an answer has a play").is_left = true;
            }
            is_first = false;
            self.is_kept = false;
            if !self.play(&mut stream)? {
                return Ok(());
            }
            self.is_kept = true;
        }
    }

    /// One request; whether the connection goes on.
    fn play(&mut self, stream: &mut BufReader<TcpStream>) -> io::Result<bool> {
        let mut play = Play {
            is_logs: self.role.signal == Signal::Logs,
            fault: self.script.next().unwrap_or(Fault::Well),
            body: None,
            items: 0,
            rejected: 0,
            came: self.role.clock.elapsed(),
            until: None,
            flushes: self.role.flushes.load(Ordering::SeqCst),
            is_left: false,
        };
        match &play.fault {
            Fault::ResetUnread => {
                lock(&self.shared.plays).push(play);
                return Ok(false); // unread data makes it a reset
            }
            Fault::ResetInBody => {
                lock(&self.shared.plays).push(play);
                read_half(stream.get_mut())?;
                return Ok(false);
            }
            _ => {}
        }
        let Ok(body) = read_request(stream) else {
            // The client has run out of time in the middle of it.
            play.fault = Fault::ResetInBody;
            lock(&self.shared.plays).push(play);
            return Ok(false);
        };
        play.items = match self.role.signal {
            Signal::Logs => otlp::events(self.role.protocol, &body).len(),
            _ => otlp::points(self.role.protocol, &body).len(),
        };
        play.body = Some(body.into());
        play.flushes = self.role.flushes.load(Ordering::SeqCst);
        let answer = self.answer(&mut play);
        let (fault, number) = (play.fault.clone(), lock(&self.shared.plays).len());
        // Before the answer: who has it may look at once.
        lock(&self.shared.plays).push(play);
        let mut closes = number % 5 == 4;
        match fault {
            Fault::Stall { is_drip, .. } => {
                return stall(stream.get_mut(), is_drip.then_some(&answer));
            }
            Fault::Cut { at, .. } => {
                let head = answer.head(true);
                let part = match at {
                    Cut::BeforeTheAnswer => &[],
                    Cut::InTheStatusLine => &head[..10],
                    Cut::InTheHead => &head[..40],
                    Cut::AfterGarbage => &b"220 smtp.example ESMTP ready\r\n"[..],
                };
                stream.get_mut().write_all(part)?;
                return Ok(false);
            }
            Fault::Down => {
                self.listener = None;
                closes = true;
            }
            _ => {}
        }
        let mut text = answer.head(closes);
        text.extend_from_slice(&answer.body);
        match fault {
            Fault::Odd(Oddity::HalfABody) => {
                text.truncate(text.len() - answer.body.len() / 2);
                closes = true;
            }
            Fault::Odd(Oddity::ByteByByte) => {
                for byte in text.drain(..) {
                    stream.get_mut().write_all(&[byte])?;
                }
            }
            // The client reads a part of it and leaves.
            Fault::Odd(Oddity::Oversized) => closes = true,
            _ => {}
        }
        stream.get_mut().write_all(&text)?;
        if closes {
            stream.get_mut().shutdown(Shutdown::Write)?;
        }
        Ok(!closes)
    }

    fn answer(&self, play: &mut Play) -> Answer {
        let clock = &self.role.clock;
        match play.fault {
            Fault::Odd(oddity) => Answer::odd(oddity, self.role.protocol),
            Fault::Partial { percent, form } => {
                let claimed = (play.items * percent).div_ceil(100);
                play.rejected = claimed.min(play.items);
                Answer::partial(claimed, form, self.role.signal == Signal::Logs)
            }
            Fault::Status { code, wait, .. } => {
                let mut answer = Answer::status(code, play.items.is_multiple_of(2));
                let now = clock.elapsed();
                let value = match wait {
                    Wait::Unsaid => None,
                    Wait::Seconds(seconds) => {
                        play.until = Some(now + Duration::from_secs(seconds).min(FOREVER));
                        Some(seconds.to_string())
                    }
                    Wait::Date(seconds) => {
                        let date = self.epoch + now + Duration::from_secs(seconds);
                        let date = httpdate::fmt_http_date(date);
                        let whole = httpdate::parse_http_date(&date).expect("it was made so");
                        play.until = whole.duration_since(self.epoch).ok();
                        Some(date)
                    }
                };
                answer
                    .headers
                    .extend(value.map(|value| ("retry-after", value)));
                answer
            }
            Fault::Down => Answer::status(503, false),
            _ => Answer::well(self.role.protocol),
        }
    }
}
