//! Races: on cells, and between atomic and other accesses to an atomic.

mod common;

use std::rc::Rc;

use common::{fails, run_alone};
use loom::cell::{Cell, UnsafeCell};
use loom::sync::Mutex;
use loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, fence};
use loom::thread;

const RACE: &str = "Causality violation";

/// One thread writes and sets a flag, the other reads if it is set.
fn hand_over(set: fn(&AtomicBool), get: fn(&AtomicBool) -> bool) {
    let shared = Rc::new((UnsafeCell::new(0), AtomicBool::new(false)));
    let other = shared.clone();
    let writer = thread::spawn(move || {
        // SAFETY: whether it is safe is what is tested.
        other.0.with_mut(|number| unsafe { *number = 42 });
        set(&other.1);
    });
    if get(&shared.1) {
        // SAFETY: as above.
        assert_eq!(shared.0.with(|number| unsafe { *number }), 42);
    }
    writer.join().unwrap();
}

#[test]
fn what_a_release_and_an_acquire_order_is_no_race() {
    loom::model(|| hand_over(|flag| flag.store(true, Release), |flag| flag.load(Acquire)));
    loom::model(|| {
        hand_over(
            |flag| {
                fence(Release);
                flag.store(true, Relaxed);
            },
            |flag| {
                let set = flag.load(Relaxed);
                fence(Acquire);
                set
            },
        );
    });
}

#[test]
fn orderings_that_are_too_weak_are_races() {
    for message in [
        fails(|| hand_over(|flag| flag.store(true, Relaxed), |flag| flag.load(Acquire))),
        fails(|| hand_over(|flag| flag.store(true, Release), |flag| flag.load(Relaxed))),
    ] {
        assert!(message.contains(RACE) && message.contains("the UnsafeCell made at"), "{message}");
    }
}

#[test]
fn pointers_are_accesses_for_as_long_as_they_live() {
    let message = fails(|| {
        let cell = UnsafeCell::new(1);
        let reading = cell.get();
        let also_reading = cell.get();
        // SAFETY: nobody writes yet.
        assert_eq!(unsafe { reading.deref() + also_reading.deref() }, 2);
        drop(reading);
        cell.get_mut();
    });
    assert!(
        message.contains(RACE) && message.contains("before the read of it by main has ended"),
        "{message}"
    );
    loom::model(|| {
        let cell = UnsafeCell::new(1);
        drop(cell.get());
        let writing = cell.get_mut();
        // SAFETY: `writing` is the only way to the content.
        unsafe { *writing.deref() += 1 };
        writing.with(|number| {
            // SAFETY: as above.
            unsafe { *number += 1 }
        });
        drop(writing);
        assert_eq!(cell.into_inner(), 3);
    });
}

#[test]
fn a_release_hands_over_what_a_pointer_still_points_to() {
    struct Slot {
        number: UnsafeCell<u32>,
        full: AtomicBool,
    }
    struct Filling {
        pointer: loom::cell::MutPtr<u32>,
        slot: Rc<Slot>,
    }
    impl Drop for Filling {
        fn drop(&mut self) {
            // The pointer is dropped after this.
            self.slot.full.store(true, Release);
        }
    }
    loom::model(|| {
        let slot = Rc::new(Slot { number: UnsafeCell::new(0), full: AtomicBool::new(false) });
        let other = slot.clone();
        let thread = thread::spawn(move || {
            let filling = Filling { pointer: other.number.get_mut(), slot: other };
            // SAFETY: nobody else looks before the slot is full.
            filling.pointer.with(|number| unsafe { *number = 7 });
        });
        if slot.full.load(Acquire) {
            // SAFETY: it is full.
            assert_eq!(slot.number.with(|number| unsafe { *number }), 7);
        }
        thread.join().unwrap();
    });
}

#[test]
fn making_a_cell_is_a_write() {
    // Published by a relaxed store: whoever finds the cell need not find what is in it.
    let publish = |order| {
        move || {
            let place = Rc::new(AtomicPtr::<UnsafeCell<u32>>::default());
            let other = place.clone();
            let reader = thread::spawn(move || {
                let cell = other.load(Acquire);
                if !cell.is_null() {
                    // SAFETY: the cell is freed after this thread is joined.
                    assert_eq!(unsafe { (*cell).with(|number| *number) }, 7);
                }
            });
            let cell = Box::into_raw(Box::new(UnsafeCell::new(7)));
            place.store(cell, order);
            reader.join().unwrap();
            // SAFETY: it was made by `into_raw`, and the other thread has ended.
            drop(unsafe { Box::from_raw(cell) });
        }
    };
    loom::model(publish(Release));
    assert!(fails(publish(Relaxed)).contains(RACE));
}

#[test]
fn a_cell_is_watched_too() {
    let message = fails(|| {
        let shared = Rc::new(Cell::new(1));
        let other = shared.clone();
        let thread = thread::spawn(move || other.set(2));
        shared.get();
        thread.join().unwrap();
    });
    assert!(message.contains(RACE), "{message}");
    loom::model(|| {
        let (first, second) = (Cell::new(1), Cell::from(2));
        first.swap(&second);
        first.swap(&first);
        assert_eq!((first.get(), second.replace(5), second.take()), (2, 1, 5));
        assert!(first > Cell::default() && first == first.clone() && second.into_inner() == 0);
    });
}

#[test]
fn unsync_load_races_with_stores() {
    let with = |ordered: bool| {
        move || {
            let number = Rc::new(AtomicUsize::new(0));
            let other = number.clone();
            let thread = thread::spawn(move || other.store(1, Relaxed));
            if ordered {
                thread.join().unwrap();
            }
            // SAFETY: what is tested.
            unsafe { number.unsync_load() };
        }
    };
    loom::model(with(true));
    let message = fails(with(false));
    assert!(message.contains(RACE) && message.contains("AtomicUsize"), "{message}");
}

