//! Panics in model threads: recorded instead of printed, and seen before they can abort the process.
//!
//! std counts panics per OS thread, and all model threads of a worker share one. So whether a *model*
//! thread is panicking is kept by the model: exact unless a thread catches a panic of its own while another
//! is switched out in the middle of unwinding.
//!
//! A panic that leaves a destructor during unwinding aborts the process, and so does one that cannot unwind, as those of rustc's
//! own checks. The hook is called for it before that, and notes it; then `faults` catches the abort. (The hook itself cannot leave the fiber: std holds a
//! lock around it, without which no test harness can end.)

use std::panic::PanicHookInfo;
use std::sync::Once;

use crate::rt::op::ThreadId;
use crate::rt::op::basis::Basis;
use crate::rt::op::outcome::{PanicRecord, SourceLocation};
use crate::rt::{Current, current};

/// What std's runtime says just before it aborts: a destructor panicked during unwinding, or a panic has come to a function that
/// no panic may leave.
const IN_CLEANUP: &str = "panic in a destructor during cleanup";
const CANNOT_UNWIND: &str = "panic in a function that cannot unwind";

/// Installs the hook, once in a process; panics elsewhere go to the hook that was there before.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| match current() {
            Some(current) if current.on_fiber() => in_model_thread(current, info, &*previous),
            _ => previous(info),
        }));
    });
}

fn in_model_thread(
    mut current: Current,
    info: &PanicHookInfo<'_>,
    previous: &(dyn Fn(&PanicHookInfo<'_>) + Send + Sync),
) {
    let message = payload_message(info.payload());
    if message == IN_CLEANUP {
        current.note_double_panic();
        return;
    }
    if message == CANNOT_UNWIND {
        // What was noted before is what somebody wants to see.
        current.note_fatal_panic();
        return;
    }
    let step = current.kernel().steps;
    let thread = current.kernel().threads.current;
    let location = info.location().map(|at| SourceLocation {
        file: at.file().to_owned(),
        line: at.line(),
        column: at.column(),
    });
    let execution = current.execution();
    execution.panics.push(PanicRecord { thread, step, message, location });
    execution.kernel.thread_mut(thread).unwinding = true;
    if cannot_unwind(info) {
        // Nor is it printed: for such a panic the test harness's hook takes the locks of stdout and stderr for good, as the process
        // is about to end. Here it is not.
        current.note_fatal_panic();
    } else if execution.prints_panics() {
        previous(info);
    }
}

/// Whether the process is going to be aborted. std has no stable way to ask, but writes it. If it no longer did, the report would
/// only say less.
fn cannot_unwind(info: &PanicHookInfo<'_>) -> bool {
    format!("{info:?}").contains("can_unwind: false")
}

/// The text of a panic's payload.
pub(crate) fn payload_message(payload: &(dyn std::any::Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic with a payload that is no text".to_owned()
    }
}

impl Current {
    /// Whether the running model thread is unwinding.
    #[inline]
    pub(crate) fn panicking(mut self) -> bool {
        std::thread::panicking() && {
            let kernel = self.kernel();
            let thread = kernel.threads.current;
            if kernel.suspended_unwinding > 0 && kernel.thread(thread).unwinding {
                kernel.basis.add(Basis::CAUGHT_PANIC);
            }
            self.is_unwinding(thread)
        }
    }

    /// The running thread is about to wait, or to be judged: if it was unwinding and is not any more, it has caught its panic.
    #[cold]
    pub(in crate::rt) fn note_if_caught(mut self) {
        let kernel = self.kernel();
        let thread = kernel.threads.current;
        // std counts the panics of all threads that are switched out as well.
        if kernel.suspended_unwinding == 0 && !std::thread::panicking() {
            kernel.thread_mut(thread).unwinding = false;
        }
    }

    /// Whether `thread`, which runs until now, is one that std counts as panicking.
    #[cold]
    pub(crate) fn is_unwinding(&mut self, thread: ThreadId) -> bool {
        let kernel = self.kernel();
        kernel.suspended_unwinding == 0 || kernel.thread(thread).unwinding
    }

    /// The body of `thread` panicked: finds what the hook recorded, or makes do with the payload.
    pub(crate) fn note_panic(mut self, thread: ThreadId, payload: &(dyn std::any::Any + Send)) {
        let record = self.panic_of(thread, payload);
        let thread = self.kernel().thread_mut(thread);
        thread.panic = Some(Box::new(record));
        thread.unwinding = false;
    }

    /// What the hook recorded of the panic of `thread` that has just been caught, or what its payload says.
    pub(in crate::rt) fn panic_of(
        mut self,
        thread: ThreadId,
        payload: &(dyn std::any::Any + Send),
    ) -> PanicRecord {
        let step = self.kernel().steps;
        let execution = self.execution();
        let seen = execution.panics.iter().rev().find(|panic| panic.thread == thread).cloned();
        seen.unwrap_or_else(|| PanicRecord {
            thread,
            step,
            message: payload_message(payload),
            location: None,
        })
    }
}
