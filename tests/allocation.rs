//! What an exploration allocates, counted: nothing on a step, and nothing for an execution, once warm, but
//! what the program and its threads' results need. And that size does not hurt: many threads, many steps.
//!
//! In a process of its own, since the allocator is one that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};

use drawloom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use drawloom::sync::{Arc, Condvar, Mutex};
use drawloom::{Config, StrategyKind, explore, thread};

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Tests here run one at a time: they count what the process does.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: StdMutex<()> = StdMutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

const STRATEGIES: [StrategyKind; 7] = [
    StrategyKind::RandomWalk,
    StrategyKind::RoundRobin,
    StrategyKind::Pct { depth: 3 },
    StrategyKind::Pos,
    StrategyKind::Urw,
    StrategyKind::Surw,
    StrategyKind::Portfolio,
];

/// How many allocations `executions` of `body` make, all told.
fn allocations(strategy: StrategyKind, executions: u64, body: fn()) -> u64 {
    let config = Config::new().executions(executions).strategy(strategy).spurious(0).max_steps(u64::MAX);
    let before = ALLOCATIONS.load(Relaxed);
    let report = explore(config, body);
    assert!(report.passed(), "{report}");
    ALLOCATIONS.load(Relaxed) - before
}

/// How many allocations each further execution makes, in hundredths.
fn per_execution(strategy: StrategyKind, body: fn()) -> u64 {
    let (some, more) = (allocations(strategy, 1_000, body), allocations(strategy, 3_000, body));
    more.saturating_sub(some) * 100 / 2_000
}

#[test]
fn an_execution_allocates_only_what_the_program_and_its_results_need() {
    let _alone = alone();
    for strategy in STRATEGIES {
        // One thread, locks and atomics: nothing.
        let quiet = per_execution(strategy, || {
            let (lock, value) = (Mutex::new(0), AtomicU32::new(0));
            for _ in 0..10 {
                *lock.lock().unwrap() += value.fetch_add(1, SeqCst);
            }
        });
        assert_eq!(quiet, 0, "{strategy}: hundredths of an allocation an execution");
        // The program's own: an Arc and a Vec. Each of the three threads: where it leaves its result.
        let threads = per_execution(strategy, || {
            let shared = Arc::new((Mutex::new(0), Condvar::new(), AtomicU32::new(0)));
            let mut threads = Vec::with_capacity(3);
            for _ in 0..3 {
                let shared = Arc::clone(&shared);
                threads.push(thread::spawn(move || {
                    shared.2.fetch_add(1, SeqCst);
                    let mut arrived = shared.0.lock().unwrap();
                    *arrived += 1;
                    while *arrived < 2 {
                        arrived = shared.1.wait(arrived).unwrap();
                    }
                    shared.1.notify_all();
                }));
            }
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
        // One of 64 executions is run twice, and a longer schedule than any before may let a buffer grow, now and then.
        assert!((500..=509).contains(&threads), "{strategy}: {threads} hundredths an execution");
    }
}

#[test]
fn a_step_allocates_nothing() {
    let _alone = alone();
    fn adds<const ROUNDS: usize>() {
        let value = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&value);
        let add = |value: &AtomicU32| (0..ROUNDS).for_each(|_| _ = value.fetch_add(1, SeqCst));
        let thread = thread::spawn(move || add(&theirs));
        add(&value);
        thread.join().unwrap();
    }
    for strategy in STRATEGIES {
        let per = |body: fn()| allocations(strategy, 60, body) - allocations(strategy, 30, body);
        let (short, long) = (per(adds::<100>), per(adds::<1_000>));
        // Thirty executions with nine hundred more steps each: 54,000 steps.
        assert!(long.abs_diff(short) <= 100, "{strategy}: {short} allocations, then {long}");
    }
}

#[test]
fn a_thousand_threads_run_in_one_execution() {
    let _alone = alone();
    let report = explore(Config::new().executions(3), || {
        let count = Arc::new(AtomicU32::new(0));
        let threads: Vec<_> = (0..1_000)
            .map(|_| {
                let count = Arc::clone(&count);
                thread::spawn(move || count.fetch_add(1, SeqCst))
            })
            .collect();
        threads.into_iter().for_each(|thread| _ = thread.join().unwrap());
        assert_eq!(count.load(SeqCst), 1_000);
    });
    assert!(report.passed(), "{report}");
}

#[test]
fn ended_threads_cost_nothing() {
    let _alone = alone();
    let report = explore(Config::new().executions(2).strategy(StrategyKind::RandomWalk), || {
        let count = Arc::new(AtomicU32::new(0));
        for _ in 0..20_000 {
            let theirs = Arc::clone(&count);
            thread::spawn(move || theirs.fetch_add(1, SeqCst)).join().unwrap();
        }
        assert_eq!(count.load(SeqCst), 20_000);
    });
    assert!(report.passed(), "{report}");
}

/// The memory that the process has had at most, in KiB.
#[cfg(target_os = "linux")]
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// `cargo test --release --test allocation -- --ignored`
#[cfg(target_os = "linux")]
#[test]
#[ignore = "takes seconds in a debug build; see the command in its documentation"]
fn ten_million_steps_fit_into_a_hundred_megabytes() {
    let _alone = alone();
    let before = peak_memory();
    let config = Config::new().executions(2).strategy(StrategyKind::RandomWalk).max_steps(u64::MAX);
    let report = explore(config, || {
        let count = Arc::new(AtomicU32::new(0));
        let threads: Vec<_> = (0..5)
            .map(|_| {
                let count = Arc::clone(&count);
                thread::spawn(move || (0..2_000_000).for_each(|_| _ = count.fetch_add(1, SeqCst)))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    assert!(report.passed() && report.steps() > 20_000_000, "{report}");
    let grown = peak_memory() - before;
    assert!(grown < 100 << 10, "{grown} KiB");
}
