//! Thread locals: one value a model thread and execution inside an exploration, std's outside.

use std::cell::{Cell as StdCell, OnceCell, RefCell};
use std::error::Error;
use std::fmt;

use crate::cell::Cell;
use crate::rt::threads::local::Lookup;
use crate::rt::{Current, current};

/// A thread local, made by [`thread_local!`](crate::thread_local); see [`std::thread::LocalKey`].
pub struct LocalKey<T: 'static> {
    /// Empty until it is used, so that it can be set without the initial value being made.
    outside: &'static std::thread::LocalKey<OnceCell<T>>,
    init: fn() -> T,
    /// What the key is known by: its own address is another wherever it is used, since it is a constant, as std's is.
    key: &'static u8,
}

impl<T> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

/// A thread local was used while or after it was destroyed; see [`std::thread::AccessError`], which cannot
/// be made outside std.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessError;

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessError").finish()
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("already destroyed")
    }
}

impl Error for AccessError {}

unsafe fn destroy<T>(value: *mut ()) {
    // SAFETY: `LocalKey::value_in` made it with `Box::into_raw` for this function.
    drop(unsafe { Box::from_raw(value.cast::<T>()) });
}

impl<T: 'static> LocalKey<T> {
    /// For the macro.
    #[doc(hidden)]
    pub const fn new(
        outside: &'static std::thread::LocalKey<OnceCell<T>>,
        init: fn() -> T,
        key: &'static u8,
    ) -> LocalKey<T> {
        LocalKey { outside, init, key }
    }

    /// The running model thread's value. `first` is what to start with instead of the initial value.
    fn value_in(&'static self, mut current: Current, first: &mut Option<T>) -> Result<*const T, AccessError> {
        let key = std::ptr::from_ref(self.key).addr();
        let thread = current.kernel().threads.current;
        if let Some(value) = lookup(current, key)? {
            return Ok(value.cast());
        }
        let value = first.take().unwrap_or_else(self.init);
        // The initial value's expression may have used the key itself; std then keeps the later value.
        if let Some(value) = lookup(current, key)? {
            return Ok(value.cast());
        }
        let value = Box::into_raw(Box::new(value));
        current.kernel().thread_mut(thread).locals.insert(key, value.cast(), destroy::<T>);
        Ok(value)
    }

    /// The running OS thread's value.
    fn value_outside<'a>(&self, cell: &'a OnceCell<T>) -> &'a T {
        if cell.get().is_none() {
            // Outside `get_or_init`, since the initial value's expression may use the key itself.
            let value = (self.init)();
            return cell.get_or_init(|| value);
        }
        cell.get().expect("checked above")
    }

    /// Gives `f` the running thread's value, made at first use.
    ///
    /// # Panics
    ///
    /// If the value is being or was destroyed.
    #[track_caller]
    pub fn with<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        match self.try_with(f) {
            Ok(result) => result,
            Err(error) => panic_access(error),
        }
    }

    /// As [`LocalKey::with`].
    ///
    /// # Errors
    ///
    /// If the value is being or was destroyed.
    pub fn try_with<F, R>(&'static self, f: F) -> Result<R, AccessError>
    where
        F: FnOnce(&T) -> R,
    {
        let Some(current) = current() else {
            return self.outside.try_with(|cell| f(self.value_outside(cell))).map_err(|_| AccessError);
        };
        let value = self.value_in(current, &mut None)?;
        // SAFETY: the value lives until its thread ends, which runs here.
        Ok(f(unsafe { &*value }))
    }

    /// As `with`, for a value that is to be set: starts with it instead of the initial value.
    #[track_caller]
    fn initialize_with<R>(&'static self, first: T, f: impl FnOnce(Option<T>, &T) -> R) -> R {
        let Some(current) = current() else {
            return self.outside.with(|cell| {
                let rest = cell.set(first).err();
                f(rest, self.value_outside(cell))
            });
        };
        let mut first = Some(first);
        match self.value_in(current, &mut first) {
            // SAFETY: as in `try_with`.
            Ok(value) => f(first, unsafe { &*value }),
            Err(error) => panic_access(error),
        }
    }
}

fn lookup(mut current: Current, key: usize) -> Result<Option<*mut ()>, AccessError> {
    let thread = current.kernel().threads.current;
    match current.kernel().thread(thread).locals.get(key) {
        Lookup::Present(value) => Ok(Some(value)),
        Lookup::Absent => Ok(None),
        Lookup::Destroyed => Err(AccessError),
    }
}

#[cold]
#[track_caller]
fn panic_access(error: AccessError) -> ! {
    panic!("cannot access a Thread Local Storage value during or after destruction: {error:?}")
}

