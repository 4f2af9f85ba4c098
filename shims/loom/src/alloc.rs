//! Memory whose leaks are failures: `alloc`, `alloc_zeroed`, `dealloc`, and [`Track`] for values.

#[doc(no_inline)]
pub use std::alloc::Layout;

use std::fmt;

use crate::outside;

/// Allocates memory that has to be given back with [`dealloc`] before the execution ends; see
/// [`std::alloc::alloc`].
///
/// # Safety
///
/// As for [`std::alloc::alloc`].
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub unsafe fn alloc(layout: Layout) -> *mut u8 {
    outside::check("loom::alloc::alloc");
    // SAFETY: the caller vouches for what std's function asks.
    unsafe { drawloom::alloc::alloc(layout) }
}

/// As [`alloc`], and filled with zeros; see [`std::alloc::alloc_zeroed`].
///
/// # Safety
///
/// As for [`std::alloc::alloc_zeroed`].
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
    outside::check("loom::alloc::alloc_zeroed");
    // SAFETY: the caller vouches for what std's function asks.
    unsafe { drawloom::alloc::alloc_zeroed(layout) }
}

/// Gives memory back that [`alloc`] or [`alloc_zeroed`] has allocated; see [`std::alloc::dealloc`].
///
/// # Safety
///
/// As for [`std::alloc::dealloc`].
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub unsafe fn dealloc(ptr: *mut u8, layout: Layout) {
    outside::check("loom::alloc::dealloc");
    // SAFETY: the caller vouches for what std's function asks.
    unsafe { drawloom::alloc::dealloc(ptr, layout) }
}

/// A value that has to be dropped, or taken out, before the execution ends.
pub struct Track<T>(drawloom::alloc::Track<T>);

impl<T> Track<T> {
    /// Starts to watch over a value.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn new(value: T) -> Track<T> {
        outside::check("loom::alloc::Track");
        Track(drawloom::alloc::Track::new(value))
    }

    /// The value.
    pub fn get_ref(&self) -> &T {
        self.0.get_ref()
    }

    /// The value, to change.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }

    /// The value, which nobody watches over any more.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: fmt::Debug> fmt::Debug for Track<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Track").field(self.get_ref()).finish()
    }
}
