//! The model against tokio itself, and against a definition: random small programs have the outcomes that they should have.
//!
//! Usually a few hundred programs are tried. Ten thousand, which take some minutes:
//!
//! ```text
//! cargo test --release --test tokio -- --ignored differential
//! ```

mod definition;
mod model;
mod outcome;
mod program;
mod real;

use std::sync::Arc;

use drawloom::Config as Settings;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::program::{Program, Shape, programs};
use self::real::Random;

/// What came of a comparison.
enum Judgement {
    Agrees {
        executions: u64,
    },
    /// The model has not explored everything, so that nothing can be said.
    Unjudged,
    Disagrees(String),
}

/// How many programs had which judgement.
#[derive(Default, Debug)]
struct Tally {
    judged: u32,
    unjudged: u32,
    executions: u64,
    outcomes: u64,
    disagreements: Vec<String>,
}

/// Tries so many programs of a shape; those that are judged differently are made smaller.
fn try_programs(
    count: u32,
    shape: Shape,
    seed: u8,
    mut judge: impl FnMut(&Arc<Program>, &mut Tally) -> Judgement,
) -> Tally {
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let strategy = programs(shape);
    let mut tally = Tally::default();
    for _ in 0..count {
        let mut tree = strategy.new_tree(&mut runner).expect("a program");
        match judge(&Arc::new(tree.current()), &mut tally) {
            Judgement::Agrees { executions } => {
                tally.judged += 1;
                tally.executions += executions;
            }
            Judgement::Unjudged => tally.unjudged += 1,
            Judgement::Disagrees(mut smallest) => {
                let mut rest = Tally::default();
                let mut is_simpler = tree.simplify();
                while is_simpler {
                    is_simpler = match judge(&Arc::new(tree.current()), &mut rest) {
                        Judgement::Disagrees(text) => {
                            smallest = text;
                            tree.simplify()
                        }
                        _ => tree.complicate(),
                    };
                }
                eprintln!("{smallest}");
                tally.disagreements.push(smallest);
            }
        }
    }
    tally
}

/// How a program is explored.
fn exploring() -> Settings {
    Settings::new().executions(EXECUTIONS)
}

/// Whether tokio shows nothing that the model does not. `workers`: none for the flavour `current_thread`.
fn compare_with_tokio(count: u32, shape: Shape, seed: u8, of_tokio: (Option<usize>, u32)) -> Tally {
    compare_with_tokio_as(count, shape, seed, of_tokio, &exploring())
}

/// As `compare_with_tokio`, with settings of the model.
fn compare_with_tokio_as(
    count: u32,
    shape: Shape,
    seed: u8,
    (workers, runs): (Option<usize>, u32),
    settings: &Settings,
) -> Tally {
    let mut random = Random(u64::from(seed));
    let runtime = workers.map(real::with_workers);
    let tally = try_programs(count, shape, seed, |program, tally| {
        let explored = model::outcomes(program, workers, settings.clone());
        if let Some(failure) = explored.failure {
            return Judgement::Disagrees(format!("{program:?}\n{failure}"));
        }
        let shown = match &runtime {
            Some(runtime) => real::shared(program, runtime, runs, &mut random, &explored.outcomes),
            None => real::current(program, runs, &mut random),
        };
        tally.outcomes += shown.len() as u64;
        let missing: Vec<_> = shown.difference(&explored.outcomes).collect();
        match (missing.as_slice(), explored.is_complete) {
            (_, false) => Judgement::Unjudged,
            ([], true) => Judgement::Agrees { executions: explored.executions },
            (missing, true) => Judgement::Disagrees(format!(
                "{program:?}\ntokio shows {missing:?},\nthe model {:?} only",
                explored.outcomes
            )),
        }
    });
    assert_judged(&tally, &format!("{workers:?} workers"));
    tally
}

/// Whether the model has the outcomes that the definition gives, and no other ones.
fn compare_with_definition(count: u32, shape: Shape, seed: u8, cancellations: u32) -> Tally {
    compare_with_definition_of(count, shape, seed, (cancellations, 0))
}

