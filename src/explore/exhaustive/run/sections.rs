//! Loops that wait by looking under a lock: `while !*done.lock().unwrap() {}`.
//!
//! A round takes a lock, looks, and gives the lock back as it was: nothing of it is left, so the execution is one in
//! which the thread began later, like that of a loop which tries again (`retry`). The thread waits after its first round,
//! and since whoever takes the lock then comes after that round, it waits in vain if somebody does. But the two can take
//! the lock the other way round as well, which is noted when the second takes it: there the round finds something else.
//!
//! A round leaves something behind after all if what is under the lock may have been changed, which the guard says, or if
//! an attempt of another thread has failed because the lock was held. Who waits for the lock meanwhile is no matter: that
//! thread gets it next.
//!
//! The same holds for a thread that unparks itself and parks, and for a task that wakes itself and waits, if nobody else has
//! in between.
//!
//! A thread that is run on alone to see whether it goes round really takes the lock and gives it back. That is possible
//! only as long as nobody has taken it since the thread's own round: what is under the lock is real. What the thread knows
//! is not passed on with it.

use super::explorer::Explorer;
use super::probe::ProbedLocks;
use crate::explore::exhaustive::graph::event::{Event, EventId, NONE, flag};
use crate::explore::exhaustive::graph::{Graph, Line};
use crate::rt::kernel::Kernel;
use crate::rt::op::OpKind;
use crate::rt::op::rule::{Access, Rule};

/// How many locks may be held at once in a section.
const NESTED: usize = 4;

impl ProbedLocks {
    pub(in crate::explore::exhaustive) fn clear(&mut self) {
        self.held.clear();
    }

    pub(in crate::explore::exhaustive) fn are_given_back(&self) -> bool {
        self.held.is_empty()
    }
}

/// Whether an operation takes a lock, if it changes it, or sees to the end of a wait.
fn takes(kind: OpKind) -> bool {
    use OpKind::{Lock, ReadLock, TryLock, TryReadLock, TryWriteLock, Unpark, Wake, WriteLock};
    matches!(kind, Lock | TryLock | ReadLock | TryReadLock | WriteLock | TryWriteLock | Unpark | Wake)
}

/// Whether an operation ends a wait.
fn wakes(kind: OpKind) -> bool {
    matches!(kind, OpKind::Park | OpKind::AwaitWake)
}

/// Whether an operation gives a lock back without having changed what is under it, or ends a wait.
fn gives_back(kind: OpKind, rule: Rule) -> bool {
    let has_changed = !matches!(rule, Rule::Object { argument: 0, .. });
    (kind.gives_lock_back() || wakes(kind)) && !has_changed
}

impl Event {
    pub(in crate::explore::exhaustive) fn gives_back(&self) -> bool {
        self.location != NONE && gives_back(self.kind, self.rule)
    }

    fn takes(&self) -> bool {
        let is_told_before = matches!(self.kind, OpKind::Unpark | OpKind::Wake) && self.read != 0;
        takes(self.kind) && self.writes() && self.gate == NONE && !is_told_before
    }
}

