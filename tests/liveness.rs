//! Loops that wait, under every strategy that samples: they end if what they wait for comes, whether they say that they
//! wait or not; if it never comes, that is told soon, with what each thread waits for; and nobody is said to wait for
//! ever who does not.

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

mod waiting_loops_end {
    use super::*;

    fn flag(wait: fn()) {
        let ready = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&ready);
        let thread = thread::spawn(move || theirs.store(true, Release));
        while !ready.load(Acquire) {
            wait();
        }
        thread.join().unwrap();
    }

    #[test]
    fn on_a_flag() {
        ends(|| flag(silent));
        ends(|| flag(hint::spin_loop));
        ends(|| flag(thread::yield_now));
    }

    #[test]
    fn in_a_thread_that_was_spawned_and_is_joined() {
        ends(|| {
            let stop = Arc::new(AtomicBool::new(false));
            let theirs = Arc::clone(&stop);
            let thread = thread::spawn(move || while !theirs.load(Relaxed) {});
            stop.store(true, Relaxed);
            thread.join().unwrap();
        });
    }

    fn spin_lock(wait: fn()) {
        excludes((AtomicBool::new(false), wait), |(taken, wait), _, critical| {
            while taken.compare_exchange(false, true, Acquire, Relaxed).is_err() {
                wait();
            }
            critical();
            taken.store(false, Release);
        });
    }

    #[test]
    fn of_a_spin_lock_by_compare_exchange() {
        ends(|| spin_lock(silent));
        ends(|| spin_lock(hint::spin_loop));
    }

    #[test]
    fn of_a_spin_lock_by_swap() {
        ends(|| {
            excludes(AtomicBool::new(false), |taken, _, critical| {
                while taken.swap(true, Acquire) {}
                critical();
                taken.store(false, Release);
            });
        });
    }

    #[test]
    fn of_a_spin_lock_that_looks_before_it_tries() {
        ends(|| {
            excludes(AtomicBool::new(false), |taken, _, critical| {
                while taken.swap(true, Acquire) {
                    while taken.load(Relaxed) {}
                }
                critical();
                taken.store(false, Release);
            });
        });
    }

    #[test]
    fn of_a_ticket_lock() {
        ends(|| {
            excludes((AtomicUsize::new(0), AtomicUsize::new(0)), |(next, serving), _, critical| {
                let ticket = next.fetch_add(1, Relaxed);
                while serving.load(Acquire) != ticket {}
                critical();
                serving.store(ticket + 1, Release);
            });
        });
    }

    struct Peterson {
        interested: [AtomicBool; 2],
        turn: AtomicUsize,
    }

    impl Peterson {
        const fn new() -> Peterson {
            Peterson {
                interested: [AtomicBool::new(false), AtomicBool::new(false)],
                turn: AtomicUsize::new(0),
            }
        }

        fn lock(&self, me: usize) {
            self.interested[me].store(true, SeqCst);
            self.turn.store(1 - me, SeqCst);
            while self.interested[1 - me].load(SeqCst) && self.turn.load(SeqCst) == 1 - me {}
        }

        fn unlock(&self, me: usize) {
            self.interested[me].store(false, SeqCst);
        }
    }

    #[test]
    fn of_petersons_lock() {
        ends(|| {
            excludes(Peterson::new(), |lock, me, critical| {
                lock.lock(me);
                critical();
                lock.unlock(me);
            });
        });
    }

    #[test]
    fn of_dekkers_lock_with_fences() {
        ends(|| {
            let lock = ([AtomicBool::new(false), AtomicBool::new(false)], AtomicUsize::new(0));
            excludes(lock, |(wants, turn), me, critical| {
                wants[me].store(true, Relaxed);
                fence(SeqCst);
                while wants[1 - me].load(Relaxed) {
                    if turn.load(Relaxed) != me {
                        wants[me].store(false, Relaxed);
                        while turn.load(Relaxed) != me {}
                        wants[me].store(true, Relaxed);
                        fence(SeqCst);
                    }
                }
                fence(Acquire);
                critical();
                turn.store(1 - me, Relaxed);
                wants[me].store(false, Release);
            });
        });
    }

    /// A tree of Peterson's locks, up which each thread goes from its leaf.
    fn tournament<const THREADS: usize>() {
        let size = THREADS.next_power_of_two();
        let locks: Arc<Vec<Peterson>> = Arc::new((0..size).map(|_| Peterson::new()).collect());
        let count = Arc::new(AtomicUsize::new(0));
        let contender = |number: usize| {
            let (locks, count) = (Arc::clone(&locks), Arc::clone(&count));
            thread::spawn(move || {
                let path: Vec<usize> =
                    std::iter::successors(Some(size + number), |at| (*at > 3).then_some(at / 2)).collect();
                path.iter().for_each(|at| locks[at / 2].lock(at % 2));
                let seen = count.load(Relaxed);
                count.store(seen + 1, Relaxed);
                path.iter().rev().for_each(|at| locks[at / 2].unlock(at % 2));
            })
        };
        let threads: Vec<_> = (0..THREADS).map(contender).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(count.load(Relaxed), THREADS);
    }

    #[test]
    fn of_fifty_threads_and_of_more_than_a_word_has_bits() {
        let few = |config: Config| config.executions(6).max_steps(300_000);
        let passes = |strategy: &str, report: &Report| assert!(report.passed(), "{strategy}: {report}");
        under_every_strategy(few, tournament::<50>, passes);
        under_every_strategy(|config| few(config).executions(2), tournament::<80>, passes);
    }

    #[test]
    fn of_attempts_to_lock() {
        ends(|| {
            let mutex = Arc::new(Mutex::new(0));
            let theirs = Arc::clone(&mutex);
            let thread = thread::spawn(move || *theirs.lock().unwrap() += 1);
            loop {
                if let Ok(mut guard) = mutex.try_lock() {
                    *guard += 1;
                    break;
                }
            }
            thread.join().unwrap();
            let rwlock = Arc::new(RwLock::new(0));
            let theirs = Arc::clone(&rwlock);
            let thread = thread::spawn(move || *theirs.write().unwrap() += 1);
            while rwlock.try_read().is_err() {}
            while rwlock.try_write().is_err() {}
            thread.join().unwrap();
        });
    }

    /// In lockstep the two get in each other's way for ever: a livelock that cannot be told from progress.
    #[test]
    fn of_two_threads_that_back_off_from_each_other_unless_in_lockstep() {
        let body = || {
            let locks = Arc::new((Mutex::new(()), Mutex::new(())));
            let theirs = Arc::clone(&locks);
            let both = |first: &Mutex<()>, second: &Mutex<()>| {
                loop {
                    let guard = first.lock().unwrap();
                    if second.try_lock().is_ok() {
                        break;
                    }
                    drop(guard);
                    thread::yield_now();
                }
            };
            let thread = thread::spawn(move || both(&theirs.1, &theirs.0));
            both(&locks.0, &locks.1);
            thread.join().unwrap();
        };
        under_every_strategy(
            |config| config,
            body,
            |strategy, report| match strategy {
                "round-robin" => assert!(report.failed_with(FailureKind::StepLimit), "{report}"),
                _ => assert!(report.passed(), "{strategy}: {report}"),
            },
        );
    }

    #[test]
    fn of_attempts_to_receive_and_to_send() {
        ends(|| {
            let (sender, receiver) = mpsc::sync_channel(1);
            let thread = thread::spawn(move || {
                for message in 0..3 {
                    while sender.try_send(message).is_err() {}
                }
            });
            for message in 0..3 {
                while receiver.try_recv() != Ok(message) {}
            }
            while !thread.is_finished() {}
            thread.join().unwrap();
        });
    }

    #[test]
    fn with_no_preemption_left() {
        let bounded = |config: Config| config.max_preemptions(0);
        let passes = |strategy: &str, report: &Report| assert!(report.passed(), "{strategy}: {report}");
        under_every_strategy(bounded, || flag(silent), passes);
        under_every_strategy(bounded, || flag(thread::yield_now), passes);
        under_every_strategy(bounded, || spin_lock(silent), passes);
    }

    #[test]
    fn while_switching_is_paused() {
        ends(|| {
            drawloom::switching::pause();
            flag(silent);
        });
    }

    #[test]
    fn while_others_run_on_and_on() {
        ends(|| {
            let (ready, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
            let busy = |_| {
                let count = Arc::clone(&count);
                thread::spawn(move || (0..200).for_each(|_| _ = count.fetch_add(1, Relaxed)))
            };
            let threads: Vec<_> = (0..3).map(busy).collect();
            let theirs = Arc::clone(&ready);
            let sets = thread::spawn(move || theirs.store(true, Release));
            while !ready.load(Acquire) {}
            sets.join().unwrap();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
    }

    #[test]
    fn of_one_who_yields_between_two_loops() {
        ends(|| {
            let phase = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&phase);
            let thread = thread::spawn(move || (1..=2).for_each(|next| theirs.store(next, Release)));
            let wait = |value| while phase.load(Acquire) == value {};
            wait(0);
            thread::yield_now();
            // What it sees here, it has seen before the yield as well, at the same place.
            wait(1);
            thread.join().unwrap();
        });
    }

    #[test]
    fn of_more_threads_one_after_the_other() {
        ends(|| {
            for _ in 0..20 {
                flag(silent);
            }
        });
    }
}

mod time_passes {
    use super::*;

    fn sleeper(wait: fn(&AtomicBool)) {
        let done = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&done);
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_secs(1));
            theirs.store(true, Release);
        });
        wait(&done);
        thread.join().unwrap();
    }

    #[test]
    fn while_others_only_wait_in_loops() {
        ends(|| sleeper(|done| while !done.load(Acquire) {}));
        ends(|| {
            sleeper(|done| {
                while !done.load(Acquire) {
                    thread::yield_now();
                }
            });
        });
        ends(|| sleeper(|done| while done.compare_exchange(true, false, AcqRel, Relaxed).is_err() {}));
    }

    #[test]
    fn while_another_looks_under_a_lock_and_yields() {
        ends(|| {
            let done = Arc::new(Mutex::new(false));
            let theirs = Arc::clone(&done);
            let thread = thread::spawn(move || {
                thread::sleep(Duration::from_secs(1));
                *theirs.lock().unwrap() = true;
            });
            while !*done.lock().unwrap() {
                thread::yield_now();
            }
            thread.join().unwrap();
        });
    }

    #[test]
    fn at_any_time_if_timeouts_may() {
        let any = |config: Config| config.timeouts(Timeouts::Any);
        under_every_strategy(
            any,
            || sleeper(|done| while !done.load(Acquire) {}),
            |strategy, report| {
                assert!(report.passed(), "{strategy}: {report}");
            },
        );
    }

    #[test]
    fn only_when_nobody_else_has_anything_to_do() {
        // The spinner must not make the timeout fire while the other thread could still send.
        ends(|| {
            let (sender, receiver) = mpsc::channel();
            let sent = Arc::new(AtomicBool::new(false));
            let theirs = Arc::clone(&sent);
            let spinner = thread::spawn(move || {
                while !theirs.load(Acquire) {
                    thread::yield_now();
                }
            });
            let works = thread::spawn(move || {
                let count = AtomicUsize::new(0);
                (0..50).for_each(|_| _ = count.fetch_add(1, Relaxed));
                sender.send(1).unwrap();
                sent.store(true, Release);
            });
            assert_eq!(receiver.recv_timeout(Duration::from_secs(1)), Ok(1));
            spinner.join().unwrap();
            works.join().unwrap();
        });
    }
}

