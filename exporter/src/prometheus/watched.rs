//! A connection's stream, and how long the peer may still take.
//!
//! | state | begins | may last |
//! |---|---|---|
//! | request | with the connection, or the first byte after an answer | `header-timeout` |
//! | answer | with a whole request | `timeout` |
//! | idle | when the answer is written | [`IDLE`] |
//!
//! Each state has one deadline, so a byte now and then gains a peer nothing.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Twice Prometheus's default interval: its connection lasts from scrape to
/// scrape. Idle ones are the first to give way.
const IDLE: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Request,
    Answer,
    Idle,
}

/// What a connection is at, and until when it may be.
pub(super) struct Watch {
    header_timeout: Duration,
    timeout: Duration,
    state: Cell<State>,
    deadline: Cell<Instant>,
    /// Whether anything was written of the answer.
    has_written: Cell<bool>,
    /// Whether more was read while one was under way.
    has_read_ahead: Cell<bool>,
    /// Whether anything was read of the request.
    has_begun: Cell<bool>,
}

impl Watch {
    pub(super) fn new(header_timeout: Duration, timeout: Duration) -> Self {
        Self {
            header_timeout,
            timeout,
            state: Cell::new(State::Request),
            deadline: Cell::new(Instant::now() + header_timeout),
            has_written: Cell::new(false),
            has_read_ahead: Cell::new(false),
            has_begun: Cell::new(false),
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline.get()
    }

    pub(super) fn state(&self) -> State {
        self.state.get()
    }

    /// Whether the peer has sent a part of a request, and waits for an answer.
    pub(super) fn is_mid_request(&self) -> bool {
        self.state() == State::Request && self.has_begun.get()
    }

    /// A whole request has come.
    pub(super) fn answer(&self) {
        if self.state() != State::Answer {
            self.enter(State::Answer, self.timeout);
        }
        self.has_written.set(false);
        self.has_read_ahead.set(false);
    }

    fn enter(&self, state: State, time: Duration) {
        self.state.set(state);
        self.deadline.set(Instant::now() + time);
    }

    fn has_read(&self) {
        match self.state() {
            State::Idle => self.enter(State::Request, self.header_timeout),
            State::Answer => self.has_read_ahead.set(true),
            State::Request => {}
        }
        self.has_begun.set(true);
    }

    fn has_sent(&self) {
        // A second answer, to a request that came before the first was out.
        if self.state() != State::Answer {
            self.enter(State::Answer, self.timeout);
        }
        self.has_written.set(true);
    }

    /// Everything written is with the operating system; says whether an answer
    /// was.
    fn has_flushed(&self) -> bool {
        if self.state() != State::Answer || !self.has_written.get() {
            return false;
        }
        self.has_begun.set(self.has_read_ahead.get());
        if self.has_read_ahead.get() {
            self.enter(State::Request, self.header_timeout);
        } else {
            self.enter(State::Idle, IDLE);
        }
        true
    }
}

/// The stream of a connection; tells its watch what goes through, and `answered`
/// when an answer is out.
pub(super) struct Watched<F> {
    stream: TcpStream,
    watch: Rc<Watch>,
    answered: F,
}

impl<F> Watched<F> {
    pub(super) fn new(stream: TcpStream, watch: Rc<Watch>, answered: F) -> Self {
        Self {
            stream,
            watch,
            answered,
        }
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }
}

impl<F> Drop for Watched<F> {
    /// What the peer has left unread, the operating system need not keep.
    fn drop(&mut self) {
        if self.watch.state() == State::Answer {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl<F: Unpin> AsyncRead for Watched<F> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.watch.has_read();
        }
        Poll::Ready(Ok(()))
    }
}

impl<F: Fn() + Unpin> AsyncWrite for Watched<F> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.watch.has_sent();
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
        self.watch.has_sent();
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        if self.watch.has_flushed() {
            (self.answered)();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
