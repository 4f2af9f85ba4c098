//! One execution under control: the op protocol, and the only place that switches fibers.
//!
//! A primitive publishes its op as the running thread's pending op. Then the strategy picks the next thread
//! among the enabled ones, on the running fiber's own stack: if that is the same thread, nothing switches.
//! A switch goes through the hub (`run`), which resumes the chosen fiber. When a thread is picked, the
//! effect of its op runs atomically.

use std::backtrace::Backtrace;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use super::current::{CURRENT, Current};
use super::decide::director::Director;
use super::decide::strategy::{SchedulingPoint, Start, Strategy};
use super::evidence::Evidence;
use super::fiber::{FiberPool, Suspender};
use super::identity::{Identity, Stamp, begin_epoch};
use super::kernel::{Kernel, nowhere};
use super::knot::Knot;
use super::limits::Limits;
use super::locks::DataUse;
use super::op::{Choice, Event, Note, ObjectId, Op, OpKind, ThreadId, TracedChoice};
use super::outcome::{Blocked, PanicRecord, Race, Stop};
use super::rng::Rng;
use super::rounds::Settled;
use super::schedule::Schedule;
use super::shadow::TracedAccess;
use super::timer::Instant;
use super::waiting::Stuck;
use super::watchdog::{self, Hang};
use super::workers::{CLEANS_UP, Worker};

/// How to run one execution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode {
    /// How many events to record at most.
    pub(crate) trace_limit: usize,
    /// Whether panic messages go to the hook that prints them.
    pub(crate) print_panics: bool,
    /// From which step on to capture stacks, if the execution is run for its report; see `evidence`.
    pub(crate) stacks_from: Option<u64>,
}

/// A worker's execution: the running one, or the memory for the next.
pub(crate) struct Execution {
    pub(crate) kernel: Kernel,
    pub(super) strategy: Box<dyn Strategy>,
    /// Decides in the strategy's place, if there is one.
    pub(super) director: Option<Box<dyn Director>>,
    /// The step at which the store was made that the director wants the running op to read.
    pub(super) wanted: u64,
    pub(super) rng: Rng,
    pub(crate) schedule: Schedule,
    /// One byte an executed op, to find where two runs of one schedule first differ.
    pub(crate) fingerprints: Vec<u8>,
    /// When to stop, in real time, and whether an execution was stopped for that.
    pub(crate) deadline: Option<std::time::Instant>,
    pub(crate) is_late: bool,
    /// The director, once it has nothing more to say.
    pub(super) past_director: Option<Box<dyn Director>>,
    /// Whether the strategy or the trace wants to hear of each op.
    pub(super) observed: bool,
    /// Steps at which more than one thread could go on.
    pub(crate) contended_steps: u64,
    pub(crate) trace: Vec<Event>,
    /// Choices, beside the trace.
    pub(crate) traced_choices: Vec<TracedChoice>,
    pub(super) mode: Mode,
    /// The data race that ended the execution.
    pub(crate) race: Option<Race>,
    /// The knot that was there when the execution reached the step limit.
    pub(crate) knot: Option<Knot>,
    /// Plain accesses, for the report.
    pub(crate) accesses: Vec<TracedAccess>,
    pub(crate) evidence: Evidence,
    /// Every panic that the hook saw.
    pub(crate) panics: Vec<PanicRecord>,
    /// The one of them that was about to abort the process.
    pub(super) fatal_panic: Option<usize>,
    pub(super) stop: Option<Stop>,
    pub(super) misuse: Option<String>,
    /// Where the running thread stood when the watchdog ended the execution, or when it was about to abort the process.
    pub(crate) hang: Option<Arc<Hang>>,
    /// Where it was shortly before.
    pub(super) ran_at: Vec<Backtrace>,
    /// Whether the watchdog has ended an execution here: what its threads have left behind is not to be touched.
    has_hung: bool,
    /// The step after which an execution that is run for its report ends, because it hung there.
    pub(crate) stops_after: Option<u64>,
    /// How to run what runs now again; if it ends with a slash, `index` follows.
    words: String,
    index: u64,
    pub(super) worker: Worker,
    pub(super) stamp: Stamp,
    pub(super) executions: u64,
    /// When it began, as it counts for uses outside.
    pub(super) began: u64,
    pub(super) hash_keys: Option<(u64, u64)>,
    /// Objects that another worker uses at the same time, by address.
    pub(super) shared: BTreeMap<usize, ObjectId>,
    /// From the first use of a lock that was made before this execution to the end of it.
    pub(super) shared_data: Option<MutexGuard<'static, ()>>,
    pub(super) fibers: FiberPool,
    pub(super) suspenders: Vec<*const Suspender>,
    /// What the first thread is called, made once.
    pub(super) main_name: Arc<str>,
    /// One-time initializations whose values belong to this execution and not to the place that shows
    /// them, such as a `OnceLock` in a static.
    pub(super) kept: Vec<ObjectId>,
    /// Whether a thread that has made another one lets that begin before it goes on, if nothing else has to come first; see
    /// `explore::exhaustive::compare`.
    pub(crate) pauses_after_spawn: bool,
    /// All threads have ended, and what the execution owns is being dropped: ops just take effect.
    pub(super) winding_up: bool,
}

