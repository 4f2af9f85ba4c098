//! What tasks touch, and whether two have touched the same.

use std::panic::Location;

use crate::rt::op::ObjectId;

/// What a segment has touched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Touched {
    /// An object, and where it was made.
    Object(ObjectId, &'static Location<'static>),
    /// Whether a task is to be polled, and where that was spawned.
    Task(u64, &'static Location<'static>),
}

/// What was touched, and whether it was changed.
pub(super) type Touches = Vec<(Touched, bool)>;

/// Whether something of the two is the same, and one of them has changed it.
pub(super) fn meet(one: &Touches, two: &Touches, is_same: impl Fn(Touched, Touched) -> bool) -> bool {
    let meets = |&(what, writes): &(Touched, bool)| {
        two.iter().any(|&(other, also)| (writes || also) && is_same(what, other))
    };
    one.iter().any(meets)
}
