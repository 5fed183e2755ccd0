//! Exemplars: a way from a metric back to one of the requests behind it.
//!
//! # Protocol
//!
//! A series that is recorded into with a context has a *reservoir*: one place
//! for a counter; one for each power of two of a histogram's values, so that
//! the rare large value keeps its example beside the many small ones. A place
//! holds one exemplar, which every further offer of the same epoch replaces
//! with a chance of one in the offers so far: a uniform sample of size one
//! (OpenTelemetry metrics SDK, *Exemplar*). A flush takes all of them out.
//!
//! State of a place:
//!
//! | value | meaning | next |
//! |---|---|---|
//! | 0 | nobody is at it | 1, by a record or the collector |
//! | 1 | somebody writes or takes its exemplar | 0, by them |
//!
//! Nobody waits: a record that finds a place taken drops its offer, the
//! collector comes back at the next flush. What is dropped is an example, never
//! a count.
//!
//! # Orderings
//!
//! Entering (acquire) pairs with leaving (release): who enters sees the words
//! that the one before has written, and all of them. A record sets its slot's
//! bit and then announces news (release); the collector takes the announcement
//! (acquire) and then the bits. The number of offers is relaxed: it chooses a
//! sample.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::bank::{HistogramSlot, ScalarSlot};
use crate::catalog::Catalog;
use crate::lazy::Lazy;
use crate::series::Slot;
use crate::sync::{AtomicU32, AtomicU64, Ordering, ordering, zeroed};

/// What an exemplar leads to: a span of a trace, or whatever an id of one's own
/// names.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExemplarContext {
    kind: ContextKind,
    bytes: [u8; CONTEXT_BYTES],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ContextKind {
    Trace,
    Correlation { len: u8 },
}

/// A UUID's text is 36.
const CONTEXT_BYTES: usize = if cfg!(loom) { 8 } else { 40 };
const CONTEXT_WORDS: usize = CONTEXT_BYTES / 8;

impl ExemplarContext {
    /// A span, by the ids of W3C trace context. `None` if either is all zero,
    /// which names none.
    pub fn trace(trace_id: [u8; 16], span_id: [u8; 8]) -> Option<Self> {
        if trace_id == [0; 16] || span_id == [0; 8] || cfg!(loom) {
            return None;
        }
        let mut bytes = [0; CONTEXT_BYTES];
        bytes[..16].copy_from_slice(&trace_id);
        bytes[16..24].copy_from_slice(&span_id);
        let kind = ContextKind::Trace;
        Some(Self { kind, bytes })
    }

    /// An id of one's own: a request's, a message's, a block's. `None` if it is
    /// empty or longer than 40 bytes; cut, it would name another.
    pub fn correlation(id: &str) -> Option<Self> {
        if id.is_empty() || id.len() > CONTEXT_BYTES {
            return None;
        }
        let mut bytes = [0; CONTEXT_BYTES];
        bytes[..id.len()].copy_from_slice(id.as_bytes());
        let len = id.len() as u8;
        let kind = ContextKind::Correlation { len };
        Some(Self { kind, bytes })
    }

    /// The trace and the span, if it is one.
    pub fn span(&self) -> Option<([u8; 16], [u8; 8])> {
        let (trace, rest) = self.bytes.split_first_chunk()?;
        let span = rest.first_chunk()?;
        (self.kind == ContextKind::Trace).then_some((*trace, *span))
    }

    /// The id of one's own, if it is one.
    pub fn correlation_id(&self) -> Option<&str> {
        match self.kind {
            ContextKind::Correlation { len } => str::from_utf8(&self.bytes[..len.into()]).ok(),
            ContextKind::Trace => None,
        }
    }

    /// Never 0.
    fn tag(&self) -> u64 {
        match self.kind {
            ContextKind::Trace => u64::from(u8::MAX),
            ContextKind::Correlation { len } => len.into(),
        }
    }

    fn from_tag(tag: u64, bytes: [u8; CONTEXT_BYTES]) -> Self {
        let kind = match tag as u8 {
            u8::MAX => ContextKind::Trace,
            len => ContextKind::Correlation { len },
        };
        Self { kind, bytes }
    }
}

impl fmt::Debug for ExemplarContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.span() {
            Some((trace, span)) => {
                let (trace, span) = (u128::from_be_bytes(trace), u64::from_be_bytes(span));
                write!(f, "trace {trace:032x} span {span:016x}")
            }
            None => write!(f, "{:?}", self.correlation_id().unwrap_or_default()),
        }
    }
}

