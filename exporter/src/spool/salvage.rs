//! What can be had from a file that redb does not take: every frame that is
//! whole, wherever it lies.
//!
//! Pages that were freed are found too. An event that is done with lies before
//! the last state's mark; one that does not goes out a second time, under the
//! same id.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use redb::Durability;

use super::content::{Content, MOST_LETTERS, State};
use super::frame::{self, HEADER, Header, Kind};
use super::store::Store;
use super::{DeadLetter, SpoolError, SpoolOptions, file};

/// Where in a file a whole frame lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: u64,
    bytes: usize,
}

/// The frames of a file.
#[derive(Debug, Default)]
pub(super) struct Found {
    state: Option<State>,
    events: BTreeMap<u64, Place>,
    letters: BTreeMap<(u64, String), DeadLetter>,
}

impl Found {
    /// Looks through at most `most` bytes. A folder in the file's place is
    /// empty.
    pub(super) fn scan(path: &Path, most: u64) -> io::Result<Self> {
        /// Read at a time.
        const CHUNK: usize = 1 << 20;
        let mut found = Self::default();
        if !fs::metadata(path)?.is_file() {
            return Ok(found);
        }
        let mut file = File::open(path)?;
        let mut frames = File::open(path)?;
        let mut chunk = vec![0; CHUNK + HEADER];
        // A header may lie across two chunks: what could begin one is kept.
        let (mut start, mut kept) = (0_u64, 0);
        while start < most {
            let read = read_full(&mut file, &mut chunk[kept..])?;
            let filled = kept + read;
            let mut at = 0;
            while let Some(next) = chunk[at..filled].iter().position(|b| *b == frame::MAGIC[0]) {
                at += next;
                if let Some(header) = Header::parse(&chunk[at..filled]) {
                    found.take(&mut frames, start + at as u64, &header)?;
                }
                at += 1;
            }
            if read == 0 {
                break;
            }
            kept = filled.min(HEADER - 1);
            chunk.copy_within(filled - kept..filled, 0);
            start += (filled - kept) as u64;
        }
        Ok(found)
    }

    pub(super) fn into_letters(self) -> Vec<DeadLetter> {
        self.letters.into_values().collect()
    }

    /// Notes a frame, if it is whole.
    fn take(&mut self, file: &mut File, offset: u64, header: &Header) -> io::Result<()> {
        let payload_bytes = u64::from(header.payload_bytes);
        if offset + HEADER as u64 + payload_bytes > file.metadata()?.len() {
            return Ok(());
        }
        let place = Place {
            offset,
            bytes: HEADER + header.payload_bytes as usize,
        };
        let frame = place.read(file)?;
        let payload = &frame[HEADER..];
        if !header.fits(payload) {
            return Ok(());
        }
        match header.kind {
            Kind::Event => {
                self.events.insert(header.sequence, place);
            }
            Kind::State => {
                if let Ok(state) = serde_json::from_slice::<State>(payload)
                    && (self.state.as_ref()).is_none_or(|last| last.edition < state.edition)
                {
                    self.state = Some(state);
                }
            }
            Kind::Letter => {
                if let Ok(letter) = serde_json::from_slice::<DeadLetter>(payload) {
                    self.take_letter(header.sequence, letter);
                }
            }
        }
        Ok(())
    }

    fn take_letter(&mut self, sequence: u64, letter: DeadLetter) {
        let key = (sequence, letter.destination.clone());
        if (self.letters.get(&key)).is_none_or(|known| known.time < letter.time) {
            self.letters.insert(key, letter);
        }
        if self.letters.len() as u64 > MOST_LETTERS {
            self.letters.pop_first();
        }
    }
}

impl Place {
    fn read(self, file: &mut File) -> io::Result<Vec<u8>> {
        let mut frame = vec![0; self.bytes];
        file.seek(SeekFrom::Start(self.offset))?;
        file.read_exact(&mut frame)?;
        Ok(frame)
    }
}

/// Makes the new file `to` of what was found in `from`, and says how many
/// events that were. Without a `from`, a new spool.
pub(super) fn rebuild(
    from: Option<&Path>,
    to: &Path,
    options: &SpoolOptions,
) -> Result<u64, SpoolError> {
    /// Numbers that were lost with the damaged file are not given out again.
    const SKIPPED: u64 = 1 << 20;
    let mut content = Content::default();
    let mut found = Found::default();
    let mut source = None;
    if let Some(from) = from {
        let refused = |error: io::Error| SpoolError::io(from, &error);
        // Our own files are not larger.
        let most = options.max_bytes.saturating_mul(16).max(1 << 30);
        found = Found::scan(from, most).map_err(refused)?;
        source = Some(File::open(from).map_err(refused)?);
        content.state = found.state.take().unwrap_or_default();
        found.events = found.events.split_off(&content.state.done);
        let last = found.events.last_key_value().map(|(sequence, _)| *sequence);
        let seen = content.state.cursors.values().copied().chain(last);
        let highest = seen.fold(content.state.next, u64::max);
        content.state.next = highest.saturating_add(SKIPPED);
    }
    file::open(to, true).map_err(|error| SpoolError::io(to, &error))?;
    let store = Store::open(to, options.sync)?;
    store.write(Durability::Immediate, |transaction| {
        content.make_tables(transaction)?;
        for (sequence, place) in &found.events {
            if let Some(source) = &mut source {
                let frame = place.read(source)?;
                content.append(transaction, [(*sequence, frame.as_slice())])?;
            }
        }
        for ((sequence, _), letter) in &found.letters {
            content.bury(transaction, *sequence, letter, options.max_bytes)?;
        }
        content.save(transaction)
    })?;
    store.close()?;
    Ok(content.events)
}

fn read_full(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
