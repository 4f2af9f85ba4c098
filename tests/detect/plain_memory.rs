//! Plain memory: races that `cell::Shadow` sees, and their reports.

use drawloom::cell::{BeforeOperation, Shadow, UnsafeCell};
use drawloom::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use drawloom::sync::atomic::{AtomicBool, AtomicUsize, fence};
use drawloom::sync::{Arc, Mutex};
use drawloom::{FailureKind, thread};

use crate::{fails, passes};

/// A number whose accesses are seen.
struct Watched {
    content: UnsafeCell<u32>,
    shadow: Shadow,
}

// SAFETY: only one thread of an execution runs at a time, and none stops within an access here.
unsafe impl Sync for Watched {}

impl Watched {
    #[track_caller]
    fn new() -> Arc<Watched> {
        Arc::new(Watched { content: UnsafeCell::new(0), shadow: Shadow::new("Watched") })
    }

    #[track_caller]
    fn get(&self) -> u32 {
        let _access = self.shadow.read();
        // SAFETY: see the impl of `Sync`.
        unsafe { *self.content.get() }
    }

    #[track_caller]
    fn set(&self, value: u32) {
        let _access = self.shadow.write();
        // SAFETY: see the impl of `Sync`.
        unsafe { *self.content.get() = value }
    }
}

/// One thread writes and then says so by `publish`, the other reads once `is_published`.
fn hand_over(
    publish: impl Fn(&AtomicBool) + Send + Sync + Copy + 'static,
    is_published: impl Fn(&AtomicBool) -> bool,
) {
    let (value, ready) = (Watched::new(), Arc::new(AtomicBool::new(false)));
    let writer = {
        let (value, ready) = (Arc::clone(&value), Arc::clone(&ready));
        thread::spawn(move || {
            value.set(1);
            publish(&ready);
        })
    };
    if is_published(&ready) {
        assert_eq!(value.get(), 1);
    }
    writer.join().unwrap();
    value.set(2);
}

