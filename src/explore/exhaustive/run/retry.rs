//! Loops that try again: a compare-exchange has failed because another thread was faster, and the thread begins anew.
//!
//! The round that failed has left nothing behind, so the execution is one in which the thread began later, and need not
//! be explored. (GenMC sees that in the source, where a loop has no side effects: Kokologiannakis, Ren and Vafeiadis,
//! "Dynamic partial order reductions for spinloops", FMCAD 2021.) Here the thread is run on alone, and reads in each
//! round what it read in the one that failed, from the same places: if it does the same again and again, it has kept
//! nothing of it. Then it waits after the round that failed. That is in vain, since what it read first is not the last
//! any more; but the other threads go on, and their stores still revisit its reads. If it does something else, its
//! rounds count, or give up after some: it goes on, and this is explored.
//!
//! A round may change plain memory that is its own, such as the node that a stack gets. What would tell rounds apart is
//! plain memory that outlives them, a counter of failures say, that makes a difference after the loop only: the
//! executions in which it counts are not explored. docs/verifying.md says so.

use std::panic::Location;

use super::explorer::Explorer;
use super::probe::{Repeated, Round};
use crate::explore::exhaustive::graph::Graph;
use crate::explore::exhaustive::graph::event::{EventId, NONE};
use crate::rt::op::OpKind;
use crate::rt::op::rule::{Access, Outcome};

impl Graph {
    /// Whether `last` is a compare-exchange that has found another value than it expected.
    pub(in crate::explore::exhaustive) fn has_failed(&self, last: EventId) -> bool {
        let event = self.event(last);
        event.kind == OpKind::CompareExchange && event.reads() && !event.writes() && event.choice == 0
    }

    /// The latest event of the round that ends with `last` that was done at this place.
    fn latest_at(&self, last: EventId, kind: OpKind, site: &'static Location<'static>) -> EventId {
        let same = |&id: &EventId| self.event(id).kind == kind && self.event(id).site == site;
        self.since_effect(last).find(same).unwrap_or(NONE)
    }
}

impl Round {
    /// The round that ends with `last`, of which nothing else is known yet.
    pub(in crate::explore::exhaustive) fn ending_with(last: EventId) -> Round {
        Round { first: NONE, last, next: NONE }
    }

    /// The thread does `access` to the location.
    pub(in crate::explore::exhaustive) fn repeat(
        &mut self,
        explorer: &Explorer,
        access: &Access,
        location: u32,
    ) -> Repeated {
        let graph = &explorer.graph;
        if access.place.is_none() {
            let is_hint = matches!(
                access.kind,
                OpKind::Yield | OpKind::SpinLoop | OpKind::Fence | OpKind::ReadClock | OpKind::Sleep
            );
            return if is_hint { Repeated::Hint } else { Repeated::Other };
        }
        if self.first == NONE {
            self.first = graph.latest_at(self.last, access.kind, access.site);
            self.next = self.first;
        }
        // Hints and fences of the round are passed over.
        while self.next != NONE && graph.event(self.next).location == NONE && self.next != self.last {
            self.next = graph.event(self.next).next;
        }
        if self.next == NONE {
            return Repeated::Other;
        }
        let event = graph.event(self.next);
        let is_same = event.kind == access.kind && event.site == access.site && event.location == location;
        if !is_same || !event.reads() || event.has_effect() {
            return Repeated::Other;
        }
        let source = event.source;
        let is_gone = event.is_object && source != graph.last_write(location) && !access.kind.may_look();
        if is_gone || access.rule.outcome(graph.event(source).written, 0) != Outcome::Reads {
            return Repeated::Other;
        }
        let ends_round = self.next == self.last;
        self.next = if ends_round { self.first } else { event.next };
        Repeated::Same { source, ends_round }
    }
}
