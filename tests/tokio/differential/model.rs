//! A program under the model: the outcomes of all its executions.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) use drawloom::tokio as rt;
use drawloom::{Config, Coverage, Log as Written, Policy, StrategyKind, explore};

use super::outcome::{Log, Outcome};
use super::program::Program;

#[expect(clippy::duplicate_mod, reason = "once with tokio, once with the model")]
#[path = "interpret.rs"]
mod interpret;

/// Nothing varies but what the model chooses.
struct Same;

impl interpret::Vary for Same {
    async fn pause(&mut self) {}

    fn spin(&mut self) {}
}

/// What came of an exploration.
pub(super) struct Explored {
    pub(super) outcomes: BTreeSet<Outcome>,
    /// Whether these are all.
    pub(super) is_complete: bool,
    pub(super) executions: u64,
    pub(super) failure: Option<String>,
}

/// Explores the program on a runtime with so many workers, or one of the flavour `current_thread`.
pub(super) fn outcomes(program: &Arc<Program>, workers: Option<usize>, config: Config) -> Explored {
    explored(program, workers, config)
}

/// Those that choose by chance.
const STRATEGIES: [StrategyKind; 5] = [
    StrategyKind::RandomWalk,
    StrategyKind::Pct { depth: 3 },
    StrategyKind::Pos,
    StrategyKind::Urw,
    StrategyKind::Surw,
];

/// So many executions at random, by each strategy.
pub(super) fn samples(
    program: &Arc<Program>,
    workers: Option<usize>,
    executions: u64,
    config: Config,
) -> Explored {
    let by = |strategy| explored(program, workers, config.clone().strategy(strategy).executions(executions));
    let together = |one: Explored, two: Explored| Explored {
        outcomes: &one.outcomes | &two.outcomes,
        is_complete: false,
        executions: one.executions + two.executions,
        failure: one.failure.or(two.failure),
    };
    STRATEGIES.map(by).into_iter().reduce(together).expect("there are strategies")
}

fn explored(program: &Arc<Program>, workers: Option<usize>, config: Config) -> Explored {
    let found = Mutex::new(BTreeSet::new());
    let config = config
        .leaks(Policy::Allow)
        .lock_order(Policy::Allow)
        .allow_leaked_threads(true)
        .shrink(false)
        .log(Written::Off);
    let report = explore(config, || {
        let mut builder = match workers {
            Some(_) => rt::runtime::Builder::new_multi_thread(),
            None => rt::runtime::Builder::new_current_thread(),
        };
        builder.worker_threads(workers.unwrap_or(1));
        let runtime = builder.enable_all().build().expect("a runtime");
        let log = Arc::new(Log::new(program.tasks.len()));
        let outcome = runtime.block_on(interpret::run(Arc::clone(program), log, || Same));
        found.lock().unwrap_or_else(PoisonError::into_inner).insert(outcome);
    });
    Explored {
        outcomes: found.into_inner().unwrap_or_else(PoisonError::into_inner),
        is_complete: report.coverage() == Some(Coverage::Verified),
        executions: report.executions(),
        failure: report.failure().map(|_| report.to_string()),
    }
}