#[test]
fn what_orders_two_accesses() {
    passes(|| hand_over(|ready| ready.store(true, Release), |ready| ready.load(Acquire)));
    passes(|| hand_over(|ready| ready.store(true, SeqCst), |ready| ready.load(SeqCst)));
    passes(|| hand_over(|ready| _ = ready.swap(true, Release), |ready| ready.swap(false, Acquire)));
    let store_after_fence = |ready: &AtomicBool| {
        fence(Release);
        ready.store(true, Relaxed);
    };
    let load_before_fence = |ready: &AtomicBool| {
        let ready = ready.load(Relaxed);
        fence(Acquire);
        ready
    };
    passes(move || hand_over(store_after_fence, load_before_fence));
    passes(|| {
        let value = Arc::new(Mutex::new(()));
        let watched = Watched::new();
        let threads = [1, 2].map(|number| {
            let (value, watched) = (Arc::clone(&value), Arc::clone(&watched));
            thread::spawn(move || {
                let _guard = value.lock().unwrap();
                watched.set(number + watched.get());
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(watched.get(), 3);
    });
}

#[test]
fn orderings_that_are_too_weak_are_races_although_the_value_is_right() {
    let race = FailureKind::DataRace;
    fails(race, || hand_over(|ready| ready.store(true, Relaxed), |ready| ready.load(Acquire)));
    fails(race, || hand_over(|ready| ready.store(true, Release), |ready| ready.load(Relaxed)));
    fails(race, || {
        let fence_too_late = |ready: &AtomicBool| {
            ready.store(true, Relaxed);
            fence(Release);
        };
        hand_over(fence_too_late, |ready| ready.load(Acquire));
    });
}

#[test]
fn a_race_is_reported_with_both_places() {
    let report = fails(FailureKind::DataRace, || {
        let counter = Watched::new();
        let other = Arc::clone(&counter);
        let write = move || drop(other.shadow.write());
        let writer = thread::Builder::new().name("writer".to_owned()).spawn(write).unwrap();
        drop(counter.shadow.read());
        writer.join().unwrap();
    });
    insta::assert_snapshot!("race", report.to_string());
}

#[test]
fn atomic_accesses_race_with_plain_ones_only() {
    let both = |first: fn(&Shadow), second: fn(&Shadow)| {
        move || {
            let shadow = Arc::new(Shadow::new("word"));
            let other = Arc::clone(&shadow);
            let thread = thread::spawn(move || first(&other));
            second(&shadow);
            thread.join().unwrap();
        }
    };
    passes(both(Shadow::atomic_write, Shadow::atomic_write));
    passes(both(Shadow::atomic_read, |shadow| drop(shadow.read())));
    fails(FailureKind::DataRace, both(Shadow::atomic_write, |shadow| drop(shadow.read())));
    fails(FailureKind::DataRace, both(Shadow::atomic_read, |shadow| drop(shadow.write())));
}

#[test]
fn an_access_excludes_others_while_it_lasts() {
    let report = fails(FailureKind::DataRace, || {
        let shadow = Shadow::new("buffer");
        let _reading = shadow.read();
        drop(shadow.read());
        drop(shadow.write());
    });
    assert!(
        report.failure().unwrap().message().starts_with("main begins to write the buffer made at "),
        "{report}"
    );
    // Even if a lock was taken meanwhile.
    fails(FailureKind::DataRace, || {
        let (shadow, lock) = (Arc::new(Shadow::new("buffer")), Arc::new(Mutex::new(())));
        let theirs = (Arc::clone(&shadow), Arc::clone(&lock));
        let thread = thread::spawn(move || {
            let guard = theirs.1.lock().unwrap();
            let access = theirs.0.write();
            drop(guard);
            theirs.1.is_poisoned();
            thread::yield_now();
            drop(access);
        });
        let guard = lock.lock().unwrap();
        drop(shadow.read());
        drop(guard);
        thread.join().unwrap();
    });
}

#[test]
fn a_race_on_one_of_many_pieces_is_found_and_the_others_are_quiet() {
    let report = fails(FailureKind::DataRace, || {
        let values: Arc<Vec<_>> = Arc::new((0..10).map(|_| Watched::new()).collect());
        let threads = [0, 1].map(|half| {
            let values = Arc::clone(&values);
            thread::spawn(move || {
                for value in &values[half * 5..half * 4 + 6] {
                    value.set(1);
                }
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    assert!(report.to_string().contains("#6"), "{report}");
}

#[test]
fn who_acquires_a_store_comes_after_the_store_itself() {
    // The last of two owners changes the counter itself, as a destructor does.
    let two_owners = |acquire: bool| {
        move || {
            let counter = Arc::new((AtomicUsize::new(2), Shadow::new("counter")));
            let release = move |(count, accesses): &(AtomicUsize, Shadow)| {
                let before = BeforeOperation::now();
                let old = count.fetch_sub(1, Release);
                accesses.atomic_write_since(before);
                if old == 1 {
                    if acquire {
                        fence(Acquire);
                    }
                    drop(accesses.write());
                }
            };
            let other = Arc::clone(&counter);
            let thread = thread::spawn(move || release(&other));
            release(&counter);
            thread.join().unwrap();
        }
    };
    passes(two_owners(true));
    fails(FailureKind::DataRace, two_owners(false));
    // Told after the store without saying when it was, the access comes after what the store has released.
    fails(FailureKind::DataRace, || {
        let shared = Arc::new((AtomicBool::new(false), Shadow::new("flag")));
        let other = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            other.0.store(true, Release);
            other.1.atomic_write();
        });
        if shared.0.load(Acquire) {
            drop(shared.1.write());
        }
        thread.join().unwrap();
    });
}

#[test]
fn an_access_that_ends_as_begun_is_handed_over_by_what_comes_in_between() {
    let hand_over = |as_begun: bool| {
        move || {
            let shared = Arc::new((AtomicBool::new(false), Shadow::new("slot")));
            let other = Arc::clone(&shared);
            let thread = thread::spawn(move || {
                let access = other.1.write();
                other.0.store(true, Release);
                if as_begun { access.end_as_begun() } else { drop(access) }
            });
            if shared.0.load(Acquire) {
                drop(shared.1.read());
            }
            thread.join().unwrap();
        }
    };
    passes(hand_over(true));
    fails(FailureKind::DataRace, hand_over(false));
}

#[test]
fn memory_that_was_written_when_it_was_made_must_be_published() {
    use drawloom::sync::atomic::AtomicPtr;
    let publish = |make: fn() -> Shadow, order| {
        move || {
            let place = Arc::new(AtomicPtr::new(std::ptr::null_mut::<Shadow>()));
            let other = Arc::clone(&place);
            let thread = thread::spawn(move || {
                // SAFETY: it is freed after this thread is joined.
                if let Some(shadow) = unsafe { other.load(Acquire).as_ref() } {
                    drop(shadow.read());
                }
            });
            let shadow = Box::into_raw(Box::new(make()));
            place.store(shadow, order);
            thread.join().unwrap();
            // SAFETY: it comes from `into_raw`.
            drop(unsafe { Box::from_raw(shadow) });
        }
    };
    passes(publish(|| Shadow::written("node"), Release));
    passes(publish(|| Shadow::new("node"), Relaxed));
    let report = fails(FailureKind::DataRace, publish(|| Shadow::written("node"), Relaxed));
    assert!(report.to_string().contains("  write of node of plain_memory.rs:"), "{report}");
    // Made in one execution, used in the next.
    static KEPT: std::sync::OnceLock<Shadow> = std::sync::OnceLock::new();
    passes(|| {
        let thread = thread::spawn(|| drop(KEPT.get_or_init(|| Shadow::written("kept")).read()));
        thread.join().unwrap();
    });
}
