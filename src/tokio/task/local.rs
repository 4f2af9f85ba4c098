//! Tasks that stay on one thread: mirror of tokio's `LocalSet`.
//!
//! Inside an exploration, the tasks of a set are polled by the thread that drives it, in any order among its other tasks. While
//! nobody drives the set, they are not polled.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::JoinHandle;
use super::cell::{Abortable, Runnable, Task};
use crate::rt::primitives::Sleeper;
use crate::rt::{Current, current};
use crate::tokio::context;
use crate::tokio::runtime::core::Core;

thread_local! {
    /// The sets that are entered, innermost last, each with the thread that has entered it.
    static ENTERED: RefCell<Vec<(usize, Rc<Set>)>> = const { RefCell::new(Vec::new()) };
}

/// Mirror of [tokio's `task::LocalSet`](::tokio::task::LocalSet).
pub struct LocalSet {
    inside: Option<Rc<Set>>,
    outside: Option<::tokio::task::LocalSet>,
}

/// Gives a task its place on a runtime.
type Placing = Box<dyn FnOnce(Current, &Arc<Core>)>;

/// A task that was spawned before there was a runtime.
struct Late {
    task: Arc<dyn Runnable>,
    place: Placing,
}

/// The tasks of a set.
#[derive(Default)]
struct Set {
    tasks: RefCell<Vec<Sleeper>>,
    late: RefCell<Vec<Late>>,
    /// The tasks that were to be polled while nobody drove the set.
    resting: RefCell<Vec<Waker>>,
    /// How many have not ended, and who waits until none is left.
    alive: Cell<usize>,
    waker: RefCell<Option<Waker>>,
    is_driven: Cell<bool>,
    core: RefCell<Option<Arc<Core>>>,
}

fn thread_of(mut current: Current) -> usize {
    current.kernel().threads.current.index()
}

impl Default for LocalSet {
    fn default() -> LocalSet {
        LocalSet::new()
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSet").finish_non_exhaustive()
    }
}

impl LocalSet {
    /// A set without tasks.
    pub fn new() -> LocalSet {
        match current() {
            Some(_) => LocalSet { inside: Some(Rc::default()), outside: None },
            None => LocalSet { inside: None, outside: Some(::tokio::task::LocalSet::new()) },
        }
    }

    /// Makes a task of this set.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        match (&self.inside, &self.outside, current()) {
            (Some(set), _, Some(current)) => set.spawn(current, future, Location::caller()),
            (_, Some(outside), _) => JoinHandle::outside(outside.spawn_local(future)),
            _ => panic!("a `LocalSet` that was made inside an exploration is used outside of it"),
        }
    }

    /// Runs `future` on this runtime, and the tasks of the set meanwhile.
    #[track_caller]
    pub fn block_on<F: Future>(&self, runtime: &crate::tokio::runtime::Runtime, future: F) -> F::Output {
        match &self.outside {
            Some(outside) => runtime.outside().block_on(outside.run_until(future)),
            None => runtime.block_on(self.run_until(future)),
        }
    }

    /// Runs `future`, and the tasks of the set meanwhile.
    pub async fn run_until<F: Future>(&self, future: F) -> F::Output {
        match &self.outside {
            Some(outside) => outside.run_until(future).await,
            None => {
                let set = self.inside.clone().unwrap_or_default();
                RunUntil { set, future: Box::pin(future), is_driving: false }.await
            }
        }
    }

    /// Enters the set: `spawn_local` makes tasks of it while the guard lives.
    pub fn enter(&self) -> LocalEnterGuard {
        match (&self.inside, &self.outside) {
            (Some(set), _) => LocalEnterGuard { inside: Some(Entered::begin(set)), outside: None },
            (None, Some(outside)) => LocalEnterGuard { inside: None, outside: Some(outside.enter()) },
            (None, None) => unreachable!("a set is of one kind"),
        }
    }
}

/// A set is a future that ends when all its tasks have ended.
impl Future for LocalSet {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if let Some(outside) = &mut self.outside {
            return Pin::new(outside).poll(context);
        }
        let (Some(set), Some(current)) = (self.inside.clone(), current()) else { return Poll::Ready(()) };
        set.drive(current);
        set.poll_all(context)
    }
}

impl Drop for LocalSet {
    fn drop(&mut self) {
        let (Some(set), Some(current)) = (&self.inside, current()) else { return };
        for late in set.late.take() {
            late.task.cancel();
        }
        let core = set.core.borrow().clone();
        let Some(core) = core else { return };
        for sleeper in set.tasks.take() {
            core.cancel(current, sleeper);
        }
    }
}

