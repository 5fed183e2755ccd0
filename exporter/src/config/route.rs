//! Where everything goes: the configuration, resolved for each receiver and
//! signal.

use std::time::Duration;

use super::request::{Headers, RequestSettings};
use super::signals::SIGNALS;
use super::tls::Tls;
use super::{
    BySignal, Compression, ConfigError, DestinationConfig, Endpoint, FOREVER, HistogramEncoding,
    Protocol, RequestOptions, TelemetryConfig, Temporality,
};

/// Where and how one signal goes to one destination.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) url: Endpoint,
    pub(crate) protocol: Protocol,
    pub(crate) compression: Compression,
    pub(crate) headers: Headers,
    /// Of a whole request, from resolving the name to the end of the answer.
    pub(crate) timeout: Duration,
    /// Of resolving the name, connecting and TLS.
    pub(crate) connect_timeout: Duration,
    pub(crate) max_request_bytes: usize,
    pub(crate) max_response_bytes: u64,
    pub(crate) tls: Tls,
}

/// One receiver, with what it gets.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    /// `default` for that of the top-level keys.
    pub(crate) name: String,
    pub(crate) temporality: Temporality,
    pub(crate) histograms: HistogramEncoding,
    pub(crate) metrics: Option<Route>,
    pub(crate) logs: Option<Route>,
    /// Never in a build without traces.
    #[cfg_attr(
        not(feature = "tracing"),
        allow(dead_code, reason = "nobody sends them")
    )]
    pub(crate) traces: Option<Route>,
}

impl TelemetryConfig {
    /// Every receiver, that of the top-level keys first. Checks the
    /// configuration, and reads the files it names.
    pub(crate) fn destinations(&self) -> Result<Vec<Destination>, ConfigError> {
        self.validate()?;
        let signals = self.signals.clone();
        let signals = signals.try_map(|signal, options| {
            Ok::<_, ConfigError>(self.sends(signal).then_some(options))
        })?;
        let routes = routes_of(&self.endpoint, &self.general, signals)?;
        let first = Destination {
            name: "default".into(),
            temporality: self.temporality,
            histograms: self.histograms.clone(),
            metrics: routes.metrics,
            logs: routes.logs,
            traces: routes.traces,
        };
        let further = self.destinations.iter();
        std::iter::once(Ok(first))
            .chain(further.map(|destination| self.resolve(destination)))
            .collect()
    }

    fn resolve(&self, config: &DestinationConfig) -> Result<Destination, ConfigError> {
        let base = config.endpoint.clone()?;
        let general = self.general.for_another_receiver().under(&config.general);
        let routes = routes_of(&base, &general, config.signals.clone())?;
        let histograms = config.histograms.as_ref().unwrap_or(&self.histograms);
        Ok(Destination {
            name: config.name.clone(),
            temporality: config.temporality.unwrap_or(self.temporality),
            histograms: histograms.clone(),
            metrics: routes.metrics,
            logs: routes.logs,
            traces: routes.traces,
        })
    }
}

/// Where each signal goes that is sent at all, and that this build has.
fn routes_of(
    base: &Endpoint,
    general: &RequestSettings,
    signals: BySignal<Option<RequestOptions>>,
) -> Result<BySignal<Option<Route>>, ConfigError> {
    signals.try_map(|signal, options| {
        let options = options.filter(|_| SIGNALS.contains(&signal));
        let route = options.map(|options| {
            let own = options.endpoint.clone();
            let url = own.unwrap_or_else(|| base.signal(signal));
            Route::new(url, general.under(&options))
        });
        route.transpose()
    })
}

impl Route {
    fn new(url: Endpoint, settings: RequestSettings) -> Result<Self, ConfigError> {
        let timeout = settings.timeout.min(FOREVER);
        Ok(Self {
            url,
            protocol: settings.protocol,
            compression: settings.compression,
            headers: settings.headers,
            timeout,
            connect_timeout: settings.connect_timeout.min(timeout),
            max_request_bytes: settings.max_request_bytes,
            max_response_bytes: settings.max_response_bytes,
            tls: settings.tls.load()?,
        })
    }
}

#[cfg(test)]
mod tests;