/// What a key of a cell offers: std's cell, and this crate's.
macro_rules! cell_key {
    ($cell:ident) => {
        impl<T: 'static> LocalKey<$cell<T>> {
            /// Sets the value, without making an initial one first.
            ///
            /// # Panics
            ///
            /// If the value is being or was destroyed.
            #[track_caller]
            pub fn set(&'static self, value: T) {
                self.initialize_with(<$cell<T>>::new(value), |value, cell| {
                    if let Some(value) = value {
                        cell.set(value.into_inner());
                    }
                });
            }

            /// A copy of the value.
            ///
            /// # Panics
            ///
            /// If the value is being or was destroyed.
            #[track_caller]
            pub fn get(&'static self) -> T
            where
                T: Copy,
            {
                self.with(<$cell<T>>::get)
            }

            /// Takes the value and leaves the default.
            ///
            /// # Panics
            ///
            /// If the value is being or was destroyed.
            #[track_caller]
            pub fn take(&'static self) -> T
            where
                T: Default,
            {
                self.with(<$cell<T>>::take)
            }

            /// Sets the value and returns the one before.
            ///
            /// # Panics
            ///
            /// If the value is being or was destroyed.
            #[track_caller]
            pub fn replace(&'static self, value: T) -> T {
                self.with(|cell| cell.replace(value))
            }
        }
    };
}

cell_key!(StdCell);
cell_key!(Cell);

impl<T: 'static> LocalKey<RefCell<T>> {
    /// Gives `f` the borrowed value.
    ///
    /// # Panics
    ///
    /// If the value is mutably borrowed, or is being or was destroyed.
    #[track_caller]
    pub fn with_borrow<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        self.with(|cell| f(&cell.borrow()))
    }

    /// Gives `f` the mutably borrowed value.
    ///
    /// # Panics
    ///
    /// If the value is borrowed, or is being or was destroyed.
    #[track_caller]
    pub fn with_borrow_mut<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
    {
        self.with(|cell| f(&mut cell.borrow_mut()))
    }

    /// Sets the value, without making an initial one first.
    ///
    /// # Panics
    ///
    /// If the value is borrowed, or is being or was destroyed.
    #[track_caller]
    pub fn set(&'static self, value: T) {
        self.initialize_with(RefCell::new(value), |value, cell| {
            if let Some(value) = value {
                *cell.borrow_mut() = value.into_inner();
            }
        });
    }

    /// Takes the value and leaves the default.
    ///
    /// # Panics
    ///
    /// If the value is borrowed, or is being or was destroyed.
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    /// Sets the value and returns the one before.
    ///
    /// # Panics
    ///
    /// If the value is borrowed, or is being or was destroyed.
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

/// Declares thread locals, as [`std::thread_local!`]: one value a model thread and execution inside an
/// exploration.
///
/// ```
/// drawloom::thread_local! {
///     static DEPTH: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
/// }
/// DEPTH.set(3);
/// assert_eq!(DEPTH.get(), 3);
/// ```
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty = const $init:block; $($rest:tt)*) => {
        $crate::thread_local!(@key [$(#[$attribute])*] [$visibility] $name, $type, const $init);
        $crate::thread_local!($($rest)*);
    };
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty = const $init:block) => {
        $crate::thread_local!(@key [$(#[$attribute])*] [$visibility] $name, $type, const $init);
    };
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty = $init:expr; $($rest:tt)*) => {
        $crate::thread_local!(@key [$(#[$attribute])*] [$visibility] $name, $type, $init);
        $crate::thread_local!($($rest)*);
    };
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty = $init:expr) => {
        $crate::thread_local!(@key [$(#[$attribute])*] [$visibility] $name, $type, $init);
    };
    (@key [$(#[$attribute:meta])*] [$visibility:vis] $name:ident, $type:ty, $($init:tt)*) => {
        $(#[$attribute])*
        $visibility const $name: $crate::thread::LocalKey<$type> = {
            // Items are not hygienic: names that no initial value mentions.
            fn __drawloom_initial() -> $type {
                $($init)*
            }
            $crate::__private::std::thread_local! {
                static __DRAWLOOM_OUTSIDE: $crate::__private::std::cell::OnceCell<$type> =
                    const { $crate::__private::std::cell::OnceCell::new() };
            }
            static __DRAWLOOM_KEY: $crate::__private::std::primitive::u8 = 0;
            $crate::thread::LocalKey::new(&__DRAWLOOM_OUTSIDE, __drawloom_initial, &__DRAWLOOM_KEY)
        };
    };
}
