//! A thread that cannot go on where it stands: what a crash, an abort, an overflow of the stack and the watchdog leave for the
//! verdict, and how its fiber is left.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
use std::backtrace::Backtrace;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
use std::sync::Arc;

use super::current::Current;
use crate::rt::op::outcome::Stop;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
use crate::rt::record::hang::Hang;

impl Current {
    /// The running thread is about to abort the process; `faults` prevents that where it can.
    pub(crate) fn note_double_panic(mut self) {
        self.execution().stop = Some(Stop::DoublePanic);
    }

    /// Whether the panic hook has seen that the running thread is about to abort the process.
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(in crate::rt) fn is_known_to_abort(mut self) -> bool {
        let execution = self.execution();
        execution.fatal_panic.is_some() || matches!(execution.stop, Some(Stop::DoublePanic))
    }

    /// The last panic of the running thread is about to abort the process.
    pub(in crate::rt) fn note_fatal_panic(mut self) {
        let thread = self.kernel().threads.current;
        let execution = self.execution();
        execution.fatal_panic = execution.panics.iter().rposition(|panic| panic.thread == thread);
    }

    /// The running thread is about to abort the process, and is left where it stands.
    ///
    /// # Safety
    ///
    /// The caller runs on the thread's fiber.
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(in crate::rt) unsafe fn abort(mut self) -> ! {
        let thread = self.kernel().threads.current;
        let execution = self.execution();
        let name = execution.kernel.thread_label(thread);
        let stack = Backtrace::force_capture();
        execution.hang = Some(Arc::new(Hang { thread: name, stack, before: Vec::new(), call: None }));
        let stop = execution.stop.take().unwrap_or(Stop::Abort);
        self.fail(stop)
    }

    /// A thread ran out of stack: what its fiber does instead of going on, on the emptied stack.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "there is no handler that would call it")
    )]
    pub(crate) fn stack_overflowed(mut self) {
        self.execution().stop = Some(Stop::StackOverflow);
    }

    /// A thread did what no thread may: what its fiber does instead of going on, on the emptied stack.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "there is no handler that would call it")
    )]
    pub(crate) fn crashed(mut self, signal: &'static str) {
        self.execution().stop = Some(Stop::Crash(signal));
    }

    /// The running thread has not come back from the program's code for too long: ends the execution where it stands.
    ///
    /// # Safety
    ///
    /// As for a call of any function by the code that runs: it must not be in the middle of what cannot be entered twice.
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(in crate::rt) unsafe fn hang(mut self, call: Option<i64>) -> ! {
        let thread = self.kernel().threads.current;
        let thread = self.kernel().thread_label(thread);
        let before = std::mem::take(&mut self.execution().ran_at);
        let hang = Hang { thread, stack: Backtrace::force_capture(), before, call };
        self.execution().hang = Some(Arc::new(hang));
        self.fail(Stop::Hang)
    }

    /// Notes where the running thread is, of which the watchdog thinks that it hangs. How often that was done in this execution.
    ///
    /// # Safety
    ///
    /// As for `hang`.
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(in crate::rt) unsafe fn note_where_it_runs(mut self) -> usize {
        let ran_at = &mut self.execution().ran_at;
        ran_at.push(Backtrace::force_capture());
        ran_at.len()
    }

    /// What the handler of a stack overflow needs to end the running fiber.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "there is no handler that would call it")
    )]
    pub(crate) fn trap_handler(mut self) -> Option<corosensei::trap::CoroutineTrapHandler<()>> {
        let thread = self.kernel().threads.current;
        self.execution().fibers.trap_handler(thread)
    }
}