mod nobody_is_said_to_wait_for_ever {
    use super::*;

    #[test]
    fn who_tries_a_thousand_times_and_gives_up() {
        ends(|| {
            let mutex = Arc::new(Mutex::new(()));
            let held = mutex.lock().unwrap();
            let theirs = Arc::clone(&mutex);
            let thread = thread::spawn(move || {
                for _ in 0..1_000 {
                    if theirs.try_lock().is_ok() {
                        return true;
                    }
                    hint::spin_loop();
                }
                false
            });
            assert!(!thread.join().unwrap());
            drop(held);
        });
    }

    #[test]
    fn who_reads_a_value_many_times() {
        ends(|| {
            let value = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&value);
            let reader = thread::spawn(move || (0..10_000).for_each(|_| assert!(theirs.load(Relaxed) <= 1)));
            value.store(1, Relaxed);
            reader.join().unwrap();
        });
    }

    #[test]
    fn who_yields_many_times() {
        ends(|| {
            let thread = thread::spawn(|| (0..15_000).for_each(|_| thread::yield_now()));
            thread.join().unwrap();
        });
    }

    #[test]
    fn who_waits_until_a_point_in_time() {
        under_every_strategy(
            |config| config.executions(5).max_steps(50_000),
            || {
                let flag = AtomicBool::new(false);
                let start = Instant::now();
                while start.elapsed() < Duration::from_millis(20) && !flag.load(Relaxed) {
                    hint::spin_loop();
                }
            },
            |strategy, report| assert!(report.passed(), "{strategy}: {report}"),
        );
    }

    #[test]
    fn who_draws_until_it_fits() {
        ends(|| {
            let flag = AtomicBool::new(false);
            while drawloom::rand::range(0..50) != 0 {
                flag.load(Relaxed);
            }
        });
    }

    #[test]
    fn who_may_be_left_over() {
        under_every_strategy(
            |config| config.executions(5).allow_leaked_threads(true),
            || {
                let never = AtomicBool::new(false);
                drop(thread::spawn(move || {
                    while !never.load(Relaxed) {
                        thread::yield_now();
                    }
                }));
            },
            |strategy, report| assert!(report.passed(), "{strategy}: {report}"),
        );
    }
}

