//! What operations *do*: the calls of the faces, one file a primitive. Each says what it changes in the state of its object, what
//! it joins of the clocks, and who is looked at again; how a thread waits and who goes on is `run`'s.

mod atomic;
mod atomic_memory;
mod atomic_operation;
mod barrier;
mod cancellation;
mod channel;
mod condvar;
mod giving_way;
mod lock_notes;
mod mutex;
mod once;
mod operate;
mod plain;
mod plain_atomic;
mod poison;
mod rwlock;
mod semaphore;
mod task_notes;
mod task_timer;
mod tasks;
mod thread;
mod tracked;
mod waker;

pub(crate) use atomic::{Exchange, InstrumentedAtomic};
pub(crate) use atomic_operation::Begun;
pub(crate) use channel::SendOutcome;
pub(crate) use condvar::Wakeup;
pub(crate) use once::OnceEntry;
pub(crate) use plain::{Made, Memory, OpenAccess};
pub(crate) use tasks::{Next, Sleeper};
