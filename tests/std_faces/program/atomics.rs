//! `atomic`: every type, every operation, the fences.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use super::facade::sync::Arc;
use super::facade::sync::atomic::{
    ATOMIC_BOOL_INIT, ATOMIC_ISIZE_INIT, ATOMIC_USIZE_INIT, AtomicBool, AtomicI8, AtomicI16, AtomicI32,
    AtomicI64, AtomicIsize, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering,
    compiler_fence, fence, spin_loop_hint,
};
use super::facade::{hint, thread};

use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

macro_rules! integer {
    ($log:expr, $atomic:ident, $integer:ty) => {{
        fn round_trip(value: $integer) -> $integer {
            $atomic::new(value).into_inner()
        }
        let (log, max) = ($log, <$integer>::MAX);
        let mut atomic = $atomic::new(5);
        show!(log, atomic);
        show!(log, (atomic.load(Relaxed), atomic.load(Acquire), atomic.load(SeqCst)));
        atomic.store(6, Relaxed);
        atomic.store(7, Release);
        atomic.store(8, SeqCst);
        show!(log, atomic.swap(9, AcqRel));
        show!(log, atomic.compare_and_swap(9, 10, SeqCst));
        show!(log, atomic.compare_exchange(1, 2, SeqCst, Relaxed));
        show!(log, atomic.compare_exchange(10, 11, AcqRel, Acquire));
        show!(log, atomic.compare_exchange_weak(1, 2, Release, Relaxed));
        while atomic.compare_exchange_weak(11, 12, SeqCst, SeqCst).is_err() {}
        show!(log, (atomic.fetch_add(max, Acquire), atomic.fetch_sub(max, Release)));
        show!(log, (atomic.fetch_and(0b1010, SeqCst), atomic.fetch_or(0b0011, Relaxed)));
        show!(log, (atomic.fetch_xor(0b0110, AcqRel), atomic.fetch_nand(0b0111, SeqCst)));
        show!(log, (atomic.fetch_max(20, SeqCst), atomic.fetch_min(10, Relaxed)));
        show!(log, atomic.fetch_update(SeqCst, Relaxed, |value| value.checked_add(1)));
        show!(log, atomic.fetch_update(AcqRel, Acquire, |value| (value == 0).then_some(1)));
        *atomic.get_mut() = 30;
        // SAFETY: nobody else has the atomic.
        show!(log, unsafe { *atomic.as_ptr() });
        let mut plain: $integer = 31;
        // SAFETY: `plain` outlives the use, and is only accessed through the atomic.
        let view = unsafe { $atomic::from_ptr(&raw mut plain) };
        show!(log, view.fetch_add(1, Relaxed));
        show!(log, plain);
        show!(log, atomic.into_inner());
        show!(log, ($atomic::default(), $atomic::from(40), round_trip(41)));

        let shared = Arc::new($atomic::new(0));
        let handles = [1, 2, 3].map(|number| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.fetch_add(number, Relaxed))
        });
        handles.into_iter().for_each(|handle| assert!(handle.join().unwrap() < 6));
        show!(log, shared);
        traits!(log, $atomic);
    }};
}

pub(crate) fn integers(log: &mut Vec<String>) {
    integer!(&mut *log, AtomicI8, i8);
    integer!(&mut *log, AtomicI16, i16);
    integer!(&mut *log, AtomicI32, i32);
    integer!(&mut *log, AtomicI64, i64);
    integer!(&mut *log, AtomicIsize, isize);
    integer!(&mut *log, AtomicU8, u8);
    integer!(&mut *log, AtomicU16, u16);
    integer!(&mut *log, AtomicU32, u32);
    integer!(&mut *log, AtomicU64, u64);
    integer!(&mut *log, AtomicUsize, usize);
}

pub(crate) fn boolean(log: &mut Vec<String>) {
    fn round_trip(value: bool) -> bool {
        AtomicBool::new(value).into_inner()
    }
    let mut atomic = AtomicBool::new(false);
    show!(log, (&atomic, atomic.load(Relaxed)));
    atomic.store(true, Release);
    show!(log, atomic.swap(false, AcqRel));
    show!(log, atomic.compare_and_swap(false, true, SeqCst));
    show!(log, atomic.compare_exchange(false, true, SeqCst, Relaxed));
    show!(log, atomic.compare_exchange(true, false, SeqCst, Relaxed));
    while atomic.compare_exchange_weak(false, true, SeqCst, SeqCst).is_err() {}
    show!(log, (atomic.fetch_and(false, SeqCst), atomic.fetch_or(true, SeqCst)));
    show!(log, (atomic.fetch_xor(true, SeqCst), atomic.fetch_nand(true, SeqCst)));
    show!(log, (atomic.fetch_nand(false, SeqCst), atomic.fetch_nand(true, SeqCst)));
    show!(log, (atomic.fetch_not(SeqCst), atomic.fetch_not(Relaxed)));
    show!(log, atomic.fetch_update(SeqCst, Relaxed, |value| Some(!value)));
    show!(log, atomic.fetch_update(SeqCst, Relaxed, |_| None));
    *atomic.get_mut() = true;
    // SAFETY: nobody else has the atomic.
    show!(log, unsafe { *atomic.as_ptr() });
    let mut plain = true;
    // SAFETY: `plain` outlives the use, and is only accessed through the atomic.
    let view = unsafe { AtomicBool::from_ptr(&raw mut plain) };
    show!(log, view.fetch_not(Relaxed));
    show!(log, plain);
    show!(log, atomic.into_inner());
    show!(log, (AtomicBool::default(), AtomicBool::from(true), round_trip(true)));

    let winners = AtomicU32::new(0);
    let atomic = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                if !atomic.swap(true, AcqRel) {
                    winners.fetch_add(1, Relaxed);
                }
            });
        }
    });
    show!(log, (winners, atomic));
    traits!(log, AtomicBool);
}

