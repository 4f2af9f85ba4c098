//! The default hasher of `HashMap` and `HashSet`: as random as std's, but repeated by a replay.
//!
//! Inside an exploration the keys come from the execution: they differ between executions, so that tests
//! meet many iteration orders, and are the same each time an execution is run. std gives no way to make its
//! SipHash with given keys (`DefaultHasher::new` has both zero), so the keys are hashed first, as a prefix of
//! every value. That spreads values as well as keys in the initial state would, since SipHash with a fixed
//! key still mixes a prefix into all of its state; resisting an attacker is no concern of a test.

use std::fmt;
use std::hash::{BuildHasher, DefaultHasher, Hasher};

use crate::rt;

/// Mirror of [`std::hash::RandomState`] that takes its keys from the running execution, if there is one.
#[derive(Clone)]
pub struct RandomState(Source);

#[derive(Clone)]
enum Source {
    /// Made outside of an exploration.
    System(std::hash::RandomState),
    /// Made inside: a hasher that has seen the execution's keys, to be cloned for each value.
    Execution(DefaultHasher),
}

impl RandomState {
    /// Makes a state with keys of its own.
    #[must_use]
    pub fn new() -> RandomState {
        // A program that asks for keys by name may look at what they make of a value.
        rt::note_hash_order();
        RandomState::default()
    }

    fn of_execution() -> RandomState {
        match rt::hash_keys() {
            Some((first, second)) => RandomState::with_keys(first, second),
            None => RandomState(Source::System(std::hash::RandomState::new())),
        }
    }

    pub(super) fn with_keys(first: u64, second: u64) -> RandomState {
        let mut prefix = DefaultHasher::new();
        prefix.write_u64(first);
        prefix.write_u64(second);
        RandomState(Source::Execution(prefix))
    }
}

impl BuildHasher for RandomState {
    type Hasher = DefaultHasher;

    #[inline]
    fn build_hasher(&self) -> DefaultHasher {
        match &self.0 {
            Source::System(state) => state.build_hasher(),
            Source::Execution(prefix) => prefix.clone(),
        }
    }
}

impl Default for RandomState {
    fn default() -> RandomState {
        RandomState::of_execution()
    }
}

impl fmt::Debug for RandomState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RandomState").finish_non_exhaustive()
    }
}
