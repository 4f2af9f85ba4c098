//! What an execution did, as the prediction of deadlocks sees it: which events need which others (`sync_preserving`).
//!
//! A read of an atomic needs the write that it read. What was done to any other object needs all that was done to it
//! before, which is more than it has to and keeps its state as it was: a channel's messages, a condition variable's
//! waiters. So does an atomic of which an older store was read or to which one was added before others. A wait that ended
//! by its time, and an attempt to take a lock that was held, need everything before.
//!
//! Data under a lock are seen where a guard gives them out: from the first time on they need whoever wrote them before.
//! What a thread does may depend on more than that: on virtual time, on memory that races are looked for in, on the
//! panics of others. Then a schedule is still worth a try, but none is sure.

use std::collections::BTreeMap;

use super::sync_preserving::{Action, EventId, Observation};
use crate::rt::Execution;
use crate::rt::objects::State;
use crate::rt::op::key::ObjectKind;
use crate::rt::op::limits::MemoryModel;
use crate::rt::op::lock::LockMode;
use crate::rt::op::{Event, Note, ObjectId, OpKind, ThreadId};
use crate::rt::record::lock_log::DataUse;

/// An execution that was traced to its end.
pub(crate) struct Observed<'a> {
    execution: &'a Execution,
    observation: Observation,
    /// The position in the trace of each event that has one.
    in_trace: Vec<Option<usize>>,
    /// The acquisitions of each thread, in order.
    acquisitions: Vec<Vec<EventId>>,
    /// The last event of each object.
    last: BTreeMap<ObjectId, EventId>,
    /// The last write of each atomic.
    written: BTreeMap<ObjectId, EventId>,
    /// The last use of the data under each lock that may have written them.
    data_written: BTreeMap<ObjectId, EventId>,
    /// Atomics whose events are to stay in order.
    in_order: Vec<ObjectId>,
    spawned: BTreeMap<ThreadId, EventId>,
    /// The condition variable on which a thread waits.
    waits_on: BTreeMap<ThreadId, ObjectId>,
}

