//! All executions of a program over synchronization objects, by definition: every interleaving, and of each what
//! tells it from others.
//!
//! Memory is sequentially consistent. Two interleavings are the same execution if every object saw the same
//! operations in the same order, where operations that change nothing have no order among each other. Time passes when
//! nobody can go on, to the earliest deadline; waits whose deadline has come do not block any more. Nothing
//! here shares code or ideas with the explorer.

use std::collections::{BTreeMap, BTreeSet};

use crate::acts::{Act, DISCONNECTED, EMPTY, OBJECTS, Program};

/// A name of an operation that was executed: thread, number, and which step of it.
type Name = (usize, usize, u8);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
struct State {
    position: Vec<usize>,
    /// Which step of its operation each thread does next.
    stage: Vec<u8>,
    values: [u64; OBJECTS],
    held: [bool; OBJECTS],
    /// The numbers under the mutexes, and whether these are poisoned.
    data: [u64; OBJECTS],
    poisoned: [bool; OBJECTS],
    readers: [usize; OBJECTS],
    writer: [bool; OBJECTS],
    permits: [usize; OBJECTS],
    /// Threads that wait for a notification.
    waiters: Vec<usize>,
    /// Threads that were notified and have not locked again.
    notified: Vec<usize>,
    /// Whether std has taken its liberty.
    liberty: bool,
    /// Writers that have come, where readers may wait behind them.
    writers: [usize; OBJECTS],
    /// Those of them whose time was over by then: they find out by themselves.
    attempting: Vec<usize>,
    /// Seconds that have passed, and how many had when each thread came to its operation.
    now: u64,
    came: Vec<u64>,
    /// Which threads have been unparked.
    tokens: Vec<bool>,
    arrived: Vec<usize>,
    /// Threads that may leave the barrier, and whether as the leader.
    released: Vec<(usize, bool)>,
    cells: [Cell; OBJECTS],
    queue: Vec<u64>,
    senders: usize,
    receiver_gone: bool,
    /// What changed each object, in order.
    history: Vec<Vec<Name>>,
    /// For each operation that only looked, and each `notify_one`: how much had happened, and what was chosen.
    looks: BTreeSet<(Name, usize, usize)>,
    log: Vec<Vec<u64>>,
    /// The thread that ran last, and how often one was left although it could have gone on; only with a bound.
    running: Option<usize>,
    preemptions: u32,
}

/// What is initialized once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
enum Cell {
    #[default]
    Empty,
    Running,
    Full(u64),
}

/// What the executions of a program are.
#[derive(Default, Debug)]
pub(crate) struct Executions {
    /// What threads read, in each that ends.
    pub(crate) outcomes: BTreeSet<Vec<Vec<u64>>>,
    /// How many there are that end; if the program is countable.
    pub(crate) count: usize,
    /// Whether there is one that does not end, in which nobody goes round.
    pub(crate) deadlock: bool,
    /// Whether there is one that does not end, in which someone goes round.
    pub(crate) livelock: bool,
}

/// Where the history of each object is: atomics first, then these.
const MUTEXES: usize = OBJECTS;
const SEMAPHORES: usize = 2 * OBJECTS;
const CELLS: usize = 3 * OBJECTS;
const CONDVAR: usize = 4 * OBJECTS;
const CHANNEL: usize = 4 * OBJECTS + 1;
const TOKENS: usize = 4 * OBJECTS + 2;