/// As `compare_with_definition`, where tasks may be polled so often although nobody has woken them.
fn compare_with_definition_of(
    count: u32,
    shape: Shape,
    seed: u8,
    (cancellations, spurious): (u32, u32),
) -> Tally {
    let settings = exploring().cancel(cancellations).spurious(spurious);
    let tally = try_programs(count, shape, seed, |program, tally| {
        let explored = model::outcomes(program, None, settings.clone());
        if let Some(failure) = explored.failure {
            return Judgement::Disagrees(format!("{program:?}\n{failure}"));
        }
        if !explored.is_complete {
            return Judgement::Unjudged;
        }
        let defined = definition::outcomes(program, cancellations, spurious);
        tally.outcomes += defined.len() as u64;
        if defined == explored.outcomes {
            return Judgement::Agrees { executions: explored.executions };
        }
        let missing: Vec<_> = defined.difference(&explored.outcomes).collect();
        let surplus: Vec<_> = explored.outcomes.difference(&defined).collect();
        Judgement::Disagrees(format!(
            "{program:?}\nthe model lacks {missing:?},\nand has {surplus:?} besides"
        ))
    });
    assert_judged(
        &tally,
        &format!("definition with {cancellations} cancellations, {spurious} spurious polls"),
    );
    tally
}

/// Whether executions drawn at random show nothing that the exploration of all of them does not.
fn compare_with_samples(
    count: u32,
    shape: Shape,
    seed: u8,
    (workers, cancellations): (Option<usize>, u32),
) -> Tally {
    let tally = try_programs(count, shape, seed, |program, tally| {
        let settings = exploring().cancel(cancellations);
        let explored = model::outcomes(program, workers, settings.clone());
        let sampled = model::samples(program, workers, SAMPLES, settings);
        tally.outcomes += explored.outcomes.len() as u64;
        if let Some(failure) = explored.failure.or(sampled.failure) {
            return Judgement::Disagrees(format!("{program:?}\n{failure}"));
        }
        let missing: Vec<_> = sampled.outcomes.difference(&explored.outcomes).collect();
        match (missing.as_slice(), explored.is_complete) {
            (_, false) => Judgement::Unjudged,
            ([], true) => Judgement::Agrees { executions: explored.executions },
            (missing, true) => Judgement::Disagrees(format!(
                "{program:?}\nsamples show {missing:?},\nall executions {:?} only",
                explored.outcomes
            )),
        }
    });
    assert_judged(&tally, &format!("samples with {workers:?} workers"));
    tally
}

fn assert_judged(tally: &Tally, what: &str) {
    let Tally { judged, unjudged, executions, outcomes, disagreements } = tally;
    println!(
        "{what}: {judged} programs judged, {unjudged} not, {executions} executions, {outcomes} outcomes shown, {} disagreements",
        disagreements.len()
    );
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n\n"));
    assert!(judged > unjudged, "most programs are to be small enough");
}

/// How many executions of a program are explored.
const EXECUTIONS: u64 = 4_000;

/// How many are drawn.
const SAMPLES: u64 = 300;

const TINY: Shape = Shape { tasks: 2, ops: 3, is_full: false };
const SMALL: Shape = Shape { tasks: 2, ops: 2, is_full: true };
const FEW: Shape = Shape { tasks: 2, ops: 3, is_full: true };
const TWO: Shape = Shape { tasks: 2, ops: 4, is_full: true };
/// Long enough for a task to yield more often than it may overtake others.
const LONG: Shape = Shape { tasks: 2, ops: 6, is_full: false };
const THREE: Shape = Shape { tasks: 3, ops: 3, is_full: true };

#[test]
fn tokio_on_one_thread_shows_nothing_else() {
    compare_with_tokio(150, TWO, 1, (None, 60));
    compare_with_tokio(50, THREE, 2, (None, 60));
    compare_with_tokio(50, LONG, 34, (None, 60));
}

