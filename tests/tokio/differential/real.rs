//! A program under tokio: the outcomes of a number of runs, each varied at random.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

pub(super) use ::tokio as rt;

use super::outcome::{Log, Outcome};
use super::program::Program;
use interpret::Vary;

#[expect(clippy::duplicate_mod, reason = "once with tokio, once with the model")]
#[path = "interpret.rs"]
mod interpret;

/// After so long a run on several threads counts as one that does not end, if the model knows such an outcome.
const SHORT: Duration = Duration::from_millis(20);
/// After so long it does in any case.
const LONG: Duration = Duration::from_secs(5);
/// How often a task gives way in a run: as often as the model lets it.
const PAUSES: u32 = 2;

/// Random numbers: splitmix64.
#[derive(Clone)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A task gives way now and then, and loses time.
struct Various {
    random: Random,
    pauses: u32,
    spins: u64,
}

impl Vary for Various {
    async fn pause(&mut self) {
        // The next operation that can go on gives way.
        if self.pauses > 0 && self.random.below(3) == 0 {
            self.pauses -= 1;
            while rt::task::coop::has_budget_remaining() {
                rt::task::coop::consume_budget().await;
            }
        }
    }

    fn spin(&mut self) {
        if self.spins == 0 {
            return;
        }
        match self.random.below(8) {
            0 => std::thread::yield_now(),
            1..=4 => (0..self.random.below(self.spins)).for_each(|_| std::hint::spin_loop()),
            _ => {}
        }
    }
}

/// The outcomes of so many runs with the flavour `current_thread`.
pub(super) fn current(program: &Arc<Program>, runs: u32, random: &mut Random) -> BTreeSet<Outcome> {
    // With paused time a run that cannot go on has its timeout at once.
    let runtime = rt::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    let mut outcomes = BTreeSet::new();
    for run in 0..runs {
        let log = Arc::new(Log::new(program.tasks.len()));
        let pauses = if run == 0 { 0 } else { PAUSES };
        let vary = || Various { random: Random(random.below(u64::MAX)), pauses, spins: 0 };
        outcomes.insert(runtime.block_on(interpret::run(Arc::clone(program), log, vary)));
    }
    outcomes
}

/// A runtime with this many workers.
pub(super) fn with_workers(workers: usize) -> rt::runtime::Runtime {
    let built = rt::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    built.expect("a runtime")
}

/// The outcomes of so many runs on several threads. One that does not end is the last.
pub(super) fn shared(
    program: &Arc<Program>,
    runtime: &rt::runtime::Runtime,
    runs: u32,
    random: &mut Random,
    known: &BTreeSet<Outcome>,
) -> BTreeSet<Outcome> {
    let mut outcomes = BTreeSet::new();
    for _ in 0..runs {
        let log = Arc::new(Log::new(program.tasks.len()));
        let spins = 1 << random.below(10);
        let vary = || Various { random: Random(random.below(u64::MAX)), pauses: PAUSES, spins };
        let running = interpret::run(Arc::clone(program), Arc::clone(&log), vary);
        let outcome = runtime.block_on(async {
            let mut running = pin!(running);
            if let Ok(outcome) = rt::time::timeout(SHORT, running.as_mut()).await {
                return outcome;
            }
            let stuck = log.outcome(false);
            if known.contains(&stuck) {
                return stuck;
            }
            let late = rt::time::timeout(LONG, running.as_mut()).await;
            late.unwrap_or_else(|_| log.outcome(false))
        });
        let has_ended = outcome.has_ended;
        outcomes.insert(outcome);
        if !has_ended {
            break;
        }
    }
    outcomes
}
