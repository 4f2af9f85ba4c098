//! A strategy written outside the crate, as docs/writing-tests.md shows it, finds a bug like drawloom's own.

mod newest_first;

use drawloom::strategy::{Choice, Op, Rng, SchedulingPoint, Start, Strategy, ThreadId};
use drawloom::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use drawloom::sync::{Arc, Mutex};
use drawloom::{Config, FailureKind, StrategyKind, explore, hint, thread};
use newest_first::NewestFirst;

fn newest_first() -> Config {
    Config::new().executions(1_000).custom_strategy(|| Box::new(NewestFirst { one_in: 4 }))
}

/// Two threads look whether somebody has opened the file, and both open it.
fn check_then_act() {
    let opened = Arc::new(Mutex::new(false));
    let times = Arc::new(AtomicU32::new(0));
    let threads = [(); 2].map(|()| {
        let (opened, times) = (opened.clone(), times.clone());
        thread::spawn(move || {
            let is_open = *opened.lock().unwrap();
            if !is_open {
                times.fetch_add(1, SeqCst);
                *opened.lock().unwrap() = true;
            }
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(times.load(SeqCst), 1, "opened twice");
}

#[test]
fn the_guide_shows_this_strategy() {
    let guide = include_str!("../../../docs/writing-tests.md");
    let (_, source) = include_str!("newest_first.rs").split_once("\n\n").unwrap();
    let shown = source.replace("pub(crate) ", "");
    assert!(guide.contains(&shown), "docs/writing-tests.md does not show\n\n{shown}");
}

#[test]
fn a_strategy_of_ones_own_finds_a_bug_that_needs_a_preemption() {
    let report = explore(newest_first(), check_then_act);
    let failure = report.failure().unwrap_or_else(|| panic!("{report}"));
    assert_eq!(failure.kind(), FailureKind::Panic);
    assert!(failure.message().contains("opened twice"), "{report}");

    // Without preemptions the second thread is done before the first one starts.
    let never = newest_first().custom_strategy(|| Box::new(NewestFirst { one_in: u32::MAX }));
    let report = explore(never, check_then_act);
    assert!(report.passed(), "{report}");
}

#[test]
fn its_failures_are_replayed_by_token_and_by_seed() {
    // A seed names the execution that was found, not the smaller one.
    let report = explore(newest_first().shrink(false), check_then_act);
    let failure = report.failure().unwrap();
    let seed = format!("newest-first/{:#x}/{}", failure.seed(), failure.execution());
    assert!(report.to_string().contains(&seed), "{report}");

    let by_token = explore(Config::new().replay(failure.token()), check_then_act);
    let by_seed = explore(newest_first().replay(&seed), check_then_act);
    for replayed in [by_token, by_seed] {
        assert_eq!(replayed.failure().unwrap().token(), failure.token(), "{replayed}");
    }
    // A seed means nothing without its strategy, and a token needs none.
    let without = explore(Config::new().replay(&seed), check_then_act);
    assert!(without.failed_with(FailureKind::Misuse), "{without}");
}

#[test]
fn it_ends_spin_loops() {
    let report = explore(newest_first().max_steps(1_000), || {
        let ready = Arc::new(AtomicBool::new(false));
        let seen = ready.clone();
        let spins = thread::spawn(move || {
            while !seen.load(SeqCst) {
                hint::spin_loop();
            }
        });
        ready.store(true, SeqCst);
        spins.join().unwrap();
    });
    assert!(report.passed(), "{report}");
}

#[test]
fn a_later_setting_of_the_strategy_wins() {
    let one = || explore(newest_first().strategy(StrategyKind::RandomWalk), check_then_act).to_string();
    let other =
        || explore(Config::new().executions(1_000).strategy(StrategyKind::RandomWalk), check_then_act);
    assert_eq!(one(), other().to_string());
}

/// Says what it is asked and told, in a mutex that the test reads.
struct Observer(Arc<std::sync::Mutex<Vec<String>>>);

impl Observer {
    fn note(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }
}

impl Strategy for Observer {
    fn name(&self) -> &str {
        "observer"
    }

    fn begin(&mut self, start: &Start<'_>, _: &mut Rng) {
        self.note(format!("begin {}", start.execution));
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, _: &mut Rng) -> ThreadId {
        assert!(point.enabled_count() > 1, "nobody is asked where only one can go on");
        point.enabled().min().unwrap()
    }

    fn choose(&mut self, choice: Choice, alternatives: usize, _: &mut Rng) -> usize {
        self.note(format!("choose {choice:?} of {alternatives}"));
        alternatives - 1
    }

    fn spawned(&mut self, parent: ThreadId, child: ThreadId, _: u64, _: &mut Rng) {
        self.note(format!("{} spawned {}", parent.index(), child.index()));
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn executed(&mut self, thread: ThreadId, op: &Op, _: &SchedulingPoint<'_>, _: &mut Rng) {
        self.note(format!("{} did {}", thread.index(), op.kind.verb()));
    }
}

#[test]
fn a_strategy_hears_of_everything_in_order() {
    let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
    let notes = heard.clone();
    let config = Config::new().executions(1).custom_strategy(move || Box::new(Observer(notes.clone())));
    let report = explore(config, || {
        let chosen = drawloom::choose(3);
        thread::spawn(move || assert_eq!(chosen, 2)).join().unwrap();
    });
    assert!(report.passed(), "{report}");
    let execution = [
        "begin 0",
        "0 did begin",
        "choose Program of 3",
        "0 spawned 1",
        "0 did spawn",
        "1 did begin",
        "1 did end",
        "0 did join",
        "0 did end",
    ];
    // The first execution is run twice, to see that it is the same.
    assert_eq!(*heard.lock().unwrap(), [execution, execution].concat());
}
