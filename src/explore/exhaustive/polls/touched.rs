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

/// Objects and tasks that have the same numbers in two executions, as they were there before these differ: so many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixed {
    pub(super) objects: u32,
    pub(super) tasks: u64,
}

impl Fixed {
    pub(super) const ALL: Fixed = Fixed { objects: u32::MAX, tasks: u64::MAX };

    /// Whether the two are the same in the two executions, or may be.
    pub(super) fn is_same(self, one: Touched, two: Touched) -> bool {
        match (one, two) {
            (Touched::Object(one, made), Touched::Object(two, also)) => {
                if one.0 < self.objects || two.0 < self.objects { one == two } else { made == also }
            }
            (Touched::Task(one, spawned), Touched::Task(two, also)) => {
                if one <= self.tasks || two <= self.tasks { one == two } else { spawned == also }
            }
            _ => false,
        }
    }
}
