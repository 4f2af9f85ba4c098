//! The one source of randomness: ChaCha8 keyed by (seed of the test, index of the execution).
//!
//! Execution k can therefore be run alone, by anyone, on any machine and any worker.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// Random numbers of one execution.
#[derive(Clone, Debug)]
pub struct Rng {
    stream: ChaCha8Rng,
    /// In how many tenths of the cases an older store is read than the last.
    staleness: u32,
    /// Once in how many awaits the future is dropped, where the test wants that.
    patience: u32,
    /// Once in how many cases a task gives way although it could go on, or goes on although it yields.
    obstinacy: u32,
}

impl Rng {
    /// The generator of execution `index` under `seed`.
    pub fn new(seed: u64, index: u64) -> Rng {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&index.to_le_bytes());
        key[16..24].copy_from_slice(b"drawloom");
        // Not drawn: the stream stays the same whether memory is weak or not.
        let staleness = [0, 1, 5, 9][(mix(seed, index) >> 32) as usize % 4];
        let patience = [2, 8, 32, 128][(mix(seed, index) >> 40) as usize % 4];
        let obstinacy = [2, 2, 4, 16][(mix(seed, index) >> 48) as usize % 4];
        Rng { stream: ChaCha8Rng::from_seed(key), staleness, patience, obstinacy }
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.stream.next_u64()
    }

    /// A number below `n`, by multiply-shift (Lemire 2019, without rejection: the bias is below n / 2^32).
    ///
    /// # Panics
    ///
    /// If `n` is zero.
    #[inline(always)]
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "a choice needs at least one alternative");
        if let Ok(n) = u32::try_from(n) {
            ((u64::from(self.stream.next_u32()) * u64::from(n)) >> 32) as usize
        } else {
            ((u128::from(self.stream.next_u64()) * n as u128) >> 64) as usize
        }
    }

    /// Whether to read an older store than the last, where that may be: as often as this execution does.
    #[inline]
    pub fn is_stale(&mut self) -> bool {
        self.staleness > 0 && self.below(10) < self.staleness as usize
    }

    /// Whether a future is dropped at an await where it may be: as often as this execution does it.
    #[inline]
    pub fn is_cancelled(&mut self) -> bool {
        self.one_in(self.patience)
    }

    /// Whether a task gives way although it could go on, or goes on although it yields: as often as tasks of this execution do it.
    #[inline]
    pub fn is_obstinate(&mut self) -> bool {
        self.one_in(self.obstinacy)
    }

    /// True once in `n` times.
    #[inline]
    pub fn one_in(&mut self, n: u32) -> bool {
        self.below(n as usize) == 0
    }
}

/// A hash of a spawn path from the hash of its front (SplitMix64's finalizer).
pub(crate) fn mix(front: u64, next: u64) -> u64 {
    let mut z = front.wrapping_add(next.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(1);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}
