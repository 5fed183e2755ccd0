//! Records that are used again.
//!
//! A record is made on one thread and done with on another. Given back to the
//! allocator there, each would be freed under a lock that the threads which
//! record take too. So they come back here, in chunks: a thread takes a whole one
//! and has it for itself.

use std::cell::RefCell;

use crossbeam_queue::ArrayQueue;

use super::per_thread::PerThread;

/// As many as a thread takes at once: a visit to what all share is rare, and
/// what a thread that traces no more keeps is little.
const CHUNK: usize = 64;

/// Records that were used and will be, some by each thread.
#[derive(Debug)]
pub(crate) struct Pool<T: Send> {
    chunks: ArrayQueue<Vec<T>>,
    own: PerThread<RefCell<Vec<T>>>,
}

impl<T: Send> Pool<T> {
    /// With room for so many, beside what threads have for themselves.
    pub(crate) fn new(room: usize) -> Self {
        Self {
            chunks: ArrayQueue::new(room.div_ceil(CHUNK).max(1)),
            own: PerThread::default(),
        }
    }

    /// One that was used, as it was given back.
    pub(crate) fn take(&self) -> Option<T> {
        let mut own = self.own.get()?.borrow_mut();
        if own.is_empty() {
            *own = self.chunks.pop()?;
        }
        own.pop()
    }

    /// Takes one back, for this thread.
    pub(crate) fn put(&self, item: T) {
        if let Some(own) = self.own.get() {
            let mut own = own.borrow_mut();
            if own.len() < CHUNK {
                own.push(item);
            }
        }
    }

    /// Takes many back, and frees those that there is no room for.
    pub(crate) fn put_all(&self, mut items: Vec<T>) {
        while !items.is_empty() && !self.chunks.is_full() {
            let rest = items.split_off(items.len().saturating_sub(CHUNK));
            // Full in the meantime, maybe.
            let _ = self.chunks.push(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::thread;

    use super::*;

    fn empty<T: Send>(pool: &Pool<T>) -> Vec<T> {
        std::iter::from_fn(|| pool.take()).collect()
    }

    #[test]
    fn what_comes_back_is_taken_once() {
        let pool = Pool::new(10 * CHUNK);
        pool.put_all((0..300).collect());
        let taken = empty(&pool);
        assert_eq!(taken.len(), 300);
        assert_eq!(taken.iter().collect::<HashSet<_>>().len(), 300);
    }

    #[test]
    fn threads_share_what_came_back() {
        let pool = Pool::new(10 * CHUNK);
        pool.put_all((0..10 * CHUNK).collect());
        let taken: Vec<_> = thread::scope(|scope| {
            let takers: Vec<_> = (0..4).map(|_| scope.spawn(|| empty(&pool))).collect();
            let taken = takers.into_iter().map(|taker| taker.join().unwrap());
            taken.flatten().collect()
        });
        assert_eq!(taken.len(), 10 * CHUNK);
        assert_eq!(taken.iter().collect::<HashSet<_>>().len(), 10 * CHUNK);
    }

    #[test]
    fn it_keeps_no_more_than_it_has_room_for() {
        let pool = Pool::new(2 * CHUNK);
        pool.put_all((0..5 * CHUNK).collect());
        (0..5 * CHUNK).for_each(|item| pool.put(item));
        assert_eq!(empty(&pool).len(), 3 * CHUNK);
    }
}
