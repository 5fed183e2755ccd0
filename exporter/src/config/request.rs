//! What applies to requests, and what one table or set of variables says of it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::tls::TlsFiles;
use super::{Compression, Endpoint, Protocol, Secret};

/// Headers by their names in lower case.
pub(crate) type Headers = BTreeMap<String, Secret>;

/// What applies to every request that nothing else is said of.
#[derive(Clone, Debug)]
pub(crate) struct RequestSettings {
    pub(crate) protocol: Protocol,
    pub(crate) compression: Compression,
    pub(crate) headers: Headers,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_request_bytes: usize,
    pub(crate) max_response_bytes: u64,
    pub(crate) tls: TlsFiles,
}

impl Default for RequestSettings {
    fn default() -> Self {
        Self {
            protocol: Protocol::default(),
            compression: Compression::default(),
            headers: Headers::new(),
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            max_request_bytes: 4 << 20,
            max_response_bytes: 4 << 20,
            tls: TlsFiles::default(),
        }
    }
}

/// What one signal's table or variables say; `None` where they say nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestOptions {
    pub(super) endpoint: Option<Endpoint>,
    pub(super) protocol: Option<Protocol>,
    pub(super) compression: Option<Compression>,
    /// Instead of the general ones, not besides them.
    pub(super) headers: Option<Headers>,
    pub(super) timeout: Option<Duration>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) max_request_bytes: Option<usize>,
    pub(super) max_response_bytes: Option<u64>,
    pub(super) tls: TlsFiles,
}

impl RequestSettings {
    /// These, with `options` over them. The endpoint is not among them: that
    /// of a signal is another thing than that of all.
    pub(super) fn under(&self, options: &RequestOptions) -> Self {
        let headers = options.headers.as_ref().unwrap_or(&self.headers);
        Self {
            protocol: options.protocol.unwrap_or(self.protocol),
            compression: options.compression.unwrap_or(self.compression),
            headers: headers.clone(),
            timeout: options.timeout.unwrap_or(self.timeout),
            connect_timeout: options.connect_timeout.unwrap_or(self.connect_timeout),
            max_request_bytes: options.max_request_bytes.unwrap_or(self.max_request_bytes),
            max_response_bytes: options
                .max_response_bytes
                .unwrap_or(self.max_response_bytes),
            tls: self.tls.under(&options.tls),
        }
    }

    /// What another receiver may have of these: no header, key or certificate
    /// meant for this one, nor its protocol.
    pub(super) fn for_another_receiver(&self) -> Self {
        Self {
            protocol: Protocol::default(),
            headers: Headers::new(),
            tls: TlsFiles::default(),
            ..self.clone()
        }
    }
}

impl RequestOptions {
    /// Names of headers are the same in every case.
    pub(super) fn insert_header(&mut self, name: &str, value: &str) {
        let headers = self.headers.get_or_insert_default();
        headers.insert(name.to_ascii_lowercase(), Secret::new(value));
    }
}
