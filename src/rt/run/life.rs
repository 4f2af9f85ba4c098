//! The life of a thread: how it is made, what its fiber runs, and what is destroyed when it ends.

use std::any::Any;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;

use super::current::Current;
use super::fiber::Suspender;
use crate::rt::op::outcome::Stop;
use crate::rt::op::{Note, ObjectId, Op, OpKind, ThreadId};
use crate::rt::threads::local::Doomed;
use crate::rt::threads::timers::NEVER;

impl Current {
    /// Spawns a thread that runs `body`.
    ///
    /// # Safety
    ///
    /// What `body` borrows must live until the thread has ended, if the execution goes on so long.
    pub(crate) unsafe fn spawn(
        mut self,
        name: Option<Arc<str>>,
        (stack_size, daemon): (Option<usize>, bool),
        location: &'static Location<'static>,
        body: impl FnOnce(),
    ) -> ThreadId {
        let op = Op::new(OpKind::Spawn, ObjectId::NONE, location);
        self.schedule(op, NEVER);
        assert!(
            !self.execution().is_winding_up(),
            "drawloom: a value dropped at the end of the execution spawns a thread at {location}"
        );
        if self.kernel().threads.live >= self.kernel().limits.max_threads {
            self.fail(Stop::ThreadLimit(location));
        }
        let thread = self.finish(op, |execution, parent| {
            let thread = execution.kernel.add_thread(Some(parent), name, location);
            if daemon || execution.kernel.limits.daemons {
                execution.kernel.threads.make_daemon(thread);
            }
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

    /// Another thread was made, and the handle to it is there. With std it may have run already.
    #[inline]
    pub(crate) fn has_spawned(mut self, location: &'static Location<'static>) {
        if self.execution().pauses_after_spawn && !self.execution().is_winding_up() {
            // A step that no other run of this schedule has must not count.
            self.kernel().limits.max_steps = self.kernel().limits.max_steps.saturating_add(1);
            self.op(Op::pause(location), |_, _| ());
        }
    }

    /// # Safety
    ///
    /// As for `spawn`.
    pub(in crate::rt) unsafe fn start_fiber(
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
            let count = execution.kernel.threads.live;
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
        self.execution().note_end(thread);
        let execution = self.execution();
        if execution.stop.is_none() && execution.pick_next().is_some() && execution.mode.stacks_from.is_some()
        {
            execution.count_switch(thread);
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
            self.kernel().thread_mut(thread).had_locals = true;
            // SAFETY: `insert` was given a value that `destroy` takes, and each is taken once.
            let destroyed = catch_unwind(AssertUnwindSafe(|| unsafe { destroy(value) }));
            if let Err(payload) = destroyed {
                self.note_panic(thread, &*payload);
                if thread != ThreadId::MAIN {
                    // No join tells of it: std aborts the process.
                    self.note_fatal_panic();
                    self.execution().stop = Some(Stop::Abort);
                    return;
                }
            }
        }
    }
}
