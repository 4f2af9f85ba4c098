//! std, with everything that concerns concurrency taken from drawloom.
//!
//! A dependency that is renamed to `std` takes std's place in the package that names it. So one line explores a
//! crate as it stands, `use std::sync::…` and all, without a change of its source:
//!
//! ```toml
//! [dev-dependencies]
//! drawloom = { version = "0.1", features = ["explore"] }
//! std = { package = "drawloom-std", version = "0.1" }
//! ```
//!
//! Then `std::sync`, `std::thread`, `std::time`, `std::hint`, `std::collections` and
//! `thread_local!` are drawloom's in the unit tests of that package, and all other names are std's own. Outside
//! an exploration drawloom's behave as std's do. `docs/std-swap.md` in the repository says how integration
//! tests get the same, and what to do where types meet those of other crates.

pub use ::std::*;

#[cfg(not(feature = "clocks-of-the-process"))]
pub use drawloom::time;
pub use drawloom::{collections, hint, sync, thread, thread_local};

/// The preludes, which hold the one macro that is not std's. The compiler takes them from whatever is called
/// `std`, and a bare `thread_local!` from them.
pub mod prelude {
    /// One prelude: std's, and drawloom's `thread_local!`, which shadows the one from the glob.
    macro_rules! preludes {
        ($($edition:ident)*) => {$(
            /// The prelude of this name.
            pub mod $edition {
                pub use ::std::prelude::$edition::*;

                pub use drawloom::thread_local;
            }
        )*};
    }

    preludes! { v1 rust_2015 rust_2018 rust_2021 rust_2024 }
}
