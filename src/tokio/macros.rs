//! tokio's macros. What has to look at code is in `drawloom-macros`; here it learns where this crate is.

/// Mirror of [tokio's `select!`](::tokio::select): inside an exploration, which branch is polled first is a choice, unless it
/// begins with `biased;`.
#[doc(hidden)]
#[macro_export]
macro_rules! __tokio_select {
    ($($tokens:tt)*) => { $crate::__private::select! { { $crate } $($tokens)* } };
}

/// Mirror of [tokio's `join!`](::tokio::join).
#[doc(hidden)]
#[macro_export]
macro_rules! __tokio_join {
    ($($tokens:tt)*) => { $crate::__private::join! { { $crate } $($tokens)* } };
}

/// Mirror of [tokio's `try_join!`](::tokio::try_join).
#[doc(hidden)]
#[macro_export]
macro_rules! __tokio_try_join {
    ($($tokens:tt)*) => { $crate::__private::try_join! { { $crate } $($tokens)* } };
}

/// Mirror of [tokio's `pin!`](::tokio::pin).
#[doc(hidden)]
#[macro_export]
macro_rules! __tokio_pin {
    ($($name:ident),* $(,)?) => { $(let mut $name = ::core::pin::pin!($name);)* };
    ($(let $name:ident = $value:expr;)*) => { $(let mut $name = ::core::pin::pin!($value);)* };
}

/// Mirror of [tokio's `task_local!`](::tokio::task_local).
#[doc(hidden)]
#[macro_export]
macro_rules! __tokio_task_local {
    () => {};
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty; $($rest:tt)*) => {
        $crate::__tokio_task_local! { $(#[$attribute])* $visibility static $name: $type }
        $crate::__tokio_task_local! { $($rest)* }
    };
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty) => {
        $(#[$attribute])*
        $visibility static $name: $crate::tokio::task::LocalKey<$type> = {
            $crate::thread_local! {
                static KEY: ::core::cell::RefCell<::core::option::Option<$type>> =
                    const { ::core::cell::RefCell::new(::core::option::Option::None) };
            }
            $crate::tokio::task::LocalKey { inner: &KEY }
        };
    };
}