impl Execution {
    pub(crate) fn new(limits: Limits, strategy: Box<dyn Strategy>) -> Execution {
        let worker = Worker::new();
        Execution {
            fibers: FiberPool::new(limits.stack_size),
            kernel: Kernel::new(limits),
            strategy,
            director: None,
            wanted: 0,
            rng: Rng::new(0, 0),
            schedule: Schedule::default(),
            fingerprints: Vec::new(),
            deadline: None,
            is_late: false,
            past_director: None,
            observed: false,
            contended_steps: 0,
            trace: Vec::new(),
            traced_choices: Vec::new(),
            mode: Mode { trace_limit: 0, print_panics: false, stacks_from: None },
            race: None,
            knot: None,
            accesses: Vec::new(),
            evidence: Evidence::default(),
            panics: Vec::new(),
            fatal_panic: None,
            stop: None,
            misuse: None,
            hang: None,
            ran_at: Vec::new(),
            has_hung: false,
            stops_after: None,
            stamp: Stamp::new(worker.number(), 0),
            words: String::new(),
            index: 0,
            worker,
            executions: 0,
            began: 0,
            hash_keys: None,
            shared: BTreeMap::new(),
            shared_data: None,
            suspenders: Vec::new(),
            main_name: Arc::from("main"),
            kept: Vec::new(),
            pauses_after_spawn: false,
            winding_up: false,
        }
    }

    pub(crate) fn wants_counts(&self) -> bool {
        self.strategy.wants_counts()
    }

    pub(crate) fn set_strategy(&mut self, strategy: Box<dyn Strategy>) {
        self.strategy = strategy;
    }

    pub(crate) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// What to write if the process dies in this execution: what to set to run it again, without the number of
    /// the execution if it ends with a slash.
    pub(crate) fn set_last_words(&mut self, words: String) {
        self.words = words;
    }

    /// The panic that was about to abort the process, if one was.
    pub(crate) fn fatal_panic(&self) -> Option<&PanicRecord> {
        self.panics.get(self.fatal_panic?)
    }

    pub(crate) fn last_words(&self) -> (&str, u64) {
        (&self.words, self.index)
    }

    /// Lets the watchdog watch the executions that the calling OS thread runs, for the exploration with this number.
    pub(crate) fn watch(&self, hang_after: Option<Duration>, exploration: u64) {
        watchdog::watch(self.worker.status(), &self.words, hang_after, exploration);
    }

    /// Whether the watchdog has ended an execution of this worker. Its OS thread must not end then, nor run another.
    pub(crate) fn has_hung(&self) -> bool {
        self.has_hung
    }

    pub(crate) fn prints_panics(&self) -> bool {
        self.mode.print_panics
    }

