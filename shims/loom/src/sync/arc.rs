//! `Arc`: its count is an atomic of the model, with the operations and orderings of std's `Arc`, and one that is
//! left at the end of an execution is a leak.
//!
//! The value is in a std `Arc`, since only that can hold an unsized value ([`Arc::from_std`]); every `Arc` here has
//! one of its references. The count is beside it, in a table of the execution (`counts`), from which
//! [`Arc::from_raw`] gets it by the value's address. It stays there when it has become 0, so an `Arc` that is
//! released too often is told, and what it points to is left alone.

use std::borrow::Borrow;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc as StdArc;

use drawloom::sync::atomic::fence;

use super::atomic::Ordering::{Acquire, Relaxed, Release};
use super::counts::{Count, CountId};
use crate::outside;

/// A reference-counted value; see [`std::sync::Arc`].
pub struct Arc<T: ?Sized> {
    count: CountId,
    /// Not dropped by whoever finds that the value is gone already.
    value: ManuallyDrop<StdArc<T>>,
}

impl<T> Arc<T> {
    /// Creates an `Arc` of this value.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn new(value: T) -> Arc<T> {
        Arc::with_value(StdArc::new(value))
    }

    /// Creates a pinned `Arc` of this value.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn pin(data: T) -> Pin<Arc<T>> {
        // SAFETY: the value is in a std `Arc` that was never shared, and stays there until it is dropped: who
        // has the pin has no `Arc` that it could be taken out of.
        unsafe { Pin::new_unchecked(Arc::new(data)) }
    }

    /// Takes the value out of its only `Arc`.
    ///
    /// # Errors
    ///
    /// The `Arc`, if there are others.
    #[track_caller]
    pub fn try_unwrap(this: Arc<T>) -> Result<T, Arc<T>> {
        outside::check("loom::sync::Arc");
        let count = this.count();
        if count.strong.compare_exchange(1, 0, Relaxed, Relaxed).is_err() {
            return Err(this);
        }
        fence(Acquire);
        count.has_become_zero(Arc::as_ptr(&this).cast());
        match StdArc::try_unwrap(this.into_value()) {
            Ok(value) => Ok(value),
            // Whoever lowered the count has released its reference in the same step.
            Err(_) => unreachable!("the last Arc's value has other references"),
        }
    }
}

impl<T: ?Sized> Arc<T> {
    /// Makes an `Arc` of a std `Arc`: the way to one of an unsized value.
    ///
    /// # Panics
    ///
    /// If the std `Arc` is not the only one, or outside a model.
    #[track_caller]
    pub fn from_std(mut std: StdArc<T>) -> Arc<T> {
        assert!(StdArc::get_mut(&mut std).is_some(), "Arc provided to `from_std` is not unique");
        Arc::with_value(std)
    }

    #[track_caller]
    fn with_value(value: StdArc<T>) -> Arc<T> {
        outside::check("loom::sync::Arc");
        let count = CountId::new(StdArc::as_ptr(&value).cast());
        Arc { count, value: ManuallyDrop::new(value) }
    }

    /// How many `Arc`s of this value there are.
    #[track_caller]
    pub fn strong_count(this: &Arc<T>) -> usize {
        outside::check("loom::sync::Arc");
        this.count().strong.load(Relaxed)
    }

    /// Adds a reference to what `ptr` points to.
    ///
    /// # Safety
    ///
    /// The pointer must be one that [`Arc::into_raw`] has given, of an `Arc` that is not released yet.
    #[track_caller]
    pub unsafe fn increment_strong_count(ptr: *const T) {
        // SAFETY: the caller vouches for the pointer; what it stands for is given back below.
        let arc = unsafe { Arc::from_raw(ptr) };
        let _ = Arc::into_raw(Arc::clone(&arc));
        let _ = Arc::into_raw(arc);
    }