impl Set {
    fn spawn<F>(
        self: &Rc<Set>,
        current: Current,
        future: F,
        location: &'static Location<'static>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (object, number) = current.new_task_object(location);
        self.alive.set(self.alive.get() + 1);
        let future = InSet { set: Rc::clone(self), future };
        let task = Task::new(None, object, number, Some(future), location);
        let core = self.core.borrow().clone().or_else(context::core);
        match core {
            Some(core) => self.place(current, &core, Arc::clone(&task), location),
            None => {
                let kept = Arc::clone(&task) as Arc<dyn Runnable>;
                let (set, task) = (Rc::clone(self), Arc::clone(&task));
                let place =
                    move |current: Current, core: &Arc<Core>| set.place(current, core, task, location);
                let late = Late { task: kept, place: Box::new(place) };
                self.late.borrow_mut().push(late);
            }
        }
        JoinHandle::inside(task, location)
    }

    /// The task is polled on the runtime that the running thread is in.
    fn place<F: Future + 'static>(
        &self,
        current: Current,
        core: &Arc<Core>,
        task: Arc<Task<F>>,
        location: &'static Location<'static>,
    ) {
        let sleeper =
            current.place_task(current.running_queue().unwrap_or(core.queue), task.number(), location);
        task.place(sleeper);
        self.core.borrow_mut().get_or_insert_with(|| Arc::clone(core));
        self.tasks.borrow_mut().push(sleeper);
        core.add(current, task as Arc<dyn Runnable>, location);
    }

    /// The running task drives the set from now on.
    fn drive(&self, current: Current) {
        if self.is_driven.replace(true) {
            return;
        }
        let core = context::core().unwrap_or_else(|| panic!("{}", super::spawning::NO_RUNTIME));
        for late in self.late.take() {
            (late.place)(current, &core);
        }
        for waker in self.resting.take() {
            waker.wake();
        }
    }

    /// Whether all tasks have ended; if not, the waker is called when they have.
    fn poll_all(&self, context: &Context<'_>) -> Poll<()> {
        if self.alive.get() == 0 {
            return Poll::Ready(());
        }
        *self.waker.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }
}

/// A future of a set: while it is polled, the set is entered.
struct InSet<F> {
    set: Rc<Set>,
    future: F,
}

impl<F: Future> Future for InSet<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if !self.set.is_driven.get() {
            self.set.resting.borrow_mut().push(context.waker().clone());
            return Poll::Pending;
        }
        let _entered = Entered::begin(&self.set);
        // SAFETY: the future is pinned with what it is in, and moved nowhere.
        unsafe { self.map_unchecked_mut(|this| &mut this.future) }.poll(context)
    }
}

impl<F> Drop for InSet<F> {
    fn drop(&mut self) {
        self.set.alive.set(self.set.alive.get() - 1);
        if self.set.alive.get() == 0
            && let Some(waker) = self.set.waker.take()
        {
            waker.wake();
        }
    }
}

struct RunUntil<F: Future> {
    set: Rc<Set>,
    future: Pin<Box<F>>,
    is_driving: bool,
}

impl<F: Future> Future for RunUntil<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let set = Rc::clone(&self.set);
        let _entered = Entered::begin(&set);
        if let Some(current) = current() {
            set.drive(current);
            self.is_driving = true;
        }
        self.future.as_mut().poll(context)
    }
}

impl<F: Future> Drop for RunUntil<F> {
    fn drop(&mut self) {
        if self.is_driving {
            self.set.is_driven.set(false);
        }
    }
}

/// While it lives, the set is entered.
struct Entered;

impl Entered {
    fn begin(set: &Rc<Set>) -> Entered {
        if let Some(current) = current() {
            ENTERED.with_borrow_mut(|entered| entered.push((thread_of(current), Rc::clone(set))));
        }
        Entered
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if let Some(current) = current() {
            let thread = thread_of(current);
            let left = ENTERED.with_borrow_mut(|entered| {
                let last = entered.iter().rposition(|&(of, _)| of == thread)?;
                Some(entered.remove(last))
            });
            drop(left);
        }
    }
}

/// Mirror of [tokio's `task::LocalEnterGuard`](::tokio::task::LocalEnterGuard).
pub struct LocalEnterGuard {
    #[expect(dead_code, reason = "its drop leaves the set")]
    inside: Option<Entered>,
    #[expect(dead_code, reason = "its drop leaves the set")]
    outside: Option<::tokio::task::LocalEnterGuard>,
}

impl fmt::Debug for LocalEnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEnterGuard").finish_non_exhaustive()
    }
}

/// Mirror of [tokio's `task::spawn_local`](::tokio::task::spawn_local).
///
/// # Panics
///
/// Outside of a `LocalSet`.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let Some(current) = current() else { return JoinHandle::outside(::tokio::task::spawn_local(future)) };
    let thread = thread_of(current);
    let set = ENTERED.with_borrow(|entered| {
        entered.iter().rev().find(|&&(of, _)| of == thread).map(|(_, set)| Rc::clone(set))
    });
    match set {
        Some(set) => set.spawn(current, future, Location::caller()),
        None => panic!("`spawn_local` called from outside of a `task::LocalSet` or `runtime::LocalRuntime`"),
    }
}
