//! The running execution as the faces and state machines see it: one operation is one call.
//!
//! All fibers of a worker reach the execution through one pointer. References made from it are short: none
//! is alive across a switch.

use std::cell::Cell;
use std::ptr::NonNull;

use super::execution::Execution;
use super::fiber::Suspender;
use crate::rt::kernel::Kernel;
use crate::rt::objects::State;
use crate::rt::op::key::ObjectKind;
use crate::rt::op::outcome::{Grant, Stop};
use crate::rt::op::{ObjectId, Op, ThreadId};
use crate::rt::registry::identity::{Claim, Identity, Stamp};
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
use crate::rt::registry::workers::Status;
use crate::rt::registry::{outside, workers};
use crate::rt::threads::timers::{Instant, NEVER};

thread_local! {
    pub(in crate::rt) static CURRENT: Cell<*mut Execution> = const { Cell::new(std::ptr::null_mut()) };
}

/// The execution that the calling OS thread is running, if it runs one.
#[inline]
pub(crate) fn current() -> Option<Current> {
    NonNull::new(CURRENT.get()).map(Current)
}

/// The present instant of the real clock, also where the process's clocks show virtual time to an execution.
pub(crate) fn real_now() -> std::time::Instant {
    let running = CURRENT.replace(std::ptr::null_mut());
    let now = std::time::Instant::now();
    CURRENT.set(running);
    now
}

/// A handle to the running execution, for the faces and the state machines.
#[derive(Clone, Copy)]
pub(crate) struct Current(NonNull<Execution>);

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
        !self.execution().is_winding_up()
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
        self.let_others_run(op, deadline);
        let thread = self.kernel().threads.current;
        if op.kind.may_block() { self.kernel().stop_waiting(thread) } else { Grant::Granted }
    }

    /// As `schedule`, which an op that does not block needs no more of.
    #[inline(always)]
    pub(crate) fn let_others_run(self, op: Op, deadline: Instant) {
        if let Some(thread) = self.publish(op, deadline) {
            self.switch_out(thread);
        }
    }

    /// Publishes an op. The running thread, if others are to run before it: then `switch_out` must follow.
    #[inline(always)]
    pub(crate) fn publish(mut self, op: Op, deadline: Instant) -> Option<ThreadId> {
        let execution = self.execution();
        if execution.is_winding_up() {
            self.check_can_finish(op);
            return None;
        }
        let thread = execution.kernel.threads.current;
        let switches = execution.publish(op.kind, (op.object, op.argument), op.location, deadline);
        switches.then_some(thread)
    }

    /// The second half of an op.
    #[inline(always)]
    pub(crate) fn finish<R>(mut self, op: Op, effect: impl FnOnce(&mut Execution, ThreadId) -> R) -> R {
        let execution = self.execution();
        if execution.director.is_some() {
            execution.direct(execution.kernel.threads.current, op);
        }
        self.take_effect(op, effect)
    }

    /// As `finish`, for an op of which its effect tells the director itself.
    #[inline(always)]
    pub(crate) fn take_effect<R>(mut self, op: Op, effect: impl FnOnce(&mut Execution, ThreadId) -> R) -> R {
        let execution = self.execution();
        let thread = execution.kernel.threads.current;
        let result = effect(execution, thread);
        if cfg!(debug_assertions) && execution.director.is_some() {
            execution.check_rule(thread);
        }
        execution.executed(thread, op);
        result
    }

    /// Gives control to the hub until this thread is picked again.
    #[inline(always)]
    pub(crate) fn switch_out(mut self, thread: ThreadId) {
        match self.suspender(thread) {
            Some(suspender) => {
                // It is not unwinding: if it has panicked, it has caught that.
                self.kernel().thread_mut(thread).unwinding = false;
                // SAFETY: the suspender lives at the bottom of this fiber's stack for as long as the fiber.
                unsafe { suspender.as_ref().suspend(()) }
            }
            None => self.switch_out_unwinding(thread),
        }
    }

    /// What suspends a thread, if it is not unwinding.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn suspender(mut self, thread: ThreadId) -> Option<NonNull<Suspender>> {
        if std::thread::panicking() {
            return None;
        }
        NonNull::new(self.execution().suspenders[thread.index()].cast_mut())
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
        let current = kernel.threads.current;
        kernel.thread_mut(current).pending = op;
        let object = (op.kind.may_block()).then(|| kernel.objects.get(op.object));
        let permitted =
            object.is_none_or(|object| object.state.permits(&object.entries, &op, kernel.threads.current));
        assert!(
            permitted,
            "drawloom: a value dropped at the end of the execution would wait for ever at {} ({})",
            op.location,
            op.verb(),
        );
    }

    /// Ends the execution here and now; the calling fiber never runs again.
    pub(crate) fn fail(mut self, stop: Stop) -> ! {
        let thread = self.kernel().threads.current;
        assert!(!self.execution().is_winding_up(), "drawloom: {stop:?} while an execution is cleaned up");
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
            None => self.object_at_first_use(identity, kind, |_| (), |_| state()),
        }
    }

    /// As `object`, for one that was not used in this execution, or is shared. `take_over` is told whether another execution had
    /// it, before anybody knows that this one has it now; `state`, whether another worker has it at the same time.
    #[cold]
    pub(crate) fn object_at_first_use(
        mut self,
        identity: &Identity,
        kind: ObjectKind,
        take_over: impl FnOnce(bool),
        state: impl FnOnce(bool) -> State,
    ) -> ObjectId {
        if !identity.is_intact() {
            self.fail(Stop::UseAfterFree(match kind {
                // Its name may be overwritten as well.
                ObjectKind::Memory(_) => None,
                kind => Some(kind.name()),
            }));
        }
        let stamp = self.execution().stamp;
        let abandoned = |owner: Stamp| owner.worker() == stamp.worker() || !workers::is_alive(owner.worker());
        if let Some(&object) = self.execution().shared.get(&identity.address()) {
            return object;
        }
        let older = identity.owner().is_some();
        let began = self.execution().began;
        if let Some(message) = outside::misuse_before(identity, kind.name(), began) {
            self.note_misuse(message);
        }
        match identity.claim(stamp, abandoned, take_over) {
            Claim::Mine(index) => ObjectId(index),
            claim => {
                if older && kind.has_data() {
                    self.execution().shared_data.get_or_insert_with(workers::enter_shared_data);
                }
                let state = state(matches!(claim, Claim::Foreign));
                let kernel = self.kernel();
                let user = kernel.threads.current;
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

    /// Fails the execution if a value of this type, on which an operation was just executed, was freed while the thread was about
    /// to do that.
    #[inline]
    pub(crate) fn check_intact(mut self, identity: &Identity, object: ObjectId, what: &'static str) {
        if !self.execution().is_intact(identity, object) {
            self.execution().fail_used_after_end(what);
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

    /// What the worker that runs this execution shows to other OS threads.
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(in crate::rt) fn status(self) -> *const Status {
        // SAFETY: the pointer is to the worker's execution, whose worker is set once: nothing is ever written there.
        unsafe { (*self.0.as_ptr()).worker.status() }
    }
}
