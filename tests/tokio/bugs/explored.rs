//! Cancellation that the test does not do itself: with `cancel`, a future is dropped at an await where production may drop it.

use std::time::Duration;

use drawloom::sync::Arc;
use drawloom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use drawloom::tokio::sync::{Mutex, Notify, Semaphore, mpsc};
use drawloom::tokio::task::yield_now;
use drawloom::tokio::{self, time};
use drawloom::{Config, Coverage, FailureKind, Report};

use super::{On, run};

/// Explores with at most one cancellation.
fn cancels<F: Future<Output = ()>>(on: On, body: impl Fn() -> F + Send + Sync) -> Report {
    run(Config::new().cancel(1), on, body)
}

/// It fails with these words where a future is dropped, and only there.
fn fails_if_cancelled<F: Future<Output = ()>>(
    on: On,
    kind: FailureKind,
    words: &[&str],
    body: impl Fn() -> F + Send + Sync,
) {
    let report = run(Config::new(), on, &body);
    assert!(report.passed(), "without cancellation: {report}");
    let report = cancels(on, &body);
    let failure = report.failure().unwrap_or_else(|| panic!("nothing was found:\n{report}"));
    assert_eq!(failure.kind(), kind, "{report}");
    let text = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    for words in words {
        assert!(text.contains(words), "no {words:?} in\n{report}");
    }
    let token = failure.token().to_owned();
    let replayed = run(Config::new().replay(token), on, &body);
    assert_eq!(replayed.failure().map(|failure| failure.kind()), Some(kind), "{replayed}");
}

fn is_verified<F: Future<Output = ()>>(on: On, body: impl Fn() -> F + Send + Sync) -> Report {
    let report = cancels(on, body);
    assert_eq!(report.coverage(), Some(Coverage::Verified), "{report}");
    report
}

/// Gives its place back, whatever happens.
struct Place(Arc<AtomicU32>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// One more, an await, one less.
async fn counts(active: Arc<AtomicU32>, by_guard: bool) {
    active.fetch_add(1, SeqCst);
    let place = by_guard.then(|| Place(Arc::clone(&active)));
    yield_now().await;
    if place.is_none() {
        active.fetch_sub(1, SeqCst);
    }
}

async fn spawns(by_guard: bool) {
    let active = Arc::new(AtomicU32::new(0));
    let _ = tokio::spawn(counts(Arc::clone(&active), by_guard)).await;
    assert_eq!(active.load(SeqCst), 0, "a place is lost");
}

#[test]
fn a_spawned_task_is_dropped_at_its_await() {
    let words = [
        "a place is lost",
        "is dropped at this await",
        "the future of task 1 is dropped at its await at",
        "in production an `abort` or the end of its runtime does that",
    ];
    fails_if_cancelled(On::OneThread, FailureKind::Panic, &words, || spawns(false));
    fails_if_cancelled(On::Workers, FailureKind::Panic, &words[..1], || spawns(false));
    let report = is_verified(On::OneThread, || spawns(true));
    let summary = report.to_string();
    assert!(summary.contains("at most one future is dropped at an await that could go on"), "{summary}");
}

async fn limits() {
    let active = Arc::new(AtomicU32::new(0));
    let work = async {
        counts(Arc::clone(&active), true).await;
        yield_now().await;
    };
    let _ = time::timeout(Duration::from_secs(10), work).await;
    assert_eq!(active.load(SeqCst), 0, "a place is lost");
}

#[test]
fn a_timeout_is_over_before_what_it_limits() {
    // After the yield, which is over when it is polled again.
    is_verified(On::OneThread, limits);
    let half_done = || async {
        let lock = Mutex::new((0, 0));
        let work = async {
            lock.lock().await.0 += 1;
            lock.lock().await.1 += 1;
        };
        let _ = time::timeout(Duration::from_secs(10), work).await;
        let (first, second) = *lock.lock().await;
        assert_eq!(first, second, "half done");
    };
    let words = ["half done", "timeout is over", "is over in main, and it drops its future"];
    fails_if_cancelled(On::OneThread, FailureKind::Panic, &words, half_done);
}

#[test]
fn a_timer_of_select_is_over_before_the_others() {
    let loses = || async {
        let (sender, mut receiver) = mpsc::channel(2);
        let sent = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&sent);
        tokio::spawn(async move {
            for message in 1..=2 {
                let place = sender.reserve().await.expect("a receiver");
                counted.fetch_add(message, SeqCst);
                place.send(message);
                yield_now().await;
            }
        });
        let mut sum = 0;
        loop {
            let pair = async {
                let first = receiver.recv().await.unwrap_or(0);
                first + receiver.recv().await.unwrap_or(0)
            };
            tokio::select! {
                pair = pair => { sum += pair; break }
                () = time::sleep(Duration::from_secs(10)) => {}
            }
        }
        assert_eq!(sum, sent.load(SeqCst), "a message is lost");
    };
    let words = ["a message is lost", "timer is over", "the timer of `select!` at"];
    fails_if_cancelled(On::OneThread, FailureKind::Panic, &words, loses);
}

