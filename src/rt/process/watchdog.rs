//! The watchdog: an OS thread that notices when the program's code does not come back.
//!
//! An execution is in drawloom's hands only between operations. Code that waits for a real lock, for I/O, or that goes
//! round in a loop without operations never comes to the next one, and without a watchdog the test would hang without a
//! word. Workers tell how far they have come by one store a step. The watchdog looks at that a few times a second. A worker that
//! has stood still for as long as its test allows is *asked* (`interrupt`): a signal handler on its OS thread looks at the stack,
//! and if it is the program's code that stands there, it ends the execution on the spot.
//!
//! The same thread tells explorations that they take long (`Listener`), which they cannot notice within one execution.
//!
//! What counts is time in which the watchdog itself ran: a process that was stopped, or a laptop that slept, has not hung. A
//! thread that runs, and does not wait, has to have used the processor as well: on a busy machine it may just not have had
//! its turn.

mod answer;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod interrupt;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod symbols;

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod interrupt {
    //! Not implemented on this platform: nobody can be asked, so the process ends with last words.

    use super::answer::Answer;
    use crate::rt::registry::os_thread::Doing;
    use crate::rt::registry::workers::Status;

    pub(in crate::rt) fn ask(_: u32, _: &Status, _: (u64, u64), _: Doing, _: bool) -> Answer {
        Answer::None
    }
}

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::rt::Execution;
use crate::rt::process::last_words;
use crate::rt::registry::os_thread::{Doing, OsThread};
use crate::rt::registry::workers::{self, CLEANS_UP, Status, Watched};
use answer::Answer;

/// How often the watchdog looks, at the least and at the most.
const TICKS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));

/// How many times a worker is asked in one tick, and how many times in all before code of a library may be left anyway.
const ASKED_AT_ONCE: u32 = 40;
const ASKED_BEFORE_INSISTING: u32 = 200;

/// Somebody who is told a few times a second that time passes, while its exploration has workers.
pub(crate) trait Listener: Send + Sync {
    /// `steps` is the last step of the execution that has come furthest, of those that run now.
    fn tick(&self, steps: u64);
}

static LISTENERS: Mutex<Vec<(u64, Weak<dyn Listener>)>> = Mutex::new(Vec::new());

fn listeners() -> MutexGuard<'static, Vec<(u64, Weak<dyn Listener>)>> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells the listener of the exploration with this number that time passes, as long as it is there.
pub(crate) fn listen(exploration: u64, listener: Weak<dyn Listener>) {
    let mut listeners = listeners();
    listeners.retain(|(_, listener)| listener.strong_count() > 0);
    listeners.push((exploration, listener));
}

fn tell_listeners(workers: &[(u32, Arc<Status>)]) {
    let listening: Vec<_> =
        listeners().iter().filter_map(|(number, listener)| Some((*number, listener.upgrade()?))).collect();
    for (number, listener) in listening {
        let of_it = workers.iter().filter_map(|(_, status)| {
            let is_its = status.watched.get().is_some_and(|watched| watched.exploration == number);
            is_its.then(|| status.pulse())
        });
        let steps = of_it.filter(|&(running, beat)| running != 0 && beat != CLEANS_UP).map(|(_, beat)| beat);
        listener.tick(steps.max().unwrap_or(0));
    }
}

/// Lets the watchdog watch `execution`, which the calling OS thread runs, for the exploration with this number.
pub(crate) fn watch(execution: &Execution, hang_after: Option<Duration>, exploration: u64) {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        // Without a thread for it there is no watchdog; the exploration will say itself that there are no threads.
        let _ = std::thread::Builder::new().name("drawloom-watchdog".to_owned()).spawn(run);
    });
    let words = execution.last_words().0.to_owned();
    execution.status().watch(Watched { thread: OsThread::current(), hang_after, exploration, words });
}

/// What the watchdog has seen of a worker.
struct Seen {
    pulse: (u64, u64),
    /// For how long it has been so, and how much of the processor's time the thread had used before.
    since: Duration,
    used: Duration,
    asked: u32,
}

fn run() {
    let mut seen: BTreeMap<u32, Seen> = BTreeMap::new();
    loop {
        workers::wait_for_watched();
        let workers = workers::watched();
        let shortest = workers.iter().filter_map(|(_, status)| status.watched.get()?.hang_after).min();
        let tick = shortest.map_or(TICKS.1, |time| (time / 8).clamp(TICKS.0, TICKS.1));
        let before = Instant::now();
        std::thread::sleep(tick);
        // If the watchdog was late, everybody may have been.
        let passed = before.elapsed().min(2 * tick);
        last_words::speak_for_the_dying();
        tell_listeners(&workers);
        seen.retain(|number, _| workers.iter().any(|(other, _)| other == number));
        for (number, status) in &workers {
            let Some(watched) = status.watched.get() else { continue };
            let pulse = status.pulse();
            let seen = seen.entry(*number).or_insert_with(|| Seen::now(pulse, watched));
            if seen.pulse != pulse || pulse.0 == 0 {
                *seen = Seen::now(pulse, watched);
                continue;
            }
            seen.since += passed;
            if let Some(hang_after) = watched.hang_after.filter(|&time| seen.since >= time) {
                look(*number, status, hang_after, seen);
            }
        }
    }
}

impl Seen {
    fn now(pulse: (u64, u64), watched: &Watched) -> Seen {
        Seen { pulse, since: Duration::ZERO, used: watched.thread.used(), asked: 0 }
    }
}

/// The worker has stood still for long: asks what it does, and lets it end the execution.
fn look(number: u32, status: &Status, hang_after: Duration, seen: &mut Seen) {
    let Some(watched) = status.watched.get() else { return };
    let mut answer = Answer::None;
    if seen.pulse.1 != CLEANS_UP {
        for _ in 0..ASKED_AT_ONCE {
            let doing = watched.thread.doing();
            let used = watched.thread.used().saturating_sub(seen.used);
            if doing == Doing::Runs && used < hang_after / 8 {
                return;
            }
            let insists = seen.asked >= ASKED_BEFORE_INSISTING;
            answer = interrupt::ask(number, status, seen.pulse, doing, insists);
            seen.asked += 1;
            match answer {
                Answer::Busy | Answer::InLibrary | Answer::Noted => {
                    std::thread::sleep(Duration::from_millis(1))
                }
                _ => break,
            }
        }
    }
    match answer {
        Answer::Busy | Answer::InLibrary | Answer::Noted => {}
        Answer::OwnWork | Answer::Ended => *seen = Seen::now(seen.pulse, watched),
        Answer::None if status.pulse() == seen.pulse && seen.since >= 2 * hang_after => {
            give_up(status, watched, hang_after)
        }
        Answer::None => {}
    }
}

/// The execution cannot be ended alone, so the process is; what is known is said before.
fn give_up(status: &Status, watched: &Watched, hang_after: Duration) -> ! {
    let where_it_is = match status.pulse().1 {
        CLEANS_UP => "a destructor at the end of the execution".to_owned(),
        0 | 1 => "the test's code, at its beginning".to_owned(),
        step => format!("the test's code, after step {step}"),
    };
    let message = format!(
        "\ndrawloom: hang in {}{}\ndrawloom: {where_it_is} has not come back for {:?}, and cannot be left: the process ends\n",
        watched.words,
        status.index_after(&watched.words),
        hang_after,
    );
    last_words::write_now(&message);
    std::process::abort()
}
