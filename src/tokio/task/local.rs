//! Tasks that stay on one thread: mirror of tokio's `LocalSet`.
//!
//! Inside an exploration, the tasks of a set are polled by the thread that drives it, in any order among its other tasks. They are
//! polled only as long as somebody drives the set: a task that has polled it when it was polled last. tokio polls them within
//! that poll; so a task of the set that is woken where nobody drives it wakes who drove it last.

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
use crate::rt::op::ObjectId;
use crate::rt::primitives::Sleeper;
use crate::rt::tasks::TaskName;
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
type Placing = Box<dyn FnOnce(Current, &Home)>;

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
    drivers: RefCell<Vec<Driver>>,
    numbered: Cell<u64>,
    home: RefCell<Option<Home>>,
}

/// What polls the set: the set itself as a future, or a `run_until`.
struct Driver {
    number: u64,
    /// The task that polls it, when that was polled, and by which waker.
    task: TaskName,
    polled_since: u64,
    waker: Waker,
}

/// Where the tasks of a set are polled.
#[derive(Clone)]
struct Home {
    core: Arc<Core>,
    queue: ObjectId,
}

/// The number of the set itself among its drivers.
const ITSELF: u64 = 0;

fn thread_of(current: Current) -> usize {
    current.thread().index()
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
                set.numbered.set(set.numbered.get() + 1);
                let number = set.numbered.get();
                RunUntil { set, number, future: Box::pin(future) }.await
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
        set.drive(current, ITSELF, context);
        set.poll_all(context)
    }
}

impl Drop for LocalSet {
    fn drop(&mut self) {
        let (Some(set), Some(current)) = (&self.inside, current()) else { return };
        let _entered = Entered::begin(set);
        for late in set.late.take() {
            late.task.cancel();
        }
        let home = set.home.borrow().clone();
        let Some(home) = home else { return };
        for sleeper in set.tasks.take() {
            home.core.cancel(current, sleeper);
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
        let home = self.home.borrow().clone();
        match home {
            Some(home) => self.place(current, &home, Arc::clone(&task), location),
            None => {
                let kept = Arc::clone(&task) as Arc<dyn Runnable>;
                let (set, task) = (Rc::clone(self), Arc::clone(&task));
                let place = move |current: Current, home: &Home| set.place(current, home, task, location);
                let late = Late { task: kept, place: Box::new(place) };
                self.late.borrow_mut().push(late);
            }
        }
        JoinHandle::inside(task, location)
    }

    /// The task is polled there.
    fn place<F: Future + 'static>(
        &self,
        current: Current,
        home: &Home,
        task: Arc<Task<F>>,
        location: &'static Location<'static>,
    ) {
        let sleeper = current.place_task(home.queue, task.number(), location);
        task.place(sleeper);
        self.tasks.borrow_mut().push(sleeper);
        home.core.add(current, task as Arc<dyn Runnable>, location);
    }

    /// The running task polls what has this number among the drivers of the set.
    fn drive(&self, current: Current, number: u64, context: &Context<'_>) {
        let core = context::core().unwrap_or_else(|| panic!("{}", super::spawning::NO_RUNTIME));
        let Some((task, polled_since)) = current.running_poll() else { return };
        let queue = current.running_queue().unwrap_or(core.queue);
        let home = self.home.borrow_mut().get_or_insert_with(|| Home { core, queue }).clone();
        assert!(
            home.queue == queue || self.alive.get() == 0,
            "drawloom does not model a `LocalSet` with tasks that goes from one runtime to another"
        );
        self.leave(number);
        let driver = Driver { number, task, polled_since, waker: context.waker().clone() };
        self.drivers.borrow_mut().push(driver);
        for late in self.late.take() {
            (late.place)(current, &home);
        }
        for waker in self.resting.take() {
            waker.wake();
        }
    }

    /// What had this number does not drive the set any more.
    fn leave(&self, number: u64) {
        let mut drivers = self.drivers.borrow_mut();
        let at = drivers.iter().position(|driver| driver.number == number);
        let left = at.map(|at| drivers.swap_remove(at));
        drop(drivers);
        drop(left);
    }

    /// Whether some task has polled the set when it was polled last.
    fn is_driven(&self, current: Current) -> bool {
        let drives = |driver: &Driver| current.poll_of(driver.task) == Some(driver.polled_since);
        self.drivers.borrow().iter().any(drives)
    }

    /// A task of the set was woken, and nobody drives it. Who did may do it again.
    fn rest(&self, waker: &Waker) {
        self.resting.borrow_mut().push(waker.clone());
        let last = self.drivers.borrow().last().map(|driver| driver.waker.clone());
        if let Some(last) = last {
            last.wake();
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
        if current().is_some_and(|current| !self.set.is_driven(current)) {
            self.set.rest(context.waker());
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
    /// Its number among the drivers of the set.
    number: u64,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for RunUntil<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let set = Rc::clone(&self.set);
        let _entered = Entered::begin(&set);
        if let Some(current) = current() {
            set.drive(current, self.number, context);
        }
        self.future.as_mut().poll(context)
    }
}

impl<F: Future> Drop for RunUntil<F> {
    fn drop(&mut self) {
        self.set.leave(self.number);
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
