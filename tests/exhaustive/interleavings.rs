//! All executions of a program over synchronization objects, by definition: every interleaving, and of each what
//! tells it from others.
//!
//! Memory is sequentially consistent. Two interleavings are the same execution if every object saw the same
//! operations in the same order, where operations that change nothing have no order among each other. Nothing
//! here shares code or ideas with the explorer.

use std::collections::BTreeSet;

/// How many objects of each kind a program has.
pub(crate) const OBJECTS: usize = 2;

/// One operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Act {
    Load(usize),
    Store(usize, u64),
    Add(usize),
    /// Of a mutex; a program unlocks what it has locked, in the same thread.
    Lock(usize),
    Unlock(usize),
    /// Skips the next operations, so many, if the mutex is held.
    TryLock(usize, usize),
    /// Of a semaphore that starts with one permit.
    Acquire(usize),
    Release(usize),
    /// On the one condition variable, with mutex 0, which is held.
    Wait,
    NotifyOne,
    NotifyAll,
    /// On the one channel, unbounded, whose sender a thread drops when it ends.
    Send(u64),
    Receive,
}

/// A name of an operation that was executed: thread and number.
type Name = (usize, usize);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
struct State {
    position: Vec<usize>,
    values: [u64; OBJECTS],
    held: [bool; OBJECTS],
    permits: [usize; OBJECTS],
    waiters: Vec<usize>,
    /// Threads that were notified and have not locked again.
    notified: Vec<usize>,
    queue: Vec<u64>,
    /// What changed each object, in order: atomics, mutexes, semaphores, the condition variable, the channel.
    history: Vec<Vec<Name>>,
    /// For each operation that only looked, and each `notify_one`: how much had happened, and what was chosen.
    looks: BTreeSet<(Name, usize, usize)>,
    log: Vec<Vec<u64>>,
    /// The thread that ran last, and how often it was left although it could have gone on; only with a bound.
    running: Option<usize>,
    preemptions: u32,
}

/// What the executions of a program are.
#[derive(Default, Debug)]
pub(crate) struct Executions {
    /// What threads read, in each that ends.
    pub(crate) outcomes: BTreeSet<Vec<Vec<u64>>>,
    /// How many there are that end.
    pub(crate) count: usize,
    /// Whether there is one that does not end.
    pub(crate) deadlock: bool,
}

const MUTEXES: usize = OBJECTS;
const SEMAPHORES: usize = 2 * OBJECTS;
const CONDVAR: usize = 3 * OBJECTS;
const CHANNEL: usize = 3 * OBJECTS + 1;

/// The executions of `program` with at most `bound` preemptions, if there is a bound; `None` if there are too many
/// states to look at.
pub(crate) fn executions(program: &[Vec<Act>], limit: usize, bound: Option<u32>) -> Option<Executions> {
    let start = State {
        position: vec![0; program.len()],
        permits: [1; OBJECTS],
        history: vec![Vec::new(); CHANNEL + 1],
        log: vec![Vec::new(); program.len()],
        ..State::default()
    };
    let mut seen = BTreeSet::from([start.clone()]);
    let mut left = vec![start];
    let mut result = Executions::default();
    let mut ends = BTreeSet::new();
    while let Some(state) = left.pop() {
        let mut next = Vec::new();
        for thread in 0..program.len() {
            step(program, &state, thread, &mut next);
        }
        if let Some(bound) = bound {
            let can_go_on = |thread: usize| {
                let mut next = Vec::new();
                step(program, &state, thread, &mut next);
                !next.is_empty()
            };
            let preempted = state.running.filter(|&thread| can_go_on(thread));
            next.clear();
            for thread in 0..program.len() {
                let mut own = Vec::new();
                step(program, &state, thread, &mut own);
                let preemptions =
                    state.preemptions + u32::from(preempted.is_some_and(|preempted| preempted != thread));
                let within = own.into_iter().filter(|_| preemptions <= bound);
                next.extend(within.map(|state| State { running: Some(thread), preemptions, ..state }));
            }
        }
        if next.is_empty() {
            let ended = state.position.iter().zip(program).all(|(&position, acts)| position >= acts.len());
            if ended {
                let end = State { running: None, preemptions: 0, ..state.clone() };
                result.count += usize::from(ends.insert(end));
                result.outcomes.insert(state.log.clone());
            } else {
                result.deadlock = true;
            }
        }
        for state in next {
            if seen.len() >= limit {
                return None;
            }
            if seen.insert(state.clone()) {
                left.push(state);
            }
        }
    }
    Some(result)
}

