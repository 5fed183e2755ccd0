//! Publishing a package: stored in the DHT, announced by gossip.

use std::fmt::Display;

use super::ERROR_LIMIT;
use super::declare::{argument, operation, value};
use super::text::Limited;

operation! {
    /// `publish`: a package is stored and announced.
    Publish = "publish",
    constant { operation = "publish" }
    start { package_id: text, package_version: text, peer_id: text }
    late { dht_storage_success: flag, gossipsub_success: flag, error: error }
    elapsed latency_ms
}

impl Publish {
    /// Ends with what became of both legs. It has failed if one of them has, and
    /// `error` says which and why. A leg that was not tried is an `Err` that says so.
    pub fn finished<T, U>(
        self,
        dht_storage: &Result<T, impl Display>,
        gossipsub: &Result<U, impl Display>,
    ) {
        self.dht_storage_success(dht_storage.is_ok());
        self.gossipsub_success(gossipsub.is_ok());
        match (dht_storage, gossipsub) {
            (Ok(_), Ok(_)) => {}
            (Err(dht), Ok(_)) => self.fail(format_args!("dht storage: {dht}")),
            (Ok(_), Err(gossip)) => self.fail(format_args!("gossipsub: {gossip}")),
            (Err(dht), Err(gossip)) => {
                // Half each, less what is around them.
                let dht = Limited(dht, ERROR_LIMIT / 2 - 16);
                let gossip = Limited(gossip, ERROR_LIMIT / 2 - 16);
                self.fail(format_args!("dht storage: {dht}; gossipsub: {gossip}"));
            }
        }
    }

    fn fail(&self, error: impl Display) {
        self.error(&error);
        self.open.fail(&error);
    }
}

operation! {
    /// `store_in_dht`: a package's record is put into the DHT.
    StoreInDht = "store_in_dht" as "client",
    constant { operation = "dht_put" }
    start { package_id: text, peer_id: text, record_size_bytes: count }
    late { error: error }
    elapsed latency_ms
}

impl StoreInDht {
    /// Ends with the record stored.
    pub fn succeeded(self) {
        drop(self);
    }

    /// Ends without the record stored as it should be.
    pub fn failed(self, error: impl Display) {
        self.error(&error);
        self.open.fail(&error);
    }
}

operation! {
    /// `announce_package`: a package is announced to the peers by gossip.
    AnnouncePackage = "announce_package" as "producer",
    constant { operation = "gossipsub_publish" }
    start { package_id: text, package_version: text, announcement_size_bytes: count }
    late { error: error }
    elapsed latency_ms
}

impl AnnouncePackage {
    /// Ends with the announcement on its way.
    pub fn succeeded(self) {
        drop(self);
    }

    /// Ends with nothing announced.
    pub fn failed(self, error: impl Display) {
        self.error(&error);
        self.open.fail(&error);
    }
}
