//! Mirror of tokio's `Semaphore`; what `Mutex`, `RwLock` and `OnceCell` are made of as well, as in tokio.
//!
//! Each execution has a semaphore of its own, under the number of the object: one in a `static` begins each with the permits that
//! it was made with.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::rt::op::ObjectId;
use crate::rt::op::verb::Verb;
use crate::rt::{Current, Identity, current};
use crate::tokio::act::{Site, act_on};
use crate::tokio::leaf::Taking;
use crate::tokio::runtime::block_outside_tasks;
use crate::tokio::table::state_of;

pub use ::tokio::sync::{AcquireError, TryAcquireError};
use ::tokio::sync::{OwnedSemaphorePermit as RealPermits, Semaphore as Real};

/// A semaphore, under the name of what is made of it.
pub(super) struct Permits {
    identity: Identity,
    name: &'static str,
    initial: usize,
    outside: Real,
}

impl Permits {
    #[track_caller]
    pub(super) const fn new(name: &'static str, initial: usize) -> Permits {
        Permits { identity: Identity::new(), name, initial, outside: Real::const_new(initial) }
    }

    pub(super) fn site(&self, location: &'static Location<'static>) -> Site<'_> {
        Site { identity: &self.identity, name: self.name, location }
    }

    /// The one of the running execution, and its object.
    fn inside(&self) -> Option<(Current, ObjectId, Arc<Real>)> {
        let current = current()?;
        let object = current.async_object(&self.identity, self.name);
        Some((current, object, state_of(current, object, || Real::new(self.initial))))
    }

    /// Does something to the semaphore in one step, which says besides whether it has stayed as it was.
    fn act<R>(
        &self,
        verb: Verb,
        location: &'static Location<'static>,
        act: impl FnOnce(&Real) -> (R, bool),
    ) -> R {
        match self.inside() {
            Some((_, object, inside)) => act_on(object, verb, location, || act(&inside)),
            None => act(&self.outside).0,
        }
    }

    /// Takes permits, once there are as many and it is one's turn.
    pub(super) fn take(
        &self,
        count: u32,
        verb: Verb,
        location: &'static Location<'static>,
    ) -> impl Future<Output = Result<(), AcquireError>> + Send + '_ {
        match self.inside() {
            Some((_, _, inside)) => {
                // With permits in hand, it learns that the semaphore was closed meanwhile.
                let again = |permits: RealPermits| match permits.semaphore().is_closed() {
                    true => Err(closed_error(permits.semaphore())),
                    false => Ok(permits),
                };
                let taking = inside.acquire_many_owned(count);
                let taking = Taking::new(&self.site(location), verb, taking, again);
                Either::Inside(async move { taking.await.map(|permits| permits.forget()) })
            }
            None => Either::Outside(async move {
                self.outside.acquire_many(count).await.map(|permits| permits.forget())
            }),
        }
    }

    /// Takes permits if there are as many.
    pub(super) fn try_take(
        &self,
        count: u32,
        verb: Verb,
        location: &'static Location<'static>,
    ) -> Result<(), TryAcquireError> {
        let take = |real: &Real| real.try_acquire_many(count).map(|permits| permits.forget());
        let Some((current, object, inside)) = self.inside() else { return take(&self.outside) };
        let result = act_on(object, verb, location, || {
            let result = take(&inside);
            let is_same = result.is_err();
            (result, is_same)
        });
        if result.is_ok() {
            current.note_lock(object, verb, location);
        }
        result
    }

    /// Gives permits back, or more.
    pub(super) fn give(&self, count: usize, verb: Verb, location: &'static Location<'static>) {
        let Some((current, object, inside)) = self.inside() else { return self.outside.add_permits(count) };
        act_on(object, verb, location, || (inside.add_permits(count), count == 0));
        if matches!(verb, Verb::Unlock | Verb::Downgrade) {
            current.note_unlock(object, verb == Verb::Downgrade);
        }
    }

    pub(super) fn available(&self, location: &'static Location<'static>) -> usize {
        self.act(Verb::Look, location, |real| (real.available_permits(), true))
    }

    pub(super) fn forget(&self, count: usize, location: &'static Location<'static>) -> usize {
        self.act(Verb::Forget, location, |real| (real.forget_permits(count), false))
    }

    pub(super) fn close(&self, location: &'static Location<'static>) {
        self.act(Verb::Close, location, |real| (real.close(), false));
    }

    pub(super) fn is_closed(&self, location: &'static Location<'static>) -> bool {
        self.act(Verb::Look, location, |real| (real.is_closed(), true))
    }

    /// How many there are, for printing: no operation.
    pub(super) fn peek(&self) -> usize {
        self.inside()
            .map_or_else(|| self.outside.available_permits(), |(.., inside)| inside.available_permits())
    }
}

