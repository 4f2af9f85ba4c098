//! Loops that wait, under every strategy that samples: they end if what they wait for comes, whether they say that they
//! wait or not; if it never comes, that is told soon, with what each thread waits for; and nobody is said to wait for
//! ever who does not. The same of threads that wait for each other: `waiting` and `knots`.

mod a_livelock;
mod knots;
mod long_executions;
mod nobody_is_said_to_wait_for_ever;
mod rounds;
mod the_step_limit;
mod time_passes;
mod waiting;
mod waiting_loops_end;

use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicU64 as StdAtomicU64, Ordering as StdOrdering};

use drawloom::cell::{CellExt, UnsafeCell};
use drawloom::strategy::{Rng, SchedulingPoint, Strategy, ThreadId};
use drawloom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use drawloom::sync::atomic::{AtomicBool, AtomicUsize, fence};
use drawloom::sync::{Arc, Mutex, RwLock, mpsc};
use drawloom::time::{Duration, Instant};
use drawloom::{Config, FailureKind, Report, StrategyKind, Timeouts, explore, hint, thread};

const STRATEGIES: [&str; 7] = ["random", "pct:3", "pos", "urw", "surw", "portfolio", "round-robin"];

/// Far more than any of these programs needs if its loops end, and less than a loop without end takes.
const STEPS: u64 = 20_000;

fn config(strategy: &str) -> Config {
    Config::new().strategy(strategy.parse().unwrap()).executions(60).max_steps(STEPS).seed(7)
}

/// A custom strategy that is as unfair as can be: the thread spawned last runs for as long as it may.
struct LastForEver;

impl Strategy for LastForEver {
    fn name(&self) -> &str {
        "last"
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, _: &mut Rng) -> ThreadId {
        point.enabled().max().unwrap()
    }
}

/// The same with the thread spawned first.
struct FirstForEver;

impl Strategy for FirstForEver {
    fn name(&self) -> &str {
        "first"
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, _: &mut Rng) -> ThreadId {
        point.enabled().min().unwrap()
    }
}

/// Explores `body` under each strategy, and passes each report on.
fn under_every_strategy(configure: impl Fn(Config) -> Config, body: fn(), check: impl Fn(&str, &Report)) {
    for strategy in STRATEGIES {
        check(strategy, &explore(configure(config(strategy)), body));
    }
    let first = config("random").custom_strategy(|| Box::new(FirstForEver));
    check("first", &explore(configure(first), body));
    let last = config("random").custom_strategy(|| Box::new(LastForEver));
    check("last", &explore(configure(last), body));
}

#[track_caller]
fn ends(body: fn()) {
    under_every_strategy(
        |config| config,
        body,
        |strategy, report| assert!(report.passed(), "{strategy}: {report}"),
    );
}

/// How a loop says that it waits.
fn silent() {}

/// A number that a lock has to protect: if it does not, that is a data race.
struct Guarded<L> {
    lock: L,
    count: UnsafeCell<i32>,
}

// SAFETY: the exploration sees to it that accesses do not overlap, or fails.
unsafe impl<L: Sync> Sync for Guarded<L> {}

impl<L> Guarded<L> {
    fn add(&self) {
        // SAFETY: as above.
        self.count.with_mut(|count| unsafe { *count += 1 });
    }
}

/// Two threads, each of which runs `critical` under the same lock twice.
fn excludes<L: Send + Sync + 'static>(lock: L, critical: fn(&L, usize, &dyn Fn())) {
    let shared = Arc::new(Guarded { lock, count: UnsafeCell::new(0) });
    let theirs = Arc::clone(&shared);
    let thread = thread::spawn(move || (0..2).for_each(|_| critical(&theirs.lock, 1, &|| theirs.add())));
    (0..2).for_each(|_| critical(&shared.lock, 0, &|| shared.add()));
    thread.join().unwrap();
    // SAFETY: nobody else is left.
    assert_eq!(shared.count.with(|count| unsafe { *count }), 4);
}

/// How many steps an unfair strategy takes until the thread that it never wants to run has run.
#[test]
fn a_thread_is_starved_for_a_few_rounds_only() {
    static MOST: StdAtomicU64 = StdAtomicU64::new(0);
    let config = Config::new().executions(20).custom_strategy(|| Box::new(LastForEver));
    let report = explore(config, || {
        let ready = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&ready);
        let rounds = Arc::new(StdMutex::new(0));
        let counted = Arc::clone(&rounds);
        let thread = thread::spawn(move || {
            while !theirs.load(Acquire) {
                *counted.lock().unwrap() += 1;
                hint::spin_loop();
            }
        });
        ready.store(true, Release);
        thread.join().unwrap();
        MOST.fetch_max(*rounds.lock().unwrap(), StdOrdering::Relaxed);
    });
    assert!(report.passed(), "{report}");
    let most = MOST.load(StdOrdering::Relaxed);
    assert!((10..30).contains(&most), "{most}");
}
