//! Who runs when: lost wakeups, loops that never await, starvation, thread locals.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use drawloom::FailureKind::{Deadlock, Livelock, Panic, StepLimit};
use drawloom::sync::atomic::{AtomicBool, Ordering::SeqCst};
use drawloom::sync::{Arc, Mutex};
use drawloom::tokio::sync::{mpsc, oneshot};
use drawloom::tokio::task::yield_now;
use drawloom::tokio::{self};

use super::{On, finds, is_verified, passes};

/// An event that is set once, by hand.
#[derive(Default)]
struct Event {
    is_set: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Event {
    fn set(&self) {
        self.is_set.store(true, SeqCst);
        if let Some(waker) = self.waker.lock().unwrap().take() {
            waker.wake();
        }
    }

    /// Whether it registers before it looks decides whether a wakeup can be lost.
    async fn wait(&self, registers_first: bool) {
        poll_fn(|context| {
            if !registers_first && self.is_set.load(SeqCst) {
                return Poll::Ready(());
            }
            *self.waker.lock().unwrap() = Some(context.waker().clone());
            if registers_first && self.is_set.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

async fn waits_for_event(registers_first: bool) {
    let event = Arc::new(Event::default());
    let theirs = Arc::clone(&event);
    let other = tokio::spawn(async move { theirs.set() });
    event.wait(registers_first).await;
    other.await.unwrap();
}

#[test]
fn a_future_that_looks_before_it_registers_loses_a_wakeup() {
    finds(On::Workers, Deadlock, &["main waits for a call of its waker"], || waits_for_event(false));
    // One thread polls without a break between the two.
    is_verified(On::OneThread, || waits_for_event(false));
    is_verified(On::OneThread, || waits_for_event(true));
    passes(On::Workers, || waits_for_event(true));
}

async fn spins(awaits: bool) {
    let flag = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&flag);
    let other = tokio::spawn(async move { theirs.store(true, SeqCst) });
    while !flag.load(SeqCst) {
        if awaits {
            yield_now().await;
        } else {
            drawloom::hint::spin_loop();
        }
    }
    other.await.unwrap();
}

#[test]
fn a_loop_without_an_await_keeps_all_others_from_running() {
    finds(On::OneThread, Livelock, &["goes on waiting in a loop"], || spins(false));
    is_verified(On::OneThread, || spins(true));
    passes(On::Workers, || spins(false));
}

drawloom::thread_local! {
    static REQUEST: Cell<u32> = const { Cell::new(0) };
}

tokio::task_local! {
    static OWN_REQUEST: u32;
}

async fn handle(number: u32) {
    REQUEST.with(|request| request.set(number));
    yield_now().await;
    assert_eq!(REQUEST.with(Cell::get), number, "another request's number");
}

#[test]
fn a_thread_local_is_not_the_tasks_after_an_await() {
    let handles_two = || async {
        let (one, two) = (tokio::spawn(handle(1)), tokio::spawn(handle(2)));
        one.await.unwrap();
        two.await.unwrap();
    };
    finds(On::OneThread, Panic, &["another request's number"], handles_two);
    let on_workers = super::run(drawloom::Config::new(), On::Workers, handles_two);
    assert!(on_workers.failure().is_some(), "{on_workers}");
    is_verified(On::OneThread, || async {
        let own = |number| {
            OWN_REQUEST.scope(number, async move {
                yield_now().await;
                assert_eq!(OWN_REQUEST.get(), number);
            })
        };
        let (one, two) = (tokio::spawn(own(1)), tokio::spawn(own(2)));
        one.await.unwrap();
        two.await.unwrap();
    });
}

async fn prefers(the_stop: bool) {
    let (again, mut queue) = mpsc::unbounded_channel::<u32>();
    let (stop, mut stopped) = oneshot::channel::<()>();
    tokio::spawn(async move { stop.send(()) });
    again.send(0).unwrap();
    loop {
        if the_stop {
            tokio::select! {
                biased;
                _ = &mut stopped => break,
                Some(number) = queue.recv() => again.send(number + 1).unwrap(),
            }
        } else {
            tokio::select! {
                biased;
                Some(number) = queue.recv() => again.send(number + 1).unwrap(),
                _ = &mut stopped => break,
            }
        }
    }
}

#[test]
fn a_branch_that_is_always_ready_starves_those_behind_it() {
    let config = || drawloom::Config::new().max_steps(5_000);
    let report = super::run(config(), On::OneThread, || prefers(false));
    let failure = report.failure().expect("it never stops");
    assert_eq!(failure.kind(), StepLimit, "{report}");
    assert!(failure.message().contains("main has taken the last"), "{report}");
    is_verified(On::OneThread, || prefers(true));
}

/// The outcomes of all executions of a program on one thread.
fn outcomes<F: Future<Output = String>>(program: impl Fn() -> F + Send + Sync) -> Vec<String> {
    let seen = std::sync::Mutex::new(std::collections::BTreeSet::new());
    is_verified(On::OneThread, || {
        let running = program();
        let seen = &seen;
        async move {
            let outcome = running.await;
            seen.lock().unwrap().insert(outcome);
        }
    });
    seen.into_inner().unwrap().into_iter().collect()
}

/// A task that is made late, when others have ended or not, comes before them as well.
#[test]
fn a_task_of_a_task_may_be_first() {
    let firsts = outcomes(|| async {
        let log = Arc::new(std::sync::Mutex::new(String::new()));
        let ticket = Arc::new(drawloom::sync::Mutex::new(true));
        let (sender, receiver) = oneshot::channel();
        let sender = Arc::new(std::sync::Mutex::new(Some(sender)));
        let take = {
            let log = Arc::clone(&log);
            move |name: char| {
                if std::mem::take(&mut *ticket.lock().unwrap()) {
                    log.lock().unwrap().push(name);
                    let _ = sender.lock().unwrap().take().unwrap().send(());
                }
            }
        };
        let (first, child) = (take.clone(), take);
        let one = tokio::spawn(async move {
            first('1');
            let _ = receiver.await;
        });
        let two = tokio::spawn(async move {
            let _ = tokio::spawn(async move { child('c') }).await;
        });
        let _ = (one.await, two.await);
        log.lock().unwrap().clone()
    });
    assert_eq!(firsts, ["1", "c"]);
}

/// It has permits while it gives way, and the other one, which was put off until then, finds none.
#[test]
fn a_task_of_a_task_may_hold_what_an_earlier_one_looks_for() {
    let taken = outcomes(|| async {
        let permits = Arc::new(tokio::sync::Semaphore::new(1));
        let (ours, theirs) = (Arc::clone(&permits), permits);
        let looks = tokio::spawn(async move {
            let is_free = ours.try_acquire().is_ok();
            ours.close();
            is_free
        });
        let makes = tokio::spawn(async move {
            drop(tokio::spawn(async move {
                if let Ok(permit) = theirs.acquire().await {
                    permit.forget();
                    theirs.add_permits(1);
                }
            }));
        });
        let is_free = looks.await.unwrap();
        makes.await.unwrap();
        is_free.to_string()
    });
    assert_eq!(taken, ["false", "true"]);
}

/// It goes on to the next await that is pending, which any may be.
#[test]
fn a_task_that_aborts_itself_ends_at_an_await_or_comes_to_its_end() {
    let ends = outcomes(|| async {
        let (sender, receiver) = oneshot::channel::<tokio::task::AbortHandle>();
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        let task = tokio::spawn(async move {
            receiver.await.unwrap().abort();
            drop(lock.lock().await);
        });
        sender.send(task.abort_handle()).unwrap();
        format!("{}", task.await.is_ok())
    });
    assert_eq!(ends, ["false", "true"]);
}

#[test]
fn a_task_that_nobody_can_wake_is_told() {
    let keeps_none = || async {
        let pending = poll_fn(|_| Poll::<()>::Pending);
        tokio::spawn(pending).await.unwrap();
    };
    let words = ["nobody can wake task 1: when it was polled last", "no waker was kept"];
    finds(On::OneThread, Deadlock, &words, keeps_none);
    finds(On::Workers, Deadlock, &words, keeps_none);

    let drops_it = || async {
        let slot = Arc::new(Mutex::new(None));
        let theirs = Arc::clone(&slot);
        let waiting = tokio::spawn(poll_fn(move |context| {
            *theirs.lock().unwrap() = Some(context.waker().clone());
            Poll::<()>::Pending
        }));
        let forgetful = tokio::spawn(async move { drop(slot.lock().unwrap().take()) });
        forgetful.await.unwrap();
        waiting.await.unwrap();
    };
    finds(
        On::OneThread,
        Deadlock,
        &["nobody can wake task 1: the last waker of it was dropped by task 2"],
        drops_it,
    );
}

/// A future keeps the waker of its first poll only, and is polled by another task later.
#[test]
fn a_stale_waker_that_is_called_is_told() {
    #[derive(Default)]
    struct Shared {
        is_ready: bool,
        waker: Option<Waker>,
    }
    fn poll(shared: &Mutex<Shared>, context: &mut Context<'_>) -> Poll<()> {
        let mut shared = shared.lock().unwrap();
        if shared.is_ready {
            return Poll::Ready(());
        }
        shared.waker.get_or_insert_with(|| context.waker().clone());
        Poll::Pending
    }
    let moves_it = || async {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let theirs = Arc::clone(&shared);
        let first = tokio::spawn(poll_fn(move |context| {
            let _ = poll(&theirs, context);
            Poll::Ready(())
        }));
        first.await.unwrap();
        let theirs = Arc::clone(&shared);
        let second = tokio::spawn(poll_fn(move |context| poll(&theirs, context)));
        tokio::task::yield_now().await;
        let waker = {
            let mut shared = shared.lock().unwrap();
            shared.is_ready = true;
            shared.waker.take()
        };
        waker.unwrap().wake();
        second.await.unwrap();
    };
    let words = [
        "main called a waker of task 1 at step",
        "when task 1 had ended",
        "If task 2 polls the same future now",
    ];
    finds(On::OneThread, Deadlock, &words, moves_it);
    finds(On::Workers, Deadlock, &words, moves_it);
}
