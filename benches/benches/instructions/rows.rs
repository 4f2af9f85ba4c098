//! What is counted: programs, each with two amounts of the same work.

use drawloom::{Config, Coverage, Log, MemoryModel, StrategyKind};
use drawloom_benches::exhaustive::under_drawloom;
use drawloom_benches::stepping::with_drawloom;

/// A line of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    program: fn(),
    work: Work,
    /// How much of it, first and then: what the first has as well (starting the process, the executions that strategies
    /// learn from) is in neither the difference nor the table.
    pub(crate) amounts: [u64; 2],
}

enum Work {
    /// So many executions are sampled.
    Sample(StrategyKind, MemoryModel),
    /// Every execution is explored, so many times.
    Explore,
}

const SC: MemoryModel = MemoryModel::SequentiallyConsistent;
const RC11: MemoryModel = MemoryModel::Rc11;
const RANDOM: StrategyKind = StrategyKind::RandomWalk;
const PCT: StrategyKind = StrategyKind::Pct { depth: 3 };
const PORTFOLIO: StrategyKind = StrategyKind::Portfolio;

const fn sample(
    name: &'static str,
    program: fn(),
    strategy: StrategyKind,
    memory: MemoryModel,
    to: u64,
) -> Row {
    // The first 16 are traced, and of the first 64 some run twice.
    Row { name, program, work: Work::Sample(strategy, memory), amounts: [64, to] }
}

const fn explore(name: &'static str, program: fn(), times: u64) -> Row {
    Row { name, program, work: Work::Explore, amounts: [1, 1 + times] }
}

pub(crate) const ROWS: &[Row] = &[
    sample("counter 5 × 200, random, sc", with_drawloom::counter::<5, 200>, RANDOM, SC, 192),
    sample("counter 5 × 200, pct, sc", with_drawloom::counter::<5, 200>, PCT, SC, 192),
    sample("counter 5 × 200, portfolio, rc11", with_drawloom::counter::<5, 200>, PORTFOLIO, RC11, 192),
    sample("counter 100 × 20, random, sc", with_drawloom::counter::<100, 20>, RANDOM, SC, 128),
    sample("many 1000 objects, portfolio, rc11", with_drawloom::many::<1000>, PORTFOLIO, RC11, 192),
    sample("relaxed 5 × 200, random, rc11", with_drawloom::relaxed::<5, 200>, RANDOM, RC11, 192),
    sample("alone, 1,000 steps, random, sc", with_drawloom::alone::<1_000>, RANDOM, SC, 192),
    sample("buffer 3 + 3, 5 items, random, sc", with_drawloom::buffer::<5>, RANDOM, SC, 640),
    sample("lock 5 × 200, random, sc", with_drawloom::lock::<5, 200>, RANDOM, SC, 192),
    sample("create 10, random, sc", with_drawloom::create::<10>, RANDOM, SC, 640),
    sample("tiny, 3 × 1, random, sc", with_drawloom::counter::<3, 1>, RANDOM, SC, 2_112),
    explore("increments 3 × 3", under_drawloom::increments::<3, 3>, 2),
    explore("IRIW, acquire", under_drawloom::iriw_acquire, 20),
    explore("mutex 3", under_drawloom::mutex::<3>, 20),
    explore("stack 2", under_drawloom::stack::<2>, 20),
];

impl Row {
    /// What the instructions of it are counted for.
    pub(crate) fn unit(&self) -> &'static str {
        match self.work {
            Work::Sample(..) => "a step",
            Work::Explore => "an execution",
        }
    }

    /// Does so much of it: how many units that were.
    pub(crate) fn run(&self, amount: u64) -> u64 {
        // Everything is slower here by the factor that counting takes.
        let config = Config::new().spurious(0).workers(1).hang_after(None).log(Log::Off);
        match self.work {
            Work::Sample(strategy, memory) => {
                let config = config.executions(amount).strategy(strategy).memory(memory);
                let report = drawloom::explore(config, self.program);
                assert!(report.passed(), "{report}");
                report.steps()
            }
            Work::Explore => (0..amount)
                .map(|_| {
                    let config = config.clone().strategy(StrategyKind::Exhaustive);
                    let report = drawloom::explore(config, self.program);
                    assert_eq!(report.coverage(), Some(Coverage::Verified), "{report}");
                    report.executions()
                })
                .sum(),
        }
    }
}
