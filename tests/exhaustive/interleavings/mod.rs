//! All executions of a program over synchronization objects, by definition: every interleaving, and of each what
//! tells it from others.
//!
//! Memory is sequentially consistent. Two interleavings are the same execution if every object saw the same
//! operations in the same order, where operations that change nothing have no order among each other. Time passes when
//! nobody can go on, to the earliest deadline; waits whose deadline has come do not block any more. Nothing
//! here shares code or ideas with the explorer.

mod channel;
mod step;
mod waits;

use std::collections::{BTreeMap, BTreeSet};

use step::step;

use crate::acts::{Act, OBJECTS, Program};

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
