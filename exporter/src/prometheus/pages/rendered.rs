//! The text of a series that is the same on every page of a format.

use crate::rows::Row;

/// A series' labels and its start, as a format has them.
pub(super) struct Rendered {
    /// Whose they are: its number may come to be another's.
    pub(super) row: Row,
    text: Box<[u8]>,
    /// Where the start begins.
    labels: usize,
}

impl Rendered {
    pub(super) fn new(row: &Row, labels: &[u8], created: &[u8]) -> Self {
        let (mut text, labels) = (labels.to_vec(), labels.len());
        text.extend_from_slice(created);
        Self {
            row: row.clone(),
            text: text.into_boxed_slice(),
            labels,
        }
    }

    #[inline]
    pub(super) fn labels(&self) -> &[u8] {
        &self.text[..self.labels]
    }

    #[inline]
    pub(super) fn created(&self) -> &[u8] {
        &self.text[self.labels..]
    }
}
