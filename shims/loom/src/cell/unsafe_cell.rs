//! `UnsafeCell`: loom's, which hands out pointers that know how long they are used.
//!
//! A release in the middle of an access hands the content over: what a thread has done to it before comes before what
//! others do after an acquire, although the access lasts still. So it is in loom, and code relies on it: a struct
//! that holds a [`MutPtr`] and sets a flag in its destructor, which runs before the field is dropped.

use std::fmt;

use drawloom::cell::{Access, Shadow};

use crate::outside;

/// An [`std::cell::UnsafeCell`] whose accesses are checked for races.
pub struct UnsafeCell<T: ?Sized> {
    shadow: Shadow,
    data: std::cell::UnsafeCell<T>,
}

/// An access that lasts.
struct Lasting(Option<Access>);

impl Lasting {
    fn new(access: Access) -> Lasting {
        Lasting(Some(access))
    }
}

impl Drop for Lasting {
    fn drop(&mut self) {
        if let Some(access) = self.0.take() {
            access.end_as_begun();
        }
    }
}

/// A pointer for reading; the cell is being read until it is dropped.
pub struct ConstPtr<T: ?Sized> {
    _access: Lasting,
    pointer: *const T,
}

/// A pointer for reading and writing; the cell is being written until it is dropped.
pub struct MutPtr<T: ?Sized> {
    _access: Lasting,
    pointer: *mut T,
}

impl<T> UnsafeCell<T> {
    /// Creates a cell with this content.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn new(data: T) -> UnsafeCell<T> {
        outside::check("loom::cell::UnsafeCell");
        // A thread that does not know that the content was written must not look.
        UnsafeCell { shadow: Shadow::written("UnsafeCell"), data: std::cell::UnsafeCell::new(data) }
    }

    /// Unwraps the content.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Calls `f` with a pointer for reading; a race fails the model.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn with<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*const T) -> R,
    {
        outside::check("loom::cell::UnsafeCell");
        let _access = Lasting::new(self.shadow.read());
        f(self.data.get())
    }

    /// Calls `f` with a pointer for reading and writing; a race fails the model.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn with_mut<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*mut T) -> R,
    {
        outside::check("loom::cell::UnsafeCell");
        let _access = Lasting::new(self.shadow.write());
        f(self.data.get())
    }

    /// A pointer for reading; a race, while it lives, fails the model.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn get(&self) -> ConstPtr<T> {
        outside::check("loom::cell::UnsafeCell");
        ConstPtr { _access: Lasting::new(self.shadow.read()), pointer: self.data.get() }
    }

    /// A pointer for reading and writing; a race, while it lives, fails the model.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn get_mut(&self) -> MutPtr<T> {
        outside::check("loom::cell::UnsafeCell");
        MutPtr { _access: Lasting::new(self.shadow.write()), pointer: self.data.get() }
    }
}

impl<T: Default> Default for UnsafeCell<T> {
    #[track_caller]
    fn default() -> UnsafeCell<T> {
        UnsafeCell::new(T::default())
    }
}

impl<T> From<T> for UnsafeCell<T> {
    #[track_caller]
    fn from(data: T) -> UnsafeCell<T> {
        UnsafeCell::new(data)
    }
}

impl<T: ?Sized> fmt::Debug for UnsafeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsafeCell").finish_non_exhaustive()
    }
}

impl<T: ?Sized> ConstPtr<T> {
    /// Looks through the pointer.
    ///
    /// # Safety
    ///
    /// As for a dereference of the `*const T`: the cell must be alive, and its content must not be changed
    /// while the reference lives. Keep the reference no longer than the `ConstPtr`, whose access the model sees.
    pub unsafe fn deref(&self) -> &T {
        // SAFETY: the caller vouches for it.
        unsafe { &*self.pointer }
    }

    /// Calls `f` with the pointer itself, which it must not keep: the model sees the access for as long as the
    /// `ConstPtr` lives.
    pub fn with<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*const T) -> R,
    {
        f(self.pointer)
    }
}

impl<T: ?Sized> fmt::Debug for ConstPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConstPtr").finish_non_exhaustive()
    }
}

impl<T: ?Sized> MutPtr<T> {
    /// Looks through the pointer.
    ///
    /// # Safety
    ///
    /// As for a mutable dereference of the `*mut T`: the cell must be alive, and nobody else may reach its
    /// content while the reference lives. Keep the reference no longer than the `MutPtr`, whose access the model sees.
    #[expect(clippy::mut_from_ref, reason = "it stands for a raw pointer, which does the same")]
    pub unsafe fn deref(&self) -> &mut T {
        // SAFETY: the caller vouches for it.
        unsafe { &mut *self.pointer }
    }

    /// Calls `f` with the pointer itself, which it must not keep: the model sees the access for as long as the
    /// `MutPtr` lives.
    pub fn with<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*mut T) -> R,
    {
        f(self.pointer)
    }
}

impl<T: ?Sized> fmt::Debug for MutPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutPtr").finish_non_exhaustive()
    }
}
