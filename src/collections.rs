//! Mirror of `std::collections` whose hash maps and sets have an order that the exploration decides.
//!
//! std seeds each `HashMap` from the operating system, so two runs of one schedule would iterate in
//! different orders and a replay could fail to reproduce. `HashMap::new` exists for std's own `RandomState`
//! only; that is why the maps here are newtypes and not aliases with another hasher. Everything that does
//! not hash is std's own, by the glob re-export, which local names shadow.
//!
//! A newtype lacks what other crates implemented for std's type (serde's traits, say). Where such a trait
//! is needed, `Deref` lends std's map.

pub mod hash_map;
pub mod hash_set;
mod random_state;

pub use std::collections::*;

pub use hash_map::HashMap;
pub use hash_set::HashSet;

/// A program goes through so many elements in the order of their hashes. Exhaustive exploration has one order only.
#[inline]
fn note_order(count: usize) {
    if count > 1 {
        crate::rt::note_hash_order();
    }
}

#[cfg(test)]
mod tests;