/// The executions of `program` with at most `bound` preemptions, if there is a bound; `None` if there are too many
/// states to look at.
pub(crate) fn executions(program: &Program, limit: usize, bound: Option<u32>) -> Option<Executions> {
    let threads = program.threads.len();
    let start = State {
        position: vec![0; threads],
        stage: vec![0; threads],
        permits: [1; OBJECTS],
        tokens: vec![false; threads],
        senders: program.senders(),
        history: vec![Vec::new(); TOKENS + threads],
        log: vec![Vec::new(); threads],
        came: vec![0; threads],
        ..State::default()
    };
    let mut seen = BTreeMap::from([(start.clone(), 0)]);
    let mut left = vec![start];
    // From which state others follow, where rounds come back to a state without an end.
    let mut ways: Vec<(usize, usize)> = Vec::new();
    let mut last = BTreeSet::new();
    let mut result = Executions::default();
    let mut ends = BTreeSet::new();
    while let Some(state) = left.pop() {
        let mut next = Vec::new();
        let mut only_spins = true;
        match bound {
            None => (0..threads).for_each(|thread| {
                let others = next.len();
                step(program, &state, thread, &mut next);
                next[others..].iter_mut().for_each(|new: &mut State| new.came[thread] = state.now);
                only_spins &= next.len() == others || spins_with_lock(program, &state, thread);
            }),
            Some(bound) => {
                step_within(bound, program, &state, &mut next);
                only_spins = next.is_empty();
            }
        }
        let from = seen[&state];
        if only_spins
            && let Some(deadline) = (0..threads).filter_map(|thread| deadline(program, &state, thread)).min()
        {
            next.push(State { now: deadline, ..state.clone() });
        }
        if next.is_empty() {
            last.insert(from);
            let pending = |thread: usize| program.threads[thread].get(state.position[thread]);
            let stuck: Vec<&Act> = (0..threads).filter_map(pending).collect();
            if stuck.is_empty() {
                let end = State { running: None, preemptions: 0, ..state.clone() };
                result.count += usize::from(ends.insert(end));
                result.outcomes.insert(state.log.clone());
            } else if stuck.iter().any(|act| goes_round(act)) {
                result.livelock = true;
            } else {
                result.deadlock = true;
            }
        }
        for mut state in next {
            if seen.len() >= limit {
                return None;
            }
            if !program.is_countable() {
                state.history.iter_mut().for_each(Vec::clear);
                state.looks.clear();
            }
            let new = seen.len();
            let to = *seen.entry(state.clone()).or_insert(new);
            if to == new {
                left.push(state);
            }
            if program.has_rounds_that_lock() {
                ways.push((from, to));
            }
        }
    }
    result.livelock |= program.has_rounds_that_lock() && reaching(last, ways).len() < seen.len();
    Some(result)
}

/// Whether the thread goes round in a loop that locks, is between two rounds, and would find what it has found. Others of its
/// kind are taken to wait until they can go on; who can be kept out of a lock cannot.
fn spins_with_lock(program: &Program, state: &State, thread: usize) -> bool {
    let has_come = match program.threads[thread].get(state.position[thread]) {
        Some(&Act::AwaitUnder(at, value)) => state.values[at] == value,
        Some(&Act::AwaitLocked(at, value)) => state.data[at] == value,
        _ => return false,
    };
    state.stage[thread] == 0 && !has_come
}

/// When the wait ends that the thread is in, if it has a deadline.
fn deadline(program: &Program, state: &State, thread: usize) -> Option<u64> {
    let act = *program.threads[thread].get(state.position[thread])?;
    let waits = !matches!(act, Act::WaitTimeout(_)) || state.waiters.contains(&thread);
    act.length().filter(|_| waits).map(|length| state.came[thread] + length)
}

/// Whether the wait that the thread is in does not block any more.
fn is_due(program: &Program, state: &State, thread: usize) -> bool {
    deadline(program, state, thread).is_some_and(|deadline| program.any_time || deadline <= state.now)
}

/// From where the ways lead to one of `last`.
fn reaching(last: BTreeSet<usize>, mut ways: Vec<(usize, usize)>) -> BTreeSet<usize> {
    let mut reaching = last;
    let mut left: Vec<usize> = reaching.iter().copied().collect();
    ways.sort_unstable_by_key(|&(_, to)| to);
    while let Some(state) = left.pop() {
        let first = ways.partition_point(|&(_, to)| to < state);
        for &(from, _) in ways[first..].iter().take_while(|&&(_, to)| to == state) {
            if reaching.insert(from) {
                left.push(from);
            }
        }
    }
    reaching
}

