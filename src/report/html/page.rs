//! What a page is made of, and what all of its parts need.

use crate::report::LockGraph;
use crate::report::document::Document;

/// A page of a report.
pub(super) struct Page<'a> {
    pub(super) document: &'a Document,
    pub(super) lock_graph: Option<&'a LockGraph>,
}

/// Threads are told apart by colour, of which there are eight.
pub(super) fn thread_class(thread: usize) -> String {
    format!("thread-{}", thread % 8)
}
