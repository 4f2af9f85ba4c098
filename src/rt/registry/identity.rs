//! The model identity that every instrumented value carries: which object it is in which execution.
//!
//! A value finds its object by comparing one stamp, without a hash look-up, and keeps doing so when it is
//! moved. A stamp names the worker (an OS thread with a kernel of its own) and the execution. A value
//! that several workers use at once (one in a `static`, or captured by the test body) belongs to the first;
//! the others look it up by its address, which cannot change while they share it.

use std::panic::Location;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::rt::op::nowhere;

/// Leaves 23 bits to the worker and keeps the highest bit clear.
const EXECUTION_BITS: u32 = 40;

/// The worker in the stamps of values that were used outside last. No worker has this number.
const OUTSIDE: u32 = 0;

/// The owner of a value that is just getting another one. No worker has this number.
const CHANGING: Stamp = Stamp(((1 << (63 - EXECUTION_BITS)) - 1) << EXECUTION_BITS);

/// Time, as it counts for who has used a value first: it goes on by one with each execution that begins.
static EPOCH: AtomicU64 = AtomicU64::new(1);

/// An execution begins: what is used outside from now on has this epoch or a later one.
pub(crate) fn begin_epoch() -> u64 {
    EPOCH.fetch_add(1, Ordering::Relaxed) + 1
}

/// Which execution of which worker.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Stamp(u64);

impl Stamp {
    pub(crate) fn new(worker: u32, execution: u64) -> Stamp {
        Stamp(u64::from(worker) << EXECUTION_BITS | execution & ((1 << EXECUTION_BITS) - 1))
    }

    /// That of a value that was used outside, by nobody's worker, at this time.
    fn outside(epoch: u64) -> Stamp {
        Stamp::new(OUTSIDE, epoch)
    }

    pub(crate) fn from_bits(bits: u64) -> Stamp {
        Stamp(bits)
    }

    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    pub(crate) fn worker(self) -> u32 {
        (self.0 >> EXECUTION_BITS) as u32
    }
}

/// The part of an instrumented value that the model knows it by.
///
/// All zeros is a valid one: programs make atomics out of zeroed memory. In memory that was freed the first
/// words are usually overwritten, which `is_intact` notices.
#[repr(C)]
pub(crate) struct Identity {
    zero: u32,
    /// Written by the worker in `owner` only, and read by it only.
    index: AtomicU32,
    /// The stamp of the execution that `index` belongs to, or when the value was used outside; 0 if nobody has used it.
    owner: AtomicU64,
    location: Option<&'static Location<'static>>,
}

/// Whose a value is, as seen from one execution.
pub(crate) enum Claim {
    /// This execution's, under this index.
    Mine(u32),
    /// Newly this execution's; the index is to be set.
    Claimed,
    /// Another worker's.
    Foreign,
}

impl Identity {
    #[track_caller]
    pub(crate) const fn new() -> Identity {
        let location = Some(Location::caller());
        Identity { zero: 0, index: AtomicU32::new(0), owner: AtomicU64::new(0), location }
    }

    pub(crate) fn location(&self) -> &'static Location<'static> {
        self.location.unwrap_or_else(nowhere)
    }

    /// Whether nothing has overwritten the value. False means that it is used after its end; true means
    /// nothing.
    pub(crate) fn is_intact(&self) -> bool {
        self.zero == 0
    }

    /// The index, if the value was used in execution `stamp` before.
    #[inline]
    pub(crate) fn index_in(&self, stamp: Stamp) -> Option<u32> {
        (self.owner.load(Ordering::Relaxed) == stamp.0).then(|| self.index.load(Ordering::Relaxed))
    }

    /// The stamp of the execution that used the value last, if any did.
    pub(crate) fn owner(&self) -> Option<Stamp> {
        Some(Stamp(self.owner.load(Ordering::Relaxed))).filter(|owner| owner.worker() != OUTSIDE)
    }

    /// When the value was used outside, if no execution has used it since.
    pub(crate) fn used_outside(&self) -> Option<u64> {
        let owner = Stamp(self.owner.load(Ordering::Relaxed));
        (owner.worker() == OUTSIDE && owner.0 != 0).then_some(owner.0)
    }

    /// Notes that the value was used outside. Tells whose it is, if it has an owner that has to be asked.
    #[inline]
    pub(crate) fn use_outside(&self) -> Option<Stamp> {
        let now = Stamp::outside(EPOCH.load(Ordering::Relaxed));
        let owner = Stamp(self.owner.load(Ordering::Relaxed));
        if owner.worker() != OUTSIDE {
            return Some(owner);
        }
        if owner != now {
            // If that fails, an execution has just taken it: the next use tells.
            let _ = self.owner.compare_exchange(owner.0, now.0, Ordering::Relaxed, Ordering::Relaxed);
        }
        None
    }

    /// Makes the value `stamp`'s, if nobody or an `abandoned` execution has it. Before anybody sees that, `take_over` is told
    /// whether an execution had it.
    pub(crate) fn claim(
        &self,
        stamp: Stamp,
        abandoned: impl Fn(Stamp) -> bool,
        take_over: impl FnOnce(bool),
    ) -> Claim {
        loop {
            if let Some(index) = self.index_in(stamp) {
                return Claim::Mine(index);
            }
            let owner = self.settled_owner();
            if owner.0 != 0 && !abandoned(owner) {
                return Claim::Foreign;
            }
            if self.begin_change(owner) {
                take_over(owner.worker() != OUTSIDE);
                self.owner.store(stamp.0, Ordering::Release);
                return Claim::Claimed;
            }
        }
    }

    /// Takes the value away from the execution that had it, which is over. Before anybody sees that, `give_back` is called.
    #[cold]
    pub(crate) fn leave(&self, give_back: impl FnOnce()) {
        let owner = self.settled_owner();
        if owner.worker() != OUTSIDE && self.begin_change(owner) {
            give_back();
            self.owner.store(Stamp::outside(EPOCH.load(Ordering::Relaxed)).0, Ordering::Release);
        } else {
            // Somebody else does so, and is to be done with it.
            self.settled_owner();
        }
    }

    /// The owner, once nobody changes it.
    fn settled_owner(&self) -> Stamp {
        loop {
            match Stamp(self.owner.load(Ordering::Acquire)) {
                CHANGING => std::hint::spin_loop(),
                owner => return owner,
            }
        }
    }

    /// Whether the caller is the one to replace `owner`; it must store another one soon, whatever happens.
    fn begin_change(&self, owner: Stamp) -> bool {
        self.owner.compare_exchange(owner.0, CHANGING.0, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    pub(crate) fn set_index(&self, index: u32) {
        self.index.store(index, Ordering::Relaxed);
    }

    /// What tells values apart while several workers share them.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}
