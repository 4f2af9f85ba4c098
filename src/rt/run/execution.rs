//! One execution under control: its kernel, who decides, and what is kept of it for whoever asks afterwards.

use std::backtrace::Backtrace;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, MutexGuard};

use super::fiber::{FiberPool, Suspender};
use crate::rt::decide::director::Director;
use crate::rt::decide::strategy::{Start, Strategy};
use crate::rt::kernel::Kernel;
use crate::rt::kernel::special::Special;
use crate::rt::op::limits::Limits;
use crate::rt::op::outcome::{Blocked, Knot, PanicRecord, Race, Stop};
use crate::rt::op::rng::Rng;
use crate::rt::op::rule::Access;
use crate::rt::op::schedule::Schedule;
use crate::rt::op::{Choice, Event, ObjectId, TracedChoice};
use crate::rt::record::evidence::{Evidence, TracedAccess};
use crate::rt::record::hang::Hang;
use crate::rt::registry::identity::Stamp;
use crate::rt::registry::workers::{Status, Worker};

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
    pub(in crate::rt) strategy: Box<dyn Strategy>,
    /// Decides in the strategy's place, if there is one.
    pub(in crate::rt) director: Option<Box<dyn Director>>,
    /// What the director was told of the running op, if its rule is to be checked; see `direct`.
    pub(super) told: Option<Access>,
    pub(in crate::rt) rng: Rng,
    pub(crate) schedule: Schedule,
    /// One byte an executed op, to find where two runs of one schedule first differ.
    pub(crate) fingerprints: Vec<u8>,
    /// When to stop, in real time, and whether an execution was stopped for that.
    pub(crate) deadline: Option<std::time::Instant>,
    pub(crate) is_late: bool,
    /// The director, once it has nothing more to say.
    pub(in crate::rt) past_director: Option<Box<dyn Director>>,
    /// Whether the strategy chooses each thread that can go on with the same probability, and nobody has to ask it.
    pub(in crate::rt) is_uniform: bool,
    /// Whether it leaves to chance which store a load reads and which task is polled next, and nobody has to ask it.
    pub(in crate::rt) draws_choices: bool,
    pub(in crate::rt) draws_tasks: bool,
    /// Steps at which more than one thread could go on.
    pub(crate) contended_steps: u64,
    pub(crate) trace: Vec<Event>,
    /// Choices, beside the trace.
    pub(crate) traced_choices: Vec<TracedChoice>,
    pub(in crate::rt) mode: Mode,
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
    pub(in crate::rt) fatal_panic: Option<usize>,
    pub(in crate::rt) stop: Option<Stop>,
    pub(in crate::rt) misuse: Option<String>,
    /// Where the running thread stood when the watchdog ended the execution, or when it was about to abort the process.
    pub(crate) hang: Option<Arc<Hang>>,
    /// Where it was shortly before.
    pub(in crate::rt) ran_at: Vec<Backtrace>,
    /// Whether the watchdog has ended an execution here: what its threads have left behind is not to be touched.
    pub(super) has_hung: bool,
    /// The step after which an execution that is run for its report ends, because it hung there.
    pub(crate) stops_after: Option<u64>,
    /// How to run what runs now again; if it ends with a slash, `index` follows.
    words: String,
    pub(super) index: u64,
    pub(in crate::rt) worker: Worker,
    pub(in crate::rt) stamp: Stamp,
    pub(in crate::rt) executions: u64,
    /// When it began, as it counts for uses outside.
    pub(in crate::rt) began: u64,
    pub(in crate::rt) hash_keys: Option<(u64, u64)>,
    /// Objects that another worker uses at the same time, by address.
    pub(in crate::rt) shared: BTreeMap<usize, ObjectId>,
    /// The addresses of the identities of atomics of 32 bits, if they are kept.
    pub(in crate::rt) short_atomics: BTreeSet<usize>,
    /// From the first use of a lock that was made before this execution to the end of it.
    pub(in crate::rt) shared_data: Option<MutexGuard<'static, ()>>,
    pub(in crate::rt) fibers: FiberPool,
    pub(in crate::rt) suspenders: Vec<*const Suspender>,
    /// What the first thread is called, made once.
    pub(in crate::rt) main_name: Arc<str>,
    /// What `Thread::name` says of it instead, where a harness calls it otherwise than reports do.
    pub(crate) name_told: Option<Arc<str>>,
    /// One-time initializations whose values belong to this execution and not to the place that shows
    /// them, such as a `OnceLock` in a static.
    pub(in crate::rt) kept: Vec<ObjectId>,
    /// Whether a thread that has made another one lets that begin before it goes on, if nothing else has to come first; see
    /// `explore::exhaustive::compare`.
    pub(crate) pauses_after_spawn: bool,
}

impl Execution {
    pub(crate) fn new(limits: Limits, strategy: Box<dyn Strategy>) -> Execution {
        let worker = Worker::new();
        Execution {
            fibers: FiberPool::new(limits.stack_size),
            kernel: Kernel::new(limits),
            strategy,
            director: None,
            told: None,
            rng: Rng::new(0, 0),
            schedule: Schedule::default(),
            fingerprints: Vec::new(),
            deadline: None,
            is_late: false,
            past_director: None,
            is_uniform: false,
            draws_choices: false,
            draws_tasks: false,
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
            short_atomics: BTreeSet::new(),
            shared_data: None,
            suspenders: Vec::new(),
            main_name: Arc::from("main"),
            name_told: None,
            kept: Vec::new(),
            pauses_after_spawn: false,
        }
    }

    /// Whether threads have ended, and what the execution owns is being dropped: ops just take effect.
    #[inline]
    pub(in crate::rt) fn is_winding_up(&self) -> bool {
        self.kernel.special.has(Special::WINDING_UP)
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

    /// What the worker that runs this shows to other OS threads.
    pub(in crate::rt) fn status(&self) -> &Status {
        self.worker.status()
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
        self.short_atomics.clear();
        self.contended_steps = 0;
    }

    /// Begins the strategy's part.
    pub(crate) fn begin(&mut self, start: &Start<'_>) {
        self.strategy.begin(start, &mut self.rng);
        self.is_uniform = self.strategy.is_uniform();
        self.draws_choices = self.strategy.draws_choices();
        self.draws_tasks = self.strategy.draws_tasks();
        let Mode { trace_limit, stacks_from, .. } = self.mode;
        let special = &mut self.kernel.special;
        special.set(Special::TRACED, trace_limit > 0 || self.stops_after.is_some());
        special.set(Special::TOLD, self.strategy.wants_events());
        special.set(Special::STACKS, stacks_from.is_some());
        special.set(Special::DIRECTED, self.director.is_some() || self.kernel.limits.directed);
    }

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
