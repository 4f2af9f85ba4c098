//! chess/WSQ and chess/InterlockedWSQ: a deque whose owner pushes and pops at one end while a thief steals at
//! the other. Each item has to be taken exactly once.
//!
//! `wsq` follows the THE protocol of Cilk: whoever wants an item first moves its own end of the deque, then
//! looks where the other end is, and only in doubt takes the lock. Its fault is a thief that looks first.
//! `interlocked_wsq` decides about the last item by a compare-and-swap, which the faulty owner leaves out.

use drawloom::sync::atomic::{AtomicIsize, AtomicU32, Ordering};
use drawloom::sync::{Arc, Mutex};
use drawloom::thread;

const ITEMS: u32 = 4;
const STEALS: usize = 2;

/// The items stand in `slots[head..tail]`. The ends need sequential consistency, for each side stores its own
/// end and then loads the other's.
struct Deque {
    head: AtomicIsize,
    tail: AtomicIsize,
    slots: [AtomicU32; ITEMS as usize],
    /// Held by a thief, and by an owner in doubt.
    steal: Mutex<()>,
}

impl Deque {
    fn new() -> Arc<Deque> {
        Arc::new(Deque {
            head: AtomicIsize::new(0),
            tail: AtomicIsize::new(0),
            slots: [const { AtomicU32::new(0) }; ITEMS as usize],
            steal: Mutex::new(()),
        })
    }

    fn push(&self, item: u32) {
        let tail = self.tail.load(Ordering::SeqCst);
        self.slot(tail).store(item, Ordering::Relaxed);
        self.tail.store(tail + 1, Ordering::SeqCst);
    }

    fn slot(&self, index: isize) -> &AtomicU32 {
        &self.slots[usize::try_from(index).expect("the ends do not become negative")]
    }

    fn item(&self, index: isize) -> u32 {
        self.slot(index).load(Ordering::Relaxed)
    }

    fn pop(&self) -> Option<u32> {
        self.pop_at_once().or_else(|| {
            let _thief = self.steal.lock().unwrap();
            self.pop_at_once()
        })
    }

    /// Claims the last item, and gives the claim up if a thief was there.
    fn pop_at_once(&self) -> Option<u32> {
        let last = self.tail.load(Ordering::SeqCst) - 1;
        self.tail.store(last, Ordering::SeqCst);
        if self.head.load(Ordering::SeqCst) <= last {
            return Some(self.item(last));
        }
        self.tail.store(last + 1, Ordering::SeqCst);
        None
    }

    /// Looks, then claims: the owner can pop the same item in between.
    fn steal(&self) -> Option<u32> {
        let _thief = self.steal.lock().unwrap();
        let first = self.head.load(Ordering::SeqCst);
        if first < self.tail.load(Ordering::SeqCst) {
            self.head.store(first + 1, Ordering::SeqCst);
            return Some(self.item(first));
        }
        None
    }

    /// Claims, then looks.
    fn steal_repaired(&self) -> Option<u32> {
        let _thief = self.steal.lock().unwrap();
        let first = self.head.load(Ordering::SeqCst);
        self.head.store(first + 1, Ordering::SeqCst);
        if first < self.tail.load(Ordering::SeqCst) {
            return Some(self.item(first));
        }
        self.head.store(first, Ordering::SeqCst);
        None
    }

    fn interlocked_steal(&self) -> Option<u32> {
        let first = self.head.load(Ordering::SeqCst);
        if first >= self.tail.load(Ordering::SeqCst) {
            return None;
        }
        let item = self.item(first);
        self.claim(first).then_some(item)
    }

    /// Whether nobody else has taken the first item.
    fn claim(&self, first: isize) -> bool {
        self.head.compare_exchange(first, first + 1, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// The last item of all needs no lock, but it does need the compare-and-swap that is missing here.
    fn interlocked_pop(&self) -> Option<u32> {
        self.pop_at_once()
    }

    fn interlocked_pop_repaired(&self) -> Option<u32> {
        let last = self.tail.load(Ordering::SeqCst) - 1;
        self.tail.store(last, Ordering::SeqCst);
        let first = self.head.load(Ordering::SeqCst);
        if first < last {
            return Some(self.item(last));
        }
        let item = (first == last && self.claim(first)).then(|| self.item(last));
        self.tail.store(last + 1, Ordering::SeqCst);
        item
    }
}

pub(crate) fn wsq() {
    each_item_is_taken_once(Deque::pop, Deque::steal);
}

pub(crate) fn wsq_repaired() {
    each_item_is_taken_once(Deque::pop, Deque::steal_repaired);
}

pub(crate) fn interlocked_wsq() {
    each_item_is_taken_once(Deque::interlocked_pop, Deque::interlocked_steal);
}

pub(crate) fn interlocked_wsq_repaired() {
    each_item_is_taken_once(Deque::interlocked_pop_repaired, Deque::interlocked_steal);
}

type Take = fn(&Deque) -> Option<u32>;

fn each_item_is_taken_once(pop: Take, steal: Take) {
    let deque = Deque::new();
    let theirs = deque.clone();
    let thief = thread::spawn(move || -> Vec<u32> { (0..STEALS).filter_map(|_| steal(&theirs)).collect() });
    let mut taken = Vec::new();
    for pair in (0..ITEMS).step_by(2) {
        deque.push(pair);
        deque.push(pair + 1);
        taken.extend(pop(&deque));
    }
    taken.extend(std::iter::from_fn(|| pop(&deque)));
    taken.extend(thief.join().unwrap());
    taken.sort_unstable();
    assert!(taken.iter().copied().eq(0..ITEMS), "taken: {taken:?}");
}
