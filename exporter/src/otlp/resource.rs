//! Who is reporting: the resource and the scope.

use std::collections::BTreeMap;

use pqcnet_telemetry_core::AttributeValue;
use uuid::Uuid;

/// The scope's name.
pub(crate) const SCOPE: &str = "pqcnet-telemetry";

/// The scope's version, and the library's.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The resource's attributes: labels, `service.*` and `telemetry.sdk.*`.
#[derive(Clone, Debug)]
pub(crate) struct Resource(BTreeMap<String, AttributeValue>);

impl Resource {
    /// `instance` tells this process's series from those of the one before:
    /// two writers of one identity would corrupt a cumulative stream.
    pub(crate) fn new(labels: &BTreeMap<String, String>, instance: Uuid) -> Self {
        let defaults = [
            ("service.name", "unknown_service".to_owned()),
            ("service.instance.id", instance.to_string()),
        ];
        let library = [
            ("telemetry.sdk.name", SCOPE.to_owned()),
            ("telemetry.sdk.language", "rust".to_owned()),
            ("telemetry.sdk.version", VERSION.to_owned()),
        ];
        let labels = labels.iter().map(|(k, v)| (k.as_str(), v.clone()));
        let all = defaults.into_iter().chain(labels).chain(library);
        Self(all.map(|(k, v)| (k.to_owned(), v.into())).collect())
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&str, &AttributeValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }
}
