//! What primitives *are*: the state of each, as plain data, and when its blocking operations are enabled (`permits`).
//!
//! A state machine also says who stands in the way of a waiter (`holders`, for reports), and what each operation does to the
//! number that stands for its state in an execution graph (`value`, `outcome`). What operations change besides, in clocks and in
//! who waits, is said in `primitives`; blocking and waking are the kernel's.

mod atomic;
mod barrier;
mod channel;
mod condvar;
mod mutex;
mod once;
mod operated;
mod runtime;
mod rwlock;
mod semaphore;
pub(crate) mod table;
mod thread;
mod waker;

use crate::rt::op::key::Entry;
use crate::rt::op::limits::Strict;
use crate::rt::op::outcome::Holder;
use crate::rt::op::rule::Outcome;
use crate::rt::op::{Op, OpKind, ThreadId};

pub(crate) use atomic::{AtomicState, Residence};
pub(crate) use barrier::{BarrierState, LEADER, RELEASED, WAITING};
pub(crate) use channel::{ChannelState, Delivery};
pub(crate) use condvar::CondvarState;
pub(crate) use mutex::MutexState;
pub(crate) use once::{Made, OncePhase, OnceState};
pub(crate) use operated::OperatedState;
pub(crate) use runtime::{RuntimeState, outcome as outcome_of_runtime};
pub(crate) use rwlock::RwLockState;
pub(crate) use semaphore::SemaphoreState;
pub(crate) use thread::ThreadState;
pub(crate) use waker::WakerState;

/// The state machine of a primitive. Lists of threads are the object's `entries`.
pub(crate) trait Primitive: Copy {
    /// Whether `thread` can execute the blocking operation `op` now.
    fn permits(&self, entries: &[Entry], op: &Op, thread: ThreadId) -> bool {
        let _ = (entries, op, thread);
        true
    }

    /// Who keeps the waiters of this object waiting, as far as the object knows.
    fn holders(&self, entries: &[Entry]) -> Vec<Holder> {
        let _ = entries;
        Vec::new()
    }

    /// The number that stands for the state, or for a part of it, in an execution graph.
    fn value(&self, entries: &[Entry], part: u32, strict: Strict) -> u64 {
        let _ = (entries, part, strict);
        0
    }

    /// What becomes of that number where an operation finds it, and makes a choice; see `op::rule`.
    fn outcome(kind: OpKind, argument: u64, value: u64, choice: u32) -> Outcome {
        let _ = (kind, argument, value, choice);
        Outcome::Reads
    }
}

/// A state of which it is known what it is the state of.
pub(crate) trait StateOf: Primitive {
    fn of(state: &mut State) -> Option<&mut Self>;
}

macro_rules! primitives {
    ($($name:ident($state:ty),)*) => {
        /// The state of one object.
        #[derive(Clone, Copy, Debug)]
        pub(crate) enum State { $($name($state),)* }

        impl State {
            /// As [`Primitive::permits`].
            #[inline]
            pub(crate) fn permits(&self, entries: &[Entry], op: &Op, thread: ThreadId) -> bool {
                match self { $(State::$name(state) => state.permits(entries, op, thread),)* }
            }

            /// As [`Primitive::holders`].
            pub(crate) fn holders(&self, entries: &[Entry]) -> Vec<Holder> {
                match self { $(State::$name(state) => state.holders(entries),)* }
            }

            /// As [`Primitive::value`].
            pub(crate) fn value(&self, entries: &[Entry], part: u32, strict: Strict) -> u64 {
                match self { $(State::$name(state) => state.value(entries, part, strict),)* }
            }

            /// As [`Primitive::outcome`].
            pub(crate) fn outcome(&self) -> fn(OpKind, u64, u64, u32) -> Outcome {
                match self { $(State::$name(_) => <$state>::outcome,)* }
            }
        }

        $(impl StateOf for $state {
            #[inline]
            fn of(state: &mut State) -> Option<&mut $state> {
                match state {
                    State::$name(state) => Some(state),
                    _ => None,
                }
            }
        })*
    };
}

primitives! {
    Thread(ThreadState),
    Mutex(MutexState),
    RwLock(RwLockState),
    Condvar(CondvarState),
    Barrier(BarrierState),
    Once(OnceState),
    Semaphore(SemaphoreState),
    Channel(ChannelState),
    Waker(WakerState),
    Runtime(RuntimeState),
    Operated(OperatedState),
    Atomic(AtomicState),
    Memory(MemoryState),
}

impl State {
    /// Whether a thread has panicked while it held this lock.
    pub(crate) fn poisoned(&mut self) -> &mut bool {
        match self {
            State::Mutex(state) => &mut state.poisoned,
            State::RwLock(state) => &mut state.poisoned,
            other => unreachable!("{other:?} is no lock"),
        }
    }
}

/// The state of plain memory that is watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoryState {
    /// Which of the kernel's histories has its accesses.
    pub(crate) history: u32,
}

impl Primitive for MemoryState {}
