//! The sending end.

use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, PoisonError};

use super::error::SendError;
use super::receiver::Receiver;
use super::waiters::Woken;
use super::waiting::Waiting;
use super::{Ref, Shared, State};
use crate::rt::op::verb::Verb;

/// Mirror of [tokio's `sync::watch::Sender`](::tokio::sync::watch::Sender).
#[derive(Debug)]
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// The sender of a channel without receivers.
    #[track_caller]
    #[must_use]
    pub fn new(init: T) -> Sender<T> {
        Sender { shared: Shared::new(init) }
    }

    pub(super) fn shared(&self) -> &Arc<Shared<T>> {
        &self.shared
    }

    /// Sends a value, which replaces the last one.
    ///
    /// # Errors
    ///
    /// If there is no receiver: the value.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.receivers() == 0 {
            return Err(SendError(value));
        }
        self.send_replace(value);
        Ok(())
    }

    /// Changes the value, and tells the receivers.
    ///
    /// # Panics
    ///
    /// If `modify` does. The receivers are told nothing then.
    #[track_caller]
    pub fn send_modify<F: FnOnce(&mut T)>(&self, modify: F) {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// Changes the value, and tells the receivers if `modify` returns that it has changed something. Returns that, too.
    ///
    /// # Panics
    ///
    /// If `modify` does. The receivers are told nothing then.
    #[track_caller]
    pub fn send_if_modified<F: FnOnce(&mut T) -> bool>(&self, modify: F) -> bool {
        let mut value = self.shared.value.write().unwrap_or_else(PoisonError::into_inner);
        if !modify(&mut value) {
            return false;
        }
        let woken = self.shared.change(Verb::Send, Location::caller(), |state| {
            state.version = state.version.wrapping_add(1);
            state.for_change.take()
        });
        drop(value);
        woken.wake();
        true
    }

    /// Sends a value, whether there is a receiver or not. Returns the last one.
    #[track_caller]
    pub fn send_replace(&self, mut value: T) -> T {
        self.send_modify(|last| std::mem::swap(last, &mut value));
        value
    }

    /// The value. Nobody can send another one while it is borrowed.
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        let (value, _) = self.shared.read(Location::caller());
        Ref { value, has_changed: false }
    }

    /// Whether there is no receiver.
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.receivers() == 0
    }

    /// Waits until there is no receiver.
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        let place = (Verb::AwaitClosed, Location::caller());
        Waiting::new(
            &*self.shared,
            place,
            |state| &mut state.for_end,
            |state: &State| (state.receivers == 0).then_some(()),
        )
    }

    /// A receiver that has seen the present value.
    #[track_caller]
    pub fn subscribe(&self) -> Receiver<T> {
        let version = self.shared.change(Verb::Subscribe, Location::caller(), |state| {
            state.receivers += 1;
            state.version
        });
        Receiver::of(&self.shared, version)
    }

    /// How many receivers there are.
    #[track_caller]
    pub fn receiver_count(&self) -> usize {
        self.shared.count(Location::caller(), |state| state.receivers)
    }

    /// The same, where only none and some are told apart: what is cloned is none of the former.
    #[track_caller]
    fn receivers(&self) -> usize {
        self.shared.look(Location::caller(), |state| state.receivers)
    }

    /// How many senders there are.
    #[track_caller]
    pub fn sender_count(&self) -> usize {
        self.shared.count(Location::caller(), |state| state.senders)
    }

    /// Whether both send to the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        // Nobody depends on there being one more: no act.
        self.shared.with(|state| state.senders += 1);
        Sender { shared: Arc::clone(&self.shared) }
    }
}

impl<T: Default> Default for Sender<T> {
    #[track_caller]
    fn default() -> Sender<T> {
        Sender::new(T::default())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let woken = self.shared.change(Verb::DropSender, self.shared.location(), |state| {
            state.senders -= 1;
            if state.senders == 0 { state.for_change.take() } else { Woken::default() }
        });
        woken.wake();
    }
}
