//! Who executes the next step: the strategy's choice among those that may go on, the director's, or nobody's.

use super::current::real_now;
use super::execution::Execution;
use crate::rt::decide::director::Direction;
use crate::rt::decide::strategy::SchedulingPoint;
use crate::rt::kernel::Kernel;
use crate::rt::kernel::special::Special;
use crate::rt::liveness::knot;
use crate::rt::op::ThreadId;
use crate::rt::op::outcome::Stop;
use crate::rt::op::rule::Refusal;

/// How many steps an execution may go on after its director has let it go, at the least and at the most; between these, four
/// times as many as it had. It does so to end and to give back what it has; one that waits for what never comes is cut off, and
/// as most of those that are let go do that, this is what they cost.
const RELEASED_STEPS: (u64, u64) = (2_000, 100_000);

/// After how many steps to look at the clock, if the exploration has a time limit.
const LOOKS_EVERY: u64 = 2_000;

impl Execution {
    /// Picks who executes the next step; `None` if the execution ends here.
    #[inline(always)]
    pub(in crate::rt) fn pick_next(&mut self) -> Option<ThreadId> {
        let kernel = &self.kernel;
        let count = kernel.threads.enabled.len();
        if kernel.special.has(Special::CHOICE) || count == 0 || kernel.steps >= kernel.looks_at {
            return self.pick_specially();
        }
        let next = if count == 1 {
            kernel.threads.first_enabled()
        } else {
            self.contended_steps += 1;
            if self.is_uniform {
                let n = self.rng.below(count);
                self.kernel.threads.nth_among(&self.kernel.threads.enabled, n)
            } else {
                let point = SchedulingPoint::new(&self.kernel);
                let next = self.strategy.next_thread(&point, &mut self.rng);
                if !self.kernel.is_enabled(next) {
                    return self.refuse_choice(next);
                }
                next
            }
        };
        self.go_on_with(next)
    }

    /// The next step is `next`'s.
    #[inline(always)]
    pub(super) fn go_on_with(&mut self, next: ThreadId) -> Option<ThreadId> {
        self.kernel.steps += 1;
        self.kernel.threads.current = next;
        self.schedule.push_step(next);
        Some(next)
    }

    /// As `pick_next`, where more than a strategy may have a say.
    #[inline(never)]
    fn pick_specially(&mut self) -> Option<ThreadId> {
        if self.director.is_some() {
            return self.pick_directed();
        }
        if self.kernel.limits.directed && self.is_over_by_schedule() {
            return None;
        }
        let next = match self.kernel.threads.enabled.len() {
            _ if self.kernel.fairness.is_active() => self.pick_fairly()?,
            0 => self.pick_when_idle()?,
            1 => self.kernel.threads.first_enabled(),
            _ => {
                self.contended_steps += 1;
                if self.kernel.restraint.is_none() {
                    let point = SchedulingPoint::new(&self.kernel);
                    self.strategy.next_thread(&point, &mut self.rng)
                } else {
                    self.pick_restrained(false)
                }
            }
        };
        if self.kernel.steps >= self.kernel.looks_at && !self.may_go_on() || !self.kernel.is_enabled(next) {
            return self.refuse(next);
        }
        self.go_on_with(next)
    }

    /// What a director has decided besides who goes on, and its schedule has kept: that an execution ends in which
    /// threads spin, which it does here, or that time passes although they could go round again.
    #[cold]
    fn is_over_by_schedule(&mut self) -> bool {
        if self.strategy.ends_spinning(&SchedulingPoint::new(&self.kernel)) {
            self.stop = Some(Stop::Livelock);
            return true;
        }
        while self.strategy.passes_time(&SchedulingPoint::new(&self.kernel)) && self.kernel.pass_time() {}
        false
    }

    /// As the director wants it.
    #[inline(never)]
    fn pick_directed(&mut self) -> Option<ThreadId> {
        let director = self.director.as_mut().expect("checked by the caller");
        match director.next(&mut self.kernel) {
            Direction::Run(next) => {
                if self.kernel.steps >= self.kernel.looks_at && !self.may_go_on() {
                    if self.kernel.tasks.starves(self.kernel.steps) {
                        self.refuse_to_direct(Refusal::Unsupported(
                            "a task that others keep from being polled for as long as they like",
                        ));
                    }
                    self.stop = Some(self.at_limit());
                    return None;
                }
                debug_assert!(self.kernel.is_enabled(next));
                self.go_on_with(next)
            }
            Direction::Stop(stop) => {
                self.stop = Some(stop);
                None
            }
            Direction::Release => {
                self.past_director = self.director.take();
                let more = (4 * self.kernel.steps).clamp(RELEASED_STEPS.0, RELEASED_STEPS.1);
                self.kernel.limits.max_steps = self.kernel.steps + more;
                self.look_at_next();
                self.pick_specially()
            }
        }
    }