/// One record, as an example of its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exemplar {
    /// What was recorded, in the series' unit and decimals.
    pub value: u64,
    /// When.
    pub time: SystemTime,
    /// What it leads to.
    pub context: ExemplarContext,
}

/// The reservoirs of a registry, by slot.
#[derive(Debug)]
pub(crate) struct Reservoirs {
    /// Whether one of them has news.
    has_news: AtomicU32,
    scalars: Slots,
    histograms: Slots,
}

#[derive(Debug)]
struct Slots {
    reservoirs: Box<[Lazy<Reservoir>]>,
    /// One bit a slot: whether something was put into its reservoir.
    news: Box<[AtomicU64]>,
}

#[derive(Debug)]
struct Reservoir(Box<[Place]>);

#[derive(Debug, Default)]
struct Place {
    is_taken: AtomicU32,
    /// Since the last flush that took from here.
    offers: AtomicU64,
    /// A context's; 0 while there is no exemplar.
    tag: AtomicU64,
    value: AtomicU64,
    /// Nanoseconds since the epoch of Unix.
    time: AtomicU64,
    context: [AtomicU64; CONTEXT_WORDS],
}

/// Zero, and the powers of two of an `u64`.
const OCTAVES: usize = if cfg!(loom) { 2 } else { 65 };

impl Reservoirs {
    pub(crate) fn new(scalars: usize, histograms: usize) -> Self {
        let slots = |len: usize| Slots {
            reservoirs: zeroed(len),
            news: (0..len.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
        };
        Self {
            has_news: AtomicU32::new(0),
            scalars: slots(scalars),
            histograms: slots(histograms),
        }
    }

    /// Offers what was added to a counter.
    pub(crate) fn offer_added(&self, slot: ScalarSlot, n: u64, context: &ExemplarContext) {
        if self.scalars.offer(slot.0, 1, 0, n, context) {
            self.announce();
        }
    }

    /// Offers what was recorded into a histogram.
    pub(crate) fn offer_recorded(
        &self,
        slot: HistogramSlot,
        value: u64,
        context: &ExemplarContext,
    ) {
        let octave = value
            .checked_ilog2()
            .map_or(0, |octave| octave as usize + 1);
        let place = octave.min(OCTAVES - 1);
        let histograms = &self.histograms;
        if histograms.offer(slot.0, OCTAVES, place, value, context) {
            self.announce();
        }
    }

    /// Says that a bit of `news` is set; pairs with the look in `take`.
    fn announce(&self) {
        self.has_news
            .store(1, ordering!("exemplar.announce", Release));
    }

    /// Takes what there is out, and tells it with its series. For the collector.
    pub(crate) fn take(&self, catalog: &Catalog, mut report: impl FnMut(u32, Exemplar)) {
        if self.has_news.load(Ordering::Relaxed) == 0 {
            return;
        }
        // Synchronises with every `announce` before it, and so sees their bits.
        self.has_news.swap(0, ordering!("exemplar.look", Acquire));
        // Of a series registered since the cut began there is no record either.
        let mut tell = |slot, exemplar| {
            if let Some(series) = catalog.series_in(slot) {
                report(series as u32, exemplar);
            }
        };
        self.scalars
            .take(|slot, exemplar| tell(Slot::Scalar(ScalarSlot(slot)), exemplar));
        self.histograms
            .take(|slot, exemplar| tell(Slot::Histogram(HistogramSlot(slot)), exemplar));
    }
}

impl Slots {
    /// Whether there is news.
    fn offer(
        &self,
        slot: u32,
        places: usize,
        place: usize,
        value: u64,
        with: &ExemplarContext,
    ) -> bool {
        let slot = slot as usize;
        let make = || Reservoir((0..places).map(|_| Place::default()).collect());
        let reservoir = self.reservoirs[slot].get_or_make(make);
        let is_news = reservoir.0[place].offer(value, with);
        if is_news {
            self.news[slot / 64].fetch_or(1 << (slot % 64), Ordering::Relaxed);
        }
        is_news
    }

    fn take(&self, mut report: impl FnMut(u32, Exemplar)) {
        for (index, word) in self.news.iter().enumerate() {
            if word.load(Ordering::Relaxed) == 0 {
                continue;
            }
            let mut bits = word.swap(0, Ordering::Relaxed);
            while bits != 0 {
                let slot = index * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let places = self.reservoirs[slot].get().map(|reservoir| &reservoir.0);
                for place in places.into_iter().flatten() {
                    if let Some(exemplar) = place.take() {
                        report(slot as u32, exemplar);
                    }
                }
            }
        }
    }
}

impl Place {
    /// Synchronises with the last `leave`.
    fn enter(&self) -> bool {
        let entered = self.is_taken.compare_exchange(
            0,
            1,
            ordering!("exemplar.enter", Acquire),
            Ordering::Relaxed,
        );
        entered.is_ok()
    }