mod a_livelock {
    use super::*;

    /// It is found under each strategy, early, and replays by its token to the same.
    #[track_caller]
    fn is_found(limit: u64, body: fn()) {
        under_every_strategy(
            |config| config.executions(5).max_steps(1_000_000),
            body,
            |strategy, report| {
                assert!(report.failed_with(FailureKind::Livelock), "{strategy}: {report}");
                let failure = report.failure().unwrap();
                assert!(failure.steps() < limit, "{strategy}: {} steps", failure.steps());
                assert!(failure.token().len() < 1_000, "{strategy}: {}", failure.token());
                let replayed = explore(config("random").max_steps(1_000_000).replay(failure.token()), body);
                assert!(replayed.failed_with(FailureKind::Livelock), "{strategy}: {replayed}");
                let again = replayed.failure().unwrap();
                assert_eq!(again.message(), failure.message(), "{strategy}");
                assert_eq!(again.token(), failure.token(), "{strategy}");
                assert_eq!(again.steps(), failure.steps(), "{strategy}");
            },
        );
    }

    /// `ready` is never set, as the condition for it is never met.
    fn nobody_sets_the_flag() {
        let (ready, jobs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (theirs, adds) = (Arc::clone(&ready), Arc::clone(&jobs));
        let waits = thread::spawn(move || {
            while !theirs.load(Acquire) {
                hint::spin_loop();
            }
        });
        if adds.fetch_add(1, Relaxed) == 1 {
            ready.store(true, Release);
        }
        while jobs.load(Relaxed) < 2 {
            thread::yield_now();
        }
        waits.join().unwrap();
    }

    #[test]
    fn of_loops_with_hints_is_found() {
        is_found(60_000, nobody_sets_the_flag);
    }

    #[test]
    fn of_loops_without_hints_is_found() {
        is_found(300_000, || {
            let mutex = Arc::new(Mutex::new(()));
            std::mem::forget(mutex.lock().unwrap());
            let theirs = Arc::clone(&mutex);
            let thread = thread::spawn(move || while theirs.try_lock().is_err() {});
            while mutex.try_lock().is_err() {}
            thread.join().unwrap();
        });
    }

    #[test]
    fn of_old_values_is_not_told_before_the_last_was_read() {
        ends(|| {
            let data = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&data);
            let thread = thread::spawn(move || (1..40).for_each(|value| theirs.store(value, Relaxed)));
            while data.load(Relaxed) < 39 {
                hint::spin_loop();
            }
            thread.join().unwrap();
        });
    }

