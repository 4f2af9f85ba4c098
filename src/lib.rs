//! Deterministic concurrency testing for Rust.