impl Graph {
    /// The events of a thread from `last` back to its last effect, that one not included.
    pub(in crate::explore::exhaustive) fn since_effect(
        &self,
        last: EventId,
    ) -> impl Iterator<Item = EventId> + Clone + '_ {
        let mut id = last;
        // The first event of a section that is known to leave nothing behind.
        let mut section = NONE;
        std::iter::from_fn(move || {
            if id == NONE {
                return None;
            }
            if section == NONE && self.event(id).has_effect() {
                section = self.section(id, |_, _| ())?;
            }
            let this = id;
            if this == section {
                section = NONE;
            }
            id = self.event(this).previous;
            Some(this)
        })
    }

    /// Where the section begins that ends with `last`, which gives a lock back, if it leaves nothing behind. `each` is shown
    /// where each lock of it was taken and given back.
    pub(in crate::explore::exhaustive) fn section(
        &self,
        last: EventId,
        mut each: impl FnMut(EventId, EventId),
    ) -> Option<EventId> {
        let mut open = [NONE; NESTED];
        let mut id = last;
        loop {
            let event = self.event(id);
            if event.gives_back() {
                *open.iter_mut().find(|id| **id == NONE)? = id;
            } else if event.takes() {
                let is_its =
                    |given: &&mut EventId| **given != NONE && self.event(**given).location == event.location;
                let given = std::mem::replace(open.iter_mut().find(is_its)?, NONE);
                each(id, given);
                if open == [NONE; NESTED] {
                    return Some(id);
                }
            } else if event.has_effect() {
                return None;
            }
            id = event.previous;
            if id == NONE {
                return None;
            }
        }
    }

    /// Whether another thread has found the lock held that a thread has had from `taken` to `given`. One that goes round
    /// itself, and waits now, tells nobody.
    fn is_noticed(&self, taken: EventId, given: EventId) -> bool {
        let thread = self.event(taken).thread;
        let others = |&reader: &EventId| {
            let event = self.event(reader);
            event.thread != thread && !event.writes() && !self.is_in_spin(reader)
        };
        let held = std::iter::once(taken).chain(self.after(taken).take_while(|&id| id != given));
        held.flat_map(|write| self.readers(write)).any(|reader| others(&reader))
    }

    /// Whether an event is part of the round after which its thread waits.
    pub(in crate::explore::exhaustive) fn is_in_spin(&self, id: EventId) -> bool {
        let line = &self.lines[self.event(id).thread as usize];
        line.spins() && id >= line.spins_from
    }
}

impl Explorer {
    /// Whether an operation of a probed thread may leave a lock as it is, whatever it finds.
    pub(in crate::explore::exhaustive) fn may_give_back(access: &Access) -> bool {
        gives_back(access.kind, access.rule)
    }

    /// Whether the probed thread leaves a lock as it is: it takes one that nobody has taken since the thread's own round,
    /// `own`, or it gives back one that it has taken so.
    pub(in crate::explore::exhaustive) fn keeps_lock(
        &mut self,
        kernel: &Kernel,
        access: &Access,
        own: Option<EventId>,
    ) -> bool {
        let Some((place, own)) = access.place.zip(own) else { return false };
        let location = self.graph.event(own).location;
        if takes(access.kind) {
            self.probed_locks.held.push(location);
            return self.graph.seen_by(own) == self.graph.last_write(location);
        }
        let held = &mut self.probed_locks.held;
        let Some(at) = held.iter().rposition(|&held| held == location) else { return false };
        held.swap_remove(at);
        let knowledge = kernel.objects.get(place.object).knowledge.clone();
        self.probed_locks.withheld = Some((place.object, knowledge));
        gives_back(access.kind, access.rule)
    }

    /// Takes back what an object has learnt from the thread that is probed.
    pub(in crate::explore::exhaustive) fn withhold(&mut self, kernel: &mut Kernel) {
        if let Some((object, knowledge)) = self.probed_locks.withheld.take() {
            kernel.objects.get_mut(object).knowledge = knowledge;
        }
    }

    /// Lets a thread go round once more of whose last round others have noticed something. Whether there is one. That is
    /// asked when nothing else can go on: whoever has noticed it may turn out to go round as well.
    pub(in crate::explore::exhaustive) fn goes_on_if_noticed(&mut self) -> bool {
        let is_noticed = |line: &&Line| {
            let mut noticed = false;
            let mut section = NONE;
            for id in self.graph.since_effect(line.last).take_while(|&id| id >= line.spins_from) {
                if section == NONE && self.graph.event(id).gives_back() {
                    let each = |taken, given| noticed |= self.graph.is_noticed(taken, given);
                    section = self.graph.section(id, each).unwrap_or(NONE);
                }
                if id == section {
                    section = NONE;
                }
            }
            noticed
        };
        let noticed = self.graph.lines.iter().filter(|line| line.spins()).find(is_noticed);
        let Some(last) = noticed.map(|line| line.last) else { return false };
        self.goes_on(last, flag::GOES_ROUND);
        true
    }
}
