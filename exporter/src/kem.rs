//! KEM usage records: the audit trail of which key exchange a node used, why.

use std::time::SystemTime;

use pqcnet_telemetry_core::EventQueue;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::snapshot::KemEvent;

/// Why a key was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KemUsageReason {
    /// In the course of things.
    Normal,
    /// To rehearse the backup.
    Drill,
    /// Because the preferred scheme was not available.
    Fallback,
}

impl KemUsageReason {
    /// `normal`, `drill` or `fallback`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Drill => "drill",
            Self::Fallback => "fallback",
        }
    }
}

/// One use of a key encapsulation mechanism.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KemUsageRecord {
    /// Who used which key: `relayer::<key id in hex>`.
    pub label: String,
    /// The scheme: `ml-kem-768`, `hqc-192`, `signature-stack`.
    pub scheme: String,
    /// Why.
    pub reason: KemUsageReason,
    /// Whether the plan allowed this scheme as a backup only.
    pub backup_only: bool,
}

/// Events on their way from the threads that record them to the flush.
#[derive(Debug)]
pub(crate) struct KemQueue(EventQueue<KemEvent>);

impl KemQueue {
    pub(crate) fn new(capacity: usize) -> Self {
        Self(EventQueue::new(capacity))
    }

    pub(crate) fn push(&self, record: KemUsageRecord) {
        self.0.push(KemEvent {
            id: Uuid::now_v7(),
            timestamp: SystemTime::now(),
            record,
        });
    }

    /// Takes events out, oldest first, at most so many.
    pub(crate) fn take(&self, most: usize) -> Vec<KemEvent> {
        std::iter::from_fn(|| self.0.pop()).take(most).collect()
    }

    /// Events dropped since the handle was made.
    pub(crate) fn dropped(&self) -> u64 {
        self.0.dropped()
    }
}
