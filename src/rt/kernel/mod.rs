//! The state of one execution, put together from what each concern keeps of it: threads, objects, clocks, memory, loops, locks.
//! Everything here is plain data and changes by plain method calls; only `run` switches fibers.
//!
//! A thread's *pending* op is what it will do next. An op that may block puts its thread into its object's
//! `waiting` set, and the thread is enabled while the object permits the op. A change of an object re-checks
//! only that set, so the enabled set is always exact, and a deadlock is simply "threads left, none enabled".
//!
//! What a concern knows of a thread or an object it keeps itself, by number; what concerns several of them is carried out in
//! this room.

mod accesses;
mod blocking;
mod knowledge;
mod long;
mod loops;
pub(crate) mod special;
mod time;

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::rt::clocks::clock::ClockSlots;
use crate::rt::clocks::view::{Message, View};
use crate::rt::liveness::long::Long;
use crate::rt::liveness::spinloops::Spinloops;
use crate::rt::liveness::wait_for::WaitFor;
use crate::rt::memory::races::Histories;
use crate::rt::memory::stores::Memory;
use crate::rt::objects::table::ObjectTable;
use crate::rt::objects::{State, ThreadState};
use crate::rt::op::basis::Basis;
use crate::rt::op::key::{Entry, ObjectKey, ObjectKind};
use crate::rt::op::limits::Limits;
use crate::rt::op::{AtomicAccess, Note, ObjectId, Op, OpKind, ThreadId};
use crate::rt::record::equivalence::Equivalence;
use crate::rt::record::leaks::TrackedTable;
use crate::rt::record::lock_log::{Holder, LockLog};
use crate::rt::tasks::Tasks;
use crate::rt::threads::Threads;
use crate::rt::threads::fairness::Fairness;
use crate::rt::threads::preemption::{Restraint, Switching};
use crate::rt::threads::thread::Thread;
use crate::rt::threads::timers::Timers;
use special::Special;

/// What there is to note of a thread that parks; see `Kernel::note_parking`.
pub(crate) const PARKS: u8 = 1;
pub(crate) const UNPARKED: u8 = 2;
pub(crate) const WAITS: u8 = 4;

/// The state of one execution.
pub(crate) struct Kernel {
    pub(in crate::rt) special: Special,
    pub(crate) limits: Limits,
    pub(crate) threads: Threads,
    pub(crate) tasks: Tasks,
    /// Whether `acquire` and `release` do anything.
    learns: bool,
    /// What each thread knows.
    pub(in crate::rt) views: Vec<View>,
    /// What is known to a `park` that finds the token, by thread.
    tokens: Vec<Message>,
    slots: ClockSlots,
    pub(crate) objects: ObjectTable,
    pub(crate) timers: Timers,
    pub(crate) steps: u64,
    /// At how many steps to look whether the execution may go on: at the step limit, or before.
    pub(in crate::rt) looks_at: u64,
    /// What the running op found or did, for logs.
    pub(crate) note: Note,
    /// What the last operation on an atomic did, for logs.
    pub(crate) atomic: AtomicAccess,
    /// The event whose store that has read, or stored after, if events are named.
    pub(in crate::rt) store_event: u64,
    pub(crate) spurious_left: u32,
    /// How many threads are switched out in the middle of unwinding.
    pub(crate) suspended_unwinding: u32,
    /// What the running op has found, if it changes nothing; see `spinloops`.
    pub(in crate::rt) found: Option<u64>,
    /// Whether the running op ends a wait that its own thread has seen to: that says as much as a hint.
    woke_itself: bool,
    pub(crate) spinloops: Spinloops,
    pub(in crate::rt) fairness: Fairness,
    pub(crate) restraint: Restraint,
    pub(in crate::rt) histories: Histories,
    pub(crate) tracked: TrackedTable,
    pub(in crate::rt) memory: Memory,
    /// Whether the op that is about to take effect is a timed wait that was due.
    pub(crate) attempts: bool,
    /// What the running op finds in place of what its object stands for, because its director lets it look at an
    /// earlier moment: always something that it leaves as it is. As a value of an execution graph, see `rule`.
    pub(crate) shown: Option<u64>,
    long: Long,
    /// How often plain memory was written, as far as that is seen.
    pub(crate) plain_writes: u64,
    pub(crate) equivalence: Equivalence,
    pub(crate) locks: LockLog,
    /// What this execution rests on.
    pub(crate) basis: Basis,
    /// How often std has taken a liberty.
    pub(crate) liberties: u32,
    /// How many messages a channel without bound has held at most, and where it was made.
    pub(crate) longest_queue: Option<(u64, &'static Location<'static>)>,
    /// How often a thread was led to wait for something else by another one.
    pub(crate) redirected: u64,
}

