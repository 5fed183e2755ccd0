//! All series of one kind that the facade has registered, by name and labels.
//!
//! Found behind a read lock, registered behind a write lock; a thread comes
//! here once for each key, as [`cache`] remembers the rest.

use std::cell::Cell;
use std::num::NonZero;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use metrics::{Key, Unit};
use pqcnet_telemetry_core::Registry;

use super::cache;
use super::drops::{Drops, Reason};
use super::name::{Labels, instrument_name};
use super::resolution::Rules;
use super::series::{Handle, Series};

mod instrument;
mod state;

use state::{Asked, Found, Refusal, State};

/// More stripes would cost memory and separate threads that rarely meet.
const MOST_STRIPES: usize = 64;

pub(super) struct Table<S> {
    registry: Registry,
    drops: Arc<Drops>,
    /// Threads whose numbers have the same remainder share their handles.
    stripes: usize,
    state: RwLock<State<S>>,
}

impl<S: Series> Table<S> {
    pub(super) fn new(registry: &Registry, drops: &Arc<Drops>) -> Self {
        let processors = available_parallelism().map_or(1, NonZero::get);
        Self {
            registry: registry.clone(),
            drops: Arc::clone(drops),
            stripes: processors.min(MOST_STRIPES),
            state: RwLock::default(),
        }
    }

    /// The handle of `key`; `None` if it can't have one, which is counted.
    pub(super) fn find_or_register(
        &self,
        facade: u64,
        key: &Key,
        rules: &Rules,
    ) -> Option<Arc<Handle<S>>> {
        match self.look_up(key, rules) {
            Ok(Found::Own(handle)) => {
                cache::remember(facade, key, &handle);
                Some(handle)
            }
            Ok(Found::Shared(handle)) => Some(handle),
            Err(refusal) => {
                self.note(key.name(), &refusal);
                None
            }
        }
    }

    fn look_up(&self, key: &Key, rules: &Rules) -> Result<Found<S>, Refusal> {
        let name = instrument_name(key.name()).ok_or(Reason::InvalidName)?;
        let labels = Labels::of(key);
        if labels.has_empty_key() {
            return Err(Reason::InvalidLabel.into());
        }
        let asked = Asked {
            given: key.name(),
            name: &name,
            labels: &labels,
            stripe: cache::thread_number() % self.stripes,
        };
        if let Some(found) = self.read().find(&asked) {
            return found;
        }
        let (found, other_unit) = alone(|| {
            let mut state = self.write();
            state.find_or_register(&asked, rules, &self.registry, &self.drops)
        })
        .ok_or(Reason::NoRoom)??;
        if let Some(unit) = other_unit {
            let what = format!("it is registered with the unit {unit:?}, and keeps it");
            self.drops.note(Reason::LateUnit, key.name(), &what);
        }
        Ok(found)
    }

    /// Takes down unit and description of a name, for its registration; of a
    /// registered one, the description if it is longer.
    pub(super) fn describe(&self, name: &str, unit: Option<Unit>, description: &str) {
        let Some(mapped) = instrument_name(name) else {
            return self.note(name, &Reason::InvalidName.into());
        };
        let described = alone(|| {
            let mut state = self.write();
            state.describe(&mapped, unit, description, &self.registry, &self.drops)
        });
        if let Err(refusal) = described.unwrap_or(Err(Reason::NoRoom.into())) {
            self.note(name, &refusal);
        }
    }

    /// Tells the core what it has not been told yet. For one thread at a time.
    pub(super) fn settle(&self) {
        self.read().series().for_each(S::settle);
    }

    /// Forgets what is neither held nor was asked for in `idle` until `now`.
    pub(super) fn forget_unused(&self, now: Instant, idle: Duration) {
        self.write().forget_unused(now, idle);
    }

    fn note(&self, name: &str, refusal: &Refusal) {
        self.drops.note(refusal.reason, name, refusal);
    }

    fn read(&self) -> RwLockReadGuard<'_, State<S>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State<S>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

thread_local! {
    static IS_REGISTERING: Cell<bool> = const { Cell::new(false) };
}

/// Calls `register`, unless it is being called further up this stack: it
/// allocates with a lock held, and the global allocator may use the macros.
fn alone<R>(register: impl FnOnce() -> R) -> Option<R> {
    struct Turn;

    impl Drop for Turn {
        fn drop(&mut self) {
            IS_REGISTERING.set(false);
        }
    }

    if IS_REGISTERING.replace(true) {
        return None;
    }
    let _turn = Turn;
    Some(register())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_within_a_registration_is_refused() {
        assert_eq!(alone(|| alone(|| 1)), Some(None));
        assert_eq!(alone(|| 2), Some(2));
    }
}
