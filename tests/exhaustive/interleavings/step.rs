//! One step of one thread, by definition: what an operation changes, what it reads, and where it has to wait. Operations of
//! several steps are in `waits`, those on the channel in `channel`.

use super::channel::channel;
use super::waits::{RELOCKS, arrive, initialize, wait, wait_timeout, wake_for_no_reason};
use super::{CELLS, CONDVAR, Cell, MUTEXES, SEMAPHORES, State, TOKENS, is_due};
use crate::acts::{Act, EMPTY, Program};

/// The states that follow when `thread` goes on.
pub(super) fn step(program: &Program, state: &State, thread: usize, next: &mut Vec<State>) {
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
pub(super) fn without(tokens: &[bool], thread: usize) -> Vec<bool> {
    tokens.iter().enumerate().map(|(other, &token)| token && other != thread).collect()
}
