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

    /// Stands in for crossbeam's queue, which loom cannot see into: each call
    /// is one atomic step.
    #[derive(Debug)]
    pub(crate) struct BoundedQueue<T>(Mutex<std::collections::VecDeque<T>>, usize);

    impl<T> BoundedQueue<T> {
        pub(crate) fn new(capacity: usize) -> Self {
            assert!(capacity > 0, "capacity must be non-zero");
            Self(Mutex::default(), capacity)
        }

        pub(crate) fn push(&self, value: T) -> Result<(), T> {
            let mut queue = self.0.lock().unwrap();
            if queue.len() == self.1 {
                return Err(value);
            }
            queue.push_back(value);
            Ok(())
        }

        pub(crate) fn pop(&self) -> Option<T> {
            self.0.lock().unwrap().pop_front()
        }

        pub(crate) fn len(&self) -> usize {
            self.0.lock().unwrap().len()
        }

        pub(crate) fn capacity(&self) -> usize {
            self.1
        }
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