pub(crate) fn pointer(log: &mut Vec<String>) {
    static NULL: AtomicPtr<u32> = AtomicPtr::new(std::ptr::null_mut());
    let (mut first, mut second) = (1u32, 2u32);
    let (first, second) = (&raw mut first, &raw mut second);
    let mut atomic = AtomicPtr::new(first);
    show!(log, format!("{atomic:?}") == format!("{first:?}"));
    show!(log, format!("{atomic:p}") == format!("{first:p}"));
    show!(log, atomic.load(Acquire) == first);
    atomic.store(second, Release);
    show!(log, atomic.swap(first, AcqRel) == second);
    show!(log, atomic.compare_and_swap(first, second, SeqCst) == first);
    show!(log, atomic.compare_exchange(first, second, SeqCst, Relaxed) == Err(second));
    show!(log, atomic.compare_exchange(second, first, SeqCst, Relaxed) == Ok(second));
    while atomic.compare_exchange_weak(first, second, SeqCst, SeqCst).is_err() {}
    show!(log, atomic.fetch_update(SeqCst, Relaxed, |_| Some(first)) == Ok(second));
    show!(log, atomic.fetch_update(SeqCst, Relaxed, |_| None) == Err(first));
    *atomic.get_mut() = second;
    // SAFETY: nobody else has the atomic.
    show!(log, unsafe { *atomic.as_ptr() } == second);
    let mut plain = first;
    // SAFETY: `plain` outlives the use, and is only accessed through the atomic.
    let view = unsafe { AtomicPtr::from_ptr(&raw mut plain) };
    show!(log, view.swap(second, Relaxed) == first);
    show!(log, plain == second);
    show!(log, atomic.into_inner() == second);
    show!(log, (NULL.load(Relaxed).is_null(), AtomicPtr::<u32>::default().load(Relaxed).is_null()));
    show!(log, AtomicPtr::from(first).into_inner() == first);

    let published = AtomicPtr::new(std::ptr::null_mut());
    thread::scope(|scope| {
        scope.spawn(|| published.store(Box::into_raw(Box::new(7)), Release));
    });
    // SAFETY: the thread stored the pointer and has ended.
    show!(log, unsafe { Box::from_raw(published.load(Acquire)) });
    traits!(log, AtomicPtr<u32>, AtomicPtr<std::rc::Rc<u32>>);
}

static COUNTER: AtomicU32 = AtomicU32::new(0);
static FLAGS: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];
static OLD: (AtomicBool, AtomicIsize, AtomicUsize) = (ATOMIC_BOOL_INIT, ATOMIC_ISIZE_INIT, ATOMIC_USIZE_INIT);

pub(crate) fn statics_and_fences(log: &mut Vec<String>) {
    COUNTER.store(1, SeqCst);
    let handle = thread::spawn(|| COUNTER.fetch_add(1, SeqCst));
    show!(log, handle.join().unwrap());
    show!(log, (&COUNTER, &FLAGS, &OLD));

    let (data, ready) = (AtomicU32::new(0), AtomicBool::new(false));
    let read = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !ready.load(Relaxed) {
                hint::spin_loop();
                spin_loop_hint();
                thread::yield_now();
            }
            fence(Acquire);
            data.load(Relaxed)
        });
        data.store(1, Relaxed);
        fence(Release);
        ready.store(true, Relaxed);
        reader.join().unwrap()
    });
    show!(log, read);
    for ordering in [AcqRel, SeqCst] {
        fence(ordering);
    }
    for ordering in [Acquire, Release, AcqRel, SeqCst] {
        compiler_fence(ordering);
        show!(log, (ordering, ordering == ordering.clone()));
    }
    show!(log, Relaxed);
    let mut hasher = DefaultHasher::new();
    SeqCst.hash(&mut hasher);
    show!(log, hasher.finish() != 0);
    show!(log, hint::black_box(1));
    traits!(log, Ordering);
}