    #[test]
    fn is_found_although_another_thread_waits_for_a_lock() {
        is_found(60_000, || {
            let (mutex, never) = (Arc::new(Mutex::new(())), AtomicBool::new(false));
            let theirs = Arc::clone(&mutex);
            let _guard = mutex.lock().unwrap();
            let waits = thread::spawn(move || drop(theirs.lock()));
            while !never.load(Relaxed) {
                thread::yield_now();
            }
            waits.join().unwrap();
        });
    }

    #[test]
    fn is_told_at_the_step_limit_if_that_comes_first() {
        let report = explore(config("random").max_steps(5_000), || {
            let never = AtomicBool::new(false);
            while !never.load(Relaxed) {}
        });
        assert!(report.failed_with(FailureKind::Livelock), "{report}");
        let report = explore(config("random").max_steps(900), || {
            let never = AtomicBool::new(false);
            while !never.load(Relaxed) {}
        });
        assert!(report.failed_with(FailureKind::StepLimit), "{report}");
    }

    #[test]
    fn is_found_in_one_execution_of_many() {
        // Only if the second thread comes between the two steps of the first.
        let body = || {
            let state = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&state);
            let thread = thread::spawn(move || {
                if theirs.load(Acquire) == 1 {
                    while theirs.load(Acquire) != 3 {
                        hint::spin_loop();
                    }
                }
            });
            state.store(1, Release);
            state.store(2, Release);
            thread.join().unwrap();
        };
        let config = || Config::new().strategy(StrategyKind::RandomWalk).executions(200).seed(3);
        let report = explore(config(), body);
        assert!(report.failed_with(FailureKind::Livelock), "{report}");
        let workers = explore(config().workers(3), body);
        assert_eq!(report.to_string(), workers.to_string());
        let seed = format!("random/0x3/{}", report.failure().unwrap().execution());
        assert!(explore(config().replay(seed), body).failed_with(FailureKind::Livelock));
    }

    #[test]
    fn is_reported_with_what_each_thread_waits_for() {
        let report = explore(config("random").max_steps(1_000_000), nobody_sets_the_flag);
        insta::assert_snapshot!(report.to_string());
    }

    #[test]
    fn is_reported_with_who_waits_otherwise() {
        let report = explore(config("pct:3").max_steps(1_000_000), || {
            let wants = Arc::new([AtomicBool::new(true), AtomicBool::new(false)]);
            let lock = Arc::new(Mutex::new(()));
            let (theirs, theirs_too) = (Arc::clone(&wants), Arc::clone(&lock));
            let enters = move || {
                let _guard = theirs_too.lock().unwrap();
                while theirs[0].load(SeqCst) && !theirs[1].load(SeqCst) {
                    hint::spin_loop();
                }
            };
            let thread = thread::Builder::new().name("enters".to_owned()).spawn(enters).unwrap();
            drop(lock.lock().unwrap());
            wants[1].store(false, SeqCst);
            thread.join().unwrap();
        });
        insta::assert_snapshot!(report.to_string());
    }
}

mod the_step_limit {
    use super::*;

    #[test]
    fn names_a_thread_that_keeps_others_from_running() {
        let report = explore(config("pct:3"), || {
            let polled = Arc::new(Mutex::new(false));
            let theirs = Arc::clone(&polled);
            let thread = thread::spawn(move || while !*theirs.lock().unwrap() {});
            let sets = Arc::clone(&polled);
            let other = thread::spawn(move || *sets.lock().unwrap() = true);
            thread.join().unwrap();
            other.join().unwrap();
        });
        assert!(report.failed_with(FailureKind::GoodSamaritan), "{report}");
        insta::assert_snapshot!(report.to_string());
    }

    #[test]
    fn says_that_nothing_is_known_where_threads_change_things_all_the_time() {
        let report = explore(config("random").max_steps(2_000), || {
            let turn = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&turn);
            let thread = thread::spawn(move || while theirs.fetch_add(1, Relaxed) < usize::MAX {});
            while turn.fetch_add(1, Relaxed) < usize::MAX {}
            thread.join().unwrap();
        });
        let message = report.failure().unwrap().message();
        assert!(report.failed_with(FailureKind::StepLimit), "{report}");
        assert!(message.contains("2,000 steps") && message.contains("not known"), "{message}");
    }
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
