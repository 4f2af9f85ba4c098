//! The threads of an execution: what each is about to do, and which of them may go on.

pub(crate) mod fairness;
pub(crate) mod local;
pub(crate) mod preemption;
pub(crate) mod thread;
pub(crate) mod timers;

use std::panic::Location;
use std::sync::Arc;

use crate::rt::op::rng::mix;
use crate::rt::op::thread_set::LaneSet;
use crate::rt::op::{Op, ThreadId};
use thread::Thread;

/// The threads of one execution.
///
/// A thread holds a *lane*, a small number, while it lives. Sets of threads are sets of lanes; see `op::thread_set`.
pub(crate) struct Threads {
    all: Vec<Thread>,
    count: usize,
    pub(crate) live: usize,
    /// How many of the live threads are daemons.
    daemons: usize,
    pub(crate) lanes: Vec<ThreadId>,
    free_lanes: Vec<u32>,
    pub(crate) enabled: LaneSet,
    /// The thread that runs.
    pub(crate) current: ThreadId,
}

impl Default for Threads {
    fn default() -> Threads {
        Threads {
            all: Vec::new(),
            count: 0,
            live: 0,
            daemons: 0,
            lanes: Vec::new(),
            free_lanes: Vec::new(),
            enabled: LaneSet::default(),
            current: ThreadId::MAIN,
        }
    }
}

impl Threads {
    pub(in crate::rt) fn clear(&mut self) {
        self.count = 0;
        self.live = 0;
        self.daemons = 0;
        self.lanes.clear();
        self.free_lanes.clear();
        self.enabled.clear();
        self.current = ThreadId::MAIN;
    }

    #[inline]
    pub(crate) fn get(&self, thread: ThreadId) -> &Thread {
        &self.all[thread.index()]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, thread: ThreadId) -> &mut Thread {
        &mut self.all[thread.index()]
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// All of them, those that have ended too.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ThreadId, &Thread)> {
        let all = self.all[..self.count].iter();
        all.enumerate().map(|(index, thread)| (ThreadId(index as u32), thread))
    }

    /// Those that have not ended.
    pub(crate) fn alive(&self) -> impl Iterator<Item = (ThreadId, &Thread)> {
        self.iter().filter(|(_, thread)| !thread.ended)
    }

    /// The thread that will be added next.
    pub(in crate::rt) fn next_id(&self) -> ThreadId {
        ThreadId(self.count as u32)
    }

    /// Adds a thread, whose pending op is its first, and which can go on.
    pub(in crate::rt) fn add(
        &mut self,
        parent: Option<ThreadId>,
        pending: Op,
        name: Option<Arc<str>>,
        location: &'static Location<'static>,
    ) -> ThreadId {
        let id = self.next_id();
        let lane = self.free_lanes.pop().unwrap_or_else(|| {
            self.lanes.push(id);
            self.lanes.len() as u32 - 1
        });
        self.lanes[lane as usize] = id;
        if self.count == self.all.len() {
            self.all.push(Thread::new(pending));
        }
        let (ordinal, lineage) = match parent {
            Some(parent) => {
                let parent = self.get_mut(parent);
                parent.children += 1;
                (parent.children - 1, mix(parent.lineage, u64::from(parent.children)))
            }
            None => (0, 0),
        };
        let thread = &mut self.all[id.index()];
        thread.reset(pending, lane);
        thread.object = pending.object;
        thread.parent = parent.unwrap_or(id);
        thread.ordinal = ordinal;
        thread.lineage = lineage;
        thread.name = name;
        thread.spawned_at = location;
        self.count += 1;
        self.live += 1;
        self.enabled.insert(lane);
        id
    }

    /// The execution may end without this thread.
    pub(crate) fn make_daemon(&mut self, id: ThreadId) {
        self.get_mut(id).daemon = true;
        self.daemons += 1;
    }

    /// Whether daemons are all that is left.
    pub(crate) fn only_daemons(&self) -> bool {
        self.live == self.daemons && self.live > 0
    }

    /// The thread has executed its last op.
    pub(in crate::rt) fn end(&mut self, id: ThreadId) {
        let thread = self.get_mut(id);
        thread.ended = true;
        let (lane, daemon) = (thread.lane, thread.daemon);
        self.daemons -= usize::from(daemon);
        self.enabled.remove(lane);
        self.free_lanes.push(lane);
        self.live -= 1;
    }

    #[inline]
    pub(crate) fn is_enabled(&self, id: ThreadId) -> bool {
        self.is_among(&self.enabled, id)
    }

    /// Whether `id` is in a set of lanes.
    #[inline]
    pub(crate) fn is_among(&self, lanes: &LaneSet, id: ThreadId) -> bool {
        // An ended thread has given its lane back, perhaps to another.
        let holds = |lane: u32| lanes.contains(lane) && self.lanes[lane as usize] == id;
        self.all.get(id.index()).is_some_and(|thread| holds(thread.lane))
    }

    /// The `n`-th thread of a set of lanes, in an order that depends on nothing but the schedule.
    #[inline]
    pub(crate) fn nth_among(&self, lanes: &LaneSet, n: usize) -> ThreadId {
        self.lanes[lanes.nth(n) as usize]
    }

    pub(crate) fn those_in<'a>(
        &'a self,
        lanes: &'a LaneSet,
    ) -> impl Iterator<Item = ThreadId> + Clone + use<'a> {
        lanes.iter().map(|lane| self.lanes[lane as usize])
    }

    /// The first enabled thread.
    #[inline]
    pub(crate) fn first_enabled(&self) -> ThreadId {
        self.nth_among(&self.enabled, 0)
    }

    pub(crate) fn enabled_threads(&self) -> impl Iterator<Item = ThreadId> + Clone + '_ {
        self.those_in(&self.enabled)
    }
}
