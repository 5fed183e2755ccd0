//! The endpoint that is served, and the thread it is served by.

use std::fmt;
use std::mem;
use std::net::SocketAddr;
use std::process;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use super::error::ScrapeError;
use super::listen::{address, listen};
use super::server::{Render, Server};
use crate::config::ScrapeSettings;
use crate::self_metrics::ScrapeMeters;

/// Metrics being served, until this is dropped.
///
/// Dropping it cuts all connections, frees the port and waits for its thread,
/// which ends at once, or with the page that it is making. It keeps what it
/// shows: a handle that is dropped or shut down is scraped on.
///
/// A forked child has no such thread, and the port remains its parent's: what
/// the child inherits of an endpoint does nothing. It may serve metrics of its
/// own elsewhere. Fork before serving, or from a place where nobody scrapes: a
/// scrape under way leaves the child's telemetry locked.
#[must_use = "metrics are served until this is dropped"]
pub struct ScrapeEndpoint {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    process: u32,
    _claim: Arc<()>,
}

impl ScrapeEndpoint {
    /// Listens, and starts the thread; `claim` lasts for as long as that does.
    pub(crate) fn start(
        settings: &ScrapeSettings,
        render: Render,
        meters: Option<ScrapeMeters>,
        claim: Arc<()>,
    ) -> Result<Self, ScrapeError> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| ScrapeError::thread(&error))?;
        let listeners = {
            let _inside = runtime.enter();
            listen(&settings.host, settings.port)?
        };
        let addresses = listeners
            .iter()
            .map(address)
            .collect::<Result<Vec<_>, _>>()?;
        let (stop, stopped) = oneshot::channel();
        let (settings_there, path) = (settings.clone(), &settings.path);
        let thread = thread::Builder::new()
            .name("pqcnet-scrape".into())
            .spawn(move || {
                #[cfg(feature = "tracing")]
                crate::trace::own_thread::declare();
                let server = Server::new(settings_there, render, meters);
                run(&runtime, server, listeners, stopped);
            })
            .map_err(|error| ScrapeError::thread(&error))?;
        for address in &addresses {
            log::info!("metrics are served at http://{address}{path}");
            if !address.ip().is_loopback() && settings.token.is_none() {
                log::warn!("{address} is open to whoever reaches it: no token is configured");
            }
        }
        Ok(Self {
            address: addresses[0],
            stop: Some(stop),
            thread: Some(thread),
            process: process::id(),
            _claim: claim,
        })
    }

    /// Where it listens; of several addresses, as those of `localhost`, the
    /// first, that of IPv4. All have the same port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it, as dropping it does.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for ScrapeEndpoint {
    fn drop(&mut self) {
        let thread = self.thread.take();
        if self.process != process::id() {
            // The parent's. There is nothing to wait for.
            mem::forget((self.stop.take(), thread));
            return;
        }
        drop(self.stop.take());
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for ScrapeEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScrapeEndpoint")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Serves until told to stop; what is under way then is cut.
fn run(
    runtime: &Runtime,
    server: Server,
    listeners: Vec<TcpListener>,
    stopped: oneshot::Receiver<()>,
) {
    let server = Rc::new(server);
    let tasks = LocalSet::new();
    for listener in listeners {
        tasks.spawn_local(Rc::clone(&server).accept(listener));
    }
    tasks.block_on(runtime, async {
        let _ = stopped.await;
    });
}
