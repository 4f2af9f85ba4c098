//! One execution under control: the op protocol, and the only place that switches fibers.
//!
//! A primitive publishes its op as the running thread's pending op. Then the strategy picks the next thread
//! among the enabled ones, on the running fiber's own stack: if that is the same thread, nothing switches.
//! A switch goes through the hub (`run`), which resumes the chosen fiber. When a thread is picked, the
//! effect of its op runs atomically.
//!
//! All fibers of a worker reach the execution through one pointer. References made from it are short: none
//! is alive across a switch.

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::ptr::NonNull;
use std::sync::{Arc, MutexGuard};

use super::fiber::{FiberPool, Suspender};
use super::identity::{Claim, Identity, Stamp};
use super::kernel::{Grant, Kernel, Limits, nowhere};
use super::local::Doomed;
use super::object::ObjectKind;
use super::op::{Choice, Event, Note, ObjectId, Op, OpKind, ThreadId};
use super::outcome::{PanicRecord, Stop};
use super::rng::Rng;
use super::state::State;
use super::timer::{Instant, NEVER};
use super::workers::{self, Worker};
use crate::explore::schedule::Schedule;
use crate::explore::strategy::{SchedulingPoint, Start, Strategy};

thread_local! {
    static CURRENT: Cell<*mut Execution> = const { Cell::new(std::ptr::null_mut()) };
}

/// The execution that the calling OS thread is running, if it runs one.
#[inline]
pub(crate) fn current() -> Option<Current> {
    NonNull::new(CURRENT.get()).map(Current)
}

/// A handle to the running execution, for the faces and the state machines.
#[derive(Clone, Copy)]
pub(crate) struct Current(NonNull<Execution>);

/// How to run one execution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode {
    /// How many events to record at most.
    pub(crate) trace_limit: usize,
    /// Whether panic messages go to the hook that prints them.
    pub(crate) print_panics: bool,
}

/// A worker's execution: the running one, or the memory for the next.
pub(crate) struct Execution {
    pub(crate) kernel: Kernel,
    strategy: Box<dyn Strategy>,
    rng: Rng,
    pub(crate) schedule: Schedule,
    /// One byte an executed op, to find where two runs of one schedule first differ.
    pub(crate) fingerprints: Vec<u8>,
    /// Whether the strategy or the trace wants to hear of each op.
    observed: bool,
    /// Steps at which more than one thread could go on.
    pub(crate) contended_steps: u64,
    pub(crate) trace: Vec<Event>,
    mode: Mode,
    /// Every panic that the hook saw.
    pub(crate) panics: Vec<PanicRecord>,
    stop: Option<Stop>,
    misuse: Option<String>,
    worker: Worker,
    stamp: Stamp,
    executions: u64,
    hash_keys: Option<(u64, u64)>,
    /// Objects that another worker uses at the same time, by address.
    shared: BTreeMap<usize, ObjectId>,
    /// From the first use of a lock that was made before this execution to the end of it.
    shared_data: Option<MutexGuard<'static, ()>>,
    fibers: FiberPool,
    suspenders: Vec<*const Suspender>,
    /// One-time initializations whose values belong to this execution and not to the place that shows
    /// them, such as a `OnceLock` in a static.
    main_name: Arc<str>,
    kept: Vec<ObjectId>,
    /// All threads have ended, and what the execution owns is being dropped: ops just take effect.
    winding_up: bool,
}

