//! Reading: batches of events for delivery, dead letters for people.

use std::path::Path;

use redb::{ReadTransaction, ReadableTable};

use super::content::{EVENTS, LETTERS};
use super::file::FolderLock;
use super::frame::{self, Kind};
use super::salvage::Found;
use super::{DeadLetter, FILE, SpoolError};
use crate::snapshot::KemEvent;

/// Events to deliver, and what came between them.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) events: Vec<(u64, KemEvent)>,
    pub(super) unreadable: Vec<(u64, DeadLetter)>,
}

pub(super) fn batch(
    transaction: &ReadTransaction,
    from: u64,
    most: usize,
) -> Result<Batch, redb::Error> {
    /// Set aside at a time; more are passed over until the next.
    const MOST_UNREADABLE: usize = 1_000;
    let mut batch = Batch::default();
    let events = transaction.open_table(EVENTS)?;
    for entry in events.range(from..)? {
        if batch.events.len() == most {
            break;
        }
        let (sequence, frame) = entry?;
        let (sequence, frame) = (sequence.value(), frame.value());
        match decode(frame, Kind::Event, sequence) {
            Ok(event) => batch.events.push((sequence, event)),
            Err(reason) if batch.unreadable.len() < MOST_UNREADABLE => {
                let letter = DeadLetter::unreadable(frame, &reason);
                batch.unreadable.push((sequence, letter));
            }
            Err(_) => {}
        }
    }
    Ok(batch)
}

pub(super) fn letters(transaction: &ReadTransaction) -> Result<Vec<DeadLetter>, redb::Error> {
    let table = transaction.open_table(LETTERS)?;
    let mut letters = Vec::new();
    for entry in table.iter()? {
        let (key, frame) = entry?;
        let letter = decode(frame.value(), Kind::Letter, key.value().0);
        letters.push(letter.unwrap_or_else(|why| DeadLetter::unreadable(frame.value(), &why)));
    }
    Ok(letters)
}

fn decode<T: serde::de::DeserializeOwned>(
    frame: &[u8],
    kind: Kind,
    sequence: u64,
) -> Result<T, String> {
    let payload = frame::decode(frame, kind, sequence)?;
    serde_json::from_slice(payload).map_err(|error| error.to_string())
}

/// The dead letters of a spool folder that no process has open, oldest event
/// first.
///
/// Changes nothing and needs no permission to write. The file may be one that
/// a crash left, or damaged: the records are looked for, not looked up, so
/// letters that have given way to newer ones may be among them still.
pub fn read_dead_letters(dir: impl AsRef<Path>) -> Result<Vec<DeadLetter>, SpoolError> {
    let dir = dir.as_ref();
    let _lock = FolderLock::take_to_read(dir)?;
    let path = dir.join(FILE);
    let found = Found::scan(&path, u64::MAX).map_err(|error| SpoolError::io(&path, &error))?;
    Ok(found.into_letters())
}
