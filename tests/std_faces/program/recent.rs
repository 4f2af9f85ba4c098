//! What std has since Rust 1.91 or later. Whoever tests with an older compiler leaves this file out.

use std::pin::Pin;

use super::facade::cell::{Cell, LazyCell};
use super::facade::hint;
use super::facade::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use super::facade::sync::{Arc, LazyLock, RwLock, RwLockReadGuard, RwLockWriteGuard};
use super::facade::thread;
use super::facade::time::Duration;

use Ordering::{AcqRel, Acquire, Relaxed, SeqCst};

pub(crate) fn locks(log: &mut Vec<String>) {
    let lock = RwLock::new(1);
    let mut guard = lock.write().unwrap();
    *guard += 1;
    let guard: RwLockReadGuard<'_, i32> = RwLockWriteGuard::downgrade(guard);
    show!(log, (&guard, lock.try_read().is_ok(), lock.try_write().is_err()));
    // Readers that waited for the writer go on.
    let read = thread::scope(|scope| scope.spawn(|| *lock.read().unwrap()).join().unwrap());
    show!(log, read);
    drop(guard);
    show!(log, lock.try_write());
}

pub(crate) fn atomics(log: &mut Vec<String>) {
    let atomic = AtomicU32::new(1);
    show!(log, atomic.update(AcqRel, Acquire, |value| value + 1));
    show!(log, atomic.try_update(SeqCst, Relaxed, |value| value.checked_add(1)));
    show!(log, atomic.try_update(SeqCst, Relaxed, |_| None));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| atomic.update(Relaxed, Relaxed, |value| value * 2));
        }
    });
    show!(log, atomic);
    let atomic = AtomicBool::new(true);
    show!(log, atomic.update(SeqCst, Relaxed, |value| !value));
    show!(log, atomic.try_update(SeqCst, Relaxed, |value| (!value).then_some(true)));
    show!(log, atomic.try_update(SeqCst, Relaxed, |_| None));

    let mut array = [0u32; 8];
    let first = array.as_mut_ptr();
    let atomic = AtomicPtr::new(first);
    let index = |pointer: *mut u32| (pointer.addr() - first.addr()) / size_of::<u32>();
    show!(log, index(atomic.fetch_ptr_add(4, Relaxed)));
    show!(log, index(atomic.fetch_ptr_sub(1, Acquire)));
    show!(log, index(atomic.fetch_byte_add(8, AcqRel)));
    show!(log, index(atomic.fetch_byte_sub(16, SeqCst)));
    show!(log, index(atomic.load(Relaxed)));
    atomic.store(first, Relaxed);
    show!(log, index(atomic.fetch_or(1, Relaxed)));
    show!(log, atomic.load(Relaxed).addr() - first.addr());
    show!(log, atomic.fetch_and(!1, Relaxed).addr() & 1);
    show!(log, index(atomic.fetch_xor(1, Relaxed)));
    show!(log, atomic.load(Relaxed).addr() - first.addr());
    show!(log, index(atomic.update(SeqCst, Relaxed, |_| first).map_addr(|address| address & !1)));
    show!(log, atomic.try_update(SeqCst, Relaxed, |_| None) == Err(first));
}

pub(crate) fn lazy(log: &mut Vec<String>) {
    let mut lazy: LazyLock<u32> = LazyLock::new(|| 1);
    show!(log, LazyLock::get(&lazy));
    show!(log, LazyLock::get_mut(&mut lazy).is_none());
    *LazyLock::force_mut(&mut lazy) += 1;
    show!(log, LazyLock::get(&lazy));
    show!(log, LazyLock::get_mut(&mut lazy));
    let mut lazy: LazyCell<u32> = LazyCell::new(|| 1);
    show!(log, LazyCell::get(&lazy));
    show!(log, LazyCell::get_mut(&mut lazy).is_none());
    *LazyCell::force_mut(&mut lazy) += 1;
    show!(log, LazyCell::get(&lazy));
    show!(log, LazyCell::get_mut(&mut lazy));
}

pub(crate) fn rest(log: &mut Vec<String>) {
    // SAFETY: zero is a number.
    show!(log, unsafe {
        (Arc::<u32>::new_zeroed().assume_init(), Arc::<[u32]>::new_zeroed_slice(2).assume_init())
    });
    show!(log, Pin::<Arc<u32>>::default());
    let array: &Cell<[u32; 2]> = &Cell::new([1, 2]);
    array.as_array_of_cells()[0].set(3);
    show!(
        log,
        (AsRef::<[std::cell::Cell<u32>]>::as_ref(array), AsRef::<[std::cell::Cell<u32>; 2]>::as_ref(array))
    );
    let slice: &Cell<[u32]> = array;
    show!(log, slice.as_ref().len());
    show!(log, (Duration::from_hours(1), Duration::from_mins(1), Duration::from_nanos_u128(1)));
    if array.get()[0] == 0 {
        hint::cold_path();
    }
    show!(log, hint::select_unpredictable(array.get()[0] == 3, 1, 2));
}
