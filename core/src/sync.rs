//! The one file that names loom: every atomic, lock and thread-local of the
//! crate comes from here, so that the models check the code that ships.

#[cfg(not(loom))]
mod real {
    pub(crate) use arc_swap::ArcSwap;
    pub(crate) use atomic::Atomic;
    pub(crate) use crossbeam_queue::ArrayQueue as BoundedQueue;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
    pub(crate) use std::sync::{Mutex, MutexGuard};
    pub(crate) use std::thread_local;

    /// A boxed slice of `len` zeroes, in memory the kernel hands out on first
    /// touch where `len` is large.
    #[expect(unsafe_code, reason = "std has no safe zeroed slice of atomics")]
    pub(crate) fn zeroed<T: Zeroable>(len: usize) -> Box<[T]> {
        let slice = Box::new_zeroed_slice(len);
        // SAFETY: `T: Zeroable` promises that all-zero bytes are a `T`.
        unsafe { slice.assume_init() }
    }

    /// A number for a thread that has none: in turn.
    pub(crate) fn next_thread_number() -> u32 {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    /// Types whose all-zero bytes are their initial value.
    ///
    /// # Safety
    ///
    /// All-zero bytes must be a valid value of the type.
    #[expect(unsafe_code, reason = "the contract of `zeroed`")]
    pub(crate) unsafe trait Zeroable: Default {}
}

#[cfg(loom)]
mod modelled {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
    pub(crate) use loom::sync::{Mutex, MutexGuard};
    pub(crate) use loom::thread_local;
    use std::collections::VecDeque;
    use std::sync::{Arc, LazyLock};

    /// Stands in for arc-swap, which loom cannot see into, and promises less:
    /// a load is an acquire load, which may find an old value.
    pub(crate) struct ArcSwap<T>(AtomicPtr<T>);

    #[expect(unsafe_code, reason = "an Arc in an AtomicPtr")]
    impl<T> ArcSwap<T> {
        pub(crate) fn new(value: Arc<T>) -> Self {
            Self(AtomicPtr::new(Arc::into_raw(value).cast_mut()))
        }

        pub(crate) fn load(&self) -> Arc<T> {
            let value = self.0.load(Ordering::Acquire).cast_const();
            // SAFETY: it came from `into_raw`, and the one user of this type
            // holds every value that was ever stored here.
            unsafe { Arc::increment_strong_count(value) };
            // SAFETY: the count raised above is this `Arc`'s.
            unsafe { Arc::from_raw(value) }
        }

        pub(crate) fn swap(&self, value: Arc<T>) -> Arc<T> {
            let new = Arc::into_raw(value).cast_mut();
            let old = self.0.swap(new, Ordering::AcqRel);
            // SAFETY: the count that `new` or an earlier `swap` gave up.
            unsafe { Arc::from_raw(old) }
        }
    }

    impl<T> Drop for ArcSwap<T> {
        #[expect(unsafe_code, reason = "an Arc in an AtomicPtr")]
        fn drop(&mut self) {
            let value = self.0.load(Ordering::Relaxed);
            // SAFETY: as in `swap`.
            drop(unsafe { Arc::from_raw(value) });
        }
    }

    /// Whether the mutant of this name is being checked: see
    /// `loom-tests/mutants.toml`.
    pub(crate) fn is_mutant(name: &str) -> bool {
        static MUTANT: LazyLock<Option<String>> =
            LazyLock::new(|| std::env::var("PQCNET_MUTANT").ok());
        MUTANT.as_deref() == Some(name)
    }

    /// Stands in for crossbeam's queue, which loom cannot see into, and promises
    /// less: the counts it goes by may be old. A `pop` or `len` may miss a push
    /// that is not ordered before it, a push may find the queue full for missing
    /// a pop. The lock is std's, and orders nothing in a model.
    #[derive(Debug)]
    pub(crate) struct BoundedQueue<T> {
        /// Changed in one step with its count, as loom lets another thread run
        /// before an atomic operation, and nowhere else.
        items: std::sync::Mutex<VecDeque<T>>,
        pushed: AtomicU32,
        popped: AtomicU32,
        capacity: usize,
    }

