//! Threads as objects: joining them, and the token of `park` and `unpark`.
//!
//! The token is one a thread, and nothing else uses it: in loom a condition variable shared it (#422).

use std::panic::Location;
use std::time::Duration;

use crate::rt::Current;
use crate::rt::kernel::{PARKS, UNPARKED, WAITS};
use crate::rt::objects::ThreadState;
use crate::rt::op::basis::Basis;
use crate::rt::op::outcome::Grant;
use crate::rt::op::rule::Refusal;
use crate::rt::op::{Choice, Note, ObjectId, Op, OpKind, ThreadId};
use crate::rt::record::lock_log::Holder;
use crate::rt::threads::timers::Instant;

impl Current {
    /// Waits until `thread` has ended.
    pub(crate) fn join(mut self, thread: ThreadId, location: &'static Location<'static>) {
        let waits = !self.kernel().thread(thread).ended;
        self.may_lose_token(waits, location, |current| current.join_alone(thread, location));
    }

    /// The end of a scope has waited for `thread` to end, where std only waits for its closure.
    pub(crate) fn note_scoped(mut self, thread: ThreadId) {
        let kernel = self.kernel();
        if kernel.thread(thread).had_locals {
            kernel.basis.add(Basis::SCOPED_LOCALS);
        }
    }

    /// The same, for a wait that has lost the token already, or has not.
    pub(crate) fn join_alone(mut self, thread: ThreadId, location: &'static Location<'static>) {
        let object = self.kernel().thread(thread).object;
        self.op(Op::new(OpKind::Join, object, location), |execution, id| {
            execution.kernel.acquire(id, object);
            let by = execution.kernel.lock_place(id).holder();
            execution.kernel.locks.ordered(Holder::Thread(thread), by);
            execution.kernel.thread_mut(thread).joined = true;
            execution.kernel.note = Note::Thread(thread);
        });
    }

    /// Whether `thread` has ended.
    pub(crate) fn is_finished(mut self, thread: ThreadId, location: &'static Location<'static>) -> bool {
        let object = self.kernel().thread(thread).object;
        self.op(Op::new(OpKind::IsFinished, object, location), |execution, _| {
            let ended = execution.kernel.thread(thread).ended;
            let ended = execution.kernel.shown.take().map_or(ended, |found| found != 0);
            execution.kernel.note_read(u64::from(ended));
            ended
        })
    }

    /// Waits for the own token, at most for `timeout`, and takes it.
    pub(crate) fn park(mut self, timeout: Option<Duration>, location: &'static Location<'static>) {
        let object = self.own_object();
        let current = self.kernel().threads.current;
        self.kernel().note_parking(current, PARKS);
        if self.spurious() {
            self.op(Op::new(OpKind::ParkSpuriously, object, location), |execution, _| {
                execution.kernel.note = Note::Spurious;
            });
            return;
        }
        let deadline = self.kernel().deadline(timeout);
        self.timed_op(Op::new(OpKind::Park, object, location), deadline, |execution, id, grant| {
            let state = execution.kernel.objects.state_mut::<ThreadState>(object);
            let woke_itself = state.token && state.is_own_token;
            state.token = false;
            if grant == Grant::Granted {
                execution.kernel.acquire_token(id);
            }
            if woke_itself {
                execution.kernel.note_own_wake();
            }
        });
    }

    /// A wait of std's own, which parks: it may take the token of its thread, if the thread has one by the end of it (see the
    /// documentation of `std::thread::park`). `waits` says whether it has to wait as things stand.
    pub(crate) fn may_lose_token<R>(
        mut self,
        waits: bool,
        location: &'static Location<'static>,
        wait: impl FnOnce(Current) -> R,
    ) -> R {
        let thread = self.kernel().threads.current;
        if !self.kernel().note_parking(thread, WAITS) || !self.on_fiber() {
            return wait(self);
        }
        let result = wait(self);
        if self.kernel().limits.directed {
            // Whether it waits is for the graph to say: it may have begun before what it waits for, and it may see late that
            // this has come.
            if self.loses_token() {
                self.lose_token(location);
            }
            return result;
        }
        let object = self.own_object();
        if waits && self.kernel().objects.state_mut::<ThreadState>(object).token && self.loses_token() {
            self.execution().kernel.acquire_token(thread);
            self.kernel().objects.state_mut::<ThreadState>(object).token = false;
        }
        result
    }

