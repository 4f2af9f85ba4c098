//! Mirror of tokio's `Notify`.
//!
//! To begin to wait is an act as well as each poll: what is waited for counts from the call of `notified` on, and a program may be
//! wrong by having looked at something just before it. Each execution has a state of its own, as that of a semaphore.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use crate::rt::op::verb::Verb;
use crate::rt::{Identity, current};
use crate::tokio::act::Site;
use crate::tokio::leaf::Leaf;
use crate::tokio::table::state_of;

use ::tokio::sync::Notify as Real;
use ::tokio::sync::futures::OwnedNotified as RealNotified;

/// Mirror of [tokio's `sync::Notify`](::tokio::sync::Notify).
pub struct Notify {
    identity: Identity,
    name: &'static str,
    outside: OnceLock<Arc<Real>>,
}

impl UnwindSafe for Notify {}
impl RefUnwindSafe for Notify {}

impl Notify {
    /// One that nobody waits for.
    #[track_caller]
    pub fn new() -> Notify {
        Notify::const_new()
    }

    /// The same, for statics.
    #[track_caller]
    pub const fn const_new() -> Notify {
        Notify::named("Notify")
    }

    /// One that is a part of something else.
    #[track_caller]
    pub(super) const fn named(name: &'static str) -> Notify {
        Notify { identity: Identity::new(), name, outside: OnceLock::new() }
    }

    fn site(&self, location: &'static Location<'static>) -> Site<'_> {
        Site { identity: &self.identity, name: self.name, location }
    }

    /// The one of the running execution.
    fn real(&self) -> Arc<Real> {
        match current() {
            Some(current) => {
                let object = current.async_object(&self.identity, self.name);
                state_of(current, object, Real::new)
            }
            None => Arc::clone(self.outside.get_or_init(|| Arc::new(Real::new()))),
        }
    }

    pub(super) fn wait(&self, location: &'static Location<'static>) -> Leaf<RealNotified> {
        let (site, real) = (self.site(location), self.real());
        let future = site.act(Verb::Subscribe, || (real.notified_owned(), true));
        Leaf::without_budget(&site, Verb::Notified, future)
    }

    /// Waits for a notification.
    #[track_caller]
    pub fn notified(&self) -> Notified<'_> {
        Notified { leaf: self.wait(Location::caller()), marker: PhantomData }
    }

    /// Waits for a notification; the future borrows nothing.
    #[track_caller]
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        let leaf = self.wait(Location::caller());
        OwnedNotified { leaf, notify: self }
    }

    /// Notifies who waits longest, or who will wait next.
    #[track_caller]
    pub fn notify_one(&self) {
        let real = self.real();
        self.site(Location::caller()).change(Verb::NotifyOne, || real.notify_one());
    }

    /// Notifies who began to wait last, or who will wait next.
    #[track_caller]
    pub fn notify_last(&self) {
        let real = self.real();
        self.site(Location::caller()).change(Verb::NotifyOne, || real.notify_last());
    }

    /// Notifies all that wait.
    #[track_caller]
    pub fn notify_waiters(&self) {
        let real = self.real();
        self.site(Location::caller()).change(Verb::NotifyAll, || real.notify_waiters());
    }
}

impl Default for Notify {
    #[track_caller]
    fn default() -> Notify {
        Notify::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify").finish_non_exhaustive()
    }
}

/// Mirror of [tokio's `sync::futures::Notified`](::tokio::sync::futures::Notified).
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Notified<'a> {
    leaf: Leaf<RealNotified>,
    marker: PhantomData<&'a Notify>,
}

/// Mirror of [tokio's `sync::futures::OwnedNotified`](::tokio::sync::futures::OwnedNotified).
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct OwnedNotified {
    leaf: Leaf<RealNotified>,
    #[expect(dead_code, reason = "lives as long")]
    notify: Arc<Notify>,
}

macro_rules! notified {
    ($(<$lifetime:lifetime>)? $name:ident) => {
        impl $name$(<$lifetime>)? {
            fn leaf(self: Pin<&mut Self>) -> Pin<&mut Leaf<RealNotified>> {
                // SAFETY: the leaf is pinned with the future, and moved nowhere.
                unsafe { self.map_unchecked_mut(|notified| &mut notified.leaf) }
            }

            /// Begins to wait without being polled. Whether there is a notification already.
            pub fn enable(self: Pin<&mut Self>) -> bool {
                self.leaf().operate(|future| future.enable())
            }
        }

        impl Future for $name$(<$lifetime>)? {
            type Output = ();

            fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
                self.leaf().poll(context)
            }
        }

        impl fmt::Debug for $name$(<$lifetime>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

notified! { <'_> Notified }
notified! { OwnedNotified }