/// The states that follow when `thread` goes on.
fn step(program: &[Vec<Act>], state: &State, thread: usize, next: &mut Vec<State>) {
    let position = state.position[thread];
    let Some(&act) = program[thread].get(position) else { return };
    let name = (thread, position);
    let mut new = state.clone();
    new.position[thread] += 1;
    let changes = |state: &mut State, object: usize| state.history[object].push(name);
    let looks = |state: &mut State, object: usize| {
        let happened = state.history[object].len();
        state.looks.insert((name, happened, 0));
    };
    match act {
        Act::Load(at) => {
            looks(&mut new, at);
            new.log[thread].push(state.values[at]);
        }
        Act::Store(at, value) => {
            changes(&mut new, at);
            new.values[at] = value;
        }
        Act::Add(at) => {
            changes(&mut new, at);
            new.log[thread].push(state.values[at]);
            new.values[at] += 1;
        }
        Act::Lock(at) if state.held[at] => return,
        Act::Lock(at) => {
            changes(&mut new, MUTEXES + at);
            new.held[at] = true;
        }
        Act::Unlock(at) => {
            changes(&mut new, MUTEXES + at);
            new.held[at] = false;
        }
        Act::TryLock(at, skipped) => {
            new.log[thread].push(u64::from(!state.held[at]));
            if state.held[at] {
                looks(&mut new, MUTEXES + at);
                new.position[thread] += skipped;
            } else {
                changes(&mut new, MUTEXES + at);
                new.held[at] = true;
            }
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
        Act::Wait => return wait(state, thread, next),
        Act::NotifyOne | Act::NotifyAll if state.waiters.is_empty() => looks(&mut new, CONDVAR),
        Act::NotifyOne => {
            for chosen in 0..state.waiters.len() {
                let mut new = new.clone();
                changes(&mut new, CONDVAR);
                let waiter = new.waiters.remove(chosen);
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
            new.notified.extend(waiters);
            new.notified.sort_unstable();
        }
        Act::Send(value) => {
            changes(&mut new, CHANNEL);
            new.queue.push(value);
        }
        Act::Receive if !state.queue.is_empty() => {
            let value = new.queue.remove(0);
            new.log[thread].push(value);
        }
        // All senders are dropped when nobody is left who could send.
        Act::Receive => {
            let others = state.position.iter().zip(program).enumerate();
            let mut others = others.filter(|&(other, _)| other != thread);
            if !others.all(|(_, (&position, acts))| position >= acts.len()) {
                return;
            }
            new.log[thread].push(99);
        }
    }
    next.push(new);
}

/// Waiting is two steps: to join the waiters and release the mutex, and to lock it again once notified.
fn wait(state: &State, thread: usize, next: &mut Vec<State>) {
    let mut new = state.clone();
    let position = state.position[thread];
    if state.waiters.contains(&thread) {
        return;
    }
    if let Some(at) = state.notified.iter().position(|&notified| notified == thread) {
        if state.held[0] {
            return;
        }
        new.notified.remove(at);
        new.history[MUTEXES].push((thread, position));
        new.held[0] = true;
        new.position[thread] += 1;
    } else {
        new.history[CONDVAR].push((thread, position));
        new.history[MUTEXES].push((thread, position));
        new.waiters.push(thread);
        new.held[0] = false;
    }
    next.push(new);
}