    /// As the strategy wants it, among those that do not have to give way.
    #[inline(never)]
    fn pick_fairly(&mut self) -> Option<ThreadId> {
        if self.kernel.spinloops.is_livelock() {
            self.stop = Some(Stop::Livelock);
            return None;
        }
        self.kernel.update_fairness();
        let is_free = self.strategy.chooses_freely();
        let choosable = if is_free { &self.kernel.threads.enabled } else { self.kernel.fairness.choosable() };
        let next = match choosable.len() {
            0 => return self.pick_when_idle(),
            1 => return Some(self.kernel.threads.nth_among(choosable, 0)),
            _ if !self.kernel.restraint.is_none() => self.pick_restrained(true),
            _ => {
                let point = SchedulingPoint::among(&self.kernel, choosable);
                self.strategy.next_thread(&point, &mut self.rng)
            }
        };
        self.contended_steps += 1;
        if !is_free && !self.kernel.threads.is_among(self.kernel.fairness.choosable(), next) {
            return self.refuse_choice(next);
        }
        Some(next)
    }

    /// As the strategy wants it, as far as it may choose.
    #[cold]
    fn pick_restrained(&mut self, fairly: bool) -> ThreadId {
        let enabled = &self.kernel.threads.enabled;
        // A replay is as free as its schedule was; but what was forced has to be forced again.
        let choosable = if fairly { self.kernel.fairness.choosable() } else { enabled };
        let preempts = self.kernel.would_preempt(choosable);
        if let Some(forced) = self.kernel.restraint.forced(&self.kernel.threads, choosable, preempts) {
            return forced;
        }
        let shown = if self.strategy.chooses_freely() { enabled } else { choosable };
        let point = SchedulingPoint::among(&self.kernel, shown);
        let next = self.strategy.next_thread(&point, &mut self.rng);
        let current = self.kernel.threads.current;
        self.kernel.restraint.note_choice(next, current, preempts);
        next
    }

    #[cold]
    fn refuse(&mut self, next: ThreadId) -> Option<ThreadId> {
        if !self.kernel.is_enabled(next) {
            return self.refuse_choice(next);
        }
        self.stop = Some(self.at_limit());
        None
    }

    /// Whether the execution, which has come to a step at which that is asked, may have another one.
    #[cold]
    fn may_go_on(&mut self) -> bool {
        self.is_late |= self.deadline.is_some_and(|deadline| real_now() >= deadline);
        self.look_at_next();
        !self.is_late && self.kernel.steps < self.kernel.limits.max_steps
    }

    /// When to look again.
    pub(in crate::rt) fn look_at_next(&mut self) {
        let next = if self.deadline.is_some() { self.kernel.steps + LOOKS_EVERY } else { u64::MAX };
        self.kernel.looks_at = self.kernel.limits.max_steps.min(next);
    }

    /// What an execution is that has reached the step limit.
    #[cold]
    fn at_limit(&mut self) -> Stop {
        if self.is_late {
            return Stop::OutOfTime;
        }
        let Kernel { spinloops, threads, limits, .. } = &self.kernel;
        if !limits.judges_at_limit {
            return Stop::StepLimit;
        }
        if !limits.directed && spinloops.is_livelock_at_limit(threads) {
            return Stop::Livelock;
        }
        self.knot = knot::at_limit(self.kernel.wait_for(), self.kernel.steps, &self.schedule.runs());
        if self.knot.is_some() { Stop::Knot } else { Stop::StepLimit }
    }

    #[cold]
    fn refuse_choice(&mut self, next: ThreadId) -> Option<ThreadId> {
        self.stop = Some(Stop::Misuse(format!(
            "the strategy `{}` chose thread {} at step {}, but that thread cannot run there; \
             `Strategy::next_thread` must return one of `SchedulingPoint::enabled`",
            self.strategy.name(),
            next.0,
            self.kernel.steps + 1,
        )));
        None
    }

    /// Time has passed: who of those that were waiting for it goes first.
    fn pick_among_due(&mut self) -> ThreadId {
        if self.kernel.threads.enabled.len() == 1 {
            return self.kernel.threads.first_enabled();
        }
        self.contended_steps += 1;
        if !self.kernel.restraint.is_none() {
            return self.pick_restrained(false);
        }
        let point = SchedulingPoint::new(&self.kernel);
        self.strategy.next_thread(&point, &mut self.rng)
    }

    #[cold]
    fn pick_when_idle(&mut self) -> Option<ThreadId> {
        // What is due may be a timer of a task for which nobody comes.
        while self.kernel.pass_time() {
            if !self.kernel.threads.enabled.is_empty() {
                return Some(self.pick_among_due());
            }
        }
        let main_ended = self.kernel.thread(ThreadId::MAIN).ended;
        self.stop = Some(if self.kernel.threads.live == 0 {
            Stop::Finished
        } else if self.kernel.lacks_occasion() {
            Stop::Diverged(
                "what std was to do in an earlier execution, it has no occasion for now".to_owned(),
            )
        } else if main_ended {
            Stop::Leaked
        } else {
            Stop::Deadlock
        });
        None
    }
}
