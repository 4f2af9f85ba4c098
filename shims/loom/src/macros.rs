//! `thread_local!` and `lazy_static!`, with loom's syntax.

/// Declares thread locals; see [`std::thread_local!`]. Each thread of an execution has its own values, dropped at
/// its end.
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty = const $init:block $(; $($rest:tt)*)?) => {
        $crate::thread_local!(@key [$(#[$attribute])*] [$vis] $name, $type, $init);
        $($crate::thread_local!($($rest)*);)?
    };
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty = $init:expr $(; $($rest:tt)*)?) => {
        $crate::thread_local!(@key [$(#[$attribute])*] [$vis] $name, $type, $init);
        $($crate::thread_local!($($rest)*);)?
    };
    (@key [$(#[$attribute:meta])*] [$vis:vis] $name:ident, $type:ty, $init:expr) => {
        $(#[$attribute])*
        $vis static $name: $crate::thread::LocalKey<$type> = {
            // Items are not hygienic: a name that no initial value mentions.
            $crate::__private::thread_local! {
                static __LOOM_THREAD_LOCAL: $type = $init;
            }
            $crate::thread::LocalKey::new(&__LOOM_THREAD_LOCAL)
        };
    };
}

/// Declares statics that are made at their first use; see the crate `lazy_static`. Each execution makes its own,
/// and drops them at its end.
#[macro_export]
macro_rules! lazy_static {
    () => {};
    ($(#[$attribute:meta])* $vis:vis static ref $name:ident: $type:ty = $init:expr; $($rest:tt)*) => {
        #[allow(missing_copy_implementations)]
        #[allow(non_camel_case_types)]
        #[allow(dead_code)]
        $(#[$attribute])*
        $vis struct $name {
            __private_field: (),
        }
        #[doc(hidden)]
        $vis static $name: $name = $name { __private_field: () };
        impl ::core::ops::Deref for $name {
            type Target = $type;

            fn deref(&self) -> &$type {
                fn __lazy_static_initial() -> $type {
                    $init
                }
                static __LAZY_STATIC: $crate::lazy_static::Lazy<$type> =
                    $crate::lazy_static::Lazy::new(__lazy_static_initial);
                __LAZY_STATIC.get()
            }
        }
        $crate::lazy_static!($($rest)*);
    };
}
