//! New ids.

use std::cell::RefCell;
use std::num::{NonZeroU64, NonZeroU128};

use rand::rngs::{SmallRng, SysRng};
use rand::{Rng, SeedableRng};

use super::context::{SpanId, TraceId};
use super::moment::Moment;

thread_local! {
    /// Of 256 bits of state, from the system's entropy: the ids of all threads of
    /// all nodes shall not meet.
    static GENERATOR: RefCell<SmallRng> = RefCell::new(
        SmallRng::try_from_rng(&mut SysRng).expect("the system has entropy"),
    );
}

/// Random numbers, others than those of a forked process, whose generator begins
/// where this one's was: the time goes into them.
fn numbers<const N: usize>(now: Moment) -> [u64; N] {
    GENERATOR.with_borrow_mut(|generator| [(); N].map(|()| generator.next_u64() ^ now.0))
}

/// The id of a new trace. Its right-most 56 bits are random, as sampling by ratio
/// asks for (W3C *Trace Context*, level 2).
pub(crate) fn trace_id(now: Moment) -> TraceId {
    loop {
        let [high, low] = numbers(now).map(u128::from);
        if let Some(id) = NonZeroU128::new(high << 64 | low) {
            return TraceId(id);
        }
    }
}

/// The id of a new span.
pub(crate) fn span_id(now: Moment) -> SpanId {
    loop {
        let [number] = numbers(now);
        if let Some(id) = NonZeroU64::new(number) {
            return SpanId(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::thread;

    use super::*;

    #[test]
    fn ids_of_all_threads_differ() {
        let make = || {
            let ids = (0..10_000).map(|_| (trace_id(Moment(7)), span_id(Moment(7))));
            ids.collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..4).map(|_| thread::spawn(make)).collect();
        let ids: Vec<_> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        let traces: HashSet<_> = ids.iter().map(|(trace, _)| trace).collect();
        let spans: HashSet<_> = ids.iter().map(|(_, span)| span).collect();
        assert_eq!((traces.len(), spans.len()), (40_000, 40_000));
    }

    #[test]
    fn a_generator_at_the_same_place_gives_others_at_another_time() {
        let state = GENERATOR.with_borrow(Clone::clone);
        let first = span_id(Moment(1));
        GENERATOR.replace(state);
        assert_ne!(span_id(Moment(2)), first);
    }
}
