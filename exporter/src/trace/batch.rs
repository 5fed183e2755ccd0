//! What goes out together.

use super::moment::Anchor;

/// Spans or log records, with the clocks by which their times are told.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    pub(crate) items: Vec<T>,
    pub(crate) anchor: Anchor,
}
