//! Records by name: a per-thread cache from name to handle.
//!
//! A thread's first record of a name registers it, under the registry's lock;
//! from then on the name is looked up in the thread's own map.

use std::cell::RefCell;
use std::collections::HashMap;

use foldhash::fast::RandomState;
use pqcnet_telemetry_core::{Counter, Histogram, Instrument, RegisterError, Registry};

/// How many telemetry handles a thread remembers names of.
const HANDLES: usize = 4;

struct Names {
    handle: u64,
    counters: HashMap<Box<str>, Counter, RandomState>,
    latencies: HashMap<Box<str>, Histogram, RandomState>,
}

thread_local! {
    static NAMES: RefCell<Vec<Names>> = const { RefCell::new(Vec::new()) };
}

/// Calls `record` with the counter of this name.
pub(crate) fn with_counter<R>(
    handle: u64,
    registry: &Registry,
    name: &str,
    record: impl FnOnce(&Counter) -> R,
) -> Result<R, RegisterError> {
    with_cached(
        handle,
        name,
        |names| &mut names.counters,
        || registry.counter(name),
        record,
    )
}

/// Calls `record` with the histogram of this name, in milliseconds.
pub(crate) fn with_latency<R>(
    handle: u64,
    registry: &Registry,
    name: &str,
    record: impl FnOnce(&Histogram) -> R,
) -> Result<R, RegisterError> {
    with_cached(
        handle,
        name,
        |names| &mut names.latencies,
        || registry.histogram(Instrument::new(name).unit("ms")),
        record,
    )
}

fn with_cached<H, R>(
    handle: u64,
    name: &str,
    map: impl FnOnce(&mut Names) -> &mut HashMap<Box<str>, H, RandomState>,
    register: impl Fn() -> Result<H, RegisterError>,
    record: impl FnOnce(&H) -> R,
) -> Result<R, RegisterError> {
    let mut record = Some(record);
    let mut call = |handle: &H| record.take().map(|record| record(handle));
    let cached = NAMES.try_with(|names| {
        // Borrowed already where the global allocator records by name.
        let mut names = names.try_borrow_mut().ok()?;
        let map = map(names_of(&mut names, handle));
        if let Some(found) = map.get(name) {
            return call(found).map(Ok);
        }
        match register() {
            Ok(new) => {
                let result = call(&new);
                map.insert(name.into(), new);
                result.map(Ok)
            }
            Err(error) => Some(Err(error)),
        }
    });
    match cached {
        Ok(Some(result)) => result,
        // The thread's locals are gone, or in use: without a cache.
        Ok(None) | Err(_) => Ok(call(&register()?).expect("`record` was not called yet")),
    }
}

fn names_of(names: &mut Vec<Names>, handle: u64) -> &mut Names {
    let found = names.iter().position(|names| names.handle == handle);
    let index = found.unwrap_or_else(|| {
        if names.len() == HANDLES {
            names.remove(0);
        }
        names.push(Names {
            handle,
            counters: HashMap::default(),
            latencies: HashMap::default(),
        });
        names.len() - 1
    });
    &mut names[index]
}
