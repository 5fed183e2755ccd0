//! Encoding by whoever asks, or every so often on a thread of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::pipeline::Export;
use super::subject::Encoding;

/// As short as a worker needs to be woken, so that it encodes while others
/// record.
const PAUSE: Duration = Duration::from_micros(200);

/// Encodes what `encode` finds, and counts it. `encode` returns how many spans
/// it has encoded, and has one caller at a time.
pub struct Background(Arc<Shared>);

struct Shared {
    encode: Box<dyn Fn() -> usize + Send + Sync>,
    encoded: Mutex<u64>,
}

impl Background {
    /// With a thread of its own, if `encoding` says so; it ends with this.
    pub fn new(encode: impl Fn() -> usize + Send + Sync + 'static, encoding: Encoding) -> Self {
        let shared = Arc::new(Shared {
            encode: Box::new(encode),
            encoded: Mutex::new(0),
        });
        if encoding == Encoding::Background {
            let shared = Arc::downgrade(&shared);
            thread::spawn(move || {
                while let Some(shared) = shared.upgrade() {
                    shared.encode();
                    drop(shared);
                    thread::park_timeout(PAUSE);
                }
            });
        }
        Self(shared)
    }
}

impl Shared {
    fn encode(&self) -> u64 {
        let encoded = self.encoded.lock();
        let mut encoded = encoded.unwrap_or_else(PoisonError::into_inner);
        *encoded += (self.encode)() as u64;
        *encoded
    }
}

impl Export for Background {
    fn flush(&self) -> u64 {
        self.0.encode()
    }
}