    /// Makes everything ready for the next execution; the strategy is begun after this.
    pub(crate) fn prepare(&mut self, index: u64, rng: Rng, mode: Mode) {
        self.index = index;
        self.executions += 1;
        self.stamp = Stamp::new(self.stamp.worker(), self.executions);
        self.kernel.reset();
        self.is_late = false;
        self.look_at_next();
        self.kernel.locks.keeps_all = mode.trace_limit > 0;
        self.rng = rng;
        self.schedule.clear();
        self.fingerprints.clear();
        self.trace.clear();
        self.traced_choices.clear();
        self.mode = mode;
        self.race = None;
        self.knot = None;
        self.accesses.clear();
        self.evidence.clear();
        self.panics.clear();
        self.fatal_panic = None;
        self.stop = None;
        self.misuse = None;
        self.hang = None;
        self.ran_at.clear();
        self.hash_keys = None;
        self.shared.clear();
        self.contended_steps = 0;
    }

    /// Begins the strategy's part.
    pub(crate) fn begin(&mut self, start: &Start<'_>) {
        self.strategy.begin(start, &mut self.rng);
        self.observed = self.strategy.wants_events() || self.mode.trace_limit > 0;
    }

    /// Runs `body` as the first thread, and whatever it spawns, to the end.
    pub(crate) fn run(&mut self, body: &(dyn Fn() + Sync)) -> Stop {
        self.began = begin_epoch();
        let main = self.kernel.add_thread(None, Some(Arc::clone(&self.main_name)), nowhere());
        self.schedule.push_step(main);
        self.kernel.steps = 1;
        let this: *mut Execution = self;
        let handle = Current::of(&mut *self);
        // SAFETY: `body` outlives this call, and no fiber outlives it: each returns or is abandoned below.
        let started = unsafe { handle.start_fiber(main, None, body) };
        if let Err(stop) = started {
            return stop;
        }
        self.worker.set_running(Some(self.stamp), self.index);
        let previous = CURRENT.replace(this);
        debug_assert!(previous.is_null());
        // SAFETY: `this` is valid, and `self` is not used before the loop ends.
        let stop = unsafe {
            loop {
                FiberPool::resume(&raw mut (*this).fibers, (*this).kernel.current);
                if (*this).stop.is_some() {
                    break (*this).stop.take().expect("checked above");
                }
            }
        };
        // SAFETY: as above.
        unsafe { (*this).wind_up(&stop) };
        CURRENT.set(std::ptr::null_mut());
        self.worker.set_running(None, self.index);
        self.misuse.take().or_else(|| self.worker.take_misuse()).map_or(stop, Stop::Misuse)
    }

