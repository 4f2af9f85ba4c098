//! How a runtime ends, as tokio's do: its tasks are dropped at their awaits, and what runs where it may block is waited for or not.
//!
//! Workers learn that it ends when they come for the next task, and each of them drops those that nobody polls; what is polled is
//! dropped after its poll. So whoever shuts the runtime down without waiting for it goes on meanwhile, and tasks may still be
//! polled. Without workers the tasks are dropped at once.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::core::Core;
use crate::rt::Current;
use crate::thread;
use crate::tokio::context::InRuntime;

/// How often it is looked whether the threads of a runtime have ended, while somebody waits for that for some time.
const LOOKS: u32 = 16;

/// For how long whoever shuts a runtime down waits for its threads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Waits {
    UntilAllHaveEnded,
    AtMost(Duration),
}

impl Core {
    /// Whether it was shut down.
    pub(crate) fn is_shut_down(&self) -> bool {
        self.is_shut_down.load(Ordering::Relaxed)
    }

    /// Shuts the runtime down. `waits`: for its threads.
    pub(crate) fn shut_down(
        self: &Arc<Core>,
        current: Current,
        waits: Waits,
        location: &'static Location<'static>,
    ) {
        if self.is_shut_down.swap(true, Ordering::Relaxed) {
            return;
        }
        let _in_runtime = InRuntime::enter(self);
        current.close_tasks(self.queue, location);
        if !self.is_shared {
            self.drop_tasks(current);
            self.close_timers(current);
        }
        self.step(current, true, || self.is_closed.store(true, Ordering::Relaxed));
        // Work that waits for a thread is done by those that are busy, when they come to it.
        if self.blocking.with(|blocking| blocking.waits_beside_idle()) {
            current.note_late_work();
        }
        let mut threads = self.threads.with(std::mem::take);
        match waits {
            Waits::UntilAllHaveEnded => {
                for thread in threads {
                    // A panic in it is told by the task that it belongs to.
                    let _ = thread.join();
                }
            }
            Waits::AtMost(Duration::ZERO) => {}
            Waits::AtMost(duration) => {
                for _ in 0..LOOKS {
                    threads.retain(|thread| !thread.is_finished());
                    if threads.is_empty() {
                        return;
                    }
                    thread::sleep(duration / LOOKS);
                }
            }
        }
    }

    /// A worker has come to the end, and drops what is left of the tasks. The last one ends the timers, as tokio's last worker does
    /// (`worker.rs`, `shutdown_core`): who polls a task meanwhile has them.
    pub(super) fn end_worker(&self, current: Current) {
        self.drop_tasks(current);
        let ended = self.ended_workers.with(|ended| {
            *ended += 1;
            *ended
        });
        if ended == self.workers {
            self.close_timers(current);
        }
    }

    /// Drops the tasks that nobody polls, in one of the orders in which tokio may do so.
    pub(super) fn drop_tasks(&self, current: Current) {
        let places = self.tasks.with(|tasks| tasks.len());
        let mut with_steps = 0;
        for place in 0..places {
            let task = self.tasks.with(|tasks| tasks.cancel(place, None));
            if let Some(task) = task {
                if !task.is_aborted() {
                    current.note_left(task.sleeper().name, task.is_awaited());
                }
                let before = current.steps();
                current.discard_task(task.sleeper());
                task.cancel();
                // Its end alone takes a step.
                with_steps += usize::from(current.steps() > before + 1);
            }
        }
        if with_steps > 1 {
            current.note_one_order();
        }
    }
}
