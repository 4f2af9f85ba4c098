//! Accesses to plain memory, and to atomics as memory: no operations, but the execution ends where two of them race.

use std::panic::Location;

use crate::rt::kernel::Kernel;
use crate::rt::memory::races::Past;
use crate::rt::objects::{MemoryState, State};
use crate::rt::op::key::ObjectKind;
use crate::rt::op::limits::Strict;
use crate::rt::op::outcome::{AccessKind, Race, RaceSide, Stop};
use crate::rt::op::rule::Refusal;
use crate::rt::op::{ObjectId, ThreadId};
use crate::rt::record::evidence::TracedAccess;
use crate::rt::registry::identity::{Identity, Stamp};
use crate::rt::{Current, Execution};

/// Memory that is watched.
pub(crate) struct Memory<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) what: &'static str,
    pub(crate) made: Option<Made>,
}

/// Who has written memory when it was made. Kept beside it until somebody accesses it: most of the memory that a
/// program makes is never shared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    execution: Stamp,
    thread: ThreadId,
    slot: u32,
    epoch: u32,
    step: u64,
}

/// An access that lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAccess {
    execution: Stamp,
    history: u32,
    number: u32,
}

impl Current {
    /// The running thread's own time.
    pub(crate) fn epoch(mut self) -> u32 {
        let kernel = self.kernel();
        kernel.view(kernel.threads.current).epoch
    }

    /// The running thread makes memory now.
    pub(crate) fn made(mut self) -> Made {
        let execution = self.execution().stamp();
        let kernel = self.kernel();
        let thread = kernel.threads.current;
        let maker = kernel.view(thread);
        Made { execution, thread, slot: maker.slot, epoch: maker.epoch, step: kernel.steps }
    }

    /// The running thread accesses memory. Ends the execution if that is a race. `epoch` is when, if that is not
    /// now: an atomic operation that releases is ordered before what acquires it, and so is its access, but
    /// the thread's epoch is the next one when the operation is over.
    pub(crate) fn access(
        mut self,
        memory: Memory<'_>,
        kind: AccessKind,
        location: &'static Location<'static>,
        epoch: Option<u32>,
    ) -> Option<OpenAccess> {
        if !self.on_fiber() {
            // All threads have ended, before whatever is done now.
            return None;
        }
        let object = self.memory_object(memory);
        let MemoryState { history } = *self.kernel().objects.state_mut(object);
        self.access_history((object, history), kind, location, epoch)
    }

    /// As `access`, of the memory that an object stands for.
    pub(in crate::rt) fn access_history(
        mut self,
        (object, index): (ObjectId, u32),
        kind: AccessKind,
        location: &'static Location<'static>,
        epoch: Option<u32>,
    ) -> Option<OpenAccess> {
        let execution = self.execution();
        if !execution.kernel.limits.keeps_clocks {
            execution.refuse_to_direct(Refusal::Strict(Strict { clocks: true, ..Strict::default() }));
            return None;
        }
        let id = execution.kernel.threads.current;
        let lasts = !kind.is_atomic();
        if execution.traces(lasts) {
            let step = execution.kernel.steps;
            let held = execution.kernel.locks.held_by(id).to_vec();
            let stack = execution.stack();
            execution.accesses.push(TracedAccess { step, thread: id, kind, object, location, held, stack });
        }
        execution.kernel.plain_writes += u64::from(kind == AccessKind::Write);
        let step = execution.kernel.steps;
        loop {
            let (history, view) = execution.kernel.history(index, id);
            let Some(past) = history.race(kind, &view.clock).copied() else { break };
            if past.is_making && !may_be_told_of_making(&execution.kernel, &past, id, kind) {
                // Whoever gave the memory to this thread did so by what is not seen: std's own types, say.
                execution.kernel.histories.get_mut(index).forget_making();
                continue;
            }
            let first =
                RaceSide { thread: past.thread, access: past.kind, location: past.location, step: past.step };
            let second = RaceSide { thread: id, access: kind, location, step };
            let overlap = past.open.is_some();
            execution.race = Some(Race { object, first, second, overlap });
            self.fail(Stop::DataRace);
        }
        let (history, view) = execution.kernel.history(index, id);
        let (slot, epoch) = (view.slot, epoch.unwrap_or(view.epoch));
        let new = Past { thread: id, slot, epoch, kind, open: None, step, location, is_making: false };
        let number = history.add(new, lasts, &view.clock);
        lasts.then_some(OpenAccess { execution: execution.stamp(), history: index, number })
    }

    /// Whether a mutable reference to an atomic is an access.
    #[inline]
    pub(crate) fn checks_exclusive(mut self) -> bool {
        self.kernel().limits.check_exclusive
    }

    /// An access that lasted ends, `now` or as if it had ended when it began.
    pub(crate) fn end_access(mut self, access: OpenAccess, now: bool) {
        let execution = self.execution();
        if access.execution == execution.stamp() {
            let id = execution.kernel.threads.current;
            let (history, view) = execution.kernel.history(access.history, id);
            history.end(access.number, now.then_some(view.epoch));
        }
    }

    fn memory_object(mut self, memory: Memory<'_>) -> ObjectId {
        let Memory { identity, what, made } = memory;
        self.known_object(identity).unwrap_or_else(|| {
            let stamp = self.execution().stamp();
            let kernel = self.kernel();
            let index = kernel.histories.add();
            if let Some(Made { execution, thread, slot, epoch, step }) = made
                && execution == stamp
            {
                let (kind, location) = (AccessKind::Write, identity.location());
                let making = Past { thread, slot, epoch, kind, open: None, step, location, is_making: true };
                kernel.histories.get_mut(index).begin_with(making);
            }
            self.object(identity, ObjectKind::Memory(what), || State::Memory(MemoryState { history: index }))
        })
    }
}

/// Whether `id`, which does not know that the memory of a history was made, can have come to it by what is seen: it has
/// read what the maker has stored since, with an ordering that is too weak.
#[cold]
fn may_be_told_of_making(kernel: &Kernel, making: &Past, id: ThreadId, kind: AccessKind) -> bool {
    let view = kernel.view(id);
    if view.acquirable.get(making.slot) >= making.epoch {
        return true;
    }
    // Of an atomic that is accessed now, its own stores say nothing.
    let object = kernel.thread(id).pending.object;
    let own = match (kind.is_atomic() && object != ObjectId::NONE).then(|| kernel.objects.get(object).state) {
        Some(State::Atomic(state)) => Some(state.location),
        _ => None,
    };
    let made = (making.slot, making.epoch);
    kernel.memory.has_read_since(view.slot, made, own)
}

impl Execution {
    /// Whether an access is to be kept for a report: those of atomics are shown by their operations, and matter for a
    /// race alone.
    fn traces(&self, is_plain: bool) -> bool {
        self.accesses.len() < self.mode.trace_limit && (is_plain || self.mode.stacks_from.is_some())
    }
}
