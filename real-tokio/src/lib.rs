//! [tokio](https://docs.rs/tokio) itself, under another name.
//!
//! A program that explores with tokio's stand-in replaces the package `tokio` for all that it depends on, by `[patch.crates-io]`.
//! drawloom, and the stand-in, need the original still. They have it from here, and what stands here is replaced as well then:
//! by a package that depends on the original at the place to which cargo has downloaded it. See `shims/tokio/patch.sh`.

pub use tokio::*;
