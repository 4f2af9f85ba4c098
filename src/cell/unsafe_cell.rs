//! `UnsafeCell`: std's, whose accesses the race detector sees.

use std::fmt;
use std::mem::ManuallyDrop;

use super::CellExt;
use super::shadow::Shadow;

/// Mirror of [`std::cell::UnsafeCell`], whose accesses by [`with`](CellExt::with) and [`with_mut`](CellExt::with_mut) are
/// checked for data races; see [the module](super).
///
/// ```
/// use drawloom::cell::{CellExt, UnsafeCell};
/// use drawloom::sync::Arc;
/// use drawloom::{Config, FailureKind, explore, thread};
///
/// struct Counter(UnsafeCell<u32>);
/// // SAFETY: none; this is the bug.
/// unsafe impl Sync for Counter {}
///
/// let report = explore(Config::new(), || {
///     let counter = Arc::new(Counter(UnsafeCell::new(0)));
///     let other = Arc::clone(&counter);
///     let thread = thread::spawn(move || {
///         // SAFETY: none.
///         other.0.with_mut(|count| unsafe { *count += 1 });
///     });
///     // SAFETY: none.
///     counter.0.with(|count| unsafe { *count });
///     thread.join().unwrap();
/// });
/// assert!(report.failed_with(FailureKind::DataRace));
/// ```
#[repr(C)]
pub struct UnsafeCell<T: ?Sized> {
    shadow: Shadow,
    content: std::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// Makes a cell with this content. That it is written now, and by whom, is not seen: a `const` function cannot tell.
    /// [`UnsafeCell::from`] is seen.
    #[track_caller]
    pub const fn new(value: T) -> UnsafeCell<T> {
        let shadow = Shadow::new("UnsafeCell");
        UnsafeCell { shadow, content: std::cell::UnsafeCell::new(value) }
    }

    /// Unwraps the content.
    pub const fn into_inner(self) -> T {
        let this = ManuallyDrop::new(self);
        let this = (&raw const this).cast::<UnsafeCell<T>>();
        // SAFETY: a `ManuallyDrop` has the layout of what it wraps, and `content` that of its content, which is not used
        // again. (A move out of `self.content` would be a possible drop, which `const` forbids.)
        unsafe { (&raw const (*this).content).cast::<T>().read() }
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Looks at a value as a cell: std's, whose accesses are not seen.
    pub const fn from_mut(value: &mut T) -> &mut std::cell::UnsafeCell<T> {
        std::cell::UnsafeCell::from_mut(value)
    }

    /// Where the content is. What is done through the pointer stays unseen; [`with`](CellExt::with) and
    /// [`with_mut`](CellExt::with_mut) say what is done, and when it ends.
    pub const fn get(&self) -> *mut T {
        self.content.get()
    }

    /// Lends the content, which nobody else can reach meanwhile. Not checked: what makes a reference exclusive may be
    /// the counts of an [`Arc`](crate::sync::Arc), which are not seen. So this is what a destructor is to use, unless the
    /// counts are of your own: then [`with_mut`](CellExt::with_mut) finds out whether they order it.
    pub const fn get_mut(&mut self) -> &mut T {
        self.content.get_mut()
    }

    /// Where the content of a cell is, without a reference to the cell.
    #[expect(clippy::not_unsafe_ptr_arg_deref, reason = "nothing is read: this is the address of a field")]
    pub const fn raw_get(this: *const UnsafeCell<T>) -> *mut T {
        // SAFETY: no access, only the address of a field; the pointer is to memory for a cell, as std's asks for as well.
        let content = unsafe { &raw const (*this).content };
        std::cell::UnsafeCell::raw_get(content)
    }
}

impl<T: ?Sized> CellExt<T> for UnsafeCell<T> {
    fn with<R>(&self, access: impl FnOnce(*const T) -> R) -> R {
        let _access = self.shadow.read();
        access(self.get())
    }

    fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        let _access = self.shadow.write();
        access(self.get())
    }
}

impl<T: ?Sized> fmt::Debug for UnsafeCell<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.content.fmt(formatter)
    }
}

impl<T: Default> Default for UnsafeCell<T> {
    #[track_caller]
    fn default() -> UnsafeCell<T> {
        UnsafeCell::from(T::default())
    }
}

impl<T> From<T> for UnsafeCell<T> {
    #[track_caller]
    fn from(value: T) -> UnsafeCell<T> {
        let shadow = Shadow::written("UnsafeCell");
        UnsafeCell { shadow, content: std::cell::UnsafeCell::new(value) }
    }
}
