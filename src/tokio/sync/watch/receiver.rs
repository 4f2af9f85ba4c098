//! The receiving end.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::error::RecvError;
use super::waiters::Woken;
use super::waiting::Waiting;
use super::{Ref, Shared, State, closed};
use crate::rt::op::verb::Verb;
use crate::rt::tasks::LeafKind;
use crate::tokio::act::gives_way;

/// Mirror of [tokio's `sync::watch::Receiver`](::tokio::sync::watch::Receiver).
#[derive(Debug)]
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The version that it has seen.
    version: u64,
}

/// `gives_way`: whether the task may give way before.
async fn changed<T>(
    shared: &Shared<T>,
    seen: &mut u64,
    gives_way: bool,
    location: &'static Location<'static>,
) -> Result<(), RecvError> {
    let last = *seen;
    let check = move |state: &State| {
        if state.version != last {
            return Some(Some(state.version));
        }
        (state.senders == 0).then_some(None)
    };
    let waiting = Waiting::new(shared, (Verb::Changed, location), |state| &mut state.for_change, check);
    let waiting = if gives_way { waiting } else { waiting.at_once() };
    *seen = waiting.await.ok_or_else(closed)?;
    Ok(())
}

/// The task may give way before each poll of the future, as if that were one operation.
async fn cooperative<T, F: Future>(
    shared: &Shared<T>,
    location: &'static Location<'static>,
    future: F,
) -> F::Output {
    let mut future = pin!(future);
    let awaits = shared.site(location).object().map(|object| (object, LeafKind::Operation));
    let poll = |context: &mut Context<'_>| {
        if awaits.is_some_and(|leaf| gives_way(context, leaf, Verb::Changed, location)) {
            return Poll::Pending;
        }
        future.as_mut().poll(context)
    };
    poll_fn(poll).await
}

impl<T> Receiver<T> {
    /// The one of a new channel.
    pub(super) fn first(shared: &Arc<Shared<T>>) -> Receiver<T> {
        shared.with(|state| state.receivers += 1);
        Receiver::of(shared, 0)
    }

    /// One that is counted already.
    pub(super) fn of(shared: &Arc<Shared<T>>, version: u64) -> Receiver<T> {
        Receiver { shared: Arc::clone(shared), version }
    }

    /// The value. Nobody can send another one while it is borrowed.
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        let (value, version) = self.shared.read(Location::caller());
        Ref { value, has_changed: version != self.version }
    }

    /// The value, which is seen from now on.
    #[track_caller]
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let (value, version) = self.shared.read(Location::caller());
        let has_changed = version != std::mem::replace(&mut self.version, version);
        Ref { value, has_changed }
    }

    /// Whether there is a value that it has not seen.
    ///
    /// # Errors
    ///
    /// If there is no sender.
    #[track_caller]
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        let look = |state: &mut State| (state.senders == 0, state.version);
        match self.shared.look(Location::caller(), look) {
            (true, _) => Err(closed()),
            (false, version) => Ok(version != self.version),
        }
    }

    /// Whether there is no sender.
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.shared.look(Location::caller(), |state| state.senders == 0)
    }

    /// Counts the value as not seen.
    pub fn mark_changed(&mut self) {
        self.version = self.version.wrapping_sub(1);
    }

    /// Counts the value as seen.
    #[track_caller]
    pub fn mark_unchanged(&mut self) {
        self.version = self.shared.look(Location::caller(), |state| state.version);
    }

    /// Waits for a value that it has not seen, and counts it as seen.
    ///
    /// # Errors
    ///
    /// If there is none, and no sender.
    #[track_caller]
    pub fn changed(&mut self) -> impl Future<Output = Result<(), RecvError>> {
        changed(&self.shared, &mut self.version, true, Location::caller())
    }

    /// Waits for a value that is as wanted, the present one included, and counts it as seen.
    ///
    /// # Errors
    ///
    /// If there is none, and no sender.
    ///
    /// # Panics
    ///
    /// If `is_wanted` does.
    #[track_caller]
    pub fn wait_for(
        &mut self,
        mut is_wanted: impl FnMut(&T) -> bool,
    ) -> impl Future<Output = Result<Ref<'_, T>, RecvError>> {
        let location = Location::caller();
        // Apart, since a value that is returned is borrowed up to the end.
        let (shared, seen) = (&*self.shared, &mut self.version);
        let wait = async move {
            let mut is_closed = false;
            loop {
                {
                    let (value, version) = shared.read(location);
                    let has_changed = version != std::mem::replace(seen, version);
                    // The last value is asked about once.
                    if (!is_closed || has_changed) && is_wanted(&value) {
                        return Ok(Ref { value, has_changed });
                    }
                }
                if is_closed {
                    return Err(closed());
                }
                is_closed = changed(shared, seen, false, location).await.is_err();
            }
        };
        cooperative(shared, location, wait)
    }

    /// Whether both receive from the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        // Nobody depends on there being one more: no act.
        self.shared.with(|state| state.receivers += 1);
        Receiver::of(&self.shared, self.version)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let woken = self.shared.change(Verb::DropReceiver, self.shared.location(), |state| {
            state.receivers -= 1;
            if state.receivers == 0 { state.for_end.take() } else { Woken::default() }
        });
        woken.wake();
    }
}
