//! core, with everything that concerns concurrency taken from drawloom.
//!
//! What drawloom-std is for std, for crates without it: a dependency that is renamed to `core` takes core's
//! place in the package that names it, and an unchanged `use core::sync::atomic::AtomicUsize` means drawloom's.
//!
//! ```toml
//! [dev-dependencies]
//! core = { package = "drawloom-core", version = "0.1" }
//! drawloom = { version = "0.1", features = ["explore"] }
//! ```
//!
//! Instrumented are `core::sync::atomic` and `core::hint`; all other names are core's own. A crate that
//! uses both `std::sync` and `core::sync` needs both lines. `docs/std-swap.md` in the repository says more.
//!
//! This crate itself needs std, as drawloom does. What is swapped may stay `no_std`.

pub use ::core::*;

pub use drawloom::hint;

/// Synchronization: mirrors [`core::sync`].
pub mod sync {
    pub use ::core::sync::*;

    pub use drawloom::sync::atomic;
}
