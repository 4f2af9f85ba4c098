//! Locks and permits.

use drawloom::FailureKind::{Deadlock, Panic};
use drawloom::sync::Arc;
use drawloom::tokio::sync::{Mutex, Semaphore};
use drawloom::tokio::task::{LocalSet, spawn_local, yield_now};
use drawloom::tokio::{self, task};

use super::{On, finds, is_verified};

/// Two accounts, locked in the order in which they are named.
async fn pay(payer: &Mutex<i64>, payee: &Mutex<i64>) {
    let mut payer = payer.lock().await;
    let mut payee = payee.lock().await;
    *payer -= 1;
    *payee += 1;
}

async fn two_payments(in_one_order: bool) {
    let (ours, theirs) = (Arc::new(Mutex::new(5)), Arc::new(Mutex::new(5)));
    let (left, right) = (Arc::clone(&ours), Arc::clone(&theirs));
    let other = tokio::spawn(async move {
        if in_one_order { pay(&left, &right).await } else { pay(&right, &left).await }
    });
    pay(&ours, &theirs).await;
    other.await.unwrap();
}

#[test]
fn two_locks_in_both_orders_are_a_deadlock_of_tasks() {
    let words = ["no task can go on: main and task 1 wait", "main waits to lock Mutex", "taken by task 1"];
    finds(On::OneThread, Deadlock, &words, || two_payments(false));
    finds(On::Workers, Deadlock, &["task 1 waits to lock Mutex"], || two_payments(false));
}

#[test]
fn two_locks_in_one_order_are_verified() {
    assert!(is_verified(On::OneThread, || two_payments(true)) <= 6);
}

async fn take_two(permits: Arc<Semaphore>, at_once: bool) {
    if at_once {
        let _both = permits.acquire_many(2).await.unwrap();
    } else {
        let _one = permits.acquire().await.unwrap();
        let _other = permits.acquire().await.unwrap();
    }
}

async fn two_that_need_both(at_once: bool) {
    let permits = Arc::new(Semaphore::new(2));
    let other = tokio::spawn(take_two(Arc::clone(&permits), at_once));
    take_two(permits, at_once).await;
    other.await.unwrap();
}

#[test]
fn permits_taken_one_by_one_are_a_deadlock() {
    let words = ["waits to acquire Semaphore", "taken by"];
    finds(On::OneThread, Deadlock, &words, || two_that_need_both(false));
    assert!(is_verified(On::OneThread, || two_that_need_both(true)) <= 4);
}

/// Sells one seat; whether it is looked at again under the lock under which it is sold.
async fn sell(seats: Arc<Mutex<u32>>, keeps_lock: bool) -> bool {
    let mut guard = seats.lock().await;
    if *guard == 0 {
        return false;
    }
    if !keeps_lock {
        drop(guard);
        yield_now().await;
        guard = seats.lock().await;
    }
    *guard = guard.checked_sub(1).expect("sold twice");
    true
}

async fn sells_to_two(keeps_lock: bool) {
    let seats = Arc::new(Mutex::new(1));
    let other = tokio::spawn(sell(Arc::clone(&seats), keeps_lock));
    let mine = sell(seats, keeps_lock).await;
    assert!(mine ^ other.await.unwrap());
}

#[test]
fn a_check_before_an_await_is_no_check() {
    finds(On::OneThread, Panic, &["sold twice", "lock `seats`"], || sells_to_two(false));
    is_verified(On::OneThread, || sells_to_two(true));
}

/// A guard that blocks, held over an await or not, while another task of the thread wants the lock.
async fn adds_up(over_await: bool) {
    let body = async {
        let sum = Arc::new(drawloom::sync::Mutex::new(0));
        let theirs = Arc::clone(&sum);
        let other = spawn_local(async move {
            let mut guard = theirs.lock().unwrap();
            if over_await {
                yield_now().await;
            }
            *guard += 1;
        });
        yield_now().await;
        *sum.lock().unwrap() += 1;
        other.await.unwrap();
    };
    LocalSet::new().run_until(body).await;
}

#[test]
fn a_blocking_guard_over_an_await_is_told() {
    let words = ["holds the guard that it took", "over the await", "blocks the thread that polls it"];
    finds(On::OneThread, Deadlock, &words, || adds_up(true));
    is_verified(On::OneThread, || adds_up(false));
}

/// Waits for the lock in a future that is kept and not polled any more, and then for the same lock.
async fn waits_twice(in_a_task: bool) {
    let lock = Arc::new(Mutex::new(0));
    let theirs = Arc::clone(&lock);
    let holder = tokio::spawn(async move {
        let mut guard = theirs.lock().await;
        yield_now().await;
        *guard += 1;
    });
    yield_now().await;
    let ours = Arc::clone(&lock);
    let first = async move { *ours.lock().await += 1 };
    if in_a_task {
        let mut first = tokio::spawn(first);
        tokio::select! { biased; _ = &mut first => {} () = yield_now() => {} }
        *lock.lock().await += 1;
    } else {
        let mut first = Box::pin(first);
        tokio::select! { biased; () = &mut first => {} () = yield_now() => {} }
        *lock.lock().await += 1;
        drop(first);
    }
    holder.await.unwrap();
}

#[test]
fn a_lock_granted_to_a_future_that_nobody_polls_is_told() {
    let words = ["futurelock: nobody holds what main waits for", "that main does not poll any more"];
    finds(On::OneThread, Deadlock, &words, || waits_twice(false));
    super::passes(On::OneThread, || waits_twice(true));
}

#[test]
fn a_blocking_wait_for_a_task_of_the_same_thread_is_told() {
    let blocks = || async {
        let (sender, receiver) = drawloom::sync::mpsc::channel();
        let other = task::spawn(async move { sender.send(7).unwrap() });
        assert_eq!(receiver.recv().unwrap(), 7);
        other.await.unwrap();
    };
    let words = ["task 1 could go on, but main blocks the thread that polls it"];
    finds(On::OneThread, Deadlock, &words, blocks);
    is_verified(On::OneThread, || async {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let other = task::spawn(async move { sender.send(7).unwrap() });
        assert_eq!(receiver.await.unwrap(), 7);
        other.await.unwrap();
    });
}