    /// Pairs with `enter`.
    fn leave(&self) {
        self.is_taken.store(0, ordering!("exemplar.leave", Release));
    }

    /// Whether the offer was taken.
    fn offer(&self, value: u64, context: &ExemplarContext) -> bool {
        let before = self.offers.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_nanos() as u64;
        if !is_chosen(before, now) || !self.enter() {
            return false;
        }
        self.tag.store(context.tag(), Ordering::Relaxed);
        self.value.store(value, Ordering::Relaxed);
        self.time.store(now, Ordering::Relaxed);
        let bytes = context.bytes.as_chunks().0.iter();
        for (word, bytes) in self.context.iter().zip(bytes) {
            word.store(u64::from_le_bytes(*bytes), Ordering::Relaxed);
        }
        self.leave();
        true
    }

    fn take(&self) -> Option<Exemplar> {
        if !self.enter() {
            return None;
        }
        self.offers.store(0, Ordering::Relaxed);
        let tag = self.tag.load(Ordering::Relaxed);
        self.tag.store(0, Ordering::Relaxed);
        let mut bytes = [0; CONTEXT_BYTES];
        for (word, bytes) in self.context.iter().zip(bytes.as_chunks_mut().0) {
            *bytes = word.load(Ordering::Relaxed).to_le_bytes();
        }
        let exemplar = Exemplar {
            value: self.value.load(Ordering::Relaxed),
            time: UNIX_EPOCH + Duration::from_nanos(self.time.load(Ordering::Relaxed)),
            context: ExemplarContext::from_tag(tag, bytes),
        };
        self.leave();
        (tag != 0).then_some(exemplar)
    }
}

/// Whether the offer after `before` others is the sample now: always the first,
/// then with a chance of one in the offers so far. `seed` is different for any
/// two.
fn is_chosen(before: u64, seed: u64) -> bool {
    if cfg!(loom) {
        return true; // a model must do the same each time
    }
    // SplitMix64's finaliser (Steele, Lea, Flood 2014): every bit of the seed
    // moves every bit of the result.
    let mut bits = seed.wrapping_add(before.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    bits.is_multiple_of(before + 1)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Each of ten offers is the sample in about a tenth of the epochs.
    #[test]
    fn every_offer_has_the_same_chance() {
        let mut wins = [0_u32; 10];
        for epoch in 0..100_000_u64 {
            let offers = 0..10_u64;
            let mut chosen = offers.filter(|before| is_chosen(*before, epoch * 1_000 + before));
            wins[chosen.next_back().unwrap() as usize] += 1;
        }
        // Five standard deviations of a binomial of 100,000 at a tenth.
        assert!(
            wins.iter().all(|wins| wins.abs_diff(10_000) < 475),
            "{wins:?}"
        );
    }

    #[test]
    fn one_of_a_series_that_the_catalog_has_not_yet_is_left_out() {
        let reservoirs = Reservoirs::new(70, 70);
        let context = ExemplarContext::correlation("x").unwrap();
        reservoirs.offer_added(ScalarSlot(69), 1, &context);
        reservoirs.offer_recorded(HistogramSlot(69), 1, &context);
        reservoirs.take(&Catalog::default(), |series, _| panic!("{series}"));
    }

    #[test]
    fn contexts_are_what_they_were_made_of() {
        let trace = ExemplarContext::trace([0xab; 16], [0xcd; 8]).unwrap();
        assert_eq!(trace.span(), Some(([0xab; 16], [0xcd; 8])));
        assert_eq!(trace.correlation_id(), None);
        let expected = format!("trace {} span {}", "ab".repeat(16), "cd".repeat(8));
        assert_eq!(format!("{trace:?}"), expected);
        for id in ["x", "request-🦀", &"z".repeat(40)] {
            let context = ExemplarContext::correlation(id).unwrap();
            assert_eq!((context.correlation_id(), context.span()), (Some(id), None));
        }
        for id in ["", &"z".repeat(41)] {
            assert_eq!(ExemplarContext::correlation(id), None);
        }
        assert_eq!(ExemplarContext::trace([0; 16], [1; 8]), None);
        assert_eq!(ExemplarContext::trace([1; 16], [0; 8]), None);
    }
}