/// The error of a semaphore that is closed.
#[cold]
fn closed_error(semaphore: &Arc<Real>) -> AcquireError {
    let none = pin!(Arc::clone(semaphore).acquire_many_owned(0));
    match none.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(error)) => error,
        _ => unreachable!("a semaphore that is closed stays so"),
    }
}

/// One of two futures.
pub(super) enum Either<A, B> {
    Inside(A),
    Outside(B),
}

impl<A: Future, B: Future<Output = A::Output>> Future for Either<A, B> {
    type Output = A::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<A::Output> {
        // SAFETY: what is in it is pinned with it, and moved nowhere.
        unsafe {
            match self.get_unchecked_mut() {
                Either::Inside(future) => Pin::new_unchecked(future).poll(context),
                Either::Outside(future) => Pin::new_unchecked(future).poll(context),
            }
        }
    }
}

/// Mirror of [tokio's `sync::Semaphore`](::tokio::sync::Semaphore).
pub struct Semaphore {
    permits: Permits,
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore").field("permits", &self.permits.peek()).finish()
    }
}

impl Semaphore {
    /// As many permits as there can be.
    pub const MAX_PERMITS: usize = Real::MAX_PERMITS;

    /// A semaphore with so many permits.
    #[track_caller]
    pub fn new(permits: usize) -> Semaphore {
        Semaphore::const_new(permits)
    }

    /// The same, for statics.
    #[track_caller]
    pub const fn const_new(permits: usize) -> Semaphore {
        Semaphore { permits: Permits::new("Semaphore", permits) }
    }

    /// How many permits there are.
    #[track_caller]
    pub fn available_permits(&self) -> usize {
        self.permits.available(Location::caller())
    }

    /// Adds permits.
    #[track_caller]
    pub fn add_permits(&self, count: usize) {
        self.permits.give(count, Verb::Release, Location::caller());
    }

    /// Takes permits away, as many as there are of so many. Returns how many.
    #[track_caller]
    pub fn forget_permits(&self, count: usize) -> usize {
        self.permits.forget(count, Location::caller())
    }

