//! `Condvar`, its timeouts, and `Barrier`.

use super::facade::sync::{
    Arc, Barrier, BarrierWaitResult, Condvar, LockResult, Mutex, MutexGuard, WaitTimeoutResult,
};
use super::facade::thread;
use super::facade::time::Duration;
use super::panic_of;

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(100);

static READY: (Mutex<bool>, Condvar) = (Mutex::new(true), Condvar::new());

pub(crate) fn condvar(log: &mut Vec<String>) {
    let pair = Arc::new((Mutex::new(0), Condvar::new()));
    let waiter = {
        let pair = Arc::clone(&pair);
        thread::spawn(move || {
            let (count, changed) = &*pair;
            let mut guard: MutexGuard<'_, i32> = count.lock().unwrap();
            while *guard < 1 {
                guard = changed.wait(guard).unwrap();
            }
            *guard += 1;
            changed.notify_all();
            *guard
        })
    };
    let (count, changed) = &*pair;
    *count.lock().unwrap() += 1;
    changed.notify_one();
    let guard: LockResult<MutexGuard<'_, i32>> =
        changed.wait_while(count.lock().unwrap(), |count| *count < 2);
    show!(log, guard);
    drop(guard);
    show!(log, waiter.join().unwrap());

    let guard = READY.1.wait_while(READY.0.lock().unwrap(), |ready| !*ready).unwrap();
    show!(log, guard);
    drop(guard);

    let gate = (Mutex::new(false), Condvar::default());
    let passed = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let open = gate.1.wait_while(gate.0.lock().unwrap(), |open| !*open).unwrap();
                drop(open);
                *passed.lock().unwrap() += 1;
            });
        }
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
    });
    show!(log, passed);
    show!(log, gate);
    traits!(log, Condvar, WaitTimeoutResult);
}

pub(crate) fn timeouts(log: &mut Vec<String>) {
    let (mutex, condvar) = (Mutex::new(1), Condvar::new());
    let (guard, result): (_, WaitTimeoutResult) = condvar.wait_timeout(mutex.lock().unwrap(), SHORT).unwrap();
    show!(log, (&guard, result, result.timed_out()));
    show!(log, result == result.clone());
    let (mut guard, result) = condvar.wait_timeout_while(guard, SHORT, |value| *value == 1).unwrap();
    *guard += 1;
    show!(log, (&guard, result));
    let (guard, result) = condvar.wait_timeout_while(guard, LONG, |value| *value == 1).unwrap();
    show!(log, (&guard, result));
    let (guard, notified) = condvar.wait_timeout_ms(guard, 1).unwrap();
    show!(log, (&guard, notified));
    drop(guard);

    // What comes before the deadline ends the wait without a timeout.
    let (done, changed) = (Mutex::new(false), Condvar::new());
    thread::scope(|scope| {
        let mut guard = done.lock().unwrap();
        scope.spawn(|| {
            *done.lock().unwrap() = true;
            changed.notify_one();
        });
        while !*guard {
            let (next, result) = changed.wait_timeout(guard, LONG).unwrap();
            show!(log, result);
            guard = next;
        }
        show!(log, guard);
    });
    let finished = thread::scope(|scope| {
        let guard = done.lock().unwrap();
        scope.spawn(|| {
            *done.lock().unwrap() = false;
            changed.notify_all();
        });
        changed.wait_timeout_while(guard, LONG, |done| *done).unwrap().1
    });
    show!(log, finished);
}

pub(crate) fn poisoning(log: &mut Vec<String>) {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    show!(
        log,
        panic_of(|| {
            let _guard = mutex.lock().unwrap();
            panic!("while locked");
        })
    );
    let guard = mutex.lock().unwrap_err().into_inner();
    let error = condvar.wait_timeout(guard, SHORT).unwrap_err();
    show!(log, error);
    let (guard, result) = error.into_inner();
    show!(log, result);
    let error = condvar.wait_timeout_while(guard, SHORT, |_| true).unwrap_err();
    show!(log, error.get_ref().1);
    let (guard, _) = error.into_inner();
    let guard = condvar.wait_while(guard, |_| false);
    show!(log, guard.is_err());
    drop(guard);
    mutex.clear_poison();

    // The condition may panic; the guard that it holds poisons.
    show!(
        log,
        panic_of(|| {
            let _guard = condvar.wait_while(mutex.lock().unwrap(), |_| panic!("in the condition"));
        })
    );
    show!(log, mutex.is_poisoned());
}

static BARRIER: Barrier = Barrier::new(1);

pub(crate) fn barrier(log: &mut Vec<String>) {
    let barrier = Arc::new(Barrier::new(3));
    let handles: Vec<_> = (0..3)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || {
                let results: [BarrierWaitResult; 2] = [barrier.wait(), barrier.wait()];
                results.map(|result| usize::from(result.is_leader()))
            })
        })
        .collect();
    let mut leaders = [0; 2];
    for handle in handles {
        let led = handle.join().unwrap();
        leaders.iter_mut().zip(led).for_each(|(leaders, led)| *leaders += led);
    }
    show!(log, leaders);
    show!(log, barrier);
    show!(log, BARRIER.wait());
    show!(log, BARRIER.wait().is_leader());
    show!(log, Barrier::new(0).wait());
    traits!(log, Barrier, BarrierWaitResult);
}
