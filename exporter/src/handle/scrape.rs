//! What a handle has for those who scrape it.
//!
//! A scrape cuts an epoch as a flush does, so that a page shows this moment's
//! totals, also where nobody flushes. The epoch goes to every lane as well,
//! and waits there for the next flush: what is pushed is what it would have
//! been, whoever scrapes in between.

use std::net::SocketAddr;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use pqcnet_telemetry_core::RetiredEpoch;

use super::TelemetryHandle;
use super::shared::Shared;
use crate::config::{ConfigError, ScrapeSettings, TelemetryConfig};
use crate::otlp::resource::Resource;
use crate::prometheus::{PageFormat, PageOptions, Pages, ScrapeEndpoint, ScrapeError};
use crate::self_metrics::SelfMetrics;

/// The pages of a handle that is configured for them, fed from its first epoch
/// on: totals that a page did not see can't be made up for.
pub(super) struct Scrapes {
    settings: ScrapeSettings,
    options: PageOptions,
    own: usize,
    /// Locked after the outbox, if with it, and never while anything waits but
    /// a page being made.
    pages: Mutex<Pages>,
    served: Mutex<Option<Served>>,
}

/// The endpoint of a handle, while it lives.
struct Served {
    claim: Weak<()>,
    address: SocketAddr,
    /// A forked child has a copy of the claim, and no endpoint.
    process: u32,
}

impl Scrapes {
    /// Those of `config`, if it has any.
    pub(super) fn of(
        config: &TelemetryConfig,
        resource: &Resource,
        start: SystemTime,
        metrics: Option<&SelfMetrics>,
    ) -> Result<Option<Self>, ConfigError> {
        let Some(settings) = config.scrape_settings()? else {
            return Ok(None);
        };
        let options = PageOptions {
            bounds: settings.bounds.clone(),
            has_native_histograms: settings.has_native_histograms,
            translation: settings.translation,
        };
        let own = metrics.map_or(0, SelfMetrics::instruments);
        Ok(Some(Self {
            pages: Mutex::new(Pages::new(resource, &options, start, own)),
            settings,
            options,
            own,
            served: Mutex::new(None),
        }))
    }

    /// Adds an epoch to the totals; each, in order.
    pub(super) fn add(&self, epoch: &RetiredEpoch) {
        self.pages().add(epoch);
    }

    /// Begins anew, as a forked child does.
    pub(super) fn begin(&self, resource: &Resource, start: SystemTime) {
        *self.pages() = Pages::new(resource, &self.options, start, self.own);
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Writes a page of this moment's totals, and answers with how many
    /// instruments were left out of pages so far.
    fn scrape(&self, scrapes: &Scrapes, format: PageFormat, out: &mut Vec<u8>) -> u64 {
        {
            let mut outbox = self.outbox();
            // After a shutdown nothing is delivered, but shown.
            let delivery = self.running(&mut outbox).ok();
            self.retire(&mut outbox);
            if let Some(delivery) = delivery {
                delivery.offer(&outbox.epoch, false);
            }
        }
        let mut pages = scrapes.pages();
        pages.render(format, out);
        pages.dropped_conflicts()
    }
}

impl TelemetryHandle {
    /// Writes the page that a scraper with this `Accept` header would be sent
    /// now, for benchmarks; false if the handle is configured for none.
    #[doc(hidden)]
    pub fn write_page(&self, accept: &str, page: &mut Vec<u8>) -> bool {
        let scrapes = self.shared.scrapes.as_ref();
        let format = PageFormat::negotiate(accept);
        scrapes.is_some_and(|scrapes| {
            self.shared.scrape(scrapes, format, page);
            true
        })
    }

    /// Serves the metrics for Prometheus to scrape, as configured by
    /// `[telemetry.prometheus]` or
    /// [`with_prometheus`](TelemetryConfig::with_prometheus): by default at
    /// `localhost:9464/metrics`. Until the endpoint is dropped, also after a
    /// [`shutdown`](Self::shutdown).
    ///
    /// A page has the totals of its moment, whether or not anybody flushes. It
    /// changes none: any number of scrapers and the destinations see the same.
    /// Nothing that records waits for a scrape; a flush may, for as long as a
    /// page takes to make.
    ///
    /// Served also where [`without_delivery`](TelemetryConfig::without_delivery)
    /// or `OTEL_SDK_DISABLED` turns delivery off.
    ///
    /// Starts a thread, and those of delivery: a process that forks does so
    /// before. Fails if it can't listen, and where the handle has an endpoint
    /// already or is not configured for one.
    ///
    /// ```no_run
    /// use pqcnet_telemetry::{PrometheusConfig, TelemetryConfig, TelemetryHandle};
    ///
    /// let config = TelemetryConfig::default().with_prometheus(PrometheusConfig::new());
    /// let telemetry = TelemetryHandle::from_config(config)?;
    /// let endpoint = telemetry.serve_metrics()?;
    /// println!("http://{}/metrics", endpoint.address());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn serve_metrics(&self) -> Result<ScrapeEndpoint, ScrapeError> {
        let shared = &self.shared;
        let scrapes = shared.scrapes.as_ref().ok_or(ScrapeError::NotConfigured)?;
        let mut served = scrapes
            .served
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let process = process::id();
        if let Some(other) = &*served
            && other.process == process
            && other.claim.upgrade().is_some()
        {
            let address = other.address;
            return Err(ScrapeError::AlreadyServing { address });
        }
        // Not in a scrape, as it opens the spool.
        let _ = shared.running(&mut shared.outbox());
        let claim = Arc::new(());
        let weak = Arc::downgrade(&claim);
        let render = {
            let shared = Arc::clone(shared);
            move |format, out: &mut Vec<u8>| {
                let scrapes = shared.scrapes.as_ref();
                scrapes.map_or(0, |scrapes| shared.scrape(scrapes, format, out))
            }
        };
        let meters = shared.scrape_meters();
        let endpoint = ScrapeEndpoint::start(&scrapes.settings, Box::new(render), meters, claim)?;
        *served = Some(Served {
            claim: weak,
            address: endpoint.address(),
            process,
        });
        Ok(endpoint)
    }
}