impl Observed<'_> {
    /// What the execution that has just ended did; `with_data`, if what was done to data under locks counts. `None` if
    /// its trace is not complete.
    pub(crate) fn of(execution: &Execution, with_data: bool) -> Option<Observed<'_>> {
        if execution.trace.len() as u64 != execution.kernel.steps {
            return None;
        }
        let mut observed = Observed {
            execution,
            observation: Observation::default(),
            in_trace: Vec::new(),
            acquisitions: vec![Vec::new(); execution.kernel.threads.count()],
            last: BTreeMap::new(),
            written: BTreeMap::new(),
            data_written: BTreeMap::new(),
            in_order: atomics_in_order(execution),
            spawned: BTreeMap::new(),
            waits_on: BTreeMap::new(),
        };
        let mut uses = execution.kernel.locks.uses.iter().filter(|_| with_data).peekable();
        for (at, event) in execution.trace.iter().enumerate() {
            while let Some(data) = uses.next_if(|data| data.after as usize <= at) {
                observed.add_use(data);
            }
            observed.add(at, event);
        }
        uses.for_each(|data| observed.add_use(data));
        Some(observed)
    }

    /// Whether what threads do depends on nothing but what was observed.
    pub(crate) fn is_all(&self) -> bool {
        let kernel = &self.execution.kernel;
        let is_memory = |kind: ObjectKind| matches!(kind, ObjectKind::Memory(_));
        self.execution.panics.is_empty()
            && !kernel.timers.has_moved()
            && !kernel.restraint.was_paused()
            && !self.execution.has_hash_keys()
            && !kernel.objects.iter().any(|object| is_memory(object.kind))
    }

    /// The acquisition of a thread that had taken `number` locks before.
    pub(crate) fn acquisition(&self, thread: ThreadId, number: u32) -> Option<EventId> {
        self.acquisitions[thread.index()].get(number as usize).copied()
    }

    /// The part of the trace that leads to a deadlock, as positions, if there is one: see [`Observation::witness`].
    pub(crate) fn witness(&self, places: &[Vec<EventId>]) -> Option<Vec<usize>> {
        let events = self.observation.witness(places)?;
        Some(events.into_iter().filter_map(|event| self.in_trace[event as usize]).collect())
    }

    fn push(&mut self, at: Option<usize>, thread: ThreadId, action: Action, needs: &[EventId]) -> EventId {
        self.in_trace.push(at);
        self.observation.push(thread.0, action, needs)
    }

    fn add_use(&mut self, data: &DataUse) {
        let needs: Vec<EventId> = self.data_written.get(&data.object).copied().into_iter().collect();
        let event = self.push(None, data.thread, Action::Other, &needs);
        if data.may_write {
            self.data_written.insert(data.object, event);
        }
    }

    fn add(&mut self, at: usize, event: &Event) {
        let Event { thread, op, note, .. } = *event;
        let object = op.object;
        let has_failed = matches!(note, Note::Failed(_));
        let acquires = |mode: LockMode| Action::Acquire { lock: object.0, mode };
        let mut needs = Vec::new();
        let action = match op.kind {
            OpKind::Lock | OpKind::TryLock if !has_failed => {
                // It was woken, if it waited.
                let condvar = self.waits_on.remove(&thread);
                needs.extend(condvar.and_then(|condvar| self.last.get(&condvar)));
                acquires(LockMode::Exclusive)
            }
            OpKind::WriteLock | OpKind::TryWriteLock if !has_failed => acquires(LockMode::Exclusive),
            OpKind::ReadLock | OpKind::TryReadLock if !has_failed => acquires(LockMode::Shared),
            OpKind::Unlock | OpKind::ReadUnlock | OpKind::WriteUnlock | OpKind::Downgrade => {
                Action::Release { lock: object.0 }
            }
            OpKind::CondvarEnqueue => {
                self.waits_on.insert(thread, object);
                needs.extend(self.last.get(&object));
                self.mutex_of(object).map_or(Action::Other, |mutex| Action::Release { lock: mutex.0 })
            }
            OpKind::Begin => {
                needs.extend(self.spawned.get(&thread));
                Action::Other
            }
            _ if object == ObjectId::NONE => Action::Other,
            _ if self.is_free_atomic(object) => {
                if op.kind != OpKind::Store {
                    needs.extend(self.written.get(&object));
                }
                Action::Other
            }
            _ => {
                needs.extend(self.last.get(&object));
                Action::Other
            }
        };
        let is_downgrade = op.kind == OpKind::Downgrade;
        if is_downgrade {
            // The two halves of it go together.
            needs.push(self.in_trace.len() as EventId + 1);
        }
        let mut id = self.push(Some(at), thread, action, &needs);
        if is_downgrade {
            id = self.push(None, thread, acquires(LockMode::Shared), &[]);
        }
        if is_downgrade || matches!(action, Action::Acquire { .. }) {
            self.acquisitions[thread.index()].push(id);
        }
        let has_tried_in_vain = has_failed && !self.is_atomic(object);
        if has_tried_in_vain || matches!(note, Note::TimedOut) {
            self.observation.need_all(id);
        }
        match note {
            Note::Thread(child) if op.kind == OpKind::Spawn => drop(self.spawned.insert(child, id)),
            Note::Wrote { .. } | Note::WroteStale { .. } => drop(self.written.insert(object, id)),
            _ => {}
        }
        if object != ObjectId::NONE {
            self.last.insert(object, id);
        }
    }

    fn is_atomic(&self, object: ObjectId) -> bool {
        matches!(self.execution.kernel.objects.get(object).state, State::Atomic(_))
    }

    /// Whether it is an atomic of which each read needs one write only.
    fn is_free_atomic(&self, object: ObjectId) -> bool {
        self.is_atomic(object) && !self.in_order.contains(&object)
    }

    fn mutex_of(&self, condvar: ObjectId) -> Option<ObjectId> {
        match &self.execution.kernel.objects.get(condvar).state {
            State::Condvar(state) => state.mutex(),
            _ => None,
        }
    }
}

/// The atomics of which not always the last store was read, or that have a store before others. A compare-exchange that
/// failed may have read any.
fn atomics_in_order(execution: &Execution) -> Vec<ObjectId> {
    let is_weak = execution.kernel.limits.memory != MemoryModel::SequentiallyConsistent;
    let is_odd = |note: &Note| match note {
        Note::ReadStale { .. } | Note::WroteEarlier { .. } | Note::FailedSpuriously => true,
        Note::WroteStale { .. } | Note::FailedStale { .. } => true,
        Note::Failed(_) => is_weak,
        _ => false,
    };
    let mut objects: Vec<ObjectId> =
        execution.trace.iter().filter(|event| is_odd(&event.note)).map(|event| event.op.object).collect();
    objects.sort_unstable();
    objects.dedup();
    objects
}
