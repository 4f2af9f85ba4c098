//! One thread as scheduling needs it: what it is about to do, what it waits for, and whose it is. What it knows, which locks it
//! has and which loop it is in are kept by those whose concern that is, by its number.

use std::panic::Location;
use std::sync::Arc;

use super::local::Locals;
use super::timers::{Instant, NEVER};
use crate::rt::op::outcome::{PanicRecord, Settled};
use crate::rt::op::{ObjectId, Op, ThreadId};

/// One thread. Its memory is kept for the thread of the same number in the next execution.
// What a step reads comes first, in one line of the cache.
#[repr(C)]
pub(crate) struct Thread {
    pub(crate) pending: Op,
    pub(crate) deadline: Instant,
    pub(crate) lane: u32,
    pub(crate) object: ObjectId,
    pub(crate) ended: bool,
    /// Whether its wait does not block any more, as its time is over: it is an attempt.
    pub(crate) is_due: bool,
    /// Whether the thread is unwinding, as of its last switch or panic.
    pub(crate) unwinding: bool,
    /// Whether the execution may end without the thread.
    pub(crate) daemon: bool,
    pub(crate) joined: bool,
    /// Whether it has destroyed thread locals.
    pub(in crate::rt) had_locals: bool,
    /// Whether it has parked, was unparked, has waited as std does by parking: bits.
    pub(in crate::rt) parking: u8,
    pub(in crate::rt) wait_number: u64,
    /// When it began to wait for what it waits for now, or ended.
    pub(crate) since: Settled,
    /// The condition variable that has notified the thread, until it locks its mutex again.
    pub(crate) notified: ObjectId,
    pub(crate) parent: ThreadId,
    /// Position among the children of its parent.
    pub(crate) ordinal: u32,
    pub(crate) children: u32,
    /// How many tasks it has spawned.
    pub(crate) spawned_tasks: u32,
    /// How many hashers it has made.
    pub(crate) hashers: u64,
    /// The number of the task whose work it does, which is polled nowhere, and of the one whose future it drops; or 0.
    pub(crate) works_for: u64,
    pub(crate) drops: u64,
    /// A hash of the spawn path, which names this thread in other executions.
    pub(crate) lineage: u64,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) spawned_at: &'static Location<'static>,
    pub(crate) locals: Locals,
    pub(crate) panic: Option<Box<PanicRecord>>,
}

impl Thread {
    pub(super) fn new(pending: Op) -> Thread {
        Thread {
            pending,
            deadline: NEVER,
            lane: 0,
            object: ObjectId::NONE,
            ended: false,
            is_due: false,
            unwinding: false,
            daemon: false,
            joined: false,
            had_locals: false,
            parking: 0,
            wait_number: 0,
            since: Settled::default(),
            notified: ObjectId::NONE,
            parent: ThreadId::MAIN,
            ordinal: 0,
            children: 0,
            spawned_tasks: 0,
            hashers: 0,
            works_for: 0,
            drops: 0,
            lineage: 0,
            name: None,
            spawned_at: pending.location,
            locals: Locals::default(),
            panic: None,
        }
    }

    pub(super) fn reset(&mut self, pending: Op, lane: u32) {
        self.pending = pending;
        self.deadline = NEVER;
        self.lane = lane;
        self.ended = false;
        self.is_due = false;
        self.unwinding = false;
        self.daemon = false;
        self.joined = false;
        self.had_locals = false;
        self.parking = 0;
        self.since = Settled::default();
        self.notified = ObjectId::NONE;
        self.children = 0;
        self.spawned_tasks = 0;
        self.hashers = 0;
        (self.works_for, self.drops) = (0, 0);
        self.locals.clear();
        self.panic = None;
    }

    /// What reports call the thread.
    pub(crate) fn label(&self, id: ThreadId) -> String {
        match &self.name {
            Some(name) => name.to_string(),
            None => format!("thread {}", id.index()),
        }
    }
}
