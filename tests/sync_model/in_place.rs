//! An atomic's newest value is at its own address, where std has it, and what it held before is there again afterwards.

use drawloom::sync::atomic::{
    AtomicBool, AtomicI16, AtomicI32, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering::*,
};
use drawloom::{Config, StrategyKind, explore, sync::Arc, thread};

use crate::{passes, random};

/// What is at the address of an atomic.
fn at<A, T: Copy>(atomic: &A) -> T {
    // SAFETY: std documents that an atomic has the representation of its integer; threads of an exploration run one at a time.
    unsafe { std::ptr::from_ref(atomic).cast::<T>().read() }
}

fn exhaustive() -> Config {
    Config::new().strategy(StrategyKind::Exhaustive)
}

#[cfg(target_os = "linux")]
#[test]
fn every_operation_shows_its_value_in_place() {
    let body = || {
        let atomic = AtomicU32::new(1);
        assert_eq!(at::<_, u32>(&atomic), 1);
        atomic.store(5, Relaxed);
        assert_eq!(at::<_, u32>(&atomic), 5);
        atomic.fetch_add(2, SeqCst);
        assert_eq!(at::<_, u32>(&atomic), 7);
        assert_eq!(atomic.compare_exchange(7, 9, AcqRel, Acquire), Ok(7));
        assert_eq!(atomic.compare_exchange(7, 8, AcqRel, Acquire), Err(9));
        assert_eq!(at::<_, u32>(&atomic), 9);
        let mut atomic = atomic;
        *atomic.get_mut() = 11;
        assert_eq!(at::<_, u32>(&atomic), 11);
        atomic.fetch_max(20, Relaxed);
        assert_eq!(at::<_, u32>(&atomic), 20);

        let (byte, flag, long) = (AtomicU8::new(250), AtomicBool::new(true), AtomicU64::new(1 << 40));
        byte.fetch_add(10, Relaxed);
        flag.fetch_not(Relaxed);
        long.fetch_or(1, Relaxed);
        assert_eq!((at::<_, u8>(&byte), at::<_, u8>(&flag), at::<_, u64>(&long)), (4, 0, (1 << 40) + 1));
        let (short, int) = (AtomicI16::new(-2), AtomicI32::new(-2));
        short.fetch_sub(1, Relaxed);
        int.swap(-9, Relaxed);
        assert_eq!((at::<_, i16>(&short), at::<_, i32>(&int)), (-3, -9));
        let mut target = 3u32;
        let pointer = AtomicPtr::new(std::ptr::null_mut());
        pointer.store(&raw mut target, Release);
        assert_eq!(at::<_, *mut u32>(&pointer), &raw mut target);
    };
    passes(exhaustive(), body);
    passes(random().executions(2), body);
}

#[cfg(target_os = "linux")]
#[test]
fn it_is_the_last_in_modification_order_that_is_shown() {
    let body = || {
        let atomic = Arc::new(AtomicU32::new(0));
        let threads = [1, 2].map(|value| {
            let atomic = Arc::clone(&atomic);
            thread::spawn(move || {
                atomic.store(value, Relaxed);
                atomic.fetch_add(10, Relaxed);
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(at::<_, u32>(&*atomic), atomic.load(Relaxed));
    };
    passes(exhaustive(), body);
    passes(random(), body);
}

#[test]
fn what_the_body_captures_is_afterwards_what_it_was_before() {
    for workers in [1, 4] {
        let mut atomic = AtomicU32::new(3);
        let (printed, pointed) = (AtomicU32::new(4), AtomicU32::new(5));
        let body = || {
            assert_eq!(atomic.fetch_add(1, Relaxed), 3);
            assert_eq!(printed.swap(7, Relaxed), 4);
            assert_eq!(pointed.swap(8, Relaxed), 5);
        };
        passes(random().executions(64).workers(workers), body);
        passes(exhaustive().workers(workers), body);
        assert_eq!(format!("{printed:?}"), "4");
        // SAFETY: nobody else uses it.
        assert_eq!(unsafe { *pointed.as_ptr() }, 5);
        assert_eq!(*atomic.get_mut(), 3);
        atomic.store(30, Relaxed);
        let other = explore(random().executions(2), || assert_eq!(atomic.fetch_add(1, Relaxed), 30));
        assert!(other.passed(), "{other}");
        assert_eq!(atomic.fetch_add(1, Relaxed), 30);
        assert_eq!(atomic.into_inner(), 31);
    }
}

#[test]
fn a_static_is_used_outside_while_an_exploration_has_it() {
    static BOTH: AtomicU32 = AtomicU32::new(0);
    let body = || {
        assert_eq!(BOTH.fetch_add(10, Relaxed), BOTH.load(Relaxed) - 10);
        thread::yield_now();
    };
    const OUTSIDE: u32 = 20_000;
    std::thread::scope(|scope| {
        scope.spawn(|| passes(random(), body));
        scope.spawn(|| {
            for _ in 0..OUTSIDE {
                BOTH.fetch_add(1, Relaxed);
            }
        });
    });
    assert_eq!(BOTH.load(Relaxed), OUTSIDE);
}
