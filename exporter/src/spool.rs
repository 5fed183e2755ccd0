//! The spool: KEM events on disk, from before a flush counts them as accepted
//! until every destination is done with them.
//!
//! One file of [`redb`], `events.redb`, in a folder of its own. An append is
//! one durable transaction. An acknowledgement is not waited for: one that is
//! lost only means a repetition, under the same id.
//!
//! A file that does not pass redb's check when it is opened is moved aside, and
//! what can be read of it goes to a new one (`spool/salvage.rs`). Nothing that
//! a file holds can stop the start.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use redb::Durability;

use crate::config::SpoolSync;
use crate::snapshot::KemEvent;

mod content;
mod error;
mod file;
mod frame;
mod letter;
mod open;
mod read;
mod salvage;
mod store;

#[cfg(test)]
mod tests;

pub use error::SpoolError;
pub use letter::DeadLetter;
pub use read::read_dead_letters;

use content::Content;
use file::FolderLock;
use frame::Kind;
use store::Store;

const FILE: &str = "events.redb";

/// How much a spool holds, and whether it waits for the disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpoolOptions {
    /// Most bytes of events; as many of dead letters again. The file is larger
    /// by what redb needs: see `the_file_is_bounded`.
    pub(crate) max_bytes: u64,
    pub(crate) sync: SpoolSync,
}

/// A spool that was opened, and what was wrong with the file.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) spool: Spool,
    pub(crate) damage: Option<Damage>,
}

/// A file that was moved aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Where it is now.
    pub(crate) path: PathBuf,
    /// How many of its events are in the new file.
    pub(crate) salvaged: u64,
    /// What was wrong with it.
    pub(crate) message: String,
}

/// Events on disk. One process at a time has a folder open.
#[derive(Debug)]
pub(crate) struct Spool {
    path: PathBuf,
    options: SpoolOptions,
    content: Content,
    unreadable: u64,
    /// `None` after an error of the disk, until the next use opens it again.
    store: Option<Store>,
    /// Why it can't be used any more.
    damage: Option<SpoolError>,
    _lock: FolderLock,
}

impl Spool {
    /// Keeps `events`, all of them or none, and says which numbers they got.
    ///
    /// After an error of the disk they are not here, whatever became of the
    /// transaction: the caller has them.
    pub(crate) fn append(&mut self, events: &[KemEvent]) -> Result<Range<u64>, SpoolError> {
        let first = self.content.state.next;
        if events.is_empty() {
            return Ok(first..first);
        }
        let frames: Vec<_> = (first..)
            .zip(events)
            .map(|(sequence, event)| (sequence, frame::encode(Kind::Event, sequence, event)))
            .collect();
        let bytes: u64 = frames.iter().map(|(_, frame)| frame.len() as u64).sum();
        if self.content.bytes.saturating_add(bytes) > self.options.max_bytes {
            return Err(SpoolError::Full {
                path: self.path.clone(),
                limit: self.options.max_bytes,
            });
        }
        self.change(Durability::Immediate, |content, transaction| {
            let frames = frames.iter();
            content.append(
                transaction,
                frames.map(|(at, frame)| (*at, frame.as_slice())),
            )
        })?;
        Ok(first..self.content.state.next)
    }

    /// The events from `from` on, oldest first, at most `most`. Records that
    /// can't be read are passed over, counted and set aside.
    pub(crate) fn read(
        &mut self,
        from: u64,
        most: usize,
    ) -> Result<Vec<(u64, KemEvent)>, SpoolError> {
        let batch =
            self.using(|store| store.read(|transaction| read::batch(transaction, from, most)))?;
        if !batch.unreadable.is_empty() {
            let most_bytes = self.options.max_bytes;
            let aside = self.change(Durability::Immediate, |content, transaction| {
                for (sequence, letter) in &batch.unreadable {
                    content.bury(transaction, *sequence, letter, most_bytes)?;
                    content.remove(transaction, *sequence..=*sequence)?;
                }
                Ok(())
            });
            // If that fails they are passed over again the next time, and the
            // readable ones don't wait for it.
            if aside.is_ok() {
                self.unreadable += batch.unreadable.len() as u64;
            }
        }
        Ok(batch.events)
    }

