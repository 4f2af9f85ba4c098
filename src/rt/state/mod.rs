//! What operations *mean*: one state machine a primitive, each readable alone.
//!
//! A state machine says when its blocking operations are enabled (`permits`), what each operation changes
//! (methods of `Current`, called by the faces), which clocks it joins, and who stands in the way of a waiter
//! (`holders`, for reports). Blocking, waking, choosing and recording are the kernel's.

mod atomic;
mod barrier;
mod channel;
mod condvar;
mod mutex;
mod once;
mod rwlock;
mod semaphore;
mod thread;
mod waker;

use super::object::Entry;
use super::op::{Op, ThreadId};
use super::outcome::Holder;

pub(crate) use atomic::{AtomicState, Exchange, InstrumentedAtomic};
pub(crate) use barrier::BarrierState;
pub(crate) use channel::{ChannelState, Delivery, SendOutcome};
pub(crate) use condvar::{CondvarState, Wakeup};
pub(crate) use mutex::MutexState;
pub(crate) use once::{Made, OnceEntry, OnceModel, OncePhase};
pub(crate) use rwlock::{ANNOUNCED, BEHIND_WRITERS, RwLockState};
pub(crate) use semaphore::SemaphoreState;
pub(crate) use thread::ThreadState;
pub(crate) use waker::WakerState;

/// The state of one object. Lists of threads are the object's `entries`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum State {
    Thread(ThreadState),
    Mutex(MutexState),
    RwLock(RwLockState),
    Condvar(CondvarState),
    Barrier(BarrierState),
    Once(OnceModel),
    Semaphore(SemaphoreState),
    Channel(ChannelState),
    Waker(WakerState),
    Atomic(AtomicState),
    /// Plain memory: which of the kernel's histories has its accesses.
    Memory(u32),
}

impl State {
    /// Whether `thread` can execute the blocking operation `op` now.
    #[inline]
    pub(crate) fn permits(&self, entries: &[Entry], op: &Op, thread: ThreadId) -> bool {
        match self {
            State::Mutex(state) => state.permits(),
            State::Thread(state) => state.permits(op),
            State::RwLock(state) => state.permits(entries, op),
            State::Condvar(_) => false,
            State::Barrier(_) => barrier::permits(entries, thread),
            State::Once(state) => state.permits(op),
            State::Semaphore(state) => state.permits(op),
            State::Channel(state) => state.permits(op),
            State::Waker(state) => state.permits(),
            State::Atomic(_) | State::Memory(_) => true,
        }
    }

    /// Who keeps the waiters of this object waiting, as far as the object knows.
    pub(crate) fn holders(&self, entries: &[Entry]) -> Vec<Holder> {
        match self {
            State::Mutex(state) => state.owner.into_iter().collect(),
            State::RwLock(state) => state.holders(entries),
            State::Once(state) => state.holders(),
            State::Semaphore(_) => entries.iter().map(Holder::from).collect(),
            State::Thread(_)
            | State::Condvar(_)
            | State::Barrier(_)
            | State::Channel(_)
            | State::Waker(_)
            | State::Atomic(_)
            | State::Memory(_) => Vec::new(),
        }
    }
}
