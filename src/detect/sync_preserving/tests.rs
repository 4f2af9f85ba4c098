//! The prediction on traces made by hand, in the manner of the paper's examples, and on random ones against the definition,
//! by trying all parts of a trace.

use proptest::prelude::*;

use super::*;
use LockMode::{Exclusive, Shared};

/// An event of a test: of a thread, to a lock or a variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Do {
    Acquire(u32, LockMode),
    Release(u32),
    Read(u32),
    Write(u32),
}

fn acq(lock: u32) -> Do {
    Do::Acquire(lock, Exclusive)
}

use Do::{Read, Release as rel, Write};

/// What was done, with what every read has read: the last write before it, if there is any.
fn observe(trace: &[(u32, Do)]) -> Observation {
    let mut observation = Observation::default();
    for (at, &(thread, what)) in trace.iter().enumerate() {
        let (action, needs) = match what {
            Do::Acquire(lock, mode) => (Action::Acquire { lock, mode }, None),
            Do::Release(lock) => (Action::Release { lock }, None),
            Read(_) => (Action::Other, read_from(trace, at)),
            Write(_) => (Action::Other, None),
        };
        let needs: Vec<EventId> = needs.into_iter().map(|event| event as EventId).collect();
        observation.push(thread, action, &needs);
    }
    observation
}

fn read_from(trace: &[(u32, Do)], at: usize) -> Option<usize> {
    let Read(variable) = trace[at].1 else { return None };
    trace[..at].iter().rposition(|&(_, what)| what == Write(variable))
}

/// Where each thread acquires a lock while it holds another, of two threads and two locks.
fn abba(trace: &[(u32, Do)]) -> Option<Vec<EventId>> {
    let inner = |thread: u32, outer: u32, lock: u32| {
        let mut depth = 0;
        let mut places = Vec::new();
        for (at, &(by, what)) in trace.iter().enumerate() {
            match what {
                _ if by != thread => {}
                Do::Acquire(acquired, _) if acquired == lock && depth > 0 => places.push(at as EventId),
                Do::Acquire(acquired, _) if acquired == outer => depth += 1,
                Do::Release(released) if released == outer => depth -= 1,
                _ => {}
            }
        }
        places
    };
    observe(trace).witness(&[inner(0, 0, 1), inner(1, 1, 0)])
}

#[test]
fn two_orders_are_a_deadlock() {
    let trace = [
        (0, acq(0)),
        (0, acq(1)),
        (0, rel(1)),
        (0, rel(0)),
        (1, acq(1)),
        (1, acq(0)),
        (1, rel(0)),
        (1, rel(1)),
    ];
    assert_eq!(abba(&trace), Some(vec![0, 4]));
}

#[test]
fn what_is_read_has_to_be_written() {
    // The second thread has seen that the first is done.
    let trace = [
        (0, acq(0)),
        (0, acq(1)),
        (0, rel(1)),
        (0, rel(0)),
        (0, Write(0)),
        (1, Read(0)),
        (1, acq(1)),
        (1, acq(0)),
    ];
    assert_eq!(abba(&trace), None);
    // It has seen what came before the first thread's sections.
    let trace = [
        (0, Write(0)),
        (0, acq(0)),
        (0, acq(1)),
        (0, rel(1)),
        (0, rel(0)),
        (1, Read(0)),
        (1, acq(1)),
        (1, acq(0)),
    ];
    assert_eq!(abba(&trace), Some(vec![0, 1, 5, 6]));
}

#[test]
fn a_later_place_is_tried_where_the_first_is_passed() {
    let trace = [
        (0, acq(0)),
        (0, acq(1)),
        (0, rel(1)),
        (0, rel(0)),
        (0, Write(0)),
        (0, acq(0)),
        (0, acq(1)),
        (0, rel(1)),
        (0, rel(0)),
        (1, Read(0)),
        (1, acq(1)),
        (1, acq(0)),
    ];
    assert_eq!(abba(&trace), Some(vec![0, 1, 2, 3, 4, 5, 9, 10]));
}

#[test]
fn sections_are_not_turned_round() {
    // The first thread has a section under lock 2 behind it, in the middle of which the second one is to stop.
    let first = [(0, acq(2)), (0, rel(2)), (0, acq(0)), (0, acq(1)), (0, rel(1)), (0, rel(0))];
    let second = [(1, acq(2)), (1, acq(1)), (1, acq(0)), (1, rel(0)), (1, rel(1)), (1, rel(2))];
    let in_order = [first, second].concat();
    assert_eq!(abba(&in_order), Some(vec![0, 1, 2, 6, 7]));
    // There is the same deadlock, but in another order of the sections than the one that was observed.
    let turned = [second, first].concat();
    assert_eq!(abba(&turned), None);
}

#[test]
fn readers_have_no_order() {
    let section = |thread: u32, mode: LockMode| {
        [(thread, Do::Acquire(2, mode)), (thread, rel(2)), (thread, acq(thread)), (thread, acq(1 - thread))]
    };
    let ends = [(1, rel(0)), (1, rel(1))];
    // The second thread is to stop in a section.
    let open = |mode: LockMode| {
        let second =
            [(1, Do::Acquire(2, mode)), (1, acq(1)), (1, acq(0)), (1, rel(0)), (1, rel(1)), (1, rel(2))];
        [second.to_vec(), section(0, mode).to_vec()].concat()
    };
    assert_eq!(abba(&open(Exclusive)), None);
    assert_eq!(abba(&open(Shared)), Some(vec![0, 1, 6, 7, 8]));
    assert!(
        abba(&[section(1, Shared).to_vec(), ends.to_vec(), section(0, Shared).to_vec()].concat()).is_some()
    );
}

