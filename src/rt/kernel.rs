//! The state of one execution: threads, objects, who may run. Everything here is plain data and changes
//! by plain method calls; only `execution` switches fibers.
//!
//! A thread's *pending* op is what it will do next. An op that may block puts its thread into its object's
//! `waiting` set, and the thread is enabled while the object permits the op. A change of an object re-checks
//! only that set, so the enabled set is always exact, and a deadlock is simply "threads left, none enabled".

use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::basis::Basis;
use super::behaviour::Behaviour;
use super::clock::ClockSlots;
use super::fairness::Fairness;
use super::lanes::LaneSet;
use super::limits::Limits;
use super::locks::LockLog;
use super::memory::Memory;
use super::object::{Entry, Object, ObjectKey, ObjectKind, ObjectTable};
use super::op::{AtomicAccess, Note, ObjectId, Op, OpKind, ThreadId};
use super::outcome::Blocked;
use super::rounds::Quiet;
use super::shadow::{Histories, History};
use super::state::{State, ThreadState};
use super::switching::Restraint;
use super::thread::Thread;
use super::timer::{Instant, NEVER, Timers};
use super::tracked::TrackedTable;

/// What there is to note of a thread that parks; see `Kernel::note_parking`.
pub(crate) const PARKS: u8 = 1;
pub(crate) const UNPARKED: u8 = 2;
pub(crate) const WAITS: u8 = 4;

/// Where operations without a place in the source are said to be.
pub(crate) fn nowhere() -> &'static Location<'static> {
    Location::caller()
}

/// The state of one execution.
pub(crate) struct Kernel {
    pub(crate) limits: Limits,
    pub(super) threads: Vec<Thread>,
    thread_count: usize,
    pub(crate) live: usize,
    /// How many of the live threads are daemons.
    daemons: usize,
    pub(crate) lanes: Vec<ThreadId>,
    free_lanes: Vec<u32>,
    pub(crate) enabled: LaneSet,
    pub(crate) current: ThreadId,
    pub(crate) objects: ObjectTable,
    slots: ClockSlots,
    pub(crate) timers: Timers,
    pub(crate) steps: u64,
    /// At how many steps to look whether the execution may go on: at the step limit, or before.
    pub(super) looks_at: u64,
    /// What the running op found or did, for logs.
    pub(crate) note: Note,
    /// What the last operation on an atomic did, for logs.
    pub(crate) atomic: AtomicAccess,
    pub(crate) spurious_left: u32,
    /// How many threads are switched out in the middle of unwinding.
    pub(crate) suspended_unwinding: u32,
    /// What the running op has found, if it changes nothing; see `rounds`.
    pub(super) found: Option<u64>,
    /// Whether the running op ends a wait that its own thread has seen to: that says as much as a hint.
    pub(super) woke_itself: bool,
    pub(super) quiet: Quiet,
    pub(super) fairness: Fairness,
    pub(crate) restraint: Restraint,
    pub(super) histories: Histories,
    pub(crate) tracked: TrackedTable,
    pub(super) memory: Memory,
    /// Whether the op that is about to take effect is a timed wait that was due.
    pub(crate) attempts: bool,
    /// What the running op finds in place of what its object stands for, because its director lets it look at an
    /// earlier moment: always something that it leaves as it is. As a value of an execution graph, see `access`.
    pub(crate) shown: Option<u64>,
    /// The steps that are to be fair; see `rounds`.
    pub(super) fair: Range<u64>,
    /// From which step on to see what is due because the execution is long.
    pub(super) long_at: u64,
    /// How often plain memory was written, as far as that is seen.
    pub(crate) plain_writes: u64,
    pub(crate) behaviour: Behaviour,
    pub(crate) locks: LockLog,
    /// What this execution rests on.
    pub(crate) basis: Basis,
    /// How often std has taken a liberty.
    pub(crate) liberties: u32,
    /// How often a thread was led to wait for something else by another one.
    pub(crate) redirected: u64,
}

