//! `Arc`: what std's does, by std's operations.

mod common;

use std::mem::ManuallyDrop;
use std::sync::Arc as StdArc;

use common::fails;
use loom::cell::UnsafeCell;
use loom::sync::{Arc, Notify};
use loom::thread;

#[test]
fn pointers_stand_for_references() {
    loom::model(|| {
        let arc = Arc::new(7);
        let pointer = Arc::into_raw(arc.clone());
        assert_eq!((pointer, Arc::strong_count(&arc)), (Arc::as_ptr(&arc), 2));
        // SAFETY: the pointer stands for one reference, and then for two; two are taken back.
        unsafe {
            Arc::increment_strong_count(pointer);
            assert_eq!(Arc::strong_count(&arc), 3);
            Arc::decrement_strong_count(pointer);
            let again = Arc::from_raw(pointer);
            assert!(Arc::ptr_eq(&arc, &again) && *again == 7);
        }
        assert_eq!(Arc::strong_count(&arc), 1);
        assert_eq!(Arc::try_unwrap(arc).unwrap(), 7);
    });
}

#[test]
fn a_reference_may_be_had_for_a_while_without_being_taken() {
    loom::model(|| {
        let pointer = Arc::into_raw(Arc::new(7));
        let clone = {
            // SAFETY: the pointer stands for one reference, which `borrowed` leaves to it.
            let borrowed = ManuallyDrop::new(unsafe { Arc::from_raw(pointer) });
            Arc::clone(&borrowed)
        };
        assert_eq!(Arc::strong_count(&clone), 2);
        // SAFETY: as above.
        unsafe { Arc::decrement_strong_count(pointer) };
        assert_eq!(Arc::try_unwrap(clone).unwrap(), 7);
    });
}

#[test]
fn one_that_is_kept_in_a_static_is_a_leak_and_of_no_use_later() {
    static KEPT: std::sync::RwLock<Option<Arc<u32>>> = std::sync::RwLock::new(None);
    let keep = |kept| *KEPT.write().unwrap() = kept;
    let with_kept = |f: fn(&Arc<u32>)| f(KEPT.read().unwrap().as_ref().unwrap());
    let message = fails(move || keep(Some(Arc::new(7))));
    assert!(message.contains("Arc leaked"), "{message}");
    let message = fails(move || with_kept(|kept| assert_eq!(Arc::strong_count(kept), 1)));
    assert!(message.contains("an Arc of an execution that has ended"), "{message}");
    with_kept(|kept| assert_eq!(**kept, 7));
    keep(None);
}

#[test]
fn pointers_cross_threads() {
    loom::model(|| {
        let pointer = Arc::into_raw(Arc::new(7));
        // SAFETY: the pointer stands for one reference, which this thread takes.
        let thread = thread::spawn(move || *unsafe { Arc::from_raw(pointer) });
        assert_eq!(thread.join().unwrap(), 7);
    });
}

#[test]
fn unsized_values_come_from_std() {
    loom::model(|| {
        let slice: StdArc<[u8]> = StdArc::new([1, 2, 3]);
        let slice = Arc::from_std(slice);
        let object: StdArc<dyn Fn() -> u8 + Send + Sync> = StdArc::new(|| 4);
        let object = Arc::from_std(object);
        assert_eq!((slice.len(), object.clone()()), (3, 4));
        let pointer = Arc::into_raw(slice);
        // SAFETY: it was made just now.
        assert_eq!(unsafe { Arc::from_raw(pointer) }.as_ref(), [1, 2, 3]);
    });
    let message = fails(|| {
        let std = StdArc::new(1);
        let _other = std.clone();
        Arc::from_std(std);
    });
    assert!(message.contains("Arc provided to `from_std` is not unique"), "{message}");
}

#[test]
fn only_the_last_reference_can_change_the_value() {
    loom::model(|| {
        let mut arc = Arc::<u32>::default();
        let other = arc.clone();
        assert!(Arc::get_mut(&mut arc).is_none());
        let mut arc = Arc::try_unwrap(arc).unwrap_err();
        drop(other);
        *Arc::get_mut(&mut arc).unwrap() = 3;
        assert_eq!(format!("{arc:?}"), "3");
        assert_eq!(*Arc::pin(5), 5);
    });
}

/// Looks at its number when it is dropped.
struct Last(UnsafeCell<u32>);

impl Drop for Last {
    fn drop(&mut self) {
        // SAFETY: the last owner drops it.
        self.0.with_mut(|number| unsafe { *number += 1 });
    }
}

#[test]
fn what_an_owner_did_comes_before_the_destructor() {
    loom::model(|| {
        let last = Arc::new(Last(UnsafeCell::new(0)));
        let other = last.clone();
        thread::spawn(move || {
            // SAFETY: the other thread does not write before this one has released its reference.
            other.0.with(|number| unsafe { *number });
        });
        // SAFETY: as above.
        last.0.with(|number| unsafe { *number });
    });
}

#[test]
fn counts_are_operations() {
    // Whether the other thread has released its reference is not known.
    let message = fails(|| {
        let arc = Arc::new(());
        let other = arc.clone();
        thread::spawn(move || drop(other));
        assert_eq!(Arc::strong_count(&arc), 2, "released early");
    });
    assert!(message.contains("released early"), "{message}");
}

#[test]
fn a_reference_that_is_released_twice_is_told_and_nothing_is_freed_twice() {
    let message = fails(|| {
        let pointer = Arc::into_raw(Arc::new(7));
        // SAFETY: none; the second one panics and frees nothing.
        let (first, second) = unsafe { (Arc::from_raw(pointer), Arc::from_raw(pointer)) };
        drop(first);
        drop(second);
    });
    assert!(message.contains("Arc is already released"), "{message}");
    let message = fails(|| {
        let pointer = Arc::into_raw(Arc::new(7));
        // SAFETY: none; the second one panics and frees nothing.
        unsafe {
            Arc::decrement_strong_count(pointer);
            Arc::decrement_strong_count(pointer);
        }
    });
    assert!(message.contains("or its Arc has been released"), "{message}");
}

#[test]
fn notify_keeps_a_notification_and_lets_one_thread_wait() {
    loom::model(|| {
        let shared = Arc::new((Notify::new(), UnsafeCell::new(0)));
        let other = shared.clone();
        let thread = thread::spawn(move || {
            // SAFETY: the other thread looks after the notification.
            other.1.with_mut(|number| unsafe { *number = 1 });
            other.0.notify();
        });
        // At most one of the two ends for no reason.
        shared.0.wait();
        thread.join().unwrap();
        // SAFETY: the other thread has ended.
        assert_eq!(shared.1.with(|number| unsafe { *number }), 1);
    });
    let message = fails(|| {
        let notify = Arc::new(Notify::new());
        let other = notify.clone();
        thread::spawn(move || other.wait());
        notify.wait();
    });
    let expected = ["only a single thread may wait on `Notify`", "deadlock"];
    assert!(expected.iter().any(|expected| message.contains(expected)), "{message}");
}
