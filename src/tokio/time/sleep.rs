//! Mirror of tokio's `Sleep`.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::Instant;
use crate::rt::op::ObjectId;
use crate::rt::op::verb::Verb;
use crate::rt::tasks::{Doom, LeafKind};
use crate::rt::{Current, current};
use crate::tokio::act::proceed;
use crate::tokio::context;
use crate::tokio::runtime::core::Core;
use crate::tokio::task::NO_RUNTIME;

/// Mirror of [tokio's `time::Sleep`](::tokio::time::Sleep).
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[derive(Debug)]
pub struct Sleep(Repr);

#[derive(Debug)]
enum Repr {
    Inside(Timer),
    Outside(::tokio::time::Sleep),
}

/// A timer of a runtime inside an exploration.
#[derive(Debug)]
struct Timer {
    core: Arc<Core>,
    deadline: Instant,
    /// Its number, once it is started; none if it never rings.
    number: Option<u32>,
    progress: Progress,
    location: &'static Location<'static>,
}

#[derive(Clone, Copy, Debug)]
enum Progress {
    New,
    Started,
    /// It is over before anything else comes, as the test wants cancellation explored.
    Early(Doom),
    Over,
}

/// Mirror of [tokio's `time::sleep`](::tokio::time::sleep).
///
/// # Panics
///
/// Outside of a runtime, or in one whose builder has not enabled time.
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    match current() {
        Some(_) => Sleep::inside(Instant::unobserved().later(duration), Location::caller()),
        None => Sleep(Repr::Outside(::tokio::time::sleep(duration))),
    }
}

/// Mirror of [tokio's `time::sleep_until`](::tokio::time::sleep_until).
///
/// # Panics
///
/// Outside of a runtime.
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    match current() {
        Some(_) => Sleep::inside(deadline, Location::caller()),
        None => Sleep(Repr::Outside(::tokio::time::sleep_until(deadline.into_std().into()))),
    }
}

impl Sleep {
    #[track_caller]
    fn inside(deadline: Instant, location: &'static Location<'static>) -> Sleep {
        let Some(core) = context::core() else { panic!("{NO_RUNTIME}") };
        assert!(
            core.has_time,
            "A Tokio 1.x context was found, but timers are disabled. Call `enable_time` on the runtime builder to enable timers."
        );
        Sleep(Repr::Inside(Timer { core, deadline, number: None, progress: Progress::New, location }))
    }

    /// When it is over.
    pub fn deadline(&self) -> Instant {
        match &self.0 {
            Repr::Inside(timer) => timer.deadline,
            Repr::Outside(sleep) => Instant::from_std(sleep.deadline().into_std()),
        }
    }

    /// Whether it is over.
    pub fn is_elapsed(&self) -> bool {
        match &self.0 {
            Repr::Inside(timer) => timer.is_over(),
            Repr::Outside(sleep) => sleep.is_elapsed(),
        }
    }

    /// Polls the timer of a timeout. If it is not over, the future it limits may be dropped nevertheless, where the test wants that.
    pub(super) fn poll_of_timeout(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the future of tokio is not moved.
        match unsafe { &mut self.get_unchecked_mut().0 } {
            Repr::Inside(timer) => timer.poll_with(context, Some(Verb::Elapse), "timeout is over"),
            // SAFETY: it is pinned with what it is in.
            Repr::Outside(sleep) => unsafe { Pin::new_unchecked(sleep) }.poll(context),
        }
    }

    /// Polls the timer of an interval, which is awaited here.
    pub(super) fn poll_of_interval(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        location: &'static Location<'static>,
    ) -> Poll<()> {
        // SAFETY: the future of tokio is not moved.
        match unsafe { &mut self.get_unchecked_mut().0 } {
            Repr::Inside(timer) => {
                timer.location = location;
                timer.poll(context, "tick")
            }
            // SAFETY: it is pinned with what it is in.
            Repr::Outside(sleep) => unsafe { Pin::new_unchecked(sleep) }.poll(context),
        }
    }

    /// Begins again, until this deadline.
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        // SAFETY: the future of tokio is not moved.
        match unsafe { &mut self.get_unchecked_mut().0 } {
            Repr::Inside(timer) => timer.reset(deadline),
            // SAFETY: it is pinned with what it is in.
            Repr::Outside(sleep) => unsafe { Pin::new_unchecked(sleep) }.reset(deadline.into_std().into()),
        }
    }
}

