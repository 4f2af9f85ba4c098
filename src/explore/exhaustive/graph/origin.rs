//! Where a graph comes from: by which numbers it was found, from the empty one on.

use std::sync::Arc;

/// A graph that was explored, as what others were found from.
#[derive(Debug)]
pub(in crate::explore::exhaustive) struct Ancestor {
    pub(in crate::explore::exhaustive) origin: Origin,
    /// How many hints were known not to be in a loop when it was explored.
    pub(in crate::explore::exhaustive) straight: u32,
    /// How many others were found.
    pub(in crate::explore::exhaustive) found: u32,
}

/// Where a graph was found: from which other one, and with which number. The first one has none.
pub(in crate::explore::exhaustive) type Origin = Option<(Arc<Ancestor>, u32)>;