    impl<T> BoundedQueue<T> {
        pub(crate) fn new(capacity: usize) -> Self {
            assert!(capacity > 0, "capacity must be non-zero");
            Self {
                items: std::sync::Mutex::default(),
                pushed: AtomicU32::new(0),
                popped: AtomicU32::new(0),
                capacity,
            }
        }

        /// Pairs with `pop`, and with the pop that made room.
        pub(crate) fn push(&self, value: T) -> Result<(), T> {
            let with_one_more = |pushed: u32| {
                let popped = self.popped.load(Ordering::Acquire);
                (length(pushed, popped) < self.capacity).then_some(pushed + 1)
            };
            let pushed =
                self.pushed
                    .fetch_update(Ordering::Release, Ordering::Relaxed, with_one_more);
            if pushed.is_err() {
                return Err(value);
            }
            self.items.lock().unwrap().push_back(value);
            Ok(())
        }

        /// Synchronises with every push that it sees.
        pub(crate) fn pop(&self) -> Option<T> {
            let pushed = self.pushed.load(Ordering::Acquire);
            let with_one_more = |popped| (popped < pushed).then_some(popped + 1);
            self.popped
                .fetch_update(Ordering::Release, Ordering::Relaxed, with_one_more)
                .ok()?;
            self.items.lock().unwrap().pop_front()
        }

        pub(crate) fn len(&self) -> usize {
            let pushed = self.pushed.load(Ordering::Relaxed);
            let popped = self.popped.load(Ordering::Relaxed);
            length(pushed, popped).min(self.capacity)
        }

        pub(crate) fn capacity(&self) -> usize {
            self.capacity
        }
    }

    /// By counts read one after the other.
    fn length(pushed: u32, popped: u32) -> usize {
        pushed.saturating_sub(popped) as usize
    }

    /// A number for a thread that has none: in turn.
    pub(crate) fn next_thread_number() -> u32 {
        // Begins anew with each execution, as whatever a model does must.
        loom::lazy_static! {
            static ref NEXT: AtomicU32 = AtomicU32::new(0);
        }
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    /// Stands in for `atomic::Atomic<f64>`, which loom cannot see into.
    pub(crate) struct Atomic<T>(AtomicU64, std::marker::PhantomData<T>);

    impl Atomic<f64> {
        pub(crate) fn new(value: f64) -> Self {
            Self(AtomicU64::new(value.to_bits()), std::marker::PhantomData)
        }

        pub(crate) fn load(&self, ordering: Ordering) -> f64 {
            f64::from_bits(self.0.load(ordering))
        }

        pub(crate) fn store(&self, value: f64, ordering: Ordering) {
            self.0.store(value.to_bits(), ordering);
        }
    }

    pub(crate) fn zeroed<T: Zeroable>(len: usize) -> Box<[T]> {
        (0..len).map(|_| T::default()).collect()
    }

    /// # Safety
    ///
    /// None under loom: `zeroed` calls `default`.
    #[expect(unsafe_code, reason = "the same trait as outside loom")]
    pub(crate) unsafe trait Zeroable: Default {}
}

#[cfg(loom)]
pub(crate) use modelled::*;
#[cfg(not(loom))]
pub(crate) use real::*;

/// The ordering of one site. In a model build, the mutant of the site's name
/// weakens it to `Relaxed`.
macro_rules! ordering {
    ($site:literal, $ordering:ident) => {{
        #[cfg(not(loom))]
        let ordering = $crate::sync::Ordering::$ordering;
        #[cfg(loom)]
        let ordering = if $crate::sync::is_mutant($site) {
            $crate::sync::Ordering::Relaxed
        } else {
            $crate::sync::Ordering::$ordering
        };
        ordering
    }};
}

/// Whether a step of the algorithm is to be broken: never, but in the model
/// build of the mutant of this name.
macro_rules! mutant {
    ($name:literal) => {{
        #[cfg(not(loom))]
        let is_mutant = false;
        #[cfg(loom)]
        let is_mutant = $crate::sync::is_mutant($name);
        is_mutant
    }};
}

pub(crate) use {mutant, ordering};

/// Takes a lock that no panic can leave half-changed: the state behind every
/// lock of this crate is valid between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
