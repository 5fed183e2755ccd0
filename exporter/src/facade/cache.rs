//! A thread's own look-up from key to handle: no lock, no allocation, and no
//! cache line that another thread writes.
//!
//! # Protocol
//!
//! The facade's table owns the handles, this cache has weak references. So a
//! handle that the facade forgets is gone, however long this thread sleeps;
//! the thread finds the reference dead and asks the table. What threads of one
//! stripe share is the count in the handle, which `metrics` moves at every macro
//! call anyway.
//!
//! # Invariants
//!
//! A slot is found by the key's hash, and is a key's own only if name and
//! labels are the same, in the same order: hashes can be made to collide. The
//! number of slots is bounded, so keys without end push out each other, not
//! the process's memory.

use std::array;
use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use metrics::Key;

use super::counter::CounterSeries;
use super::gauge::GaugeSeries;
use super::histogram::HistogramSeries;
use super::series::{Handle, Series};

/// The caches of one thread.
pub(super) struct Caches {
    pub(super) counters: RefCell<Cache<CounterSeries>>,
    pub(super) gauges: RefCell<Cache<GaugeSeries>>,
    pub(super) histograms: RefCell<Cache<HistogramSeries>>,
}

thread_local! {
    static CACHES: Caches = const {
        Caches {
            counters: RefCell::new(Cache::new()),
            gauges: RefCell::new(Cache::new()),
            histograms: RefCell::new(Cache::new()),
        }
    };

    /// `usize::MAX` until asked for.
    static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// This thread's handle of `key`, if it has one.
#[inline]
pub(super) fn find<S: Series>(facade: u64, key: &Key) -> Option<Arc<Handle<S>>> {
    // Neither in the destructors of a thread's locals, nor where the global
    // allocator records while this thread remembers a handle.
    let found = CACHES.try_with(|caches| S::cache(caches).try_borrow().ok()?.find(facade, key));
    let handle = found.ok()??;
    handle.note_use();
    Some(handle)
}

/// Keeps `handle` in mind, if this thread can.
pub(super) fn remember<S: Series>(facade: u64, key: &Key, handle: &Arc<Handle<S>>) {
    let _ = CACHES.try_with(|caches| {
        if let Ok(mut cache) = S::cache(caches).try_borrow_mut() {
            cache.insert(Slot {
                facade,
                key: key.clone(),
                handle: Arc::downgrade(handle),
            });
        }
    });
}

/// This thread's number, counted from the process's start.
pub(super) fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NUMBER.with(|number| {
        if number.get() == usize::MAX {
            number.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}

/// Slots that a hash leads to.
const WAYS: usize = 4;
/// Sets at first, and at most: 64 and 4,096 slots.
const FEWEST: usize = 16;
const MOST: usize = 1_024;

struct Slot<S> {
    facade: u64,
    key: Key,
    handle: Weak<Handle<S>>,
}

type Set<S> = [Option<Slot<S>>; WAYS];

/// A table of sets of slots; how many sets is zero or a power of two.
pub(super) struct Cache<S> {
    sets: Vec<Set<S>>,
    /// Which slot of a full set goes next.
    victim: usize,
}

impl<S> Cache<S> {
    const fn new() -> Self {
        Self {
            sets: Vec::new(),
            victim: 0,
        }
    }

    #[inline]
    fn find(&self, facade: u64, key: &Key) -> Option<Arc<Handle<S>>> {
        // Of no sets, a number that none has.
        let set = self.sets.get(self.place_of(key))?;
        let is_of = |slot: &&Slot<S>| slot.facade == facade && is_same(&slot.key, key);
        set.iter().flatten().find(is_of)?.handle.upgrade()
    }

    fn insert(&mut self, slot: Slot<S>) {
        let Some(slot) = self.place(slot) else { return };
        if self.sets.len() < MOST {
            self.grow();
            self.insert(slot);
        } else {
            let place = self.place_of(&slot.key);
            self.victim = (self.victim + 1) % WAYS;
            self.sets[place][self.victim] = Some(slot);
        }
    }

    /// Puts `slot` where its key was, where nothing is, or where the handle is
    /// gone; gives it back if there is no such place.
    fn place(&mut self, slot: Slot<S>) -> Option<Slot<S>> {
        let place = self.place_of(&slot.key);
        let Some(set) = self.sets.get_mut(place) else {
            return Some(slot);
        };
        let is_own = |old: &Option<Slot<S>>| {
            old.as_ref()
                .is_some_and(|old| old.facade == slot.facade && is_same(&old.key, &slot.key))
        };
        let is_free = |old: &Option<Slot<S>>| {
            old.as_ref()
                .is_none_or(|old| old.handle.strong_count() == 0)
        };
        let way = set
            .iter()
            .position(is_own)
            .or_else(|| set.iter().position(is_free));
        match way {
            Some(way) => {
                set[way] = Some(slot);
                None
            }
            None => Some(slot),
        }
    }

    fn grow(&mut self) {
        let sets = (self.sets.len() * 2).max(FEWEST);
        let empty = || array::from_fn(|_| None);
        let old = std::mem::replace(&mut self.sets, (0..sets).map(|_| empty()).collect());
        for slot in old.into_iter().flatten().flatten() {
            // A set's slots part over two sets, which have room for them.
            self.place(slot);
        }
    }

    #[inline]
    fn place_of(&self, key: &Key) -> usize {
        let hash = key.get_hash();
        (hash ^ (hash >> 32)) as usize & self.sets.len().wrapping_sub(1)
    }
}

/// Whether two keys are the same to the letter. `Key` compares labels in any
/// order, which makes `a=1, a=2` the same as `a=2, a=1`; and it compares texts
/// that are one and the same place, as a program's literals are.
#[inline]
fn is_same(one: &Key, other: &Key) -> bool {
    one.get_hash() == other.get_hash()
        && is_same_text(one.name(), other.name())
        && one.labels().len() == other.labels().len()
        && one.labels().zip(other.labels()).all(|(one, other)| {
            is_same_text(one.key(), other.key()) && is_same_text(one.value(), other.value())
        })
}

#[inline]
fn is_same_text(one: &str, other: &str) -> bool {
    ptr::eq(one, other) || one == other
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::Label;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// A cache of anything, with those who own its handles.
    struct Owned {
        cache: Cache<u64>,
        handles: HashMap<(u64, String), Arc<Handle<u64>>>,
    }

    impl Owned {
        fn new() -> Self {
            Self {
                cache: Cache::new(),
                handles: HashMap::new(),
            }
        }

        fn insert(&mut self, facade: u64, name: &str, series: u64) {
            let handle = Arc::new(Handle::new(series));
            self.cache.insert(Slot {
                facade,
                key: Key::from_name(name.to_owned()),
                handle: Arc::downgrade(&handle),
            });
            self.handles.insert((facade, name.to_owned()), handle);
        }

        fn find(&self, facade: u64, name: &str) -> Option<u64> {
            let found = self.cache.find(facade, &Key::from_name(name.to_owned()))?;
            Some(found.series)
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_a_map_holds(
            steps in prop::collection::vec((0_u64..2, 0_u32..300, 0_u8..3, any::<u64>()), 0..400),
        ) {
            let mut owned = Owned::new();
            for (facade, name, step, series) in steps {
                let name = name.to_string();
                if step == 0 {
                    owned.handles.remove(&(facade, name.clone()));
                } else if step == 1 {
                    owned.insert(facade, &name, series);
                }
                let expected = owned.handles.get(&(facade, name.clone()));
                let expected = expected.map(|handle| handle.series);
                prop_assert_eq!(owned.find(facade, &name), expected);
            }
        }
    }

    #[test]
    fn any_number_of_keys_takes_a_bounded_number_of_slots() {
        let mut owned = Owned::new();
        for number in 0..20_000 {
            owned.insert(0, &number.to_string(), number);
            assert_eq!(owned.find(0, &number.to_string()), Some(number));
        }
        assert_eq!(owned.cache.sets.len(), MOST);
        let found = (0..20_000).filter_map(|number| owned.find(0, &number.to_string()));
        let found = found.count();
        assert!((MOST..=MOST * WAYS).contains(&found), "{found}");
    }

    #[test]
    fn slots_of_handles_that_are_gone_are_used_again() {
        let mut owned = Owned::new();
        for number in 0..20_000 {
            owned.insert(0, &number.to_string(), number);
            owned.handles.clear();
        }
        assert_eq!(owned.cache.sets.len(), FEWEST);
    }

    #[test]
    fn keys_are_the_same_to_the_letter() {
        let key = |labels: &[(&'static str, &'static str)]| {
            let labels = labels.iter().map(|(k, v)| Label::new(*k, *v));
            Key::from_parts("x", labels.collect::<Vec<_>>())
        };
        let one = key(&[("a", "1"), ("b", "2")]);
        assert!(is_same(&one, &key(&[("a", "1"), ("b", "2")])));
        assert!(!is_same(&one, &key(&[("a", "1")])));
        assert!(!is_same(&one, &key(&[("a", "1"), ("b", "3")])));
        // The same hash, and by `Eq` the same key.
        assert!(!is_same(&one, &key(&[("b", "2"), ("a", "1")])));
        assert!(!is_same(
            &key(&[("a", "1"), ("a", "2")]),
            &key(&[("a", "2"), ("a", "1")])
        ));
        assert!(!is_same(&Key::from_name("x"), &Key::from_name("y")));
    }
}
