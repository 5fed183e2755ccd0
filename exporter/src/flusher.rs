//! The background thread that flushes.

use std::thread::{self, JoinHandle};
use std::time::Instant;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use crate::config::FOREVER;
use crate::error::TelemetryError;
use crate::handle::TelemetryHandle;
use crate::snapshot::TelemetrySnapshot;

type Flushed = Result<TelemetrySnapshot, TelemetryError>;

/// Flushes at the configured interval until it is dropped, and then once more.
///
/// Dropping it takes at most two time-outs: one for a flush under way, one for
/// the last. Failed flushes are logged as warnings, on a change of state.
#[derive(Debug)]
#[must_use = "the flusher stops when this is dropped"]
pub struct Flusher {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<Option<Flushed>>>,
}

impl Flusher {
    pub(crate) fn spawn(
        handle: TelemetryHandle,
        report: impl FnMut(&Flushed) + Send + 'static,
    ) -> Self {
        let (stop, stopped) = bounded::<()>(0);
        let thread = thread::Builder::new()
            .name("pqcnet-flusher".into())
            .spawn(move || {
                #[cfg(feature = "tracing")]
                {
                    crate::trace::own_thread::declare();
                    handle.begin_delivery();
                }
                let mut turns = Turns {
                    handle,
                    report,
                    is_failing: false,
                };
                let interval = turns.handle.interval().min(FOREVER);
                let mut next = Instant::now() + interval;
                while stopped.recv_deadline(next) == Err(RecvTimeoutError::Timeout) {
                    let _reported = turns.flush();
                    // Flushes that a slow one has overtaken are not made up.
                    next = (next + interval).max(Instant::now());
                }
                Some(turns.flush())
            });
        Self {
            stop: Some(stop),
            thread: Some(thread.expect("the system starts threads")),
        }
    }

    /// Stops, flushes a last time and returns what became of it; `None` where
    /// the report function has panicked.
    pub fn stop(mut self) -> Option<Flushed> {
        self.end()
    }

    fn end(&mut self) -> Option<Flushed> {
        drop(self.stop.take());
        self.thread.take()?.join().ok().flatten()
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.end();
    }
}

struct Turns<F> {
    handle: TelemetryHandle,
    report: F,
    is_failing: bool,
}

impl<F: FnMut(&Flushed)> Turns<F> {
    fn flush(&mut self) -> Flushed {
        let flushed = self.handle.flush();
        match &flushed {
            Err(TelemetryError::ShutDown) => {}
            Err(error) if !self.is_failing => log::warn!("{error}; delivery goes on"),
            Ok(_) if self.is_failing => log::info!("delivering again"),
            _ => {}
        }
        self.is_failing = flushed.is_err();
        (self.report)(&flushed);
        flushed
    }
}