    /// The number of the event that is appended next.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.content.state.next
    }

    /// The number of the oldest event here; of the next if there is none.
    pub(crate) fn first_sequence(&self) -> u64 {
        self.content.first
    }

    /// How many events are here.
    pub(crate) fn len(&self) -> u64 {
        self.content.events
    }

    /// What counts against `max_bytes`.
    pub(crate) fn bytes(&self) -> u64 {
        self.content.bytes
    }

    /// Records that could not be read, since the spool was opened.
    pub(crate) fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Dead letters that gave way to newer ones, ever.
    pub(crate) fn dropped_letters(&self) -> u64 {
        self.content.state.dropped_letters
    }

    /// By destination: the first number it has not acknowledged.
    pub(crate) fn cursors(&self) -> BTreeMap<String, u64> {
        self.content.state.cursors.clone()
    }

    /// Notes that `destination` is done with all before `next`, and forgets
    /// the events before `done_by_all`. Neither ever goes back.
    pub(crate) fn acknowledge(
        &mut self,
        destination: &str,
        next: u64,
        done_by_all: u64,
    ) -> Result<(), SpoolError> {
        let state = &self.content.state;
        let known = state.cursors.get(destination).copied();
        let cursor = next.min(state.next).max(known.unwrap_or(0));
        let done = done_by_all.min(state.next).max(state.done);
        if known == Some(cursor) && done == state.done {
            return Ok(());
        }
        self.change(Durability::None, |content, transaction| {
            let cursors = &mut content.state.cursors;
            cursors.insert(destination.to_owned(), cursor);
            content.state.done = done;
            content.remove(transaction, ..done)
        })
    }

    /// Forgets the cursors of destinations that are not in `names`.
    pub(crate) fn keep_destinations(&mut self, names: &[&str]) -> Result<(), SpoolError> {
        let mut cursors = self.cursors();
        cursors.retain(|name, _| names.contains(&name.as_str()));
        if cursors.len() == self.content.state.cursors.len() {
            return Ok(());
        }
        self.change(Durability::None, |content, _| {
            content.state.cursors = cursors;
            Ok(())
        })
    }

    /// Sets an event aside, durably. It stays here for the other destinations:
    /// this one acknowledges it like any other.
    pub(crate) fn bury(&mut self, sequence: u64, letter: &DeadLetter) -> Result<(), SpoolError> {
        let most_bytes = self.options.max_bytes;
        self.change(Durability::Immediate, |content, transaction| {
            content.bury(transaction, sequence, letter, most_bytes)
        })
    }

    /// The dead letters, in the order of the events.
    pub(crate) fn dead_letters(&mut self) -> Result<Vec<DeadLetter>, SpoolError> {
        self.using(|store| store.read(read::letters))
    }

    /// One transaction; the counts follow if it succeeds.
    fn change(
        &mut self,
        durability: Durability,
        work: impl FnOnce(&mut Content, &redb::WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), SpoolError> {
        // Before the counts are copied: opening the file anew looks them up.
        self.using(|_| Ok(()))?;
        let mut content = self.content.clone();
        self.content = self.using(|store| {
            store.write(durability, |transaction| {
                work(&mut content, transaction)?;
                content.save(transaction)
            })?;
            Ok(content)
        })?;
        Ok(())
    }

    /// redb takes nothing more after an error of the disk; the next use opens
    /// the file anew. A damaged file stays closed, and as it is.
    fn using<T>(
        &mut self,
        work: impl FnOnce(&Store) -> Result<T, SpoolError>,
    ) -> Result<T, SpoolError> {
        if let Some(damage) = &self.damage {
            return Err(damage.clone());
        }
        let outcome = self.opened().and_then(work);
        if let Err(error) = &outcome {
            let store = self.store.take();
            if let SpoolError::Damaged { .. } = error {
                self.damage = Some(error.clone());
                if let Some(store) = store {
                    store.freeze();
                }
            }
        }
        outcome
    }

    fn opened(&mut self) -> Result<&Store, SpoolError> {
        if self.store.is_none() {
            let (store, mut content) = open::load(&self.path, &self.options)?;
            // A transaction that failed may be on disk all the same; its events
            // are the caller's. Their numbers are not given out again.
            let known = self.content.state.next;
            if content.state.next > known {
                store.write(Durability::Immediate, |transaction| {
                    content.remove(transaction, known..)?;
                    content.save(transaction)
                })?;
            }
            self.content = content;
            self.store = Some(store);
        }
        let message = "it is closed".to_owned();
        let path = self.path.clone();
        self.store.as_ref().ok_or(SpoolError::Io { path, message })
    }
}