    /// Releases a reference to what `ptr` points to.
    ///
    /// # Safety
    ///
    /// As for [`Arc::increment_strong_count`].
    #[track_caller]
    pub unsafe fn decrement_strong_count(ptr: *const T) {
        // SAFETY: the caller vouches for the pointer.
        drop(unsafe { Arc::from_raw(ptr) });
    }

    /// The value, to change, if this is its only `Arc`.
    #[track_caller]
    pub fn get_mut(this: &mut Arc<T>) -> Option<&mut T> {
        outside::check("loom::sync::Arc");
        if this.count().strong.load(Acquire) != 1 {
            return None;
        }
        StdArc::get_mut(&mut this.value)
    }

    /// Whether two `Arc`s have the same value.
    pub fn ptr_eq(this: &Arc<T>, other: &Arc<T>) -> bool {
        StdArc::ptr_eq(&this.value, &other.value)
    }

    /// Turns the `Arc` into a pointer, which stands for its reference.
    pub fn into_raw(this: Arc<T>) -> *const T {
        StdArc::into_raw(this.into_value())
    }

    /// Where the value is.
    pub fn as_ptr(this: &Arc<T>) -> *const T {
        StdArc::as_ptr(&this.value)
    }

    /// Turns a pointer of [`Arc::into_raw`] back into an `Arc`.
    ///
    /// # Safety
    ///
    /// The pointer must come from [`Arc::into_raw`], with a value of the same size and alignment, and each stands
    /// for one `Arc` only.
    ///
    /// # Panics
    ///
    /// If there is no `Arc` of this value in the running execution, or outside a model.
    #[track_caller]
    pub unsafe fn from_raw(ptr: *const T) -> Arc<T> {
        outside::check("loom::sync::Arc");
        let Some(count) = CountId::at(ptr.cast()) else {
            panic!(
                "Arc::from_raw was given a pointer of which there is no Arc in this execution: it does not come from \
                 Arc::into_raw, or its Arc has been released"
            )
        };
        // SAFETY: the caller vouches for the pointer.
        let value = unsafe { StdArc::from_raw(ptr) };
        Arc { count, value: ManuallyDrop::new(value) }
    }

    fn into_value(self) -> StdArc<T> {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is not used again, and its destructor does not run.
        unsafe { ManuallyDrop::take(&mut this.value) }
    }

    #[track_caller]
    fn count(&self) -> Rc<Count> {
        let Some(count) = self.count.get() else {
            panic!("an Arc of an execution that has ended is used in another one; keep it inside the model")
        };
        count
    }
}

impl<T: ?Sized> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> Clone for Arc<T> {
    #[track_caller]
    fn clone(&self) -> Arc<T> {
        outside::check("loom::sync::Arc");
        self.count().strong.fetch_add(1, Relaxed);
        Arc { count: self.count, value: self.value.clone() }
    }
}

impl<T: ?Sized> Drop for Arc<T> {
    #[track_caller]
    fn drop(&mut self) {
        // One that was kept longer than its execution only drops what it has.
        if let Some(count) = self.count.get() {
            match count.strong.fetch_sub(1, Release) {
                0 => {
                    // The value is gone, and with it the reference that this would be: it is not dropped.
                    assert!(
                        drawloom::thread::panicking(),
                        "Arc is already released: it was released more often than it was taken"
                    );
                    return;
                }
                1 => {
                    fence(Acquire);
                    count.has_become_zero(Arc::as_ptr(self).cast());
                }
                _ => {}
            }
        }
        // SAFETY: the value is not used again.
        unsafe { ManuallyDrop::drop(&mut self.value) };
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Default> Default for Arc<T> {
    #[track_caller]
    fn default() -> Arc<T> {
        Arc::new(T::default())
    }
}

impl<T> From<T> for Arc<T> {
    #[track_caller]
    fn from(t: T) -> Arc<T> {
        Arc::new(t)
    }
}

impl<T: ?Sized> AsRef<T> for Arc<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized> Borrow<T> for Arc<T> {
    fn borrow(&self) -> &T {
        self
    }
}