    fn wind_up(&mut self, stop: &Stop) {
        let finished = matches!(stop, Stop::Finished);
        let hangs = matches!(stop, Stop::Hang);
        self.has_hung |= hangs;
        if let Some(director) = self.director.take() {
            self.past_director = Some(director);
        }
        let left: Vec<ThreadId> =
            self.kernel.threads().filter(|(_, thread)| !thread.ended).map(|(id, _)| id).collect();
        for thread in left {
            if hangs {
                self.fibers.leak(thread);
                continue;
            }
            // SAFETY: no fiber runs any more, and threads that could refer to this one's stack (scoped
            // ones) are abandoned as well.
            unsafe { self.fibers.abandon(thread) };
        }
        self.winding_up = true;
        self.observed = false;
        if !self.kept.is_empty() {
            self.worker.beat(CLEANS_UP);
        }
        // The last one kept goes first, as it may refer to earlier ones.
        while let Some(once) = self.kept.pop() {
            // Taken first: the destructor of a value may look for others, and for itself.
            let made = Current::of(self).once_take(once);
            if let (Some(made), true) = (made, finished) {
                // SAFETY: a value is destroyed by whoever takes it.
                let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { (made.destroy)(made.address) }));
                drop(dropped);
            }
        }
        self.winding_up = false;
        self.shared_data = None;
    }

    /// Publishes the running thread's next op and picks who goes on. Whether another thread does.
    ///
    /// Not inlined, while everything on the way to the switch itself is: a processor predicts returns by the
    /// calls it has seen, and after a switch each return that was open predicts wrongly.
    #[inline(never)]
    pub(super) fn publish(&mut self, op: Op, deadline: Instant) -> bool {
        let current = self.kernel.current;
        if op.kind.may_block() {
            self.kernel.wait_on(current, op, deadline);
            if self.mode.stacks_from.is_some() {
                // One that can go on now may have to wait when it comes to it.
                self.keep_wait(current);
            }
            if !self.kernel.is_enabled(current) {
                self.note_wait(current);
                if self.kernel.thread(current).unwinding {
                    Current::of(self).note_if_caught();
                }
                if self.is_stuck(current) {
                    return true;
                }
            }
        } else {
            self.kernel.thread_mut(current).pending = op;
        }
        let next = self.pick_next();
        if next == Some(current) {
            return false;
        }
        if self.mode.stacks_from.is_some() && next.is_some() {
            self.count_switch(current);
        }
        true
    }

    /// `thread` waits from now on, for something else than before, or has ended.
    #[inline]
    pub(super) fn note_wait(&mut self, thread: ThreadId) {
        let since = Settled { step: self.kernel.steps, choices: self.schedule.choices_length() };
        self.kernel.thread_mut(thread).since = since;
    }

    /// Whether `current`, which waits, waits for ever; the execution ends then. If nobody else can go on, that is seen
    /// anyway, and if a director decides, it goes on to the end.
    #[inline]
    fn is_stuck(&mut self, current: ThreadId) -> bool {
        !self.kernel.limits.directed && self.stop_if(self.kernel.stuck(current))
    }

    /// A thread has ended: so does the execution, if daemons are all that is left, or if another waits for a lock that it
    /// has not given back.
    #[inline]
    pub(super) fn note_end(&mut self, ended: ThreadId) {
        self.note_wait(ended);
        if self.kernel.only_daemons() && !self.kernel.limits.directed {
            self.stop = Some(Stop::Daemons);
        } else if !self.kernel.thread(ended).held.is_empty() && !self.kernel.limits.directed {
            self.stop_if(self.kernel.waits_for_ended(ended));
        }
    }

    fn stop_if(&mut self, stuck: Option<Stuck>) -> bool {
        let stuck = stuck.filter(|_| self.kernel.can_go_on().next().is_some());
        let stops = stuck.is_some();
        if let Some(stuck) = stuck {
            self.stop = Some(Stop::Stuck(stuck));
        }
        stops
    }

    /// The picked thread's op has taken effect.
    #[inline]
    pub(super) fn executed(&mut self, thread: ThreadId, op: Op) {
        let print =
            (op.kind as u8) ^ (op.object.0 as u8).wrapping_mul(37) ^ (thread.0 as u8).wrapping_mul(101);
        self.fingerprints.push(print);
        self.worker.beat(self.kernel.steps);
        if self.kernel.behaviour.is_wanted {
            self.kernel.note_behaviour(thread, &op);
        }
        if op.kind.is_use() {
            self.kernel.objects.get_mut(op.object).users.add(thread);
        }
        match self.kernel.found.take() {
            None => self.kernel.note_change(thread),
            Some(value) => {
                if !self.kernel.limits.directed {
                    self.kernel.note_look(thread, &op, value, self.schedule.choices_length());
                }
            }
        }
        if self.kernel.steps >= self.kernel.long_at {
            if self.kernel.thread(thread).unwinding {
                Current::of(self).note_if_caught();
            }
            self.kernel.note_long();
        }
        if self.observed {
            self.tell_observers(thread, op);
        }
    }

    /// Whether a value that was there when an operation on it began is still there: otherwise another thread has freed it
    /// meanwhile, and the memory is something else's.
    #[inline]
    pub(crate) fn is_intact(&self, identity: &Identity, object: ObjectId) -> bool {
        identity.index_in(self.stamp) == Some(object.0) || self.is_shared(identity, object)
    }

    #[cold]
    fn is_shared(&self, identity: &Identity, object: ObjectId) -> bool {
        let is_shared = || self.shared.get(&identity.address()) == Some(&object);
        self.winding_up || identity.is_intact() && is_shared()
    }

    /// A value of this type is used after its end.
    #[cold]
    pub(crate) fn fail_used_after_end(&mut self, what: &'static str) -> ! {
        Current::of(self).fail(Stop::UseAfterFree(Some(what)))
    }

    #[cold]
    fn tell_observers(&mut self, thread: ThreadId, op: Op) {
        let note = std::mem::replace(&mut self.kernel.note, Note::None);
        if self.strategy.wants_events() {
            let point = SchedulingPoint::new(&self.kernel);
            self.strategy.executed(thread, &op, &point, &mut self.rng);
        }
        if self.is_traced() {
            let atomic = self.is_of_atomic(&op).then_some(self.kernel.atomic);
            self.trace.push(Event { step: self.kernel.steps, thread, op, note, atomic });
            self.keep_knowledge(thread);
            self.end_wait(thread, &op);
        }
        if self.stops_after == Some(self.kernel.steps) && op.kind != OpKind::End {
            Current::of(self).fail(Stop::Hang);
        }
    }

    /// Whether what happens now is traced.
    #[inline]
    pub(crate) fn is_traced(&self) -> bool {
        self.trace.len() < self.mode.trace_limit
    }

    /// The data under a lock are used, for the first time since the lock was taken.
    #[cold]
    pub(crate) fn note_data_use(&mut self, object: ObjectId, may_write: bool) {
        let (thread, after) = (self.kernel.current, self.trace.len() as u32);
        self.kernel.locks.uses.push(DataUse { thread, object, after, may_write });
    }

    /// Makes a choice among `alternatives`, at least one.
    pub(crate) fn choose(&mut self, choice: Choice, alternatives: usize) -> usize {
        if self.kernel.restraint.is_paused() && choice != Choice::Program {
            // Not recorded either: a replay pauses at the same place.
            return 0;
        }
        let value = match &mut self.director {
            Some(director) => director.choose(&mut self.kernel, choice, alternatives),
            // In the end every store is seen.
            None if choice == Choice::ReadsFrom
                && self.kernel.is_long()
                && !self.strategy.chooses_freely() =>
            {
                0
            }
            None => {
                let point = SchedulingPoint::new(&self.kernel);
                self.strategy.choose_at(&point, choice, alternatives, &mut self.rng)
            }
        };
        assert!(
            value < alternatives,
            "drawloom: the strategy `{}` chose alternative {value} of {alternatives}",
            self.strategy.name(),
        );
        self.schedule.push_choice(value as u64);
        if matches!(choice, Choice::Program | Choice::SpuriousWakeup) {
            self.kernel.note_unsettled();
        }
        if self.is_traced() {
            self.traced_choices.push(TracedChoice { after: self.trace.len(), choice, value });
        }
        if choice == Choice::Program && self.kernel.behaviour.is_wanted {
            self.kernel.note_chosen(self.kernel.current, value as u64);
        }
        value
    }
}