impl Kernel {
    pub(crate) fn new(limits: Limits) -> Kernel {
        Kernel {
            restraint: Restraint::new(limits.max_preemptions),
            limits,
            threads: Vec::new(),
            thread_count: 0,
            live: 0,
            daemons: 0,
            lanes: Vec::new(),
            free_lanes: Vec::new(),
            enabled: LaneSet::default(),
            current: ThreadId::MAIN,
            objects: ObjectTable::default(),
            slots: ClockSlots::default(),
            timers: Timers::default(),
            steps: 0,
            looks_at: 0,
            note: Note::None,
            atomic: AtomicAccess { source: 0, order: Ordering::Relaxed },
            spurious_left: 0,
            suspended_unwinding: 0,
            found: None,
            woke_itself: false,
            quiet: Quiet::default(),
            fairness: Fairness::default(),
            histories: Histories::default(),
            tracked: TrackedTable::default(),
            memory: Memory::default(),
            attempts: false,
            shown: None,
            fair: u64::MAX..u64::MAX,
            long_at: u64::MAX,
            plain_writes: 0,
            behaviour: Behaviour::default(),
            locks: LockLog::default(),
            basis: Basis::default(),
            liberties: 0,
            redirected: 0,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.thread_count = 0;
        self.live = 0;
        self.daemons = 0;
        self.lanes.clear();
        self.free_lanes.clear();
        self.enabled.clear();
        self.current = ThreadId::MAIN;
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
        self.quiet = Quiet::default();
        self.fairness.clear();
        self.restraint = Restraint::new(self.limits.max_preemptions);
        self.histories.clear();
        self.tracked.clear();
        self.memory.clear();
        self.attempts = false;
        self.shown = None;
        self.fair = self.fair_steps();
        self.long_at = self.fair.start;
        self.plain_writes = 0;
        self.behaviour.clear();
        self.locks.clear();
        self.basis = Basis::default();
        self.liberties = 0;
        self.redirected = 0;
    }

    #[inline]
    pub(crate) fn thread(&self, thread: ThreadId) -> &Thread {
        &self.threads[thread.index()]
    }

    #[inline]
    pub(crate) fn thread_mut(&mut self, thread: ThreadId) -> &mut Thread {
        &mut self.threads[thread.index()]
    }

    /// What reports call a thread.
    pub(crate) fn thread_label(&self, id: ThreadId) -> String {
        match &self.thread(id).name {
            Some(name) => name.to_string(),
            None => format!("thread {}", id.index()),
        }
    }

    pub(crate) fn threads(&self) -> impl Iterator<Item = (ThreadId, &Thread)> {
        let all = self.threads[..self.thread_count].iter();
        all.enumerate().map(|(index, thread)| (ThreadId(index as u32), thread))
    }

    pub(crate) fn thread_count(&self) -> usize {
        self.thread_count
    }

    /// Makes a thread whose pending op is its beginning.
    pub(crate) fn add_thread(
        &mut self,
        parent: Option<ThreadId>,
        name: Option<Arc<str>>,
        location: &'static Location<'static>,
    ) -> ThreadId {
        let id = ThreadId(self.thread_count as u32);
        let state =
            State::Thread(ThreadState { thread: id, ended: false, token: false, is_own_token: false });
        let first_user = parent.unwrap_or(id);
        let object = self.objects.register(ObjectKind::Thread, location, first_user, state);
        let lane = self.free_lanes.pop().unwrap_or_else(|| {
            self.lanes.push(id);
            self.lanes.len() as u32 - 1
        });
        self.lanes[lane as usize] = id;
        self.fairness.spawned(lane);
        let pending = Op::new(OpKind::Begin, object, location);
        if self.thread_count == self.threads.len() {
            self.threads.push(Thread::new(pending));
        }
        let (ordinal, lineage) = match parent {
            Some(parent) => {
                let parent = self.thread_mut(parent);
                parent.children += 1;
                (parent.children - 1, mix(parent.lineage, u64::from(parent.children)))
            }
            None => (0, 0),
        };
        let (earlier, later) = self.threads.split_at_mut(id.index());
        let thread = &mut later[0];
        thread.reset(pending, lane);
        thread.object = object;
        thread.parent = first_user;
        thread.ordinal = ordinal;
        thread.lineage = lineage;
        thread.next_event = lineage;
        thread.name = name;
        thread.spawned_at = location;
        if let Some(parent) = parent {
            self.basis.add(Basis::THREADS);
            let parent = &mut earlier[parent.index()];
            thread.clock.copy_from(&parent.clock);
            thread.order.copy_from(&parent.order);
            thread.order.set(parent.slot, parent.epoch);
            parent.advance_epoch();
        }
        let (slot, epoch) = self.slots.take(&thread.clock);
        thread.slot = slot;
        thread.epoch = epoch;
        thread.clock.set(slot, epoch);
        self.thread_count += 1;
        self.live += 1;
        self.enabled.insert(lane);
        id
    }

    /// The execution may end without this thread.
    pub(crate) fn make_daemon(&mut self, id: ThreadId) {
        self.threads[id.index()].daemon = true;
        self.daemons += 1;
    }

    /// Whether daemons are all that is left.
    pub(crate) fn only_daemons(&self) -> bool {
        self.live == self.daemons && self.live > 0
    }

    /// The current thread has executed its last op.
    pub(crate) fn end_thread(&mut self, id: ThreadId) {
        let object = self.thread(id).object;
        // The last one that anybody can learn: releasing goes on to the next.
        let last_epoch = self.thread(id).epoch;
        self.release(id, object);
        if let State::Thread(state) = &mut self.objects.get_mut(object).state {
            state.ended = true;
        }
        let thread = &mut self.threads[id.index()];
        thread.ended = true;
        let lane = thread.lane;
        self.slots.give_back(thread.slot, last_epoch);
        self.daemons -= usize::from(thread.daemon);
        self.enabled.remove(lane);
        self.free_lanes.push(lane);
        self.live -= 1;
        self.recheck(object);
    }

    /// An object and a thread, for what the two learn from each other.
    #[inline]
    pub(crate) fn pair(&mut self, object: ObjectId, id: ThreadId) -> (&mut Object, &mut Thread) {
        (self.objects.get_mut(object), &mut self.threads[id.index()])
    }

    /// The accesses to a piece of memory, and a thread that makes one.
    pub(super) fn history(&mut self, index: u32, id: ThreadId) -> (&mut History, &Thread) {
        (self.histories.get_mut(index), &self.threads[id.index()])
    }

    /// The thread learns what `object` knows.
    #[inline]
    pub(crate) fn acquire(&mut self, id: ThreadId, object: ObjectId) {
        let (object, thread) = self.pair(object, id);
        thread.acquire(id, &object.knowledge);
    }

    /// `object` learns what the thread knows, in addition to what it knew.
    #[inline]
    pub(crate) fn release(&mut self, id: ThreadId, object: ObjectId) {
        let (object, thread) = self.pair(object, id);
        thread.release(&mut object.knowledge);
    }

    /// `object` learns what the thread knows, the thread knowing already all that it knew.
    #[inline]
    pub(crate) fn release_owned(&mut self, id: ThreadId, object: ObjectId) {
        let (object, thread) = self.pair(object, id);
        thread.release_owned(id, &mut object.knowledge);
    }

    /// `id` learns what those know who gave it its token.
    pub(crate) fn acquire_token(&mut self, id: ThreadId) {
        let thread = &mut self.threads[id.index()];
        let token = std::mem::take(&mut thread.token);
        thread.acquire(id, &token);
        thread.token = token;
    }

    /// `id` gives `to` its token: not what a join of `to` learns, so it is kept apart from the thread's object.
    pub(crate) fn release_token(&mut self, id: ThreadId, to: ThreadId) {
        let mut token = std::mem::take(&mut self.threads[to.index()].token);
        self.threads[id.index()].release(&mut token);
        self.threads[to.index()].token = token;
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
        let parking = &mut self.threads[id.index()].parking;
        *parking |= what;
        if *parking == PARKS | UNPARKED | WAITS {
            self.basis.add(Basis::PARK_TOKEN);
        }
        self.limits.eats_tokens
    }

    /// Where `thread` stands among the waiters of the object that the running op notifies.
    pub(crate) fn current_waiter(&self, thread: ThreadId) -> Option<usize> {
        let object = self.thread(self.current).pending.object;
        self.objects.get(object).entries.iter().position(|waiter| waiter.thread == thread)
    }

    pub(crate) fn deadline(&self, length: Option<Duration>) -> Instant {
        length.map_or(NEVER, |length| Timers::deadline(self.time_of(self.current), length))
    }

    pub(crate) fn object_key(&self, object: ObjectId) -> ObjectKey {
        self.objects.key(object)
    }

    pub(crate) fn entries_mut(&mut self, object: ObjectId) -> &mut Vec<Entry> {
        &mut self.objects.get_mut(object).entries
    }

    /// The threads that have not ended, each with what it waits for and who stands in its way.
    pub(super) fn blocked(&self) -> Vec<Blocked> {
        let waiting = self.threads().filter(|(id, thread)| !thread.ended && !self.is_enabled(*id));
        waiting
            .map(|(id, thread)| {
                let object = self.objects.get(thread.pending.object);
                let holders = object.state.holders(&object.entries);
                Blocked { thread: id, op: thread.pending, holders }
            })
            .collect()
    }
}

/// A hash of a spawn path from the hash of its front (SplitMix64's finalizer).
pub(crate) fn mix(front: u64, next: u64) -> u64 {
    let mut z = front.wrapping_add(next.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(1);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::limits::{Strict, Timeouts};
    use crate::rt::memory::MemoryModel;

    fn kernel() -> Kernel {
        Kernel::new(Limits {
            max_steps: u64::MAX,
            max_threads: usize::MAX,
            max_preemptions: None,
            timeouts: Timeouts::Last,
            spurious: 0,
            free_leaders: true,
            eats_tokens: false,
            stack_size: 1 << 16,
            daemons: false,
            check_exclusive: false,
            memory: MemoryModel::default(),
            directed: false,
            strict: Strict::default(),
            hasty: false,
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
                slots.push(kernel.thread(child).slot);
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