impl Kernel {
    pub(crate) fn new(limits: Limits) -> Kernel {
        Kernel {
            special: Special::default(),
            restraint: Restraint::new(limits.max_preemptions),
            long: Long::new(&limits),
            limits,
            threads: Threads::default(),
            tasks: Tasks::default(),
            learns: false,
            views: Vec::new(),
            tokens: Vec::new(),
            slots: ClockSlots::default(),
            objects: ObjectTable::default(),
            timers: Timers::default(),
            steps: 0,
            looks_at: 0,
            note: Note::None,
            atomic: AtomicAccess { source: 0, order: Ordering::Relaxed },
            store_event: 0,
            spurious_left: 0,
            suspended_unwinding: 0,
            found: None,
            woke_itself: false,
            spinloops: Spinloops::default(),
            fairness: Fairness::default(),
            histories: Histories::default(),
            tracked: TrackedTable::default(),
            memory: Memory::default(),
            attempts: false,
            shown: None,
            plain_writes: 0,
            equivalence: Equivalence::default(),
            locks: LockLog::default(),
            basis: Basis::default(),
            liberties: 0,
            longest_queue: None,
            redirected: 0,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.threads.clear();
        self.tasks.clear();
        self.objects.clear();
        self.slots.clear();
        self.timers.clear();
        self.steps = 0;
        self.looks_at = self.limits.max_steps;
        self.note = Note::None;
        self.spurious_left = self.limits.spurious;
        self.suspended_unwinding = 0;
        self.found = None;
        self.woke_itself = false;
        self.spinloops.clear(self.limits.hasty);
        self.fairness.clear();
        self.restraint = Restraint::new(self.limits.max_preemptions);
        self.histories.clear();
        self.tracked.clear();
        self.memory.clear(self.limits.memory, self.limits.directed);
        self.attempts = false;
        self.shown = None;
        self.long = Long::new(&self.limits);
        self.plain_writes = 0;
        self.equivalence.clear();
        self.locks.clear();
        self.basis = Basis::default();
        self.liberties = 0;
        self.longest_queue = None;
        self.redirected = 0;
        self.special = Special::default();
        self.special.set(Special::DIRECTED, self.limits.directed);
        self.special.set(Special::RESTRAINED, !self.restraint.is_none());
        self.special.set(Special::WATCHED, self.limits.check_exclusive);
        let asks_more = self.limits.polls_spuriously || self.rings_any_time();
        self.special.set(Special::POLLS, asks_more);
    }

    /// From now on threads switch as usual, or not.
    pub(crate) fn set_switching(&mut self, switching: Switching) {
        self.restraint.set_switching(switching);
        self.special.set(Special::RESTRAINED, !self.restraint.is_none());
    }

    #[inline]
    pub(crate) fn thread(&self, thread: ThreadId) -> &Thread {
        self.threads.get(thread)
    }

    #[inline]
    pub(crate) fn thread_mut(&mut self, thread: ThreadId) -> &mut Thread {
        self.threads.get_mut(thread)
    }

    /// What `thread` knows.
    #[inline]
    pub(crate) fn view(&self, thread: ThreadId) -> &View {
        &self.views[thread.index()]
    }

    #[inline]
    pub(crate) fn is_enabled(&self, thread: ThreadId) -> bool {
        self.threads.is_enabled(thread)
    }

    /// What reports call a thread.
    pub(crate) fn thread_label(&self, id: ThreadId) -> String {
        self.thread(id).label(id)
    }

    /// Makes a thread whose pending op is its beginning.
    pub(crate) fn add_thread(
        &mut self,
        parent: Option<ThreadId>,
        name: Option<Arc<str>>,
        location: &'static Location<'static>,
    ) -> ThreadId {
        let id = self.threads.next_id();
        let state = ThreadState { thread: id, ended: false, token: false, is_own_token: false };
        let first_user = parent.unwrap_or(id);
        let object = self.objects.register(ObjectKind::Thread, location, first_user, State::Thread(state));
        let pending = Op::new(OpKind::Begin, object, location);
        self.threads.add(parent, pending, name, location);
        self.fairness.spawned(self.thread(id).lane);
        self.spinloops.spawned();
        self.equivalence.spawned(self.thread(id).lineage);
        self.locks.begun(id);
        if let Some(parent) = parent {
            self.basis.add(Basis::THREADS);
            self.locks.ordered(self.lock_place(parent).holder(), Holder::Thread(id));
        }
        if self.views.len() == id.index() {
            self.views.push(View::new(id));
            self.tokens.push(Message::default());
        }
        let (earlier, later) = self.views.split_at_mut(id.index());
        let (parent, view) = (parent.map(|parent| &mut earlier[parent.index()]), &mut later[0]);
        if self.limits.keeps_clocks {
            self.tokens[id.index()].clear();
            view.reset(parent.as_deref());
        } else {
            view.reset(None);
        }
        if let Some(parent) = parent {
            parent.advance_epoch();
        }
        view.take_slot(self.slots.take(&view.clock));
        self.note_learning();
        id
    }

    /// The current thread has executed its last op.
    pub(crate) fn end_thread(&mut self, id: ThreadId) {
        let object = self.thread(id).object;
        // The last one that anybody can learn: releasing goes on to the next.
        let last_epoch = self.view(id).epoch;
        self.release(id, object);
        if let State::Thread(state) = &mut self.objects.get_mut(object).state {
            state.ended = true;
        }
        self.slots.give_back(self.view(id).slot, last_epoch);
        self.threads.end(id);
        self.recheck(object);
    }

    /// Before the next step it is to be seen whether there is time for it.
    pub(crate) fn look_now(&mut self) {
        self.looks_at = self.looks_at.min(self.steps);
    }

    /// Notes that std allows what this execution may or may not do. Whether it may.
    #[inline]
    pub(crate) fn allows(&mut self, liberty: Basis) -> bool {
        self.basis.add(liberty);
        self.limits.spurious > 0
    }

    /// The thread parks, is unparked, or waits in a way of std's own: only where it does all of this does it matter that
    /// std's waits may take the token. Whether they may.
    pub(crate) fn note_parking(&mut self, id: ThreadId, what: u8) -> bool {
        let parking = &mut self.threads.get_mut(id).parking;
        *parking |= what;
        if *parking == PARKS | UNPARKED | WAITS {
            self.basis.add(Basis::PARK_TOKEN);
        }
        self.limits.eats_tokens
    }

    /// Where `thread` stands among the waiters of the object that the running op notifies.
    pub(crate) fn current_waiter(&self, thread: ThreadId) -> Option<usize> {
        let object = self.thread(self.threads.current).pending.object;
        self.objects.get(object).entries.iter().position(|waiter| waiter.thread == thread)
    }

    /// Who waits for whom.
    pub(crate) fn wait_for(&self) -> WaitFor<'_> {
        WaitFor { threads: &self.threads, objects: &self.objects }
    }