#[test]
fn tokio_on_several_threads_shows_nothing_else() {
    compare_with_tokio(60, FEW, 3, (Some(2), 30));
}

/// Whether the model in the order of tokio's queue shows what tokio shows, and nothing that it does not show in any order.
fn compare_in_order(count: u32, shape: Shape, seed: u8, runs: u32) {
    compare_with_tokio_as(count, shape, seed, (None, runs), &exploring().fifo(true));
    let tally = try_programs(count, shape, seed, |program, tally| {
        let in_order = model::outcomes(program, None, exploring().fifo(true));
        let sampled = model::samples(program, None, SAMPLES, Settings::new().fifo(true));
        let explored = model::outcomes(program, None, exploring());
        tally.outcomes += in_order.outcomes.len() as u64;
        if !in_order.is_complete || !explored.is_complete {
            return Judgement::Unjudged;
        }
        let orders: Vec<_> = in_order.outcomes.difference(&explored.outcomes).collect();
        let samples: Vec<_> = sampled.outcomes.difference(&in_order.outcomes).collect();
        match (orders.as_slice(), samples.as_slice()) {
            ([], []) => Judgement::Agrees { executions: in_order.executions },
            _ => Judgement::Disagrees(format!(
                "{program:?}\nnot in any order: {orders:?}; sampled in order, and not explored: {samples:?}"
            )),
        }
    });
    assert_judged(&tally, "in order");
}

#[test]
fn in_order_the_model_shows_what_tokio_shows() {
    compare_in_order(100, TWO, 23, 60);
    compare_in_order(40, THREE, 24, 60);
}

#[test]
fn the_definition_gives_the_same() {
    compare_with_definition(1_000, TINY, 4, 0);
    compare_with_definition(500, TINY, 8, 1);
    compare_with_definition(100, TINY, 9, 2);
    compare_with_definition_of(200, TINY, 25, (0, 1));
    compare_with_definition_of(100, TINY, 26, (1, 1));
}

#[test]
fn samples_show_nothing_else() {
    compare_with_samples(60, TWO, 5, (None, 0));
    compare_with_samples(30, THREE, 6, (None, 0));
    compare_with_samples(20, FEW, 7, (Some(2), 0));
    compare_with_samples(20, TWO, 10, (None, 1));
    compare_with_samples(40, LONG, 32, (None, 0));
}

#[test]
#[ignore = "takes minutes"]
fn tokio_shows_nothing_else_in_many_programs() {
    compare_with_tokio(5_000, TWO, 11, (None, 100));
    compare_with_tokio(3_000, THREE, 12, (None, 100));
    compare_with_tokio(1_500, FEW, 13, (Some(2), 100));
    compare_with_tokio(500, SMALL, 14, (Some(3), 100));
}

#[test]
#[ignore = "takes minutes"]
fn in_order_the_model_shows_what_tokio_shows_in_many_programs() {
    compare_in_order(1_500, TWO, 30, 100);
    compare_in_order(500, THREE, 31, 100);
}

#[test]
#[ignore = "takes minutes"]
fn the_definition_gives_the_same_for_many_programs() {
    compare_with_definition(10_000, TINY, 15, 0);
    compare_with_definition(5_000, TINY, 19, 1);
    compare_with_definition(1_000, TINY, 20, 2);
    compare_with_definition_of(3_000, TINY, 27, (0, 1));
    compare_with_definition_of(1_000, TINY, 28, (0, 2));
    compare_with_definition_of(1_000, TINY, 29, (1, 1));
}

#[test]
#[ignore = "takes minutes"]
fn samples_show_nothing_else_in_many_programs() {
    compare_with_samples(1_000, TWO, 16, (None, 0));
    compare_with_samples(500, THREE, 17, (None, 0));
    compare_with_samples(300, FEW, 18, (Some(2), 0));
    compare_with_samples(500, TWO, 22, (None, 1));
    compare_with_samples(500, LONG, 33, (None, 0));
}