impl Execution {
    /// The threads that wait, each with what for and who stands in its way: those of the knot, if that is what is wrong.
    pub(crate) fn blocked(&self) -> Vec<Blocked> {
        let mut blocked = self.kernel.blocked();
        if let Some(knot) = &self.knot {
            blocked.retain(|blocked| knot.threads.contains(&blocked.thread));
        }
        blocked
    }

    /// The trace, as far as the knot has closed, if that is what is wrong.
    pub(crate) fn trace_to_tell(&self) -> &[Event] {
        let closed = self.knot.as_ref().map_or(u64::MAX, |knot| knot.closed.step);
        &self.trace[..self.trace.partition_point(|event| event.step <= closed)]
    }

    /// Destroys what a one-time initialization has made when the execution ends.
    pub(crate) fn keep(&mut self, once: ObjectId) {
        self.kept.push(once);
    }

    pub(crate) fn has_hash_keys(&self) -> bool {
        self.hash_keys.is_some()
    }

    /// Drawn at first use, and recorded: a replay has the same.
    pub(crate) fn hash_keys(&mut self) -> (u64, u64) {
        if let Some(keys) = self.hash_keys {
            return keys;
        }
        let keys = if self.kernel.limits.directed {
            // One order of iteration is explored.
            (0, 0)
        } else {
            let mut word = || self.choose(Choice::Program, 1 << 32) as u64;
            (word(), word())
        };
        self.hash_keys = Some(keys);
        keys
    }
}
