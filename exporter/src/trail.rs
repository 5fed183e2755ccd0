//! The audit trail: KEM events that not every destination has acknowledged.
//!
//! With a spool, an event is on disk before a flush goes on; where it can't be
//! written, it is kept in memory, counted, and the reason said. Each
//! destination reads the trail at its own pace; what all have read is
//! forgotten.

use std::collections::VecDeque;
use std::path::PathBuf;

use crate::deliver::SpoolReport;
use crate::snapshot::KemEvent;
use crate::spool::{DeadLetter, Spool, SpoolError, SpoolOptions};

mod batch;

pub(crate) use batch::Batch;
use batch::BatchSource;

/// Which folder the spool is in, and what it may take.
pub(crate) struct SpoolPlace {
    pub(crate) dir: PathBuf,
    pub(crate) options: SpoolOptions,
}

pub(crate) struct Trail {
    readers: Vec<Reader>,
    /// Where events are on disk, if they should be.
    place: Option<SpoolPlace>,
    spool: Option<Spool>,
    /// Counts how often the spool was opened: a batch of an earlier one is not
    /// acknowledged in a later.
    generation: u32,
    report: SpoolReport,
    /// Those that are not on disk, oldest first.
    memory: VecDeque<KemEvent>,
    /// The sequence number of the first of them.
    memory_first: u64,
    /// Most events in memory.
    capacity: usize,
    /// What the events in memory take, and may take.
    bytes: usize,
    max_bytes: usize,
}

/// A destination's place in the trail.
#[derive(Debug)]
struct Reader {
    name: String,
    /// The first event of the spool that it has not acknowledged.
    spool_next: u64,
    /// The same, of those in memory.
    memory_next: u64,
}

impl Trail {
    /// The trail of these destinations; opens the spool, if there is to be one.
    pub(crate) fn new(
        names: Vec<String>,
        place: Option<SpoolPlace>,
        capacity: usize,
        max_bytes: usize,
    ) -> Self {
        let readers = names.into_iter().map(|name| Reader {
            name,
            spool_next: 0,
            memory_next: 0,
        });
        let mut trail = Self {
            readers: readers.collect(),
            place,
            spool: None,
            generation: 0,
            report: SpoolReport::default(),
            memory: VecDeque::new(),
            memory_first: 0,
            capacity,
            bytes: 0,
            max_bytes,
        };
        trail.open();
        trail
    }

    /// How many more events can be kept in memory.
    pub(crate) fn room(&self) -> usize {
        if self.bytes >= self.max_bytes {
            return 0;
        }
        self.capacity - self.memory.len().min(self.capacity)
    }

    /// Takes events, as many as there is room for, or the last: on disk when
    /// this returns, or else in memory.
    pub(crate) fn accept(&mut self, events: &[KemEvent]) {
        if self.readers.is_empty() {
            return;
        }
        if self.spool.is_none() {
            self.open();
        }
        if events.is_empty() {
            return;
        }
        if let Some(spool) = &mut self.spool {
            match spool.append(events) {
                Ok(_) => {
                    self.recovered();
                    return;
                }
                Err(error) => self.failed(&error),
            }
        }
        if self.place.is_some() {
            self.report.not_spooled += events.len() as u64;
        }
        self.bytes += events.iter().map(size_of_event).sum::<usize>();
        self.memory.extend(events.iter().cloned());
    }

    /// How many events this destination has not acknowledged: in memory, and on
    /// disk.
    pub(crate) fn waiting(&self, reader: usize) -> (u64, u64) {
        let reader = &self.readers[reader];
        let memory = self.memory_first + self.memory.len() as u64 - reader.memory_next;
        let spool = self.spool.as_ref();
        let spooled = spool.map_or(0, |spool| {
            let ahead = spool.next_sequence().saturating_sub(reader.spool_next);
            // Numbers have gaps.
            ahead.min(spool.len())
        });
        (memory, spooled)
    }

    /// The events for this destination that follow the first `skip` which it
    /// has not acknowledged, at most so many.
    pub(crate) fn batch(&mut self, reader: usize, skip: usize, most: usize) -> Option<Batch> {
        let (memory, spooled) = self.waiting(reader);
        let skip = skip as u64;
        if skip < spooled
            && let Some(batch) = self.spooled_batch(reader, skip, most)
        {
            return Some(batch);
        }
        let skip = skip.saturating_sub(spooled);
        let first = self.readers[reader].memory_next + skip;
        let start = (first - self.memory_first) as usize;
        if skip >= memory {
            return None;
        }
        let events = self.memory.range(start..).take(most).cloned();
        Some(Batch {
            source: BatchSource::Memory,
            events: (first..).zip(events).collect(),
        })
    }

