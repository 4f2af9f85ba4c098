//! Operations on the channel, by definition: what waits for a message or for room, and which of it tells executions apart.

use super::step::without;
use super::{CHANNEL, State, is_due};
use crate::acts::{Act, DISCONNECTED, EMPTY, Program};

/// An operation on the channel. If std takes its liberty, who has waited for a message, or for room, has lost its token by the
/// end.
pub(super) fn channel(program: &Program, state: &State, thread: usize, act: Act, next: &mut Vec<State>) {
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