/// A semaphore by hand: who waits first is asked first.
#[derive(Default)]
struct Fair {
    state: std::sync::Mutex<(u32, std::collections::VecDeque<Arc<Notify>>)>,
}

impl Fair {
    async fn acquire(&self, hands_on: bool) {
        let waits = {
            let mut state = self.state.lock().unwrap();
            if state.0 > 0 {
                state.0 -= 1;
                return;
            }
            let waits = Arc::new(Notify::new());
            state.1.push_back(Arc::clone(&waits));
            waits
        };
        let mut place = Waiting { fair: self, waits, is_over: !hands_on };
        place.waits.notified().await;
        place.is_over = true;
    }

    fn release(&self) {
        let mut state = self.state.lock().unwrap();
        match state.1.pop_front() {
            Some(first) => first.notify_one(),
            None => state.0 += 1,
        }
    }
}

struct Waiting<'a> {
    fair: &'a Fair,
    waits: Arc<Notify>,
    is_over: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut state = self.fair.state.lock().unwrap();
        let before = state.1.len();
        state.1.retain(|other| !Arc::ptr_eq(other, &self.waits));
        let was_granted = state.1.len() == before;
        drop(state);
        if was_granted {
            self.fair.release();
        }
    }
}

async fn queues(hands_on: bool) {
    let fair = Arc::new(Fair::default());
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let fair = Arc::clone(&fair);
            tokio::spawn(async move {
                fair.acquire(hands_on).await;
                fair.release();
            })
        })
        .collect();
    yield_now().await;
    fair.release();
    for task in tasks {
        let _ = task.await;
    }
    fair.acquire(hands_on).await;
}

#[test]
fn the_cancelled_head_of_a_queue_wakes_nobody() {
    let words = ["is dropped at this await", "the future of task"];
    fails_if_cancelled(On::OneThread, FailureKind::Deadlock, &words, || queues(false));
    is_verified(On::OneThread, || queues(true));
}

#[test]
fn tokios_own_primitives_survive_it() {
    is_verified(On::OneThread, || async {
        let semaphore = Arc::new(Semaphore::new(1));
        let tasks: Vec<_> = (1..=2)
            .map(|count| {
                let semaphore = Arc::clone(&semaphore);
                tokio::spawn(async move { drop(semaphore.acquire_many(count).await) })
            })
            .collect();
        yield_now().await;
        semaphore.add_permits(1);
        for task in tasks {
            let _ = task.await;
        }
        assert_eq!(semaphore.available_permits(), 2);
    });
}

#[test]
fn as_many_as_are_wanted_are_dropped() {
    let body = || async {
        let tasks: Vec<_> = (0..2).map(|_| tokio::spawn(yield_now())).collect();
        let mut cancelled = 0;
        for task in tasks {
            cancelled += u32::from(task.await.is_err());
        }
        assert!(cancelled < 2, "both");
    };
    is_verified(On::OneThread, body);
    let report = run(Config::new().cancel(2), On::OneThread, body);
    assert!(report.to_string().contains("both"), "{report}");
    let report = run(Config::new().cancel(1), On::Workers, body);
    assert!(report.passed(), "{report}");
}

#[test]
fn time_passes_until_a_timer_is_over() {
    let in_order = || async {
        let start = time::Instant::now();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        tokio::spawn(async move { sender.send(()) });
        if time::timeout(Duration::from_secs(10), receiver).await.is_err() {
            assert!(start.elapsed() >= Duration::from_secs(10), "a timeout is over before its time");
        }
        // A shorter timer is over before a longer one.
        time::timeout(Duration::from_secs(10), time::sleep(Duration::from_secs(1)))
            .await
            .expect("time enough");
    };
    is_verified(On::OneThread, in_order);
}