fn goes_round(act: &Act) -> bool {
    matches!(act, Act::Await(..) | Act::AwaitLater(..) | Act::AwaitModifying(..))
        || act.that_waits().is_some()
}

/// The states that follow with at most so many preemptions.
fn step_within(bound: u32, program: &Program, state: &State, next: &mut Vec<State>) {
    let follow = |thread: usize| {
        let mut next = Vec::new();
        step(program, state, thread, &mut next);
        next
    };
    let preempted = state.running.filter(|&thread| !follow(thread).is_empty());
    for thread in 0..program.threads.len() {
        let is_preemption = preempted.is_some_and(|preempted| preempted != thread);
        let preemptions = state.preemptions + u32::from(is_preemption);
        if preemptions <= bound {
            let running = Some(thread);
            next.extend(follow(thread).into_iter().map(|state| State { running, preemptions, ..state }));
        }
    }
}

/// The states that follow when `thread` goes on.
fn step(program: &Program, state: &State, thread: usize, next: &mut Vec<State>) {
    let position = state.position[thread];
    let Some(&act) = program.threads[thread].get(position) else { return };
    let act = act.that_waits().unwrap_or(act);
    let name = (thread, position, state.stage[thread]);
    let mut new = state.clone();
    new.position[thread] += 1;
    let changes = |state: &mut State, object: usize| state.history[object].push(name);
    let looks = |state: &mut State, object: usize| {
        let happened = state.history[object].len();
        state.looks.insert((name, happened, 0));
    };
    // Whether it changes the object or fails, with so many operations skipped.
    let tries = |state: &mut State, object: usize, goes: bool, skipped: usize| {
        state.log[thread].push(u64::from(goes));
        if goes {
            changes(state, object);
        } else {
            looks(state, object);
            state.position[thread] += skipped;
        }
        goes
    };
    match act {
        Act::Await(at, value) | Act::AwaitLater(at, value) | Act::AwaitModifying(at, value)
            if state.values[at] != value =>
        {
            return;
        }
        Act::Await(at, _) | Act::AwaitLater(at, _) | Act::AwaitModifying(at, _) => looks(&mut new, at),
        Act::Load(at) => {
            looks(&mut new, at);
            new.log[thread].push(state.values[at]);
        }
        Act::Store(at, value) => {
            changes(&mut new, at);
            new.values[at] = value;
        }
        // The rounds that fail leave nothing behind.
        Act::Add(at) | Act::Retry(at) => {
            changes(&mut new, at);
            new.log[thread].push(state.values[at]);
            new.values[at] += 1;
        }
        Act::Exchange(at, expected, value) => {
            let is_equal = state.values[at] == expected;
            if is_equal && program.liberties && !state.liberty {
                let mut new = new.clone();
                new.liberty = true;
                tries(&mut new, at, false, 0);
                next.push(new);
            }
            if tries(&mut new, at, is_equal, 0) {
                new.values[at] = value;
            }
        }
        Act::AwaitLocked(at, value) | Act::AwaitUnder(at, value) => {
            let stage = state.stage[thread];
            if stage == 0 && state.held[at] {
                return;
            }
            let loads = matches!(act, Act::AwaitUnder(..));
            let has_come = if loads { stage == 3 } else { state.data[at] == value };
            // It locks, loads if it does, and unlocks.
            let is_last = stage >= if loads { 2 } else { 1 };
            new.held[at] = !is_last;
            new.position[thread] -= usize::from(!(is_last && has_come));
            new.stage[thread] = match stage {
                _ if is_last => 0,
                1 => 2 + u8::from(state.values[at] == value),
                _ => 1,
            };
        }
        Act::Put(at, value) => new.data[at] = value,
        Act::Lock(at) if state.held[at] => return,
        Act::Lock(at) | Act::Unlock(at) => {
            changes(&mut new, MUTEXES + at);
            new.held[at] = act == Act::Lock(at);
        }
        Act::Poison(at) => {
            let holds = state.stage[thread] == 1;
            if !holds && state.held[at] {
                return;
            }
            changes(&mut new, MUTEXES + at);
            new.held[at] = !holds;
            new.poisoned[at] |= holds;
            new.stage[thread] = u8::from(!holds);
            new.position[thread] -= usize::from(!holds);
        }
        Act::IsPoisoned(at) => {
            looks(&mut new, MUTEXES + at);
            new.log[thread].push(u64::from(state.poisoned[at]));
        }
        Act::ClearPoison(at) => {
            changes(&mut new, MUTEXES + at);
            new.poisoned[at] = false;
        }
        Act::TryLock(at, skipped) => {
            new.held[at] |= tries(&mut new, MUTEXES + at, !state.held[at], skipped);
        }
        Act::Read(at) if program.liberties && state.stage[thread] == 1 => {
            if state.writer[at] || state.writers[at] > 0 {
                return;
            }
            new.stage[thread] = 0;
            new.readers[at] += 1;
        }
        Act::Read(at) if state.writer[at] => return,
        Act::Read(at) => {
            if program.liberties && !state.liberty && state.writers[at] > 0 {
                let mut new = state.clone();
                new.liberty = true;
                new.stage[thread] = 1;
                next.push(new);
            }
            new.readers[at] += 1;
        }
        Act::ReadUnlock(at) => new.readers[at] -= 1,
        Act::Write(at) if program.liberties && state.stage[thread] == 0 => {
            new.position[thread] -= 1;
            new.stage[thread] = 1;
            new.writers[at] += 1;
        }
        Act::Write(at) if state.writer[at] || state.readers[at] > 0 => return,
        Act::Write(at) | Act::WriteUnlock(at) => {
            new.writer[at] = act == Act::Write(at);
            new.writers[at] -= usize::from(program.liberties && new.writer[at]);
            new.stage[thread] = 0;
        }
        // Executions with reader-writer locks are not counted, so the object does not matter.
        Act::TryRead(at, skipped) => {
            if program.liberties && !state.liberty && !state.writer[at] && state.writers[at] > 0 {
                let mut fails = new.clone();
                fails.liberty = true;
                tries(&mut fails, 0, false, skipped);
                next.push(fails);
            }
            new.readers[at] += usize::from(tries(&mut new, 0, !state.writer[at], skipped));
        }
        Act::TryWrite(at, skipped) => {
            let is_free = !state.writer[at] && state.readers[at] == 0;
            new.writer[at] |= tries(&mut new, 0, is_free, skipped);
        }
        Act::Acquire(at) if state.permits[at] == 0 => return,
        Act::Acquire(at) => {
            changes(&mut new, SEMAPHORES + at);
            new.permits[at] -= 1;
        }
        Act::Release(at) => {
            changes(&mut new, SEMAPHORES + at);
            new.permits[at] += 1;
        }
        Act::Sleep(_) if !is_due(program, state, thread) => return,
        Act::Sleep(_) => {}
        Act::ReadClock => new.log[thread].push(state.now),
        Act::AcquireTimeout(at, _, skipped) => {
            if state.permits[at] == 0 && !is_due(program, state, thread) {
                return;
            }
            let goes = tries(&mut new, SEMAPHORES + at, state.permits[at] > 0, skipped);
            new.permits[at] -= usize::from(goes);
        }
        Act::Park | Act::ParkTimeout(_)
            if program.liberties && !state.liberty && state.stage[thread] == 0 =>
        {
            // It ends for no reason, or it does not.
            let mut waits = state.clone();
            waits.stage[thread] = 1;
            next.push(waits);
            new.liberty = true;
        }
        Act::ParkTimeout(_) if !state.tokens[thread] => {
            if !is_due(program, state, thread) {
                return;
            }
            looks(&mut new, TOKENS + thread);
            new.stage[thread] = 0;
        }
        Act::WaitTimeout(_) => {
            wake_for_no_reason(program, state, thread, next);
            if state.stage[thread] != RELOCKS {
                wait_timeout(program, state, thread, next);
            }
            return;
        }
        Act::Wait => {
            wake_for_no_reason(program, state, thread, next);
            if state.stage[thread] != RELOCKS {
                wait(state, thread, next);
            }
            return;
        }
        Act::NotifyOne | Act::NotifyAll if state.waiters.is_empty() => looks(&mut new, CONDVAR),
        Act::NotifyOne => {
            for chosen in 0..state.waiters.len() {
                let mut new = new.clone();
                changes(&mut new, CONDVAR);
                let waiter = new.waiters.remove(chosen);
                new.attempting.extend(is_due(program, state, waiter).then_some(waiter));
                new.looks.insert((name, 0, waiter));
                new.notified.push(waiter);
                new.notified.sort_unstable();
                next.push(new);
            }
            return;
        }
        Act::NotifyAll => {
            changes(&mut new, CONDVAR);
            let waiters = std::mem::take(&mut new.waiters);
            new.attempting.extend(waiters.iter().filter(|&&waiter| is_due(program, state, waiter)));
            new.notified.extend(waiters);
            new.notified.sort_unstable();
        }
        Act::Park if !state.tokens[thread] => return,
        Act::Park | Act::ParkTimeout(_) => {
            new.stage[thread] = 0;
            changes(&mut new, TOKENS + thread);
            new.tokens[thread] = false;
        }
        // To make the thread, its sleep with what it does then, and the join.
        Act::JoinSleeper(_) if state.stage[thread] == 1 && !is_due(program, state, thread) => return,
        Act::JoinSleeper(_) if state.stage[thread] < 2 => {
            new.position[thread] -= 1;
            new.stage[thread] += 1;
            if new.stage[thread] == 2 {
                changes(&mut new, TOKENS + thread);
                new.tokens[thread] = true;
            }
        }
        Act::JoinSleeper(_) => {
            new.stage[thread] = 0;
            if program.liberties && !state.liberty && state.tokens[thread] {
                next.push(State { liberty: true, tokens: without(&new.tokens, thread), ..new.clone() });
            }
        }
        // Also if it was unparked before: the thread learns of both.
        Act::Unpark(other) => {
            changes(&mut new, TOKENS + other);
            new.tokens[other] = true;
        }
        Act::Arrive => return arrive(program.party, state, thread, next),
        Act::Initialize(at, value) => return initialize(state, thread, at, value, next),
        Act::Set(at, _) | Act::WaitFor(at) if state.cells[at] == Cell::Running => return,
        Act::WaitFor(at) if state.cells[at] == Cell::Empty => return,
        Act::Set(at, value) => {
            if tries(&mut new, CELLS + at, state.cells[at] == Cell::Empty, 0) {
                new.cells[at] = Cell::Full(value);
            }
        }
        Act::Get(at) | Act::WaitFor(at) => {
            looks(&mut new, CELLS + at);
            new.log[thread].push(match state.cells[at] {
                Cell::Full(value) => value,
                Cell::Empty | Cell::Running => EMPTY,
            });
        }
        _ => return channel(program, state, thread, act, next),
    }
    next.push(new);
}

