//! What goes out together.

use std::fmt::Debug;
use std::mem;
use std::sync::Arc;

use super::moment::Anchor;

/// Spans or log records, with the clocks by which their times are told.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    pub(crate) items: Vec<T>,
    pub(crate) anchor: Anchor,
    /// Who has a use for the items when all destinations are done with them.
    pub(crate) home: Option<Arc<dyn Home<T>>>,
}

/// Where items go back to.
pub(crate) trait Home<T>: Debug + Send + Sync {
    fn take_back(&self, items: Vec<T>);
}

impl<T> Drop for Batch<T> {
    fn drop(&mut self) {
        if let Some(home) = &self.home {
            home.take_back(mem::take(&mut self.items));
        }
    }
}
