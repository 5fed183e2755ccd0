//! One of each thread's own, also while a thread ends.

use std::cell::Cell;

use thread_local::ThreadLocal;

thread_local! {
    /// Whether this thread has had one of anything.
    static HAS_HAD: Cell<bool> = const { Cell::new(false) };

    /// Of no use once its destructor has run.
    static LIVES: Lives = const { Lives };
}

struct Lives;

impl Drop for Lives {
    fn drop(&mut self) {}
}

/// A value for each thread, made when it is first asked for.
///
/// `ThreadLocal` panics where a thread asks for a value for the first time after
/// it has forgotten its number. That is where it ends, in the destructor of
/// another thread-local, such as one that holds a span, and there a panic ends
/// the process. Here there is none then.
#[derive(Debug)]
pub(super) struct PerThread<T: Send>(ThreadLocal<T>);

impl<T: Send + Default> PerThread<T> {
    pub(super) fn get(&self) -> Option<&T> {
        self.0.get().or_else(|| self.first())
    }

    #[cold]
    fn first(&self) -> Option<&T> {
        if HAS_HAD.get() {
            LIVES.try_with(|_| ()).ok()?;
            return Some(self.0.get_or_default());
        }
        let value = self.0.get_or_default();
        HAS_HAD.set(true);
        // After `ThreadLocal`'s own destructor, so that it runs before that.
        let _ = LIVES.try_with(|_| ());
        Some(value)
    }
}

impl<T: Send> PerThread<T> {
    pub(super) fn all(&self) -> impl Iterator<Item = &T>
    where
        T: Sync,
    {
        self.0.iter()
    }
}

impl<T: Send> Default for PerThread<T> {
    fn default() -> Self {
        Self(ThreadLocal::new())
    }
}