/// The tokens after this thread has lost its own.
fn without(tokens: &[bool], thread: usize) -> Vec<bool> {
    tokens.iter().enumerate().map(|(other, &token)| token && other != thread).collect()
}

/// Waiting is two steps: to join the waiters and release the mutex, and to lock it again once notified.
fn wait(state: &State, thread: usize, next: &mut Vec<State>) {
    let mut new = state.clone();
    let name = (thread, state.position[thread], state.stage[thread]);
    if state.waiters.contains(&thread) {
        return;
    }
    if let Some(at) = state.notified.iter().position(|&notified| notified == thread) {
        if state.held[0] {
            return;
        }
        new.notified.remove(at);
        new.history[MUTEXES].push(name);
        new.held[0] = true;
        new.position[thread] += 1;
    } else {
        new.history[CONDVAR].push(name);
        new.history[MUTEXES].push(name);
        new.waiters.push(thread);
        new.held[0] = false;
    }
    next.push(new);
}

/// The stage of a wait that has ended for no reason, and is to lock its mutex again.
const RELOCKS: u8 = 9;

/// A wait that ends for no reason is one that has never joined the waiters.
fn wake_for_no_reason(program: &Program, state: &State, thread: usize, next: &mut Vec<State>) {
    let begins =
        state.stage[thread] == 0 && !state.waiters.contains(&thread) && !state.notified.contains(&thread);
    if state.stage[thread] == RELOCKS && !state.held[0] {
        let mut new = state.clone();
        new.held[0] = true;
        new.stage[thread] = 0;
        new.position[thread] += 1;
        let is_timed = matches!(program.threads[thread][state.position[thread]], Act::WaitTimeout(_));
        new.log[thread].extend(is_timed.then_some(0));
        next.push(new);
    } else if begins && program.liberties && !state.liberty {
        let mut new = state.clone();
        new.liberty = true;
        new.held[0] = false;
        new.stage[thread] = RELOCKS;
        next.push(new);
    }
}

