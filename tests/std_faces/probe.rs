//! Asks whether a type has a trait, and gets an answer where it does not.
//!
//! An inherent constant is preferred to one of a trait, and it exists only where the bound of its impl
//! holds. So for each trait there is a type with two constants of one name.

macro_rules! probes {
    ($($module:ident: $trait:path;)+) => {
        $(pub(crate) mod $module {
            pub(crate) struct Probe<T: ?Sized>(std::marker::PhantomData<T>);

            pub(crate) trait Absent {
                const HAS: bool = false;
            }

            impl<T: ?Sized> Absent for Probe<T> {}

            impl<T: ?Sized + $trait> Probe<T> {
                pub(crate) const HAS: bool = true;
            }
        })+
    };
}

probes! {
    send: Send;
    sync: Sync;
    unpin: Unpin;
    unwind_safe: std::panic::UnwindSafe;
    ref_unwind_safe: std::panic::RefUnwindSafe;
    copy: Copy;
    clone: Clone;
    default: Default;
    debug: std::fmt::Debug;
    display: std::fmt::Display;
    pointer: std::fmt::Pointer;
    error: std::error::Error;
    partial_eq: PartialEq;
    eq: Eq;
    partial_ord: PartialOrd;
    ord: Ord;
    hash: std::hash::Hash;
    iterator: Iterator;
    into_iterator: IntoIterator;
    exact_size_iterator: ExactSizeIterator;
    fused_iterator: std::iter::FusedIterator;
}

/// Logs which traits each type has. (`Deref` is not asked for: drawloom's maps have it, to lend std's.)
macro_rules! traits {
    ($log:expr, $($type:ty),+ $(,)?) => {
        $(traits!(@one $log, $type, send sync unpin unwind_safe ref_unwind_safe copy clone default debug
            display pointer error partial_eq eq partial_ord ord hash iterator into_iterator
            exact_size_iterator fused_iterator);)+
    };
    (@one $log:expr, $type:ty, $($module:ident)+) => {{
        let mut line = String::from(concat!(stringify!($type), ":"));
        $({
            use crate::probe::$module::*;
            if Probe::<$type>::HAS {
                line.push_str(concat!(" ", stringify!($module)));
            }
        })+
        $log.push(line);
    }};
}
