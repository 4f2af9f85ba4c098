//! Mirror of [tokio's `sync::watch`](::tokio::sync::watch).
//!
//! The one channel that is not tokio's own: its `Ref` holds a lock of std's, for which a thread of the model would wait unseen. So
//! the value is in drawloom's `RwLock`, which blocks the thread as well, and the version is changed while that is held. What is
//! looked at and changed besides is so in acts.

mod receiver;
mod sender;
mod waiters;
mod waiting;

use std::ops::Deref;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};

use self::waiters::Waiters;
use crate::rt::Identity;
use crate::rt::op::verb::Verb;
use crate::sync::{RwLock, RwLockReadGuard};
use crate::tokio::act::Site;

pub use ::tokio::sync::watch::error;

pub use receiver::Receiver;
pub use sender::Sender;

const NAME: &str = "watch channel";

/// Mirror of [tokio's `sync::watch::channel`](::tokio::sync::watch::channel).
#[track_caller]
pub fn channel<T>(init: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(init);
    let receiver = Receiver::first(sender.shared());
    (sender, receiver)
}

/// What all ends share.
#[derive(Debug)]
struct Shared<T> {
    identity: Hidden,
    value: RwLock<T>,
    state: Mutex<State>,
}

/// The identity, which is not printed.
struct Hidden(Identity);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(NAME)
    }
}

#[derive(Debug)]
struct State {
    version: u64,
    senders: usize,
    receivers: usize,
    /// Who waits for another version.
    for_change: Waiters,
    /// Who waits until there is no receiver.
    for_end: Waiters,
}

impl<T> Shared<T> {
    #[track_caller]
    fn new(value: T) -> Arc<Shared<T>> {
        let waiters = (Waiters::default(), Waiters::default());
        let state = State { version: 0, senders: 1, receivers: 0, for_change: waiters.0, for_end: waiters.1 };
        let identity = Hidden(Identity::new());
        Arc::new(Shared { identity, value: RwLock::new(value), state: Mutex::new(state) })
    }

    fn site(&self, location: &'static Location<'static>) -> Site<'_> {
        Site { identity: &self.identity.0, name: NAME, location }
    }

    /// Where the channel was made.
    fn location(&self) -> &'static Location<'static> {
        self.identity.0.location()
    }

    /// Does something to the state, in no act: it is one already, or nobody can see when it is done.
    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<R>(
        &self,
        verb: Verb,
        location: &'static Location<'static>,
        act: impl FnOnce(&mut State) -> R,
    ) -> R {
        self.site(location).change(verb, || self.with(act))
    }

    fn count<R>(&self, location: &'static Location<'static>, act: impl FnOnce(&mut State) -> R) -> R {
        self.site(location).count(|| self.with(act))
    }

    fn look<R>(&self, location: &'static Location<'static>, act: impl FnOnce(&mut State) -> R) -> R {
        self.site(location).look(|| self.with(act))
    }

    /// The value, and its version: that changes only while nobody reads.
    fn read(&self, location: &'static Location<'static>) -> (RwLockReadGuard<'_, T>, u64) {
        // One who panics while he changes the value leaves it as it is.
        let value = self.value.read_at(location).unwrap_or_else(PoisonError::into_inner);
        let version = self.with(|state| state.version);
        (value, version)
    }
}

/// Mirror of [tokio's `sync::watch::Ref`](::tokio::sync::watch::Ref).
#[derive(Debug)]
pub struct Ref<'a, T> {
    value: RwLockReadGuard<'a, T>,
    has_changed: bool,
}

impl<T> Ref<'_, T> {
    /// Whether this value is one that the receiver had not marked as seen.
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The error of tokio's, which only tokio makes.
fn closed() -> error::RecvError {
    let (sender, receiver) = ::tokio::sync::watch::channel(());
    drop(sender);
    receiver.has_changed().expect_err("it has no sender")
}