/// The same with a deadline: if it comes before a notification, to find out is a step of its own, between the two.
fn wait_timeout(program: &Program, state: &State, thread: usize, next: &mut Vec<State>) {
    let mut new = state.clone();
    let stage = state.stage[thread];
    let name = (thread, state.position[thread], stage);
    let is_notified = state.notified.contains(&thread);
    match stage {
        0 => {
            new.history[CONDVAR].push(name);
            new.history[MUTEXES].push(name);
            new.waiters.push(thread);
            new.held[0] = false;
            new.stage[thread] = 1;
        }
        1 if state.waiters.contains(&thread) => {
            if !is_due(program, state, thread) {
                return;
            }
            new.history[CONDVAR].push(name);
            new.waiters.retain(|&waiter| waiter != thread);
            new.log[thread].push(1);
            new.stage[thread] = 2;
        }
        1 if state.attempting.contains(&thread) => {
            new.looks.insert((name, state.history[CONDVAR].len(), 0));
            new.notified.retain(|&notified| notified != thread);
            new.attempting.retain(|&attempting| attempting != thread);
            new.log[thread].push(0);
            new.stage[thread] = 2;
        }
        _ if state.held[0] => return,
        _ => {
            new.history[MUTEXES].push(name);
            new.notified.retain(|&notified| notified != thread);
            new.log[thread].extend(is_notified.then_some(0));
            new.held[0] = true;
            new.stage[thread] = 0;
            new.position[thread] += 1;
        }
    }
    next.push(new);
}

