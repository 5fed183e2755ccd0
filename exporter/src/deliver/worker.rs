//! The thread that runs a lane.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use pqcnet_telemetry_core::RetiredEpoch;

use super::clock::Clock;
use super::lane::{Lane, Step, Ticket};
use super::report::SignalReport;
use super::transport::Transport;

/// A lane at work. Its thread ends when this is dropped, or with the request
/// that is then in flight.
pub(crate) struct Worker {
    shared: Arc<Shared>,
}

/// Tells a worker that its source has more.
#[cfg(feature = "tracing")]
pub(crate) struct Waker(Arc<Shared>);

#[cfg(feature = "tracing")]
impl Waker {
    pub(crate) fn wake(&self) {
        self.0.lock().lane.refresh();
        self.0.changed.notify_all();
    }
}

struct Shared {
    state: Mutex<State>,
    /// Something was added, settled, or is to end.
    changed: Condvar,
    clock: Clock,
}

struct State {
    lane: Lane,
    is_ending: bool,
}

impl Worker {
    /// # Panics
    ///
    /// If the operating system starts no thread.
    pub(crate) fn spawn(name: String, lane: Lane, transport: Transport, clock: Clock) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                lane,
                is_ending: false,
            }),
            changed: Condvar::new(),
            clock,
        });
        let worker = Arc::clone(&shared);
        thread::Builder::new()
            .name(name)
            .spawn(move || worker.run(&transport))
            .expect("the system starts threads");
        Self { shared }
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.shared))
    }

    /// Hands over what was cut, to be sent if it is due.
    pub(crate) fn offer(&self, epoch: &RetiredEpoch, is_due: bool) -> Ticket {
        let ticket = self.shared.lock().lane.offer(epoch, is_due);
        self.shared.changed.notify_all();
        ticket
    }

    /// Waits until everything of this ticket is out, or the lane waits after a
    /// failure, or the deadline has come; then `finish` sees the lane, and
    /// whether it was in time.
    pub(crate) fn finish<R>(
        &self,
        ticket: Ticket,
        deadline: Instant,
        finish: impl FnOnce(&mut Lane, bool) -> R,
    ) -> R {
        let is_done = |lane: &Lane| lane.is_settled(ticket, self.shared.clock.now());
        self.shared.wait_until(is_done, deadline, finish)
    }

    /// Waits until nothing more can be delivered before the deadline, counts
    /// the rest, and ends.
    pub(crate) fn end(&self, deadline: Instant) -> SignalReport {
        // On the lane's own clock, by which it waits.
        let rest = deadline.saturating_duration_since(Instant::now());
        let last = self.shared.clock.now() + rest;
        let report = self.shared.wait_until(
            |lane| lane.is_drained(last),
            deadline,
            |lane, _| {
                lane.give_up();
                lane.report()
            },
        );
        self.stop();
        report
    }

    /// The lane's totals.
    pub(crate) fn report(&self) -> SignalReport {
        self.shared.lock().lane.report()
    }

    fn stop(&self) {
        self.shared.lock().is_ending = true;
        self.shared.changed.notify_all();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until<R>(
        &self,
        is_done: impl Fn(&Lane) -> bool,
        deadline: Instant,
        finish: impl FnOnce(&mut Lane, bool) -> R,
    ) -> R {
        let mut state = self.lock();
        while !state.is_ending && !is_done(&state.lane) {
            let rest = deadline.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return finish(&mut state.lane, false);
            }
            let waited = self.changed.wait_timeout(state, rest);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        finish(&mut state.lane, true)
    }

    fn run(&self, transport: &Transport) {
        #[cfg(feature = "tracing")]
        crate::trace::own_thread::declare();
        let mut state = self.lock();
        while !state.is_ending {
            match state.lane.step(self.clock.now()) {
                Step::Send(body) => {
                    drop(state);
                    let attempt = transport.send(&body);
                    state = self.lock();
                    let (now, wall) = (self.clock.now(), self.clock.wall());
                    state.lane.settle(body, attempt, now, wall);
                    self.changed.notify_all();
                }
                Step::Wait(moment) => state = self.clock.wait(&self.changed, state, moment),
                Step::Idle => {
                    // What was due may have come to nothing, such as gauges
                    // that nobody has set, and a flush waits for it.
                    self.changed.notify_all();
                    let waited = self.changed.wait(state);
                    state = waited.unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}
