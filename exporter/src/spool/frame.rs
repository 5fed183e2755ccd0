//! How a record lies in the file: in a frame of its own, which says what it is
//! and has a checksum.
//!
//! redb checks its pages when a file is opened, not when they are read. And a
//! frame can be found without redb, wherever it lies in a damaged file.
//!
//! | bytes | |
//! |---|---|
//! | 7 | magic, with a byte that no UTF-8 text has |
//! | 1 | kind |
//! | 8 | sequence number, little-endian like all that follow |
//! | 4 | length of the payload |
//! | 4 | CRC-32 of the four fields above and the payload |
//! | … | payload: JSON |

use flate2::Crc;
use serde::Serialize;

pub(super) const MAGIC: [u8; 7] = [0xF5, b's', b'p', b'o', b'o', b'l', 1];

pub(super) const HEADER: usize = 24;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Event = 1,
    State = 2,
    Letter = 3,
}

/// What the beginning of a frame says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) sequence: u64,
    pub(super) payload_bytes: u32,
    checksum: u32,
}

impl Header {
    /// `None` if `bytes` do not begin with a frame's header.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (header, _) = bytes.split_first_chunk::<HEADER>()?;
        let rest = header.strip_prefix(&MAGIC)?;
        let (kind, rest) = rest.split_first()?;
        let kind = match kind {
            1 => Kind::Event,
            2 => Kind::State,
            3 => Kind::Letter,
            _ => return None,
        };
        let (sequence, rest) = rest.split_first_chunk()?;
        let (payload_bytes, rest) = rest.split_first_chunk()?;
        let (checksum, _) = rest.split_first_chunk()?;
        Some(Self {
            kind,
            sequence: u64::from_le_bytes(*sequence),
            payload_bytes: u32::from_le_bytes(*payload_bytes),
            checksum: u32::from_le_bytes(*checksum),
        })
    }

    pub(super) fn fits(&self, payload: &[u8]) -> bool {
        payload.len() == self.payload_bytes as usize
            && checksum(self.kind, self.sequence, payload) == self.checksum
    }
}

/// A frame around `value`.
pub(super) fn encode(kind: Kind, sequence: u64, value: &impl Serialize) -> Vec<u8> {
    let mut frame = vec![0; HEADER];
    serde_json::to_writer(&mut frame, value).expect("the keys of its maps are strings");
    let (header, payload) = frame.split_at_mut(HEADER);
    let sum = checksum(kind, sequence, payload);
    header[..7].copy_from_slice(&MAGIC);
    header[7] = kind as u8;
    header[8..16].copy_from_slice(&sequence.to_le_bytes());
    // redb takes no value of that length.
    let payload_bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    header[16..20].copy_from_slice(&payload_bytes.to_le_bytes());
    header[20..].copy_from_slice(&sum.to_le_bytes());
    frame
}

/// The payload of a frame that must be of this kind and number.
pub(super) fn decode(frame: &[u8], kind: Kind, sequence: u64) -> Result<&[u8], &'static str> {
    let header = Header::parse(frame).ok_or("it is not a record")?;
    let payload = &frame[HEADER..];
    if !header.fits(payload) {
        return Err("its checksum does not match");
    }
    if header.kind != kind || header.sequence != sequence {
        return Err("it is another record");
    }
    Ok(payload)
}

fn checksum(kind: Kind, sequence: u64, payload: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(&[kind as u8]);
    crc.update(&sequence.to_le_bytes());
    crc.update(&(payload.len() as u64).to_le_bytes());
    crc.update(payload);
    crc.sum()
}