/// At a barrier: to arrive, and to leave once all have; any of them is the leader.
fn arrive(party: usize, state: &State, thread: usize, next: &mut Vec<State>) {
    let mut new = state.clone();
    if let Some(at) = state.released.iter().position(|&(released, _)| released == thread) {
        let (_, is_leader) = new.released.remove(at);
        new.log[thread].push(u64::from(is_leader));
        new.position[thread] += 1;
        new.stage[thread] = 0;
        next.push(new);
    } else if state.stage[thread] == 0 {
        new.stage[thread] = 1;
        new.arrived.push(thread);
        new.arrived.sort_unstable();
        if new.arrived.len() < party {
            next.push(new);
            return;
        }
        let arrived = std::mem::take(&mut new.arrived);
        for &leader in &arrived {
            let mut new = new.clone();
            new.released.extend(arrived.iter().map(|&thread| (thread, thread == leader)));
            new.released.sort_unstable();
            next.push(new);
        }
    }
}

/// To enter, to load a value, and to leave with it; or only to find that it is done.
fn initialize(state: &State, thread: usize, at: usize, value: u64, next: &mut Vec<State>) {
    let mut new = state.clone();
    let stage = state.stage[thread];
    let name = (thread, state.position[thread], stage);
    new.stage[thread] = (stage + 1) % 3;
    match (stage, state.cells[at]) {
        (0, Cell::Running) => return,
        (0, Cell::Full(value)) => {
            let happened = state.history[CELLS + at].len();
            new.looks.insert((name, happened, 0));
            new.log[thread].push(value);
            new.position[thread] += 1;
            new.stage[thread] = 0;
        }
        (0, Cell::Empty) => {
            new.history[CELLS + at].push(name);
            new.cells[at] = Cell::Running;
        }
        (1, _) => {
            let happened = state.history[at].len();
            new.looks.insert((name, happened, 0));
            new.log[thread].push(state.values[at]);
        }
        _ => {
            let loaded = state.log[thread].last().expect("it was loaded in the step before");
            let value = value + 10 * loaded;
            new.history[CELLS + at].push(name);
            new.cells[at] = Cell::Full(value);
            new.log[thread].push(value);
            new.position[thread] += 1;
        }
    }
    next.push(new);
}

