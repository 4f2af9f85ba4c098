//! Threads that can never go on although others can: each waits for something that another one of them has, or one waits for
//! a lock that a thread which has ended never gave back.
//!
//! Looked for when a thread begins to wait or ends, and only along waits that one particular thread has to end: the owner of a
//! lock, each of its readers, a thread that is joined. (A guard cannot go to another thread, so what a thread had when it ended
//! stays taken.) Whoever waits for a notification, a message or a token waits for anybody who can reach the object, and which
//! threads can is not known: so that is not followed here, and told at the end of the execution, or at the step limit (`knot`).
//! Nothing here is ever a false alarm.

use crate::rt::objects::State;
use crate::rt::objects::table::ObjectTable;
use crate::rt::op::outcome::Stuck;
use crate::rt::op::{OpKind, ThreadId};
use crate::rt::threads::Threads;
use crate::rt::threads::timers::NEVER;

/// Whom a thread waits for.
pub(in crate::rt) enum Waited {
    /// Nobody in particular.
    Nobody,
    One(ThreadId),
    /// Perhaps several, each of whom has to do something.
    Several,
}

/// Who waits for whom, as things stand.
#[derive(Clone, Copy)]
pub(crate) struct WaitFor<'a> {
    pub(crate) threads: &'a Threads,
    pub(crate) objects: &'a ObjectTable,
}

impl<'a> WaitFor<'a> {
    /// Whether `id`, which has just begun to wait, waits for ever: the threads of a circle that it has closed, without those
    /// that wait for the circle, or the lock that nobody will give back.
    pub(in crate::rt) fn stuck(&self, id: ThreadId) -> Option<Stuck> {
        if let Some(owner) = self.abandoned(id) {
            return Some(Stuck::Abandoned { waiter: id, owner });
        }
        self.closed_circle(id).map(Stuck::Circle)
    }

    /// Whether somebody waits for a lock that `owner`, which has just ended, has not given back.
    #[cold]
    pub(in crate::rt) fn waits_for_ended(&self, owner: ThreadId) -> Option<Stuck> {
        let waits = |&(id, _): &(ThreadId, _)| self.abandoned(id) == Some(owner);
        let mut live = self.threads.iter().filter(|(_, thread)| !thread.ended);
        live.find(waits).map(|(waiter, _)| Stuck::Abandoned { waiter, owner })
    }

    /// The ended thread that has the lock which `id` waits for.
    fn abandoned(&self, id: ThreadId) -> Option<ThreadId> {
        let thread = self.threads.get(id);
        let kinds = [OpKind::Lock, OpKind::ReadLock, OpKind::WriteLock];
        if thread.deadline != NEVER || self.threads.is_enabled(id) || !kinds.contains(&thread.pending.kind) {
            return None;
        }
        let owner = match self.next_waited_for(id) {
            Waited::One(owner) => Some(owner),
            Waited::Several => self.waited_for(id).into_iter().find(|&owner| self.threads.get(owner).ended),
            Waited::Nobody => None,
        };
        owner.filter(|&owner| self.threads.get(owner).ended)
    }

    fn closed_circle(&self, id: ThreadId) -> Option<Vec<ThreadId>> {
        // Mostly one thread is waited for, and can go on.
        let mut last = id;
        for _ in 0..self.threads.count() {
            match self.next_waited_for(last) {
                Waited::Nobody => return None,
                Waited::One(next) if next == id => break,
                Waited::One(next) if self.threads.is_enabled(next) || self.threads.get(next).ended => {
                    return None;
                }
                Waited::One(next) => last = next,
                Waited::Several => break,
            }
        }
        self.search_circle(id)
    }

    #[inline]
    pub(in crate::rt) fn next_waited_for(&self, id: ThreadId) -> Waited {
        let thread = self.threads.get(id);
        if thread.deadline != NEVER {
            return Waited::Nobody;
        }
        match self.objects.get(thread.pending.object).state {
            State::Mutex(state) => state.owner.map_or(Waited::Nobody, |owner| Waited::One(owner.thread)),
            State::Thread(joined) if thread.pending.kind == OpKind::Join => Waited::One(joined.thread),
            State::RwLock(_) | State::Once(_) => Waited::Several,
            _ => Waited::Nobody,
        }
    }

    /// The threads that can go on, now or when time passes.
    pub(crate) fn can_go_on(self) -> impl Iterator<Item = ThreadId> + use<'a> {
        let live = self.threads.iter().filter(|(_, thread)| !thread.ended);
        let goes_on =
            live.filter(move |(id, thread)| self.threads.is_enabled(*id) || thread.deadline != NEVER);
        goes_on.map(|(id, _)| id)
    }

    #[cold]
    fn search_circle(&self, id: ThreadId) -> Option<Vec<ThreadId>> {
        let mut path = vec![id];
        let mut seen = vec![id];
        self.follow_waits(id, &mut path, &mut seen).then_some(path)
    }

    /// Whether what the last thread of the path waits for leads back to `first`.
    fn follow_waits(&self, first: ThreadId, path: &mut Vec<ThreadId>, seen: &mut Vec<ThreadId>) -> bool {
        for next in self.waited_for(path[path.len() - 1]) {
            if next == first {
                return true;
            }
            let may_go_on = self.threads.is_enabled(next) || self.threads.get(next).ended;
            if may_go_on || seen.contains(&next) {
                continue;
            }
            seen.push(next);
            path.push(next);
            if self.follow_waits(first, path, seen) {
                return true;
            }
            path.pop();
        }
        false
    }

    /// The threads each of which has to do something before the one that waits can go on.
    pub(in crate::rt) fn waited_for(&self, id: ThreadId) -> Vec<ThreadId> {
        match self.next_waited_for(id) {
            Waited::Nobody => Vec::new(),
            Waited::One(thread) => vec![thread],
            Waited::Several => {
                let object = self.objects.get(self.threads.get(id).pending.object);
                object.state.holders(&object.entries).iter().map(|holder| holder.thread).collect()
            }
        }
    }
}