    /// Says beforehand, for a director, whether a wait of std's own that begins now takes the token.
    pub(super) fn is_to_lose_token(mut self) -> bool {
        let thread = self.kernel().threads.current;
        self.kernel().note_parking(thread, WAITS) && self.loses_token()
    }

    /// Whether the wait takes the token: a choice, as `spurious`.
    pub(super) fn loses_token(self) -> bool {
        self.takes_liberty(Choice::LostToken)
    }

    /// Makes a choice that std allows, as often as the test allows in one execution. A director counts by itself: what other
    /// threads have done by now is nothing that a graph says.
    pub(super) fn takes_liberty(mut self, choice: Choice) -> bool {
        let kernel = self.kernel();
        if kernel.spurious_left == 0 && !kernel.limits.directed || self.execution().choose(choice, 2) == 0 {
            return false;
        }
        let kernel = self.kernel();
        kernel.spurious_left = kernel.spurious_left.saturating_sub(1);
        kernel.liberties += 1;
        true
    }

    /// Takes the own token. Where it is not there and does not come, there is no such execution.
    pub(super) fn lose_token(mut self, location: &'static Location<'static>) {
        let object = self.own_object();
        self.op(Op::new(OpKind::LoseToken, object, location), |execution, thread| {
            execution.kernel.objects.state_mut::<ThreadState>(object).token = false;
            execution.kernel.acquire_token(thread);
        });
    }

    /// Gives `thread` its token.
    pub(crate) fn unpark(mut self, thread: ThreadId, location: &'static Location<'static>) {
        let object = self.kernel().thread(thread).object;
        self.op(Op::new(OpKind::Unpark, object, location), |execution, id| {
            execution.kernel.note_parking(thread, UNPARKED);
            execution.kernel.release_token(id, thread);
            let state = execution.kernel.objects.state_mut::<ThreadState>(object);
            state.is_own_token = id == thread && (state.is_own_token || !state.token);
            state.token = true;
            execution.kernel.recheck(object);
            execution.kernel.note = Note::Thread(thread);
            if id == thread {
                execution.kernel.found(0);
            }
        });
    }

    /// Waits until virtual time has passed.
    pub(crate) fn sleep(mut self, length: Duration, location: &'static Location<'static>) {
        let object = self.own_object();
        let deadline = self.kernel().deadline(Some(length));
        self.timed_op(Op::new(OpKind::Sleep, object, location), deadline, |_, _, _| ());
    }

    /// What time it is. An operation, so that loops that poll the clock are seen to go round.
    pub(crate) fn read_clock(&mut self, location: &'static Location<'static>) -> Instant {
        if !self.on_fiber() {
            return self.kernel().timers.now();
        }
        self.op(Op::new(OpKind::ReadClock, ObjectId::NONE, location), |execution, _| {
            let (time, is_worn) = execution.kernel.read_clock();
            if is_worn {
                execution.refuse_to_direct(Refusal::Unsupported(
                    "a thread that asks what time it is again and again while it does other things",
                ));
            }
            execution.kernel.note_read(time);
            time
        })
    }

    /// Lets others run; `kind` says whether as `yield_now` or as `spin_loop`.
    pub(crate) fn yield_now(self, kind: OpKind, location: &'static Location<'static>) {
        self.op(Op::new(kind, ObjectId::NONE, location), |execution, _| execution.kernel.found(0));
    }

    fn own_object(&mut self) -> ObjectId {
        let kernel = self.kernel();
        kernel.thread(kernel.threads.current).object
    }

    /// Whether the wait that is about to start ends for no reason, which std allows: a choice, taken only
    /// as often as the test allows in one execution.
    pub(crate) fn spurious(mut self) -> bool {
        self.kernel().allows(Basis::SPURIOUS_WAKEUP) && self.takes_liberty(Choice::SpuriousWakeup)
    }
}
