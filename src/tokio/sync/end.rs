//! An end of a channel: one of tokio's, and the identity that all ends of the channel share.
//!
//! Dropping an end closes the channel, or wakes somebody, or drops what is in the channel: that is an act.

use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::rt::op::verb::Verb;
use crate::rt::{Identity, current};
use crate::tokio::act::Site;

/// What the model knows a channel by.
pub(super) struct Channel {
    identity: Identity,
    name: &'static str,
    /// How many messages are in it, if it has no bound.
    queued: AtomicU64,
}

impl Channel {
    #[track_caller]
    pub(super) fn new(name: &'static str) -> Arc<Channel> {
        Arc::new(Channel { identity: Identity::new(), name, queued: AtomicU64::new(0) })
    }

    pub(super) fn site(&self, location: &'static Location<'static>) -> Site<'_> {
        Site { identity: &self.identity, name: self.name, location }
    }

    /// A message was sent although there is no bound.
    pub(super) fn note_sent(&self, location: &'static Location<'static>) {
        if let Some(current) = current() {
            let count = self.queued.fetch_add(1, Ordering::Relaxed) + 1;
            current.note_queued(count, self.location(), location);
        }
    }

    /// So many messages were received.
    pub(super) fn note_received(&self, count: usize) {
        let left = self.queued.load(Ordering::Relaxed).saturating_sub(count as u64);
        self.queued.store(left, Ordering::Relaxed);
    }

    /// Where it was made.
    pub(super) fn location(&self) -> &'static Location<'static> {
        self.identity.location()
    }
}

/// An end of tokio's under control.
pub(super) struct End<R> {
    real: ManuallyDrop<R>,
    channel: Arc<Channel>,
    leaving: Verb,
    location: &'static Location<'static>,
    is_over: bool,
    /// How many messages are in the channel that nobody receives once this end is gone.
    unreceived: fn(&R) -> usize,
}

impl<R> End<R> {
    /// `leaving`: what it is to drop it.
    pub(super) fn new(real: R, channel: &Arc<Channel>, leaving: Verb) -> End<R> {
        End::at(real, channel, leaving, channel.location())
    }

    /// The same; where, if not where the channel was made.
    pub(super) fn at(
        real: R,
        channel: &Arc<Channel>,
        leaving: Verb,
        location: &'static Location<'static>,
    ) -> End<R> {
        let (real, channel) = (ManuallyDrop::new(real), Arc::clone(channel));
        End { real, channel, leaving, location, is_over: false, unreceived: |_| 0 }
    }

    /// The one end that receives, of a channel in which there are so many messages.
    pub(super) fn receiving(real: R, channel: &Arc<Channel>, unreceived: fn(&R) -> usize) -> End<R> {
        let mut end = End::new(real, channel, Verb::DropReceiver);
        end.unreceived = unreceived;
        end
    }

    pub(super) fn channel(&self) -> &Arc<Channel> {
        &self.channel
    }

    pub(super) fn location(&self) -> &'static Location<'static> {
        self.location
    }

    pub(super) fn real(&self) -> &R {
        &self.real
    }

    pub(super) fn real_mut(&mut self) -> &mut R {
        &mut self.real
    }

    /// The end and its channel, apart: for a method of tokio's that is at another place, and for one that needs both.
    pub(super) fn both(&mut self) -> (&mut R, &Arc<Channel>) {
        (&mut self.real, &self.channel)
    }

    /// The end itself, for a method that consumes it.
    pub(super) fn take(self) -> (R, Arc<Channel>) {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped, and used no more.
        unsafe { (ManuallyDrop::take(&mut this.real), std::ptr::read(&this.channel)) }
    }

    /// Dropping it means nothing from now on.
    pub(super) fn set_over(&mut self) {
        self.is_over = true;
    }

    pub(super) fn change<A>(
        &self,
        verb: Verb,
        location: &'static Location<'static>,
        act: impl FnOnce(&R) -> A,
    ) -> A {
        self.channel.site(location).change(verb, || act(&self.real))
    }

    /// Asks for a count that clones change without a step.
    pub(super) fn count<A>(&self, location: &'static Location<'static>, act: impl FnOnce(&R) -> A) -> A {
        self.channel.site(location).count(|| act(&self.real))
    }

    pub(super) fn look<A>(&self, location: &'static Location<'static>, act: impl FnOnce(&R) -> A) -> A {
        self.channel.site(location).look(|| act(&self.real))
    }
}

impl<R> Drop for End<R> {
    fn drop(&mut self) {
        let count = (self.unreceived)(&self.real);
        let real = &mut self.real;
        let mut drop_it = || {
            // SAFETY: dropped here and nowhere else.
            unsafe { ManuallyDrop::drop(real) }
        };
        if self.is_over {
            return drop_it();
        }
        let (site, name) = (self.channel.site(self.location), self.channel.name);
        site.change(self.leaving, || {
            drop_it();
            if let (1.., Some(current)) = (count, current()) {
                current.note_unreceived(name, site.identity.location(), count);
            }
        });
    }
}
