//! Futures that are dropped at an await, because the test wants it explored (`cancel = "explore"`).
//!
//! In production others do it: `abort`, a `timeout`, a timer in `select!`, the end of a runtime. So it is asked only where one of
//! these could strike. What is *doomed* there is woken, as if that had happened now, and dropped when it is polled next: what others
//! do meanwhile is a matter of scheduling, as after an `abort`.

use std::panic::Location;

use crate::rt::Current;
use crate::rt::op::Choice;
use crate::rt::op::basis::Basis;
use crate::rt::op::rule::Refusal;
use crate::rt::op::verb::Verb;
use crate::rt::tasks::{Await, Cancellation, Doom, LeafKind, Phase, Scope, Task, Woken};

impl Current {
    /// Whether the test wants cancellation explored.
    pub(crate) fn explores_cancellation(mut self) -> bool {
        self.kernel().limits.cancellations > 0
    }

    /// Which of so many futures is doomed, counted from 1; 0 for none, which it is if there were enough of them.
    fn chooses_to_doom(mut self, futures: usize) -> usize {
        let execution = self.execution();
        if execution.is_winding_up() {
            return 0;
        }
        let kernel = &mut execution.kernel;
        let bound = kernel.limits.cancellations;
        // A director counts them in its graph: what other threads have done by now is nothing that a graph says.
        if bound == 0 || !kernel.limits.directed && kernel.tasks.doomed >= bound {
            return 0;
        }
        kernel.basis.add(Basis::CANCELS);
        let doomed = execution.choose(Choice::Cancels, 1 + futures);
        execution.kernel.tasks.doomed += u32::from(doomed > 0);
        doomed
    }

    /// Whether the running task, which comes to a leaf operation that could go on, waits there instead, as something is doomed: the
    /// future that the innermost timeout limits, or the whole task.
    pub(super) fn dooms_at_leaf(mut self, leaf: LeafKind) -> bool {
        if !self.explores_cancellation() {
            return false;
        }
        let kernel = self.kernel();
        let Some(name) = kernel.tasks.running(kernel.threads.current) else { return false };
        let task = kernel.tasks.get(name.id);
        let scopes =
            [(task.timeouts > 0 && leaf != LeafKind::Timer, Scope::Timeout), (task.is_spawned, Scope::Task)];
        let mut scopes = scopes.into_iter().filter(|&(is_there, _)| is_there);
        let count = scopes.clone().count();
        let chosen = if count == 0 { 0 } else { self.chooses_to_doom(count) };
        let Some((_, scope)) = chosen.checked_sub(1).and_then(|chosen| scopes.nth(chosen)) else {
            return false;
        };
        let task = self.kernel().tasks.get_mut(name.id);
        (task.doomed, task.has_given_way) = (Some(scope), true);
        task.is_rung = scope == Scope::Task;
        true
    }

    /// Whether the running task, which is pending, or was never polled, is to be dropped.
    pub(crate) fn dooms_task(mut self) -> Option<Doom> {
        let kernel = self.kernel();
        let name = kernel.tasks.running(kernel.threads.current)?;
        let task = kernel.tasks.get(name.id);
        if task.doomed != Some(Scope::Task) && self.chooses_to_doom(1) == 0 {
            return None;
        }
        let task = self.kernel().tasks.get_mut(name.id);
        // Where it has given way, it is awake, and others may have been promised to come first.
        task.is_rung = !task.has_given_way || task.doomed.is_some();
        Some(Doom { awaited: task.awaits.last().copied() })
    }

    /// Whether a timer that the running task waits for is over before anything else comes, because that drops futures: of branches of
    /// `select!`, or the one that it limits. So much time passes then, and what is due before is so, too. Where the task waits, it
    /// finds the timer over when it is polled next. Where it is awake as it is, and will find something else then, it may find it
    /// over at once as well, which `true` says. `location`: of the timer.
    pub(crate) fn dooms_by_timer(
        mut self,
        timer: u32,
        location: &'static Location<'static>,
    ) -> Option<(Doom, bool)> {
        let kernel = self.kernel();
        if kernel.rings_any_time() {
            return None;
        }
        let name = kernel.tasks.running(kernel.threads.current)?;
        let is_awake = kernel.tasks.get(name.id).phase != Phase::Running(Woken::No);
        let chosen = self.chooses_to_doom(1 + usize::from(is_awake));
        if chosen == 0 {
            return None;
        }
        self.pass_until(timer);
        let task = self.kernel().tasks.get(name.id);
        Some((Doom { awaited: awaited(task, location) }, chosen == 2))
    }

    /// Time passes until the timer is due, although others can go on.
    pub(crate) fn pass_until(mut self, timer: u32) {
        let kernel = self.kernel();
        let deadline = kernel.tasks.timers.get(timer).deadline;
        self.execution().refuse_to_direct(Refusal::Unsupported("timers that end before what is awaited"));
        self.pass_time_until(deadline);
        self.kernel().tasks.early_passes += 1;
    }

    /// Whether a timeout is over at once, as the future that it limits waits to be dropped.
    pub(crate) fn is_doomed_in_timeout(mut self, location: &'static Location<'static>) -> Option<Doom> {
        let kernel = self.kernel();
        let name = kernel.tasks.running(kernel.threads.current)?;
        let task = kernel.tasks.get_mut(name.id);
        if task.doomed != Some(Scope::Timeout) {
            return None;
        }
        // What comes after the timeout goes on in the same poll.
        (task.doomed, task.has_given_way) = (None, false);
        Some(Doom { awaited: awaited(task, location) })
    }

    /// What is doomed is dropped now, in the running task. `verb` says what does it: `Cancel` for the whole task, or `Discard` if it was never polled, `Elapse` for a
    /// timeout, `Ring` for a timer in a branch of `select!`. `place`: of the timer, or where the task was spawned.
    pub(crate) fn drops_doomed(mut self, doom: Doom, verb: Verb, place: &'static Location<'static>) {
        let kernel = self.kernel();
        let Some(name) = kernel.tasks.running(kernel.threads.current) else { return };
        let task = kernel.tasks.get(name.id);
        let (number, object, step) = (task.number, task.object, kernel.steps);
        let Doom { awaited } = doom;
        let at_await = awaited.filter(|_| verb == Verb::Cancel);
        let location = at_await.map_or(place, |awaited| awaited.location);
        kernel.tasks.cancellations.push(Cancellation { verb, number, awaited, place, step });
        self.operate(object, verb, location, || ((), false));
    }

    /// The running task is in so many more futures that poll several, branches of `select!`, and timeouts, from now on.
    pub(crate) fn change_scopes(mut self, composed: i32, branches: i32, timeouts: i32) {
        let kernel = self.kernel();
        let Some(name) = kernel.tasks.running(kernel.threads.current) else { return };
        let task = kernel.tasks.get_mut(name.id);
        task.composed = task.composed.saturating_add_signed(composed);
        task.branches = task.branches.saturating_add_signed(branches);
        task.timeouts = task.timeouts.saturating_add_signed(timeouts);
    }

    /// Whether the running task polls a branch of `select!`.
    pub(crate) fn is_in_branch(mut self) -> bool {
        let kernel = self.kernel();
        let running = kernel.tasks.running(kernel.threads.current);
        running.is_some_and(|name| kernel.tasks.get(name.id).branches > 0)
    }
}

/// What the running task waits for besides the timer that was made there.
fn awaited(task: &Task, timer: &'static Location<'static>) -> Option<Await> {
    task.awaits.iter().rev().find(|awaited| awaited.location != timer).copied()
}