#[test]
fn what_needs_all_has_all() {
    let mut observation = Observation::default();
    observation.push(0, Action::Other, &[]);
    let last = observation.push(1, Action::Other, &[]);
    observation.need_all(last);
    let place = observation.push(1, Action::Acquire { lock: 0, mode: Exclusive }, &[]);
    assert_eq!(observation.witness(&[vec![place]]), Some(vec![0, 1]));
}

/// What a thread does, as choices that are turned into nested sections.
fn trace() -> impl Strategy<Value = Vec<(u32, Do)>> {
    prop::collection::vec((0..3u32, 0..6u32, 0..3u32, any::<bool>()), 4..28).prop_map(|choices| {
        let mut trace: Vec<(u32, Do)> = Vec::new();
        let mut held: Vec<Vec<(u32, LockMode)>> = vec![Vec::new(); 3];
        for (thread, kind, which, shared) in choices {
            let mode = if shared { Shared } else { Exclusive };
            let is_free = |wanted: LockMode| {
                let conflicts =
                    |&&(lock, mode): &&(u32, LockMode)| lock == which && mode.conflicts_with(wanted);
                let own = held[thread as usize].iter().any(|&(lock, _)| lock == which);
                !own && held.iter().flatten().find(conflicts).is_none()
            };
            let what = match kind {
                0..3 if is_free(mode) => {
                    held[thread as usize].push((which, mode));
                    Do::Acquire(which, mode)
                }
                3 => match held[thread as usize].pop() {
                    Some((lock, _)) => Do::Release(lock),
                    None => continue,
                },
                4 => Read(which % 2),
                5 => Write(which % 2),
                _ => continue,
            };
            trace.push((thread, what));
        }
        for (thread, held) in held.iter_mut().enumerate() {
            while let Some((lock, _)) = held.pop() {
                trace.push((thread as u32, Do::Release(lock)));
            }
        }
        trace
    })
}

/// Whether the first `counts` events of each thread are an execution in which every thread sees what it saw and no
/// sections are turned round, by the definition.
fn is_reordering(trace: &[(u32, Do)], counts: &[usize]) -> bool {
    let mut done = vec![0; counts.len()];
    let is_in: Vec<bool> = trace
        .iter()
        .map(|&(thread, _)| {
            done[thread as usize] += 1;
            done[thread as usize] <= counts[thread as usize]
        })
        .collect();
    let mut holders: Vec<(u32, u32, LockMode)> = Vec::new();
    (0..trace.len()).filter(|&at| is_in[at]).all(|at| match trace[at] {
        (thread, Do::Acquire(lock, mode)) => {
            let is_free = !holders.iter().any(|&(of, _, held)| of == lock && held.conflicts_with(mode));
            holders.push((lock, thread, mode));
            is_free
        }
        (thread, Do::Release(lock)) => {
            holders.retain(|&(of, by, _)| (of, by) != (lock, thread));
            true
        }
        (_, Read(variable)) => {
            let before = |included: bool| {
                (0..at).rev().find(|&other| trace[other].1 == Write(variable) && (is_in[other] || !included))
            };
            before(true) == before(false)
        }
        (_, Write(_)) => true,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A schedule is found if and only if there is one, by trying all: each thread of the cycle stops at one of the
    /// places that it may stop at, and the others anywhere.
    #[test]
    fn all_that_exist_are_found(trace in trace(), picks in prop::collection::vec(any::<prop::sample::Index>(), 2..5)) {
        let acquires: Vec<usize> =
            (0..trace.len()).filter(|&at| matches!(trace[at].1, Do::Acquire(..))).collect();
        prop_assume!(!acquires.is_empty());
        let mut places: Vec<Vec<EventId>> = vec![Vec::new(); 3];
        for pick in picks {
            let at = acquires[pick.index(acquires.len())];
            places[trace[at].0 as usize].push(at as EventId);
        }
        for places in &mut places {
            places.sort_unstable();
            places.dedup();
        }
        let counted = |thread: u32, before: usize| {
            trace[..before].iter().filter(|&&(by, _)| by == thread).count()
        };
        let stops: Vec<Vec<usize>> = (0..3u32)
            .map(|thread| match places[thread as usize].as_slice() {
                [] => (0..=counted(thread, trace.len())).collect(),
                at => at.iter().map(|&at| counted(thread, at as usize)).collect(),
            })
            .collect();
        let exists = stops[0].iter().any(|&first| {
            stops[1].iter().any(|&second| {
                stops[2].iter().any(|&third| is_reordering(&trace, &[first, second, third]))
            })
        });
        let wanted: Vec<Vec<EventId>> = places.into_iter().filter(|places| !places.is_empty()).collect();
        let observation = observe(&trace);
        let witness = observation.witness(&wanted);
        prop_assert_eq!(witness.is_some(), exists);
        if let Some(witness) = witness {
            let mut counts = vec![0; 3];
            for &event in &witness {
                counts[trace[event as usize].0 as usize] += 1;
            }
            prop_assert!(is_reordering(&trace, &counts));
            for places in &wanted {
                let thread = trace[places[0] as usize].0;
                let stops = places.iter().any(|&at| counted(thread, at as usize) == counts[thread as usize]);
                prop_assert!(stops, "thread {} is not at its place", thread);
            }
        }
    }
}