/// An atomic of which one owner believes that it is the last.
struct Owned(*mut AtomicUsize);

#[test]
fn with_mut_races_with_operations_of_others() {
    // Each of two owners releases, and the last of them uses the number as its own.
    let owners = |order, acquire: bool| {
        move || {
            let number = Box::into_raw(Box::new(AtomicUsize::new(2)));
            let release = move |owned: Owned| {
                // SAFETY: it is not freed before the last of two has released it.
                if unsafe { (*owned.0).fetch_sub(1, order) } == 1 {
                    if acquire {
                        fence(Acquire);
                    }
                    // SAFETY: the last owner has it alone.
                    unsafe { (*owned.0).with_mut(|number| *number = 7) };
                    // SAFETY: as above, and it comes from `into_raw`.
                    assert_eq!(unsafe { Box::from_raw(owned.0) }.into_inner(), 7);
                }
            };
            let theirs = Owned(number);
            let thread = thread::spawn(move || release(theirs));
            release(Owned(number));
            thread.join().unwrap();
        }
    };
    loom::model(owners(Release, true));
    loom::model(owners(AcqRel, false));
    assert!(fails(owners(Release, false)).contains(RACE));
    assert!(fails(owners(Relaxed, true)).contains(RACE));
}

#[test]
fn a_lock_orders_what_is_done_under_it() {
    loom::model(|| {
        let shared = Rc::new((Mutex::new(()), UnsafeCell::new(0)));
        let increment = |shared: &(Mutex<()>, UnsafeCell<i32>)| {
            let _guard = shared.0.lock().unwrap();
            // SAFETY: the lock is held.
            shared.1.with_mut(|number| unsafe { *number += 1 });
        };
        let other = shared.clone();
        let thread = thread::spawn(move || increment(&other));
        increment(&shared);
        thread.join().unwrap();
        // SAFETY: the other thread has ended.
        assert_eq!(shared.1.with(|number| unsafe { *number }), 2);
    });
}

#[test]
#[ignore = "run by the test below"]
fn a_race() {
    loom::model(|| {
        let cell = Rc::new(UnsafeCell::new(0));
        let other = cell.clone();
        // SAFETY: none.
        let thread = thread::spawn(move || other.with_mut(|number| unsafe { *number = 1 }));
        // SAFETY: none.
        cell.with(|number| unsafe { *number });
        thread.join().unwrap();
    });
}

#[test]
fn the_report_names_both_places_and_says_how_to_see_it_again() {
    let (passed, text) = run_alone("a_race", &[("RUSTFLAGS", "--cfg loom")]);
    assert!(!passed, "{text}");
    assert!(text.contains("data-race in a_race: the read of the UnsafeCell made at"), "{text}");
    assert!(text.contains("  write of UnsafeCell `cell` by thread 1\n      at "), "{text}");
    assert!(text.contains("  read of UnsafeCell `cell` by main\n      at "), "{text}");
    let (_, replay) = text.split_once("replay: DRAWLOOM_REPLAY=").expect("a line that replays");
    let (token, command) = replay.split_once(' ').unwrap();
    let command = command.lines().next().unwrap();
    assert!(command.starts_with("RUSTFLAGS=\"--cfg loom\" cargo test"), "{command}");
    assert!(command.ends_with("a_race -- --exact"), "{command}");

    let (passed, text) = run_alone("a_race", &[("DRAWLOOM_REPLAY", token)]);
    assert!(!passed && text.contains("replayed, after"), "{text}");
}

/// An atomic that one thread makes and std's types publish: what orders that is not seen, and no race.
#[test]
fn the_making_of_what_std_published_is_no_race() {
    use std::sync::{Arc, OnceLock};

    loom::model(|| {
        let published: Arc<OnceLock<AtomicUsize>> = Arc::new(OnceLock::new());
        let theirs = Arc::clone(&published);
        let maker = thread::spawn(move || {
            let made = AtomicUsize::new(1);
            made.store(2, Relaxed);
            assert!(theirs.set(made).is_ok());
            theirs.get().unwrap().store(3, Relaxed);
        });
        if let Some(number) = published.get() {
            assert!((1..=3).contains(&number.load(Relaxed)));
            number.fetch_add(1, Relaxed);
        }
        maker.join().unwrap();
    });
}

/// The same, published by an atomic that is seen, with an ordering that is too weak, is one.
#[test]
fn the_making_of_what_a_weak_ordering_published_is_a_race() {
    fn publish(
        set: fn(&AtomicPtr<AtomicUsize>, *mut AtomicUsize),
        get: fn(&AtomicPtr<AtomicUsize>) -> *mut AtomicUsize,
    ) {
        let shared = Rc::new(AtomicPtr::new(std::ptr::null_mut()));
        let other = shared.clone();
        let maker = thread::spawn(move || set(&other, Box::into_raw(Box::new(AtomicUsize::new(1)))));
        let made = get(&shared);
        if !made.is_null() {
            // SAFETY: it lives until the end.
            unsafe { (*made).load(Relaxed) };
        }
        maker.join().unwrap();
        // SAFETY: it was made by `into_raw`, and the other thread has ended.
        drop(unsafe { Box::from_raw(shared.load(Relaxed)) });
    }
    for message in [
        fails(|| publish(|to, made| to.store(made, Relaxed), |from| from.load(Acquire))),
        fails(|| publish(|to, made| to.store(made, Release), |from| from.load(Relaxed))),
    ] {
        assert!(message.contains(RACE) && message.contains("the AtomicUsize made at"), "{message}");
    }
    loom::model(|| publish(|to, made| to.store(made, Release), |from| from.load(Acquire)));
}