    /// Waits for a permit.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> + Send {
        self.acquire_many(1)
    }

    /// Waits for permits.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire_many(
        &self,
        count: u32,
    ) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> + Send {
        let location = Location::caller();
        let taking = self.permits.take(count, Verb::Acquire, location);
        async move {
            taking.await?;
            Ok(SemaphorePermit { semaphore: self, count, location })
        }
    }

    /// Blocks the thread until there is a permit.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    ///
    /// # Panics
    ///
    /// Inside a task.
    #[track_caller]
    pub fn blocking_acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        block_outside_tasks(self.acquire())
    }

    /// Blocks the thread until there are so many permits.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    ///
    /// # Panics
    ///
    /// Inside a task.
    #[track_caller]
    pub fn blocking_acquire_many(&self, count: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        block_outside_tasks(self.acquire_many(count))
    }

    /// Blocks the thread until there is a permit, which borrows nothing.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    ///
    /// # Panics
    ///
    /// Inside a task.
    #[track_caller]
    pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        block_outside_tasks(self.acquire_owned())
    }

    /// Blocks the thread until there are so many permits, which borrow nothing.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    ///
    /// # Panics
    ///
    /// Inside a task.
    #[track_caller]
    pub fn blocking_acquire_many_owned(
        self: Arc<Self>,
        count: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        block_outside_tasks(self.acquire_many_owned(count))
    }

    /// Takes a permit if there is one.
    ///
    /// # Errors
    ///
    /// If there is none, or the semaphore is closed.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes permits if there are as many.
    ///
    /// # Errors
    ///
    /// If there are not, or the semaphore is closed.
    #[track_caller]
    pub fn try_acquire_many(&self, count: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        let location = Location::caller();
        self.permits.try_take(count, Verb::TryAcquire, location)?;
        Ok(SemaphorePermit { semaphore: self, count, location })
    }

    /// Waits for a permit that borrows nothing.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire_owned(
        self: Arc<Self>,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send {
        self.acquire_many_owned(1)
    }

    /// Waits for permits that borrow nothing.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire_many_owned(
        self: Arc<Self>,
        count: u32,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send {
        let location = Location::caller();
        async move {
            self.permits.take(count, Verb::Acquire, location).await?;
            Ok(OwnedSemaphorePermit { semaphore: self, count, location })
        }
    }

    /// Takes a permit that borrows nothing, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none, or the semaphore is closed.
    #[track_caller]
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// Takes permits that borrow nothing, if there are as many.
    ///
    /// # Errors
    ///
    /// If there are not, or the semaphore is closed.
    #[track_caller]
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        count: u32,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        let location = Location::caller();
        self.permits.try_take(count, Verb::TryAcquire, location)?;
        Ok(OwnedSemaphorePermit { semaphore: self, count, location })
    }

    /// Closes the semaphore: who waits for permits gets an error.
    #[track_caller]
    pub fn close(&self) {
        self.permits.close(Location::caller());
    }

    /// Whether it is closed.
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.permits.is_closed(Location::caller())
    }
}

/// Mirror of [tokio's `sync::SemaphorePermit`](::tokio::sync::SemaphorePermit).
#[must_use]
#[derive(Debug)]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    count: u32,
    location: &'static Location<'static>,
}

/// Mirror of [tokio's `sync::OwnedSemaphorePermit`](::tokio::sync::OwnedSemaphorePermit).
#[must_use]
#[derive(Debug)]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    count: u32,
    location: &'static Location<'static>,
}

macro_rules! permit_methods {
    (($($generics:tt)*) $name:ty, $semaphore:ty, $is_same:expr, $clone:expr) => {
        impl $($generics)* $name {
            /// Does not give the permits back.
            pub fn forget(mut self) {
                self.count = 0;
            }

            /// Takes the permits of `other`, of the same semaphore.
            ///
            /// # Panics
            ///
            /// If it is of another one.
            #[track_caller]
            pub fn merge(&mut self, mut other: Self) {
                let is_same: fn(&$semaphore, &$semaphore) -> bool = $is_same;
                assert!(
                    is_same(&self.semaphore, &other.semaphore),
                    "merging permits from different semaphore instances"
                );
                self.count += std::mem::take(&mut other.count);
            }

            /// Splits so many permits off, if there are as many.
            pub fn split(&mut self, count: usize) -> Option<Self> {
                let count = u32::try_from(count).ok().filter(|&count| count <= self.count)?;
                self.count -= count;
                let clone: fn(&$semaphore) -> $semaphore = $clone;
                Some(Self { semaphore: clone(&self.semaphore), count, location: self.location })
            }

            /// How many permits these are.
            pub fn num_permits(&self) -> usize {
                self.count as usize
            }
        }

        impl $($generics)* Drop for $name {
            fn drop(&mut self) {
                if self.count > 0 {
                    self.semaphore.permits.give(self.count as usize, Verb::Release, self.location);
                }
            }
        }
    };
}

permit_methods! { (<'a>) SemaphorePermit<'a>, &'a Semaphore, |a, b| std::ptr::eq(*a, *b), |semaphore| *semaphore }
permit_methods! { () OwnedSemaphorePermit, Arc<Semaphore>, Arc::ptr_eq, Arc::clone }

impl OwnedSemaphorePermit {
    /// The semaphore.
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }
}
