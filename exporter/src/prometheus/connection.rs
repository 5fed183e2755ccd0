//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::future::{Future, poll_fn, ready};
use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep_until, timeout};

use super::seats::SeatId;
use super::server::Server;
use super::watched::{State, Watch, Watched};

/// The longest head of a request. Prometheus sends half a kilobyte.
const HEAD: usize = 16 << 10;

/// The most headers of a request.
const HEADERS: usize = 64;

/// How long a peer that is refused may go on sending.
const FAREWELL: Duration = Duration::from_secs(1);

/// What is said to a peer whose request does not come to its end.
const LATE: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Leaves its seat when the connection ends, however it does.
struct Seated {
    server: Rc<Server>,
    id: SeatId,
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.server.leave(self.id);
    }
}

/// Answers requests until either side ends the connection.
pub(super) async fn serve(server: Rc<Server>, id: SeatId, stream: TcpStream) {
    let seated = Seated { server, id };
    let server = &seated.server;
    let settings = &server.settings;
    // Answers are written whole.
    let _ = stream.set_nodelay(true);
    let watch = Rc::new(Watch::new(settings.header_timeout, settings.timeout));
    let io = Watched::new(stream, Rc::clone(&watch), || server.wait(id));
    let service = service_fn(|request| {
        watch.answer();
        ready(Ok::<_, Infallible>(server.answer(id, &request)))
    });
    let mut connection = http1::Builder::new()
        .max_headers(HEADERS)
        .max_buf_size(HEAD)
        .half_close(true)
        // Deadlines are ours, for all states of a connection.
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(io), service);
    let end = {
        let mut sleep = pin!(sleep_until(watch.deadline()));
        poll_fn(|cx| {
            if let Poll::Ready(end) = connection.poll_without_shutdown(cx) {
                return Poll::Ready(Some(end));
            }
            is_over(sleep.as_mut(), &watch, cx).map(|()| None)
        })
        .await
    };
    let mut io = connection.into_parts().io.into_inner();
    match end {
        Some(Ok(())) => {}
        Some(Err(error)) if error.is_parse_too_large() => server.count_cut("head_too_large"),
        Some(Err(error)) if error.is_parse() => server.count_cut("no_request"),
        // The peer has gone.
        Some(Err(_)) => return,
        None => {
            if watch.state() == State::Idle {
                return;
            }
            server.count_cut("timeout");
            if !watch.is_mid_request() {
                return;
            }
            // Nobody waits for a peer that does not take as much as that.
            let _ = io.stream().try_write(LATE);
        }
    }
    let _ = timeout(FAREWELL, part(&mut io)).await;
}

fn is_over(mut sleep: Pin<&mut Sleep>, watch: &Watch, cx: &mut std::task::Context<'_>) -> Poll<()> {
    let deadline = watch.deadline();
    if sleep.deadline() != deadline {
        sleep.as_mut().reset(deadline);
    }
    sleep.poll(cx)
}

/// Says that nothing follows, and reads on for as long as the peer sends: to
/// close before would make the operating system take back what was answered.
async fn part<F: Fn() + Unpin>(io: &mut Watched<F>) {
    let mut spare = [0; 4 << 10];
    let _ = poll_fn(|cx| Pin::new(&mut *io).poll_shutdown(cx)).await;
    loop {
        if io.stream().readable().await.is_err() {
            return;
        }
        match io.stream().try_read(&mut spare) {
            Ok(0) => return,
            Ok(_) => tokio::task::yield_now().await,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
