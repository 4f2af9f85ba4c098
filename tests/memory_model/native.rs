//! What real threads on real atomics show, drawloom's exhaustive exploration shows too: a third answer, after the
//! axioms and the enumerated interleavings, from compiler and processor.
//!
//! A processor is stronger than the memory model, so it shows less; and it shows rarely what it shows at all. Each
//! program is therefore laid out many times in memory, each time in cache lines of its own, and its threads go
//! over all of them at about the same time.

use std::collections::BTreeSet;
use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, fence};
use std::sync::{Barrier, Mutex};

use crate::corpus::{Litmus, documented, published};
use crate::program::{Outcome, Program, Step, locations, run};
use drawloom::{Config, Coverage, MemoryModel, StrategyKind, explore};

/// How many copies of a program are run between two synchronizations.
const COPIES: usize = 2_000;

/// After how many copies threads wait for each other, and how many looks they take for that.
const TOGETHER: usize = 10;
const PATIENCE: usize = 300;

/// One location of one copy, alone in its cache lines.
#[repr(align(128))]
#[derive(Default)]
struct Place(AtomicU64);

/// What the threads of a program have in common.
struct Arena {
    /// By copy, then by location.
    places: Vec<Place>,
    locations: usize,
    /// Between rounds: all threads of the program and the one that conducts. Waiting takes no processor from others.
    pause: Barrier,
    /// How many copies each thread has come to, so far in all rounds.
    progress: Vec<Place>,
    /// What each thread read, copy by copy.
    read: Vec<Mutex<Vec<u64>>>,
}

impl Arena {
    fn new(program: &Program) -> Arena {
        let locations = locations(program);
        Arena {
            places: (0..locations * COPIES).map(|_| Place::default()).collect(),
            locations,
            pause: Barrier::new(program.len() + 1),
            progress: program.iter().map(|_| Place::default()).collect(),
            read: program.iter().map(|_| Mutex::new(Vec::new())).collect(),
        }
    }

    /// One thread: so many rounds.
    fn play(&self, thread: usize, steps: &[Step], rounds: usize) {
        for round in 1..=rounds {
            self.pause.wait();
            let mut read = self.read[thread].lock().unwrap();
            read.clear();
            for (number, copy) in self.places.chunks(self.locations).enumerate() {
                if number.is_multiple_of(TOGETHER) {
                    self.wait_for_others(thread, (round * COPIES + number) as u64);
                }
                // Now one thread is ahead, now another.
                let dawdling = (number * (2 * thread + 3) + round) % 23;
                (0..dawdling).for_each(|_| black_box(()));
                execute(steps, copy, &mut read);
            }
            drop(read);
            self.pause.wait();
        }
    }

    /// Waits for the other threads to come as far; but not for long, since they may have no processor.
    fn wait_for_others(&self, thread: usize, number: u64) {
        self.progress[thread].0.store(number, Relaxed);
        let are_there = || self.progress.iter().all(|other| other.0.load(Relaxed) >= number);
        for _ in 0..PATIENCE {
            if are_there() {
                return;
            }
            spin_loop();
        }
    }

    /// Runs so many rounds of the threads that play. What they show.
    fn conduct(&self, rounds: usize) -> BTreeSet<Outcome> {
        let mut outcomes = BTreeSet::new();
        for _ in 0..rounds {
            self.places.iter().for_each(|place| place.0.store(0, Relaxed));
            self.pause.wait();
            self.pause.wait();
            let read: Vec<_> = self.read.iter().map(|read| read.lock().unwrap().clone()).collect();
            for (number, copy) in self.places.chunks(self.locations).enumerate() {
                let part = |read: &Vec<u64>| {
                    let each = read.len() / COPIES;
                    read[number * each..(number + 1) * each].to_vec()
                };
                let last = copy.iter().map(|place| place.0.load(Relaxed)).collect();
                outcomes.insert((read.iter().map(part).collect(), last));
            }
        }
        outcomes
    }
}

fn execute(steps: &[Step], copy: &[Place], read: &mut Vec<u64>) {
    for &step in steps {
        match step {
            Step::Load(at, order) => read.push(copy[at].0.load(order)),
            Step::Store(at, value, order) => copy[at].0.store(value, order),
            Step::Add(at, plus, order) => read.push(copy[at].0.fetch_add(plus, order)),
            Step::Swap(at, value, order) => read.push(copy[at].0.swap(value, order)),
            Step::Exchange { at, expected, new, success, failure } => {
                let exchange = copy[at].0.compare_exchange(expected, new, success, failure);
                read.push(exchange.unwrap_or_else(|found| found));
            }
            Step::Fence(order) => fence(order),
        }
    }
}

/// What so many rounds on real threads show.
fn shown_natively(program: &Program, rounds: usize) -> BTreeSet<Outcome> {
    let arena = Arena::new(program);
    std::thread::scope(|scope| {
        for (thread, steps) in program.iter().enumerate() {
            let arena = &arena;
            scope.spawn(move || arena.play(thread, steps, rounds));
        }
        arena.conduct(rounds)
    })
}

fn shown_exhaustively(program: &Program) -> BTreeSet<Outcome> {
    let outcomes = Mutex::new(BTreeSet::new());
    let config = Config::new().strategy(StrategyKind::Exhaustive).memory(MemoryModel::Rc11);
    let report = explore(config, || {
        let outcome = run(program);
        outcomes.lock().unwrap().insert(outcome);
    });
    assert_eq!(report.coverage(), Some(Coverage::Verified), "{report}");
    outcomes.into_inner().unwrap()
}

/// Runs each program natively, so many rounds of it, and compares. How many outcomes were seen, and explored.
fn compare(rounds: usize) -> (usize, usize) {
    let (mut seen, mut of) = (0, 0);
    for Litmus { name, program, .. } in published().chain(documented()) {
        let explored = shown_exhaustively(&program);
        let native = shown_natively(&program, rounds);
        let missed: Vec<_> = native.difference(&explored).collect();
        assert!(missed.is_empty(), "{name} shows {missed:?} natively, and was explored to show {explored:?}");
        println!("{name}: {} of {}", native.len(), explored.len());
        seen += native.len();
        of += explored.len();
    }
    (seen, of)
}

#[test]
fn what_real_threads_show_is_explored() {
    let (seen, of) = compare(5);
    println!("{seen} of {of} outcomes were seen");
}

/// `cargo test --release --test memory_model -- --ignored --nocapture native`
#[test]
#[ignore = "a million executions of each program take minutes; see the command in its documentation"]
fn deep_what_real_threads_show_is_explored() {
    let (seen, of) = compare(1_000_000 / COPIES);
    println!("{seen} of {of} outcomes were seen");
    // Where stores are buffered, that is seen, or nothing of interest is.
    let both = std::thread::available_parallelism().is_ok_and(|processors| processors.get() > 1);
    if cfg!(target_arch = "x86_64") && both {
        let program =
            crate::program::parse("store x 1 relaxed; load y relaxed | store y 1 relaxed; load x relaxed");
        let shown = shown_natively(&program.expect("a program"), 1_000);
        assert!(shown.iter().any(|(read, _)| read == &[[0], [0]]), "no store was buffered: {shown:?}");
    }
}
