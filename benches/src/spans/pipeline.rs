//! The way of spans from where they end to encoded requests, and whether all of
//! them have come through.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// What encodes a subject's spans.
pub(super) trait Export: Send + Sync {
    /// Encodes all that have ended; returns how many it has ever encoded.
    fn flush(&self) -> u64;

    /// The request that was encoded last, if it is kept.
    fn last(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// A subject's exporter, if it has one, and the account of its spans.
pub struct Pipeline {
    export: Option<Box<dyn Export>>,
    made: AtomicU64,
}

impl Pipeline {
    pub(super) fn new(export: Option<Box<dyn Export>>) -> Self {
        Self {
            export,
            made: AtomicU64::new(0),
        }
    }

    /// So many spans have ended.
    pub fn add_made(&self, spans: u64) {
        self.made.fetch_add(spans, Ordering::Relaxed);
    }

    /// Waits until all spans that have ended are encoded. To be called while
    /// nobody records.
    pub fn flush(&self) -> Result<(), Lost> {
        let Some(export) = &self.export else {
            return Ok(());
        };
        let (encoded, made) = (export.flush(), self.made.load(Ordering::Relaxed));
        if encoded == made {
            return Ok(());
        }
        Err(Lost { made, encoded })
    }

    /// The OTLP request that was encoded last, where the subject keeps it.
    pub fn last(&self) -> Vec<u8> {
        self.export.as_ref().map(|it| it.last()).unwrap_or_default()
    }
}

/// Not as many spans were encoded as were made.
#[derive(Clone, Copy, Debug)]
pub struct Lost {
    made: u64,
    encoded: u64,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { made, encoded } = self;
        write!(f, "{encoded} spans were encoded of {made} that were made")
    }
}

impl Error for Lost {}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("is_exporting", &self.export.is_some())
            .field("made", &self.made)
            .finish()
    }
}
