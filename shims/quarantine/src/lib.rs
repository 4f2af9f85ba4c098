//! A global allocator for explorations of crates with unsafe code: it keeps what is freed, so that a use after
//! free or a double free is found by an assertion and does not end the process.
//!
//! It does so only for allocations of the sizes and on the OS thread that a [`Watch`] names, and while that
//! lives; all else is the system's allocator. An execution runs on one OS thread, so a watch that is made in the
//! test body sees the allocations of all its threads. The crate's std is the real one: an allocator must not be a
//! scheduling point.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::ops::RangeInclusive;

/// How many allocations one watch can tell apart.
const CAPACITY: usize = 1024;

/// What is known of one allocation.
#[derive(Clone, Copy)]
struct Record {
    memory: *mut u8,
    layout: Layout,
    freed: bool,
}

/// What the watch of this OS thread has seen. Without destructor, as an allocator is used after those.
struct Seen {
    sizes: (usize, usize),
    records: [Record; CAPACITY],
    length: usize,
    double_frees: usize,
}

const NOTHING: Record = Record { memory: std::ptr::null_mut(), layout: Layout::new::<()>(), freed: false };

thread_local! {
    static WATCHING: Cell<bool> = const { Cell::new(false) };
    static SEEN: RefCell<Seen> =
        const { RefCell::new(Seen { sizes: (1, 0), records: [NOTHING; CAPACITY], length: 0, double_frees: 0 }) };
}

impl Seen {
    fn wants(&self, layout: Layout) -> bool {
        (self.sizes.0..=self.sizes.1).contains(&layout.size()) && self.length < CAPACITY
    }

    fn records(&self) -> &[Record] {
        &self.records[..self.length]
    }
}

/// Calls `look` with what the watch has seen, if there is one.
fn seen<R>(look: impl FnOnce(&mut Seen) -> R) -> Option<R> {
    if !WATCHING.try_with(Cell::get).unwrap_or(false) {
        return None;
    }
    // Nothing below allocates while it looks.
    SEEN.with(|seen| Some(look(&mut seen.borrow_mut())))
}

/// The allocator; make it the `#[global_allocator]`.
#[derive(Debug)]
pub struct Quarantine;

// SAFETY: memory comes from the system's allocator and goes back to it at most once: what a watch has recorded
// goes back when the watch ends, if it was freed, and as usual later, if it was not.
unsafe impl GlobalAlloc for Quarantine {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's.
        let memory = unsafe { System.alloc(layout) };
        seen(|seen| {
            if seen.wants(layout) && !memory.is_null() {
                seen.records[seen.length] = Record { memory, layout, freed: false };
                seen.length += 1;
            }
        });
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let kept = seen(|seen| {
            let length = seen.length;
            let Some(record) = seen.records[..length].iter_mut().find(|record| record.memory == memory)
            else {
                return false;
            };
            seen.double_frees += usize::from(record.freed);
            record.freed = true;
            true
        });
        if kept != Some(true) {
            // SAFETY: the caller's; nobody recorded this memory, so it does not go back twice.
            unsafe { System.dealloc(memory, layout) };
        }
    }
}

/// Keeps what is freed on this OS thread, while it lives. Only one lives at a time; a later one takes over from
/// one that was not dropped, as in an execution that was cut off.
#[derive(Debug)]
pub struct Watch {
    /// It belongs to the thread whose allocations it sees.
    here: PhantomData<*const ()>,
}

impl Watch {
    /// Watches allocations of these sizes in bytes, at most 1,024 of them.
    #[must_use]
    pub fn new(sizes: RangeInclusive<usize>) -> Watch {
        SEEN.with(|seen| {
            let mut seen = seen.borrow_mut();
            seen.sizes = sizes.into_inner();
            seen.length = 0;
            seen.double_frees = 0;
        });
        WATCHING.set(true);
        Watch { here: PhantomData }
    }

    /// The address of the latest allocation that was recorded, if any was.
    #[must_use]
    pub fn latest(&self) -> Option<usize> {
        seen(|seen| seen.records().last().map(|record| record.memory.addr())).flatten()
    }

    /// How often memory was freed that was free already.
    #[must_use]
    pub fn double_frees(&self) -> usize {
        seen(|seen| seen.double_frees).unwrap_or(0)
    }

    /// How many allocations were recorded and not freed.
    #[must_use]
    pub fn alive(&self) -> usize {
        seen(|seen| seen.records().iter().filter(|record| !record.freed).count()).unwrap_or(0)
    }
}

/// Whether what was allocated at this address was freed while it was watched. A function of its own, for code
/// that runs on another thread of the execution and does not have the watch.
#[must_use]
pub fn is_freed(address: usize) -> bool {
    seen(|seen| seen.records().iter().any(|record| record.memory.addr() == address && record.freed))
        .unwrap_or(false)
}

impl Drop for Watch {
    fn drop(&mut self) {
        seen(|seen| {
            for record in seen.records().iter().filter(|record| record.freed) {
                // SAFETY: it was allocated with this layout, freed by its owner, and kept since; each record is
                // memory of its own, as what is kept is not allocated again.
                unsafe { System.dealloc(record.memory, record.layout) };
            }
            seen.length = 0;
        });
        WATCHING.set(false);
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::{Quarantine, Watch, is_freed};

    #[global_allocator]
    static ALLOCATOR: Quarantine = Quarantine;

    #[test]
    fn what_is_freed_is_kept() {
        let watch = Watch::new(100..=200);
        let first = black_box(Box::new([1_u8; 128]));
        let address = watch.latest().unwrap();
        assert_eq!(address, (&raw const *first).addr());
        assert!(!is_freed(address));
        drop(first);
        assert!(is_freed(address));
        let second = black_box(Box::new([2_u8; 128]));
        assert_ne!(watch.latest().unwrap(), address);
        drop(black_box(Box::new([3_u8; 64])));
        assert_eq!((watch.alive(), watch.double_frees()), (1, 0));
        drop(watch);
        assert_eq!(second[0], 2);
        assert!(!is_freed(address));
    }

    #[test]
    fn a_double_free_is_counted() {
        let watch = Watch::new(300..=300);
        let memory = Box::into_raw(black_box(Box::new([0_u8; 300])));
        for _ in 0..2 {
            // SAFETY: the second time is wrong on purpose, and the allocator does not pass it on.
            drop(unsafe { Box::from_raw(memory) });
        }
        assert_eq!((watch.alive(), watch.double_frees()), (0, 1));
    }

    #[test]
    fn another_watch_takes_over() {
        std::mem::forget(Watch::new(1..=1_000));
        let watch = Watch::new(400..=400);
        assert_eq!(watch.latest(), None);
        drop(black_box(Box::new([0_u8; 400])));
        assert_eq!((watch.alive(), watch.double_frees()), (0, 0));
        assert!(watch.latest().is_some_and(is_freed));
    }
}