impl Execution {
    pub(crate) fn new(limits: Limits, strategy: Box<dyn Strategy>) -> Execution {
        let worker = Worker::new();
        Execution {
            fibers: FiberPool::new(limits.stack_size),
            kernel: Kernel::new(limits),
            strategy,
            rng: Rng::new(0, 0),
            schedule: Schedule::default(),
            fingerprints: Vec::new(),
            observed: false,
            contended_steps: 0,
            trace: Vec::new(),
            mode: Mode { trace_limit: 0, print_panics: false },
            panics: Vec::new(),
            stop: None,
            misuse: None,
            stamp: Stamp::new(worker.number(), 0),
            worker,
            executions: 0,
            hash_keys: None,
            shared: BTreeMap::new(),
            shared_data: None,
            suspenders: Vec::new(),
            main_name: Arc::from("main"),
            kept: Vec::new(),
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

    pub(crate) fn prints_panics(&self) -> bool {
        self.mode.print_panics
    }

    /// Makes everything ready for the next execution; the strategy is begun after this.
    pub(crate) fn prepare(&mut self, rng: Rng, mode: Mode) {
        self.executions += 1;
        self.stamp = Stamp::new(self.stamp.worker(), self.executions);
        self.kernel.reset();
        self.rng = rng;
        self.schedule.clear();
        self.fingerprints.clear();
        self.trace.clear();
        self.mode = mode;
        self.panics.clear();
        self.stop = None;
        self.misuse = None;
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
        let main = self.kernel.add_thread(None, Some(Arc::clone(&self.main_name)), nowhere());
        self.schedule.push_step(main);
        self.kernel.steps = 1;
        let this: *mut Execution = self;
        let handle = Current(NonNull::from(&mut *self));
        // SAFETY: `body` outlives this call, and no fiber outlives it: each returns or is abandoned below.
        let started = unsafe { handle.start_fiber(main, None, body) };
        if let Err(stop) = started {
            return stop;
        }
        self.worker.set_running(Some(self.stamp));
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
        unsafe { (*this).wind_up(matches!(stop, Stop::Finished)) };
        CURRENT.set(std::ptr::null_mut());
        self.worker.set_running(None);
        self.misuse.take().or_else(|| self.worker.take_misuse()).map_or(stop, Stop::Misuse)
    }

    fn wind_up(&mut self, finished: bool) {
        let left: Vec<ThreadId> =
            self.kernel.threads().filter(|(_, thread)| !thread.ended).map(|(id, _)| id).collect();
        for thread in left {
            // SAFETY: no fiber runs any more, and threads that could refer to this one's stack (scoped
            // ones) are abandoned as well.
            unsafe { self.fibers.abandon(thread) };
        }
        self.winding_up = true;
        self.observed = false;
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
    fn publish(&mut self, op: Op, deadline: Instant) -> bool {
        let current = self.kernel.current;
        if op.kind.may_block() {
            self.kernel.wait_on(current, op, deadline);
        } else {
            self.kernel.thread_mut(current).pending = op;
        }
        self.pick_next() != Some(current)
    }

    /// Picks who executes the next step; `None` if the execution ends here.
    #[inline]
    fn pick_next(&mut self) -> Option<ThreadId> {
        let next = match self.kernel.enabled.len() {
            0 => self.pick_when_idle()?,
            1 => self.kernel.nth_enabled(0),
            _ => {
                self.contended_steps += 1;
                let point = SchedulingPoint::new(&self.kernel);
                self.strategy.next_thread(&point, &mut self.rng)
            }
        };
        if self.kernel.steps >= self.kernel.limits.max_steps || !self.kernel.is_enabled(next) {
            return self.refuse(next);
        }
        self.kernel.steps += 1;
        self.kernel.current = next;
        self.schedule.push_step(next);
        Some(next)
    }

    #[cold]
    fn refuse(&mut self, next: ThreadId) -> Option<ThreadId> {
        self.stop = Some(if self.kernel.is_enabled(next) {
            Stop::StepLimit
        } else {
            Stop::Misuse(format!(
                "the strategy `{}` chose thread {} at step {}, but that thread cannot run there; \
                 `Strategy::next_thread` must return one of `SchedulingPoint::enabled`",
                self.strategy.name(),
                next.0,
                self.kernel.steps + 1,
            ))
        });
        None
    }

    #[cold]
    fn pick_when_idle(&mut self) -> Option<ThreadId> {
        if self.kernel.fire_timeout() {
            return Some(self.kernel.nth_enabled(0));
        }
        let main_ended = self.kernel.thread(ThreadId::MAIN).ended;
        self.stop = Some(if self.kernel.live == 0 {
            Stop::Finished
        } else if main_ended {
            Stop::Leaked
        } else {
            Stop::Deadlock
        });
        None
    }

    /// The picked thread's op has taken effect.
    #[inline]
    fn executed(&mut self, thread: ThreadId, op: Op) {
        let print =
            (op.kind as u8) ^ (op.object.0 as u8).wrapping_mul(37) ^ (thread.0 as u8).wrapping_mul(101);
        self.fingerprints.push(print);
        self.kernel.notice_yields(op.kind);
        if self.observed {
            self.tell_observers(thread, op);
        }
    }

    #[cold]
    fn tell_observers(&mut self, thread: ThreadId, op: Op) {
        let note = std::mem::replace(&mut self.kernel.note, Note::None);
        if self.strategy.wants_events() {
            let point = SchedulingPoint::new(&self.kernel);
            self.strategy.executed(thread, &op, &point, &mut self.rng);
        }
        if self.trace.len() < self.mode.trace_limit {
            self.trace.push(Event { step: self.kernel.steps, thread, op, note });
        }
    }

    /// Makes a choice among `alternatives`, at least one.
    pub(crate) fn choose(&mut self, choice: Choice, alternatives: usize) -> usize {
        let value = self.strategy.choose(choice, alternatives, &mut self.rng);
        assert!(
            value < alternatives,
            "drawloom: the strategy `{}` chose alternative {value} of {alternatives}",
            self.strategy.name(),
        );
        self.schedule.push_choice(value as u64);
        value
    }
}

impl Execution {
    /// Destroys what a one-time initialization has made when the execution ends.
    pub(crate) fn keep(&mut self, once: ObjectId) {
        self.kept.push(once);
    }

    /// Drawn at first use, and recorded: a replay has the same.
    pub(crate) fn hash_keys(&mut self) -> (u64, u64) {
        if let Some(keys) = self.hash_keys {
            return keys;
        }
        let mut word = || self.choose(Choice::Program, 1 << 32) as u64;
        let keys = (word(), word());
        self.hash_keys = Some(keys);
        keys
    }
}

impl Current {
    /// The handle of an execution, for an effect that was handed the execution itself.
    #[inline]
    pub(crate) fn of(execution: &mut Execution) -> Current {
        Current(NonNull::from(execution))
    }

    #[inline]
    pub(crate) fn execution(&mut self) -> &mut Execution {
        // SAFETY: the pointer is to the worker's execution, which outlives every fiber; one fiber runs at a
        // time, and no reference is kept across a switch.
        unsafe { self.0.as_mut() }
    }

    #[inline]
    pub(crate) fn kernel(&mut self) -> &mut Kernel {
        &mut self.execution().kernel
    }

    /// Whether this is a model thread, not the worker cleaning up after them.
    pub(crate) fn on_fiber(mut self) -> bool {
        !self.execution().winding_up
    }

    /// One operation: a scheduling point, then `effect`, atomically, once the thread is picked.
    #[inline(always)]
    pub(crate) fn op<R>(self, op: Op, effect: impl FnOnce(&mut Execution, ThreadId) -> R) -> R {
        self.schedule(op, NEVER);
        self.finish(op, effect)
    }

    /// As `op`, for a wait that may end by its deadline.
    #[inline]
    pub(crate) fn timed_op<R>(
        self,
        op: Op,
        deadline: Instant,
        effect: impl FnOnce(&mut Execution, ThreadId, Grant) -> R,
    ) -> R {
        let grant = self.schedule(op, deadline);
        self.finish(op, |execution, thread| effect(execution, thread, grant))
    }

    /// The first half of an op: returns when the thread is picked to execute it. `finish` must follow.
    #[inline(always)]
    pub(crate) fn schedule(mut self, op: Op, deadline: Instant) -> Grant {
        let execution = self.execution();
        let thread = execution.kernel.current;
        if execution.winding_up {
            self.check_can_finish(op);
        } else if execution.publish(op, deadline) {
            self.switch_out(thread);
        }
        if op.kind.may_block() { self.kernel().stop_waiting(thread) } else { Grant::Granted }
    }

    /// The second half of an op.
    #[inline]
    pub(crate) fn finish<R>(mut self, op: Op, effect: impl FnOnce(&mut Execution, ThreadId) -> R) -> R {
        let execution = self.execution();
        let thread = execution.kernel.current;
        let result = effect(execution, thread);
        execution.executed(thread, op);
        result
    }

    /// Gives control to the hub until this thread is picked again.
    #[inline(always)]
    fn switch_out(mut self, thread: ThreadId) {
        if std::thread::panicking() {
            return self.switch_out_unwinding(thread);
        }
        let suspender = self.execution().suspenders[thread.index()];
        // SAFETY: the suspender lives at the bottom of this fiber's stack for as long as the fiber.
        unsafe { (*suspender).suspend(()) };
    }

    /// As `switch_out`, telling the threads that run meanwhile that std's panic count is not theirs.
    #[cold]
    fn switch_out_unwinding(mut self, thread: ThreadId) {
        let unwinding = self.is_unwinding(thread);
        self.kernel().thread_mut(thread).unwinding = unwinding;
        self.kernel().suspended_unwinding += u32::from(unwinding);
        let suspender = self.execution().suspenders[thread.index()];
        // SAFETY: as in `switch_out`.
        unsafe { (*suspender).suspend(()) };
        self.kernel().suspended_unwinding -= u32::from(unwinding);
    }

    #[cold]
    fn check_can_finish(mut self, op: Op) {
        let kernel = self.kernel();
        let current = kernel.current;
        kernel.thread_mut(current).pending = op;
        let object = (op.kind.may_block()).then(|| kernel.objects.get(op.object));
        let permitted =
            object.is_none_or(|object| object.state.permits(&object.entries, &op, kernel.current));
        assert!(
            permitted,
            "drawloom: a value dropped at the end of the execution would wait for ever at {} ({})",
            op.location,
            op.kind.verb(),
        );
    }

    /// Ends the execution here and now; the calling fiber never runs again.
    pub(crate) fn fail(mut self, stop: Stop) -> ! {
        let thread = self.kernel().current;
        assert!(!self.execution().winding_up, "drawloom: {stop:?} while an execution is cleaned up");
        self.execution().stop = Some(stop);
        let suspender = self.execution().suspenders[thread.index()];
        // SAFETY: as in `switch_out`.
        unsafe { (*suspender).suspend(()) };
        unreachable!("a fiber of an execution that has ended was resumed");
    }

    /// The object of a value, registered at its first use in this execution.
    #[inline]
    pub(crate) fn object(
        mut self,
        identity: &Identity,
        kind: ObjectKind,
        state: impl FnOnce() -> State,
    ) -> ObjectId {
        match identity.index_in(self.execution().stamp) {
            Some(index) => ObjectId(index),
            None => self.object_at_first_use(identity, kind, state),
        }
    }

    #[cold]
    fn object_at_first_use(
        mut self,
        identity: &Identity,
        kind: ObjectKind,
        state: impl FnOnce() -> State,
    ) -> ObjectId {
        let stamp = self.execution().stamp;
        let abandoned = |owner: Stamp| owner.worker() == stamp.worker() || !workers::is_alive(owner.worker());
        if let Some(&object) = self.execution().shared.get(&identity.address()) {
            return object;
        }
        let older = identity.owner().is_some();
        match identity.claim(stamp, abandoned) {
            Claim::Mine(index) => ObjectId(index),
            claim => {
                if older && kind.has_data() {
                    self.execution().shared_data.get_or_insert_with(workers::enter_shared_data);
                }
                let state = state();
                let kernel = self.kernel();
                let user = kernel.current;
                let object = kernel.objects.register(kind, identity.location(), user, state);
                match claim {
                    Claim::Foreign => {
                        self.execution().shared.insert(identity.address(), object);
                    }
                    _ => identity.set_index(object.0),
                }
                object
            }
        }
    }

    /// The object of a value, if it was used in this execution.
    #[inline]
    pub(crate) fn known_object(mut self, identity: &Identity) -> Option<ObjectId> {
        match identity.index_in(self.execution().stamp) {
            Some(index) => Some(ObjectId(index)),
            None => self.execution().shared.get(&identity.address()).copied(),
        }
    }

    /// Whether `object` is the object of this value in this execution.
    #[inline]
    pub(crate) fn owns(self, identity: &Identity, object: ObjectId) -> bool {
        self.known_object(identity) == Some(object)
    }

    /// drawloom was used wrongly in a place that cannot panic: the execution fails when it ends.
    pub(crate) fn note_misuse(mut self, message: String) {
        self.execution().misuse.get_or_insert(message);
    }

    /// Spawns a thread that runs `body`.
    ///
    /// # Safety
    ///
    /// What `body` borrows must live until the thread has ended, if the execution goes on so long.
    pub(crate) unsafe fn spawn(
        mut self,
        name: Option<Arc<str>>,
        stack_size: Option<usize>,
        location: &'static Location<'static>,
        body: impl FnOnce(),
    ) -> ThreadId {
        let op = Op::new(OpKind::Spawn, ObjectId::NONE, location);
        self.schedule(op, NEVER);
        assert!(
            !self.execution().winding_up,
            "drawloom: a value dropped at the end of the execution spawns a thread at {location}"
        );
        if self.kernel().live >= self.kernel().limits.max_threads {
            self.fail(Stop::ThreadLimit(location));
        }
        let thread = self.finish(op, |execution, parent| {
            let thread = execution.kernel.add_thread(Some(parent), name, location);
            execution.kernel.note = Note::Thread(thread);
            let lineage = execution.kernel.thread(thread).lineage;
            execution.strategy.spawned(parent, thread, lineage, &mut execution.rng);
            thread
        });
        // SAFETY: the caller vouches for what `body` borrows.
        match unsafe { self.start_fiber(thread, stack_size, body) } {
            Ok(()) => thread,
            Err(stop) => self.fail(stop),
        }
    }

    /// # Safety
    ///
    /// As for `spawn`.
    unsafe fn start_fiber(
        mut self,
        thread: ThreadId,
        stack_size: Option<usize>,
        body: impl FnOnce(),
    ) -> Result<(), Stop> {
        let thread_handle = self;
        let execution = self.execution();
        let suspenders = &mut execution.suspenders;
        if suspenders.len() <= thread.index() {
            suspenders.resize(thread.index() + 1, std::ptr::null());
        }
        let entry = move |suspender: &Suspender| thread_handle.run_thread(thread, suspender, body);
        // SAFETY: the caller vouches for `body`; the handle in `entry` outlives every fiber.
        unsafe { execution.fibers.start(thread, stack_size, entry) }.map_err(|error| {
            let count = execution.kernel.live;
            Stop::Misuse(format!(
                "no stack for the {count}. thread: {error}; use fewer threads, a smaller `stack_size`, or allow the \
                 process more memory mappings (on Linux: sysctl vm.max_map_count, two for each thread)"
            ))
        })
    }

    /// A thread's whole life, on its own fiber.
    fn run_thread(mut self, thread: ThreadId, suspender: &Suspender, body: impl FnOnce()) {
        self.execution().suspenders[thread.index()] = suspender;
        self.finish(self.kernel().thread(thread).pending, |_, _| ());
        if let Err(payload) = catch_unwind(AssertUnwindSafe(body)) {
            self.note_panic(thread, &*payload);
            self.drop_payload(payload);
        }
        self.destroy_locals(thread);
        let object = self.kernel().thread(thread).object;
        let end = Op::new(OpKind::End, object, self.kernel().thread(thread).spawned_at);
        self.op(end, |execution, thread| execution.kernel.end_thread(thread));
        if self.execution().stop.is_none() {
            self.execution().pick_next();
        }
    }

    /// A payload can panic when it is dropped; std aborts then, and there is nothing better to say.
    fn drop_payload(mut self, payload: Box<dyn Any + Send>) {
        if catch_unwind(AssertUnwindSafe(move || drop(payload))).is_err() {
            self.execution().stop = Some(Stop::DoublePanic);
        }
    }

    fn destroy_locals(mut self, thread: ThreadId) {
        while let Some(Doomed { value, destroy }) = self.kernel().thread_mut(thread).locals.take_last() {
            // SAFETY: `insert` was given a value that `destroy` takes, and each is taken once.
            let destroyed = catch_unwind(AssertUnwindSafe(|| unsafe { destroy(value) }));
            if let Err(payload) = destroyed {
                self.note_panic(thread, &*payload);
            }
        }
    }

    /// The running thread is about to abort the process; `faults` prevents that where it can.
    pub(crate) fn note_double_panic(mut self) {
        self.execution().stop = Some(Stop::DoublePanic);
    }

    pub(crate) fn has_double_panic(mut self) -> bool {
        matches!(self.execution().stop, Some(Stop::DoublePanic))
    }

    /// A thread ran out of stack: what its fiber does instead of going on, on the emptied stack.
    pub(crate) fn stack_overflowed(mut self) {
        self.execution().stop = Some(Stop::StackOverflow);
    }

    /// What the handler of a stack overflow needs to end the running fiber.
    pub(crate) fn trap_handler(mut self) -> Option<corosensei::trap::CoroutineTrapHandler<()>> {
        let thread = self.kernel().current;
        self.execution().fibers.trap_handler(thread)
    }
}