    fn spooled_batch(&mut self, reader: usize, skip: u64, most: usize) -> Option<Batch> {
        let reader = &mut self.readers[reader];
        let spool = self.spool.as_mut()?;
        match spool.read(reader.spool_next, skip as usize + most) {
            // All that were left could not be read, and were set aside.
            Ok(events) if events.is_empty() => {
                reader.spool_next = spool.next_sequence();
                None
            }
            Ok(mut events) => {
                events.drain(..events.len().min(skip as usize));
                let source = BatchSource::Spool {
                    generation: self.generation,
                };
                (!events.is_empty()).then_some(Batch { source, events })
            }
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    /// The destination has these, or they were set aside.
    pub(crate) fn acknowledge(&mut self, reader: usize, batch: &Batch) {
        let next = batch.next();
        match batch.source {
            BatchSource::Memory => self.forget(reader, next),
            BatchSource::Spool { generation } if generation == self.generation => {
                let done = {
                    let reader = &mut self.readers[reader];
                    reader.spool_next = reader.spool_next.max(next);
                    self.readers.iter().map(|reader| reader.spool_next).min()
                };
                let name = &self.readers[reader].name;
                if let Some(spool) = &mut self.spool
                    && let Err(error) = spool.acknowledge(name, next, done.unwrap_or(0))
                {
                    self.failed(&error);
                }
            }
            BatchSource::Spool { .. } => {}
        }
    }

    /// This destination needs none in memory before `next`.
    fn forget(&mut self, reader: usize, next: u64) {
        let reader = &mut self.readers[reader];
        reader.memory_next = reader.memory_next.max(next);
        let done = self.readers.iter().map(|reader| reader.memory_next).min();
        while self.memory_first < done.unwrap_or(0) {
            let event = self.memory.pop_front();
            self.bytes -= event.as_ref().map_or(0, size_of_event);
            self.memory_first += 1;
        }
    }

    /// Nothing more goes to this destination: says how many it has lost.
    pub(crate) fn give_up(&mut self, reader: usize) -> u64 {
        let (lost, _) = self.waiting(reader);
        self.forget(reader, self.readers[reader].memory_next + lost);
        lost
    }

    /// Keeps what a destination has refused for good where a person can read
    /// it; without a spool the log is all there is.
    pub(crate) fn set_aside(&mut self, reader: usize, batch: &Batch, reason: &str) {
        let name = self.readers[reader].name.clone();
        for (sequence, event) in &batch.events {
            log::warn!("event {} is refused by {name}: {reason}", event.id);
            if let Some(spool) = self.spool.as_mut().filter(|_| batch.is_spooled()) {
                let letter = DeadLetter::refused(event.clone(), &name, reason);
                match spool.bury(*sequence, &letter) {
                    Ok(()) => self.report.dead_letters += 1,
                    Err(error) => self.failed(&error),
                }
            }
        }
    }

    /// The dead letters, oldest first.
    pub(crate) fn dead_letters(&mut self) -> Result<Vec<DeadLetter>, SpoolError> {
        let spool = self.spool.as_mut();
        spool.map_or(Ok(Vec::new()), Spool::dead_letters)
    }

    pub(crate) fn report(&self) -> Option<SpoolReport> {
        self.place.as_ref()?;
        let mut report = self.report.clone();
        if let Some(spool) = &self.spool {
            (report.events, report.bytes) = (spool.len(), spool.bytes());
            report.dead_letters += spool.unreadable();
            report.dropped_letters = spool.dropped_letters();
        }
        Some(report)
    }

    /// Makes everything durable and lets another process have the spool.
    pub(crate) fn close(&mut self) {
        self.spool = None;
        self.place = None;
    }

    fn open(&mut self) {
        let Some(place) = self.place.as_ref().filter(|_| !self.readers.is_empty()) else {
            return;
        };
        let opened = match Spool::open(&place.dir, &place.options) {
            Ok(opened) => opened,
            Err(error) => {
                self.failed(&error);
                return;
            }
        };
        if let Some(damage) = &opened.damage {
            log::warn!(
                "the spool was damaged ({}); moved to {}, {} events salvaged",
                damage.message,
                damage.path.display(),
                damage.salvaged
            );
        }
        let mut spool = opened.spool;
        self.generation += 1;
        let names: Vec<_> = self.readers.iter().map(|reader| &*reader.name).collect();
        let kept = spool.keep_destinations(&names);
        let cursors = spool.cursors();
        for reader in &mut self.readers {
            let known = cursors.get(&reader.name).copied();
            reader.spool_next = known.unwrap_or(0).max(spool.first_sequence());
        }
        self.spool = Some(spool);
        match kept {
            Ok(()) => self.recovered(),
            Err(error) => self.failed(&error),
        }
    }

    /// The spool can't do what was asked. A full one is read on; another is
    /// opened anew by the next flush.
    fn failed(&mut self, error: &SpoolError) {
        let text = error.to_string();
        if self.report.error.as_ref() != Some(&text) {
            log::warn!("{text}; events are kept in memory");
            self.report.error = Some(text);
        }
        if !matches!(error, SpoolError::Full { .. } | SpoolError::NoSpace { .. }) {
            self.spool = None;
        }
    }

    fn recovered(&mut self) {
        if self.report.error.take().is_some() {
            log::info!("events are written to the spool again");
        }
    }
}

/// About what an event takes in memory.
fn size_of_event(event: &KemEvent) -> usize {
    size_of::<KemEvent>() + event.label.len() + event.scheme.len()
}