impl Timer {
    fn is_over(&self) -> bool {
        let rings = |number| current().is_some_and(|current| current.is_task_timer_over(number));
        matches!(self.progress, Progress::Over) || self.number.is_some_and(rings)
    }

    fn stop(&mut self) {
        let Some((number, current)) = self.number.take().zip(current()) else { return };
        current.stop_task_timer(number);
        drop(self.core.take_timer(number));
    }

    /// Begins again. Who waits for it goes on waiting.
    fn reset(&mut self, deadline: Instant) {
        let waker = self.number.and_then(|number| self.core.take_timer(number));
        self.stop();
        (self.deadline, self.progress) = (deadline, Progress::New);
        let Some(current) = current() else { return };
        self.start(current);
        match (waker, self.number) {
            (Some(waker), Some(number)) => self.core.set_timer(number, waker),
            (Some(waker), None) if matches!(self.progress, Progress::Over) => waker.wake(),
            _ => {}
        }
    }

    fn poll(&mut self, context: &Context<'_>, what: &'static str) -> Poll<()> {
        let current = current();
        let is_in_branch = current.is_some_and(|current| current.is_in_branch());
        self.poll_with(context, is_in_branch.then_some(Verb::Ring), what)
    }

    /// `drops`: what its end is, if that drops futures, so that it may come early where the test wants that. `what`: its end in words.
    fn poll_with(&mut self, context: &Context<'_>, drops: Option<Verb>, what: &'static str) -> Poll<()> {
        let Some(current) = current() else { return Poll::Ready(()) };
        assert!(
            !self.core.has_no_timers() || self.is_over(),
            "A Tokio 1.x context was found, but it is being shutdown."
        );
        // A timeout is over in time although the future that it limits gives way. Where that waits, giving way shows nothing more.
        // But one that is over when it is polled first may be heard of by tokio's driver only when other tasks have been polled.
        let is_late = matches!(self.progress, Progress::New) && self.deadline <= Instant::unobserved();
        let asks = drops != Some(Verb::Elapse) || is_late && !current.has_given_way();
        if asks && proceed(context, LeafKind::Timer, self.location).is_pending() {
            current.note_stop(ObjectId::NONE, Verb::Sleep, self.location);
            return Poll::Pending;
        }
        if drops == Some(Verb::Elapse)
            && let Some(doom) = current.is_doomed_in_timeout(self.location)
        {
            self.start(current);
            if let Some(number) = self.number.filter(|_| !self.is_over()) {
                current.pass_until(number);
            }
            return self.end_early(doom, drops);
        }
        self.start(current);
        if self.is_over() {
            if let Progress::Early(doom) = self.progress {
                return self.end_early(doom, drops);
            }
            self.progress = Progress::Over;
            self.stop();
            current.uses_budget();
            current.note_timer(what, self.location);
            return Poll::Ready(());
        }
        if let Some(number) = self.number {
            self.core.set_timer(number, context.waker().clone());
        }
        if let (Some(_), Some(number)) = (drops, self.number)
            && let Some((doom, at_once)) = current.dooms_by_timer(number, self.location)
        {
            if at_once {
                return self.end_early(doom, drops);
            }
            self.progress = Progress::Early(doom);
        }
        current.note_await_alone(Verb::Sleep, self.location);
        Poll::Pending
    }

    /// Starts it, unless it was.
    fn start(&mut self, current: Current) {
        if !matches!(self.progress, Progress::New) {
            return;
        }
        let left = self.deadline.saturating_duration_since(Instant::unobserved());
        self.number = match left {
            Duration::ZERO => None,
            left => current.start_task_timer(self.core.queue, left),
        };
        self.progress = if left.is_zero() { Progress::Over } else { Progress::Started };
    }

    fn end_early(&mut self, doom: Doom, drops: Option<Verb>) -> Poll<()> {
        self.progress = Progress::Over;
        self.stop();
        if let Some(current) = current() {
            current.drops_doomed(doom, drops.unwrap_or(Verb::Ring), self.location);
        }
        Poll::Ready(())
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the future of tokio is not moved.
        match unsafe { &mut self.get_unchecked_mut().0 } {
            Repr::Inside(timer) => timer.poll(context, "sleep is over"),
            // SAFETY: it is pinned with what it is in.
            Repr::Outside(sleep) => unsafe { Pin::new_unchecked(sleep) }.poll(context),
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let (Progress::Started, Some(current)) = (self.progress, current()) {
            current.note_no_await(Verb::Sleep, self.location);
        }
        self.stop();
    }
}
