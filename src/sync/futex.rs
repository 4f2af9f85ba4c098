//! Futexes, for code that calls the operating system itself: `futex(2)`, `FUTEX_WAIT` and `FUTEX_WAKE`.
//!
//! A word that an atomic of drawloom has is known by its address, so code that nobody has written for drawloom waits in the model. What
//! the system does in one piece (compare the word, and wait) is done with a lock held, and whoever wakes others takes the same lock:
//! as in the system, whose hash bucket has one. Any waiter may be woken first, where the system takes the first that came.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::atomic::{AtomicU32, IDENTITY_OF_WORD};
use super::{Arc, Condvar, Mutex, PoisonError};
use crate::rt::current;
use crate::rt::op::Choice;

/// How a wait has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FutexWait {
    /// Another thread has woken this one.
    Woken,
    /// The word had another value than was expected.
    HasChanged,
    /// The time was over.
    TimedOut,
}

/// A thread that waits. It is taken from its list where it is woken.
struct Waiter {
    ticket: u64,
    woken: Arc<Condvar>,
}

/// The threads that wait at one address, and how many have waited there.
#[derive(Default)]
struct Waiters {
    all: Vec<Waiter>,
    tickets: u64,
}

thread_local! {
    /// Those of the execution that this OS thread runs.
    static WAITERS: RefCell<BTreeMap<usize, Arc<Mutex<Waiters>>>> = const { RefCell::new(BTreeMap::new()) };
}

/// An execution begins.
pub fn forget_futexes() {
    WAITERS.take();
}

fn waiters(address: usize) -> Arc<Mutex<Waiters>> {
    WAITERS.with_borrow_mut(|waiters| Arc::clone(waiters.entry(address).or_default()))
}

/// The atomic whose value is at this address, if one of the running execution is there.
fn word<'a>(address: *const u32) -> Option<&'a AtomicU32> {
    let identity = address.addr() + IDENTITY_OF_WORD;
    // SAFETY: an atomic of 32 bits of this execution is there, which begins with its value; `AtomicI32` has the same layout. Whoever
    // makes the call says that it is alive, since the system would read it.
    current()?.has_word(identity).then(|| unsafe { &*address.cast() })
}

/// Waits until another thread wakes this one, if the word has the value that is expected; `None` if no atomic of the execution has it.
#[track_caller]
pub fn futex_wait(address: *const u32, expected: u32, timeout: Option<Duration>) -> Option<FutexWait> {
    let word = word(address)?;
    let waiters = waiters(address.addr());
    let mut waiters = waiters.lock().unwrap_or_else(PoisonError::into_inner);
    // The system reads the newest value: as a modification does that changes nothing.
    if word.fetch_add(0, Ordering::Relaxed) != expected {
        return Some(FutexWait::HasChanged);
    }
    waiters.tickets += 1;
    let (ticket, woken) = (waiters.tickets, Arc::new(Condvar::new()));
    waiters.all.push(Waiter { ticket, woken: Arc::clone(&woken) });
    let waits = |waiters: &mut Waiters| waiters.all.iter().any(|waiter| waiter.ticket == ticket);
    let Some(timeout) = timeout else {
        drop(woken.wait_while(waiters, waits).unwrap_or_else(PoisonError::into_inner));
        return Some(FutexWait::Woken);
    };
    let waited = woken.wait_timeout_while(waiters, timeout, waits);
    let (mut waiters, result) = waited.unwrap_or_else(PoisonError::into_inner);
    waiters.all.retain(|waiter| waiter.ticket != ticket);
    Some(if result.timed_out() { FutexWait::TimedOut } else { FutexWait::Woken })
}

/// Wakes so many threads that wait for the word: how many there were. `None` if no atomic of the execution has it.
#[track_caller]
pub fn futex_wake(address: *const u32, count: u32) -> Option<u32> {
    word(address)?;
    let waiters = waiters(address.addr());
    let mut waiters = waiters.lock().unwrap_or_else(PoisonError::into_inner);
    let mut woken = 0;
    while woken < count && !waiters.all.is_empty() {
        let waiting = waiters.all.len();
        let is_choice = ((count - woken) as usize) < waiting;
        let chosen = match current().filter(|_| is_choice) {
            Some(mut current) => current.execution().choose(Choice::Notified, waiting),
            None => 0,
        };
        waiters.all.remove(chosen).woken.notify_one();
        woken += 1;
    }
    Some(woken)
}
