//! The permits that a guard has.

use std::panic::Location;
use std::sync::Arc;

use super::RwLock;
use crate::rt::op::verb::Verb;
use crate::tokio::sync::semaphore::Permits;

/// Where the permits are from.
pub(super) trait Source {
    fn permits(&self) -> &Permits;
}

impl Source for &Permits {
    fn permits(&self) -> &Permits {
        self
    }
}

impl<T: ?Sized> Source for Arc<RwLock<T>> {
    fn permits(&self) -> &Permits {
        &self.permits
    }
}

/// Gives its permits back.
pub(super) struct Held<S: Source> {
    pub(super) source: S,
    count: u32,
    location: &'static Location<'static>,
}

impl<S: Source> Held<S> {
    pub(super) fn new(source: S, count: u32, location: &'static Location<'static>) -> Held<S> {
        Held { source, count, location }
    }

    /// Keeps one, to go on reading.
    pub(super) fn downgrade(mut self, location: &'static Location<'static>) -> Held<S> {
        let count = std::mem::replace(&mut self.count, 1) - 1;
        self.source.permits().give(count as usize, Verb::Downgrade, location);
        self
    }
}

impl<S: Source> Drop for Held<S> {
    fn drop(&mut self) {
        self.source.permits().give(self.count as usize, Verb::Unlock, self.location);
    }
}

/// What all guards do: be their data.
macro_rules! guard {
    (($($generics:tt)*) $name:ty, $target:ident) => {
        impl<$($generics)*> std::ops::Deref for $name {
            type Target = $target;

            fn deref(&self) -> &$target {
                // SAFETY: the guard has permits; the pointer is to data of the lock, which lives as long.
                unsafe { &*self.data }
            }
        }

        impl<$($generics)*> std::fmt::Debug for $name
        where
            $target: std::fmt::Debug,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&**self, f)
            }
        }

        impl<$($generics)*> std::fmt::Display for $name
        where
            $target: std::fmt::Display,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&**self, f)
            }
        }
    };
    (mut ($($generics:tt)*) $name:ty, $target:ident) => {
        guard! { ($($generics)*) $name, $target }

        impl<$($generics)*> std::ops::DerefMut for $name {
            fn deref_mut(&mut self) -> &mut $target {
                // SAFETY: the guard has all permits, and is borrowed alone.
                unsafe { &mut *self.data }
            }
        }
    };
}

pub(super) use guard;
