//! Loops that wait for what another thread does end, whatever they look like.

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
        Peterson { interested: [AtomicBool::new(false), AtomicBool::new(false)], turn: AtomicUsize::new(0) }
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
