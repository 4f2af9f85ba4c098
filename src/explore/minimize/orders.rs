//! Orders that an execution is to keep: operations that must not come before others.

use std::panic::Location;

use crate::shrink::{Lineage, Operation};

/// An operation that must not be executed before another one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constraint {
    before: Watched,
    after: Watched,
}

impl Constraint {
    pub(super) fn new((before, after): (Watched, Watched)) -> Constraint {
        Constraint { before, after }
    }

    /// Whether it holds back what an actor would do at `site`.
    pub(super) fn forbids(&self, actor: Lineage, site: &Location<'static>) -> bool {
        !self.before.is_done && self.after.is_next(actor, site)
    }

    /// Whether it may hold back a task of which it is not known what it does next.
    pub(super) fn may_hold_back(&self, task: Lineage) -> bool {
        let Watched { actor, left, is_done, .. } = self.after;
        !self.before.is_done && !is_done && actor == task && left == 0
    }

    /// An actor has done something at `site`.
    pub(super) fn executed(&mut self, actor: Lineage, site: &Location<'static>) {
        self.before.executed(actor, site);
        self.after.executed(actor, site);
    }
}

/// An operation that is waited for: an actor's so-and-so-many-th at a place.
#[derive(Clone, Copy, Debug)]
pub(in crate::explore) struct Watched {
    actor: Lineage,
    site: &'static Location<'static>,
    /// How often the actor is still to be there before.
    left: u32,
    is_done: bool,
}

impl Watched {
    pub(in crate::explore) fn new(operation: &Operation, sites: &[&'static Location<'static>]) -> Watched {
        let Operation { thread, site, occurrence } = *operation;
        Watched { actor: thread, site: sites[site as usize], left: occurrence, is_done: false }
    }

    /// Whether an actor's operation at `site` would be this one.
    fn is_next(&self, actor: Lineage, site: &Location<'static>) -> bool {
        !self.is_done && self.left == 0 && self.actor == actor && self.site == site
    }

    fn executed(&mut self, actor: Lineage, site: &Location<'static>) {
        if self.actor != actor || self.site != site || self.is_done {
            return;
        }
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => self.is_done = true,
        }
    }
}