    pub(crate) fn object_key(&self, object: ObjectId) -> ObjectKey {
        self.objects.key(object)
    }

    pub(crate) fn entries_mut(&mut self, object: ObjectId) -> &mut Vec<Entry> {
        &mut self.objects.get_mut(object).entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::op::limits::MemoryModel;
    use crate::rt::op::limits::{Strict, Timeouts};
    use crate::rt::op::nowhere;

    fn kernel() -> Kernel {
        Kernel::new(Limits {
            max_steps: u64::MAX,
            max_threads: usize::MAX,
            max_preemptions: None,
            timeouts: Timeouts::Last,
            spurious: 0,
            cancellations: 0,
            capacity: usize::MAX,
            max_queued: u64::MAX,
            fifo: false,
            polls_spuriously: false,
            free_leaders: true,
            eats_tokens: false,
            stack_size: 1 << 16,
            daemons: false,
            check_exclusive: false,
            memory: MemoryModel::default(),
            directed: false,
            orders_polls: false,
            strict: Strict::default(),
            keeps_clocks: true,
            hasty: false,
            judges_at_limit: true,
            fails_weakly: true,
            keeps_addresses: false,
        })
    }

    #[test]
    fn threads_that_were_joined_make_no_clock_wider() {
        let mut kernel = kernel();
        let main = kernel.add_thread(None, None, nowhere());
        for joins in [true, false] {
            let mut slots = Vec::new();
            for _ in 0..5 {
                let child = kernel.add_thread(Some(main), None, nowhere());
                slots.push(kernel.view(child).slot);
                kernel.end_thread(child);
                if joins {
                    kernel.acquire(main, kernel.thread(child).object);
                }
            }
            slots.dedup();
            // One that nobody has joined is still concurrent with those that follow.
            assert_eq!(slots.len(), if joins { 1 } else { 5 }, "{slots:?}");
        }
    }
}
