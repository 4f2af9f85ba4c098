//! Operations that take several steps, each of which others may come between: the waits of a condition variable, a barrier, and
//! an initialization.

use super::{CELLS, CONDVAR, Cell, MUTEXES, State, is_due};
use crate::acts::{Act, Program};

/// Waiting is two steps: to join the waiters and release the mutex, and to lock it again once notified.
pub(super) fn wait(state: &State, thread: usize, next: &mut Vec<State>) {
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
pub(super) const RELOCKS: u8 = 9;

/// A wait that ends for no reason is one that has never joined the waiters.
pub(super) fn wake_for_no_reason(program: &Program, state: &State, thread: usize, next: &mut Vec<State>) {
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
pub(super) fn wait_timeout(program: &Program, state: &State, thread: usize, next: &mut Vec<State>) {
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
pub(super) fn arrive(party: usize, state: &State, thread: usize, next: &mut Vec<State>) {
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
pub(super) fn initialize(state: &State, thread: usize, at: usize, value: u64, next: &mut Vec<State>) {
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
