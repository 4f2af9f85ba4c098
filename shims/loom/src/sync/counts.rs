//! The counts of an execution's `Arc`s. An [`Arc`](super::Arc) knows its count by number, and a number is looked up
//! in a table of the OS thread, which all threads of an execution run on.
//!
//! So nothing that is done to handles can hurt the table: one may be forgotten in a `ManuallyDrop`, as code does
//! that has a reference only for a while (`ManuallyDrop::new(Arc::from_raw(pointer))`), dropped once too often, or
//! kept in a static until a later execution.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use drawloom::alloc::Track;
use drawloom::sync::atomic::AtomicUsize;

/// The number of the last execution that any OS thread has begun.
static LAST_EXECUTION: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static TABLE: RefCell<Table> = RefCell::new(Table::default());
}

#[derive(Default)]
struct Table {
    execution: u64,
    counts: Vec<Rc<Count>>,
    /// The counts that are not 0, by the address of what is counted. Looked up only, never walked.
    by_address: HashMap<*const (), u32>,
}

/// How many references to a value there are.
pub(super) struct Count {
    pub(super) strong: AtomicUsize,
    /// Fails the execution if it is there at the end.
    track: Cell<Option<Track<()>>>,
}

/// Which count of which execution.
#[derive(Clone, Copy)]
pub(super) struct CountId {
    execution: u64,
    index: u32,
}

/// Forgets the counts of the execution before; what is left of them are leaks, and abandoned threads.
pub(crate) fn begin_execution() {
    let execution = LAST_EXECUTION.fetch_add(1, Ordering::Relaxed) + 1;
    // Dropped after the borrow has ended.
    drop(TABLE.replace(Table { execution, ..Table::default() }));
}

impl CountId {
    /// A count of 1, of what is at `address`.
    #[track_caller]
    pub(super) fn new(address: *const ()) -> CountId {
        let strong = AtomicUsize::new(1);
        let count = Rc::new(Count { strong, track: Cell::new(Some(Track::named("Arc", ()))) });
        TABLE.with_borrow_mut(|table| {
            let index = u32::try_from(table.counts.len()).expect("an execution has fewer than 2^32 Arcs");
            table.counts.push(count);
            table.by_address.insert(address, index);
            CountId { execution: table.execution, index }
        })
    }

    /// The count of what is at `address`, if it is not 0.
    pub(super) fn at(address: *const ()) -> Option<CountId> {
        TABLE.with_borrow(|table| {
            let index = *table.by_address.get(&address)?;
            Some(CountId { execution: table.execution, index })
        })
    }

    /// The count; `None` outside its execution.
    pub(super) fn get(self) -> Option<Rc<Count>> {
        TABLE.with_borrow(|table| {
            let known = drawloom::is_exploring() && table.execution == self.execution;
            known.then(|| Rc::clone(&table.counts[self.index as usize]))
        })
    }
}

impl Count {
    /// It has become 0, and what is at `address` is going to be dropped.
    pub(super) fn has_become_zero(&self, address: *const ()) {
        TABLE.with_borrow_mut(|table| table.by_address.remove(&address));
        drop(self.track.take());
    }
}
