//! The one file that names loom: every atomic, lock and thread-local of the
//! crate comes from here, so that the models check the code that ships.

#[cfg(not(loom))]
mod real {
    pub(crate) use arc_swap::ArcSwap;
    pub(crate) use atomic::Atomic;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
    pub(crate) use std::sync::{Mutex, MutexGuard};

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
    use std::sync::Arc;

    /// Stands in for arc-swap, which loom cannot see into: the swap and the
    /// load are atomic and ordered, and nothing else is promised of them.
    pub(crate) struct ArcSwap<T>(Mutex<Arc<T>>);

    impl<T> ArcSwap<T> {
        pub(crate) fn new(value: Arc<T>) -> Self {
            Self(Mutex::new(value))
        }

        pub(crate) fn load(&self) -> Arc<T> {
            Arc::clone(&self.0.lock().unwrap())
        }

        pub(crate) fn swap(&self, value: Arc<T>) -> Arc<T> {
            std::mem::replace(&mut *self.0.lock().unwrap(), value)
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

/// Takes a lock that no panic can leave half-changed: the state behind every
/// lock of this crate is valid between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
