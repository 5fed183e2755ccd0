//! All connections of an endpoint, on one thread.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, spawn_local, yield_now};
use tokio::time::sleep;

use super::answer::{Whole, answer};
use super::connection;
use super::pages::PageFormat;
use super::seats::{SeatId, Seats};
use crate::config::ScrapeSettings;
use crate::self_metrics::ScrapeMeters;

/// The most that peers may leave unread of their pages, all together; a single
/// page may be larger.
const UNREAD: usize = 64 << 20;

/// How long to wait for the process to have files again.
const PAUSE: Duration = Duration::from_millis(100);

/// Makes a page of the totals of this moment; answers with how many instruments
/// were left out of pages so far.
pub(crate) type Render = Box<dyn Fn(PageFormat, &mut Vec<u8>) -> u64 + Send>;

pub(super) struct Server {
    pub(super) settings: ScrapeSettings,
    render: Render,
    meters: Option<RefCell<ScrapeMeters>>,
    seats: RefCell<Seats<AbortHandle>>,
    next: Cell<SeatId>,
    /// The length of the last page, about that of the next.
    length: Cell<usize>,
}

impl Server {
    pub(super) fn new(
        settings: ScrapeSettings,
        render: Render,
        meters: Option<ScrapeMeters>,
    ) -> Self {
        Self {
            seats: RefCell::new(Seats::new(settings.max_connections, UNREAD)),
            settings,
            render,
            meters: meters.map(RefCell::new),
            next: Cell::new(0),
            length: Cell::new(0),
        }
    }

    /// Takes connections from `listener`, for good.
    pub(super) async fn accept(self: Rc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => self.seat(stream),
                // It has ended before its turn.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    log::warn!("a scrape can't be accepted: {error}");
                    self.cut(self.seats.borrow_mut().give_way());
                    sleep(PAUSE).await;
                }
            }
            // Those who are seated have their say before the next: who has sent
            // its request gets its answer, whoever else comes.
            yield_now().await;
        }
    }

    fn seat(self: &Rc<Self>, stream: TcpStream) {
        self.cut(self.seats.borrow_mut().make_room());
        let id = self.next.replace(self.next.get() + 1);
        let task = spawn_local(connection::serve(Rc::clone(self), id, stream));
        let mut seats = self.seats.borrow_mut();
        seats.enter(id, task.abort_handle());
    }

    /// What the request on this seat gets.
    pub(super) fn answer(&self, id: SeatId, request: &Request<Incoming>) -> Response<Whole> {
        let response = answer(&self.settings, request, |format| self.page(format));
        let bytes = response.body().len();
        self.cut(self.seats.borrow_mut().answer(id, bytes));
        if let Some(meters) = &self.meters {
            meters.borrow_mut().answered(response.status().as_u16());
        }
        response
    }

    fn page(&self, format: PageFormat) -> Vec<u8> {
        let start = Instant::now();
        let mut page = Vec::with_capacity(self.length.get());
        let dropped = (self.render)(format, &mut page);
        self.length.set(page.len());
        if let Some(meters) = &self.meters {
            meters.borrow_mut().collected(start.elapsed(), dropped);
        }
        page
    }

    /// The connection on this seat has been answered.
    pub(super) fn wait(&self, id: SeatId) {
        self.seats.borrow_mut().wait(id);
    }

    /// The connection on this seat has ended.
    pub(super) fn leave(&self, id: SeatId) {
        self.seats.borrow_mut().leave(id);
    }

    /// Counts a connection that the peer would have had go on.
    pub(super) fn count_cut(&self, error: &'static str) {
        if let Some(meters) = &self.meters {
            meters.borrow_mut().cut(error);
        }
    }

    fn cut(&self, given_way: impl IntoIterator<Item = AbortHandle>) {
        for connection in given_way {
            connection.abort();
            self.count_cut("connection_limit");
        }
    }
}