/// An operation on the channel. If std takes its liberty, who has waited for a message, or for room, has lost its token by the
/// end.
fn channel(program: &Program, state: &State, thread: usize, act: Act, next: &mut Vec<State>) {
    let is_full = program.capacity.is_some_and(|capacity| state.queue.len() >= capacity);
    let has_to_wait = match act {
        Act::Receive | Act::ReceiveTimeout(_) => state.queue.is_empty() && state.senders > 0,
        Act::Send(_) => is_full && !state.receiver_gone,
        _ => false,
    };
    if program.liberties && state.stage[thread] == 0 && has_to_wait {
        let mut waits = state.clone();
        waits.stage[thread] = 1;
        next.push(waits);
        return;
    }
    let others = next.len();
    channel_alone(program, state, thread, act, next);
    for number in others..next.len() {
        next[number].stage[thread] = 0;
        if state.stage[thread] == 1 && state.tokens[thread] && !state.liberty {
            let new = next[number].clone();
            next.push(State { liberty: true, tokens: without(&new.tokens, thread), ..new });
        }
    }
}

/// An operation on the channel. What a receive finds follows from the order of the sends; so it counts only
/// where a sender may wait for room, or someone asks without waiting. That a sender is dropped counts only for the
/// latter, since others wait until all are.
fn channel_alone(program: &Program, state: &State, thread: usize, act: Act, next: &mut Vec<State>) {
    let name = (thread, state.position[thread], 0);
    let mut new = state.clone();
    new.position[thread] += 1;
    let is_strict = program.has_strict_channel();
    let happened = state.history[CHANNEL].len();
    let has_room = program.capacity.is_none_or(|capacity| state.queue.len() < capacity);
    let logs = |state: &mut State, value: u64| state.log[thread].push(value);
    let mut changes = false;
    match act {
        Act::Send(_) | Act::TrySend(_) if state.receiver_gone => logs(&mut new, DISCONNECTED),
        Act::Send(_) if !has_room => return,
        Act::TrySend(_) if !has_room => logs(&mut new, EMPTY),
        Act::Send(value) | Act::TrySend(value) => {
            changes = true;
            new.queue.push(value);
        }
        Act::Receive | Act::TryReceive | Act::ReceiveTimeout(_) if !state.queue.is_empty() => {
            let value = new.queue.remove(0);
            logs(&mut new, value);
            if program.capacity.is_none() && !is_strict {
                next.push(new);
                return;
            }
            changes = true;
        }
        Act::Receive | Act::TryReceive | Act::ReceiveTimeout(_) if state.senders == 0 => {
            logs(&mut new, DISCONNECTED);
            if !is_strict {
                next.push(new);
                return;
            }
        }
        Act::Receive => return,
        Act::ReceiveTimeout(_) if !is_due(program, state, thread) => return,
        Act::TryReceive | Act::ReceiveTimeout(_) => logs(&mut new, EMPTY),
        Act::CloseReceiver => {
            changes = true;
            new.receiver_gone = true;
            new.queue.clear();
        }
        Act::CloseSender => {
            new.senders -= 1;
            if !is_strict {
                next.push(new);
                return;
            }
            changes = true;
        }
        other => unreachable!("{other:?} is no operation on a channel"),
    }
    if changes {
        new.history[CHANNEL].push(name);
    } else {
        new.looks.insert((name, happened, 0));
    }
    next.push(new);
}
