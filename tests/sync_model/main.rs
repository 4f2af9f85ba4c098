//! The synchronization primitives: what each allows and forbids inside explorations. That they are std's
//! outside is the subject of `std_faces`.

mod barrier;
mod condvar;
mod future;
mod in_place;
mod lazy_lock;
mod mpsc;
mod mutex;
mod once;
mod once_lock;
mod rwlock;
mod semaphore;
mod statics;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use drawloom::{Config, FailureKind, Report, StrategyKind, explore};

/// Enough for every order of a few operations to occur.
fn random() -> Config {
    Config::new().executions(500).strategy(StrategyKind::RandomWalk)
}

/// Every execution passes.
#[track_caller]
fn passes(config: Config, body: impl Fn() + Send + Sync) {
    let report = explore(config, body);
    assert!(report.passed(), "{report}");
}

/// Some execution fails so.
#[track_caller]
fn fails(kind: FailureKind, config: Config, body: impl Fn() + Send + Sync) -> Report {
    let report = explore(config, body);
    assert_eq!(report.failure().map(drawloom::Failure::kind), Some(kind), "{report}");
    report
}

/// What the executions return, all of which pass.
#[track_caller]
fn outcomes<T: Ord + Send>(config: Config, body: impl Fn() -> T + Send + Sync) -> BTreeSet<T> {
    let outcomes = Mutex::new(BTreeSet::new());
    passes(config, || {
        let outcome = body();
        outcomes.lock().unwrap().insert(outcome);
    });
    outcomes.into_inner().unwrap()
}

/// A value that counts how many of its kind there are.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Counted {
        count.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Executions that pass, and leave no [`Counted`] behind.
#[track_caller]
fn leaves_none(config: Config, body: impl Fn(&Arc<AtomicUsize>) + Send + Sync) {
    let count = Arc::new(AtomicUsize::new(0));
    passes(config, || body(&count));
    assert_eq!(count.load(Ordering::Relaxed), 0);
}
