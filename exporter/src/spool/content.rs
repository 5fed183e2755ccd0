//! The tables, and what is known of them without looking.

use std::collections::BTreeMap;
use std::ops::RangeBounds;

use redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::DeadLetter;
use super::frame::{self, Kind};

/// Frames of [`Kind::Event`], by sequence number.
pub(super) const EVENTS: TableDefinition<u64, &[u8]> = TableDefinition::new("events");

/// Frames of [`Kind::Letter`], by the event's number and its destination: an
/// event that is refused again after a crash is no second letter.
pub(super) const LETTERS: TableDefinition<(u64, &str), &[u8]> =
    TableDefinition::new("dead letters");

/// One frame of [`Kind::State`].
const STATE: TableDefinition<(), &[u8]> = TableDefinition::new("state");

/// Most dead letters that are kept.
pub(super) const MOST_LETTERS: u64 = 10_000;

/// What no event says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// Counts the states there were: of several in a damaged file, the one
    /// with the highest is the last.
    pub(super) edition: u64,
    /// The next event's number.
    pub(super) next: u64,
    /// All events before this one are done with.
    pub(super) done: u64,
    pub(super) cursors: BTreeMap<String, u64>,
    /// Dead letters that gave way to newer ones.
    pub(super) dropped_letters: u64,
}

/// The state, and counts that are in step with the tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    pub(super) state: State,
    /// The first event's number; the next one's if there is none.
    pub(super) first: u64,
    pub(super) events: u64,
    pub(super) bytes: u64,
    letters: u64,
    letter_bytes: u64,
}

impl Content {
    /// Looks through everything.
    pub(super) fn load(transaction: &ReadTransaction) -> Result<Self, redb::Error> {
        let mut content = Self::default();
        let states = transaction.open_table(STATE)?;
        let state = (states.get(())?).ok_or(redb::Error::Corrupted("it has no state".into()))?;
        content.state = read_state(state.value())?;
        let events = transaction.open_table(EVENTS)?;
        for entry in events.iter()? {
            let (sequence, frame) = entry?;
            if content.events == 0 {
                content.first = sequence.value();
            }
            content.state.next = content.state.next.max(sequence.value().saturating_add(1));
            content.events += 1;
            content.bytes += frame.value().len() as u64;
        }
        if content.events == 0 {
            content.first = content.state.next;
        }
        for entry in transaction.open_table(LETTERS)?.iter()? {
            content.letters += 1;
            content.letter_bytes += entry?.1.value().len() as u64;
        }
        Ok(content)
    }

    /// All that counts as content of the file.
    pub(super) fn all_bytes(&self) -> u64 {
        self.bytes + self.letter_bytes
    }

    /// For a new file: an empty table is no missing table.
    pub(super) fn make_tables(
        &mut self,
        transaction: &WriteTransaction,
    ) -> Result<(), redb::Error> {
        transaction.open_table(EVENTS)?;
        transaction.open_table(LETTERS)?;
        self.first = self.state.next;
        Ok(())
    }

    pub(super) fn append<'a>(
        &mut self,
        transaction: &WriteTransaction,
        frames: impl IntoIterator<Item = (u64, &'a [u8])>,
    ) -> Result<(), redb::Error> {
        let mut table = transaction.open_table(EVENTS)?;
        for (sequence, frame) in frames {
            table.insert(sequence, frame)?;
            if self.events == 0 {
                self.first = sequence;
            }
            self.events += 1;
            self.bytes += frame.len() as u64;
            self.state.next = self.state.next.max(sequence.saturating_add(1));
        }
        Ok(())
    }

    pub(super) fn remove(
        &mut self,
        transaction: &WriteTransaction,
        sequences: impl RangeBounds<u64>,
    ) -> Result<(), redb::Error> {
        let mut table = transaction.open_table(EVENTS)?;
        table.retain_in(sequences, |_, frame| {
            self.events -= 1;
            self.bytes -= frame.len() as u64;
            false
        })?;
        let first = table.first()?;
        self.first = first.map_or(self.state.next, |(sequence, _)| sequence.value());
        Ok(())
    }

    /// Sets an event aside; at most `most_bytes` of letters, and
    /// [`MOST_LETTERS`], are kept.
    pub(super) fn bury(
        &mut self,
        transaction: &WriteTransaction,
        sequence: u64,
        letter: &DeadLetter,
        most_bytes: u64,
    ) -> Result<(), redb::Error> {
        let mut table = transaction.open_table(LETTERS)?;
        let frame = frame::encode(Kind::Letter, sequence, letter);
        let key = (sequence, letter.destination.as_str());
        if let Some(before) = table.insert(key, frame.as_slice())? {
            self.letters -= 1;
            self.letter_bytes -= before.value().len() as u64;
        }
        self.letters += 1;
        self.letter_bytes += frame.len() as u64;
        while self.letters > MOST_LETTERS || (self.letter_bytes > most_bytes && self.letters > 1) {
            let Some((_, oldest)) = table.pop_first()? else {
                break;
            };
            self.letters -= 1;
            self.letter_bytes -= oldest.value().len() as u64;
            self.state.dropped_letters += 1;
        }
        Ok(())
    }

    /// Writes the state: the end of every transaction.
    pub(super) fn save(&mut self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        self.state.edition += 1;
        let frame = frame::encode(Kind::State, self.state.edition, &self.state);
        let mut states = transaction.open_table(STATE)?;
        states.insert((), frame.as_slice())?;
        Ok(())
    }
}

fn read_state(frame: &[u8]) -> Result<State, redb::Error> {
    let edition = frame::Header::parse(frame).map_or(0, |header| header.sequence);
    frame::decode(frame, Kind::State, edition)
        .and_then(|payload| serde_json::from_slice(payload).map_err(|_| "it can't be read"))
        .map_err(|reason| redb::Error::Corrupted(format!("the spool's state: {reason}")))
}
