//! The families of random programs over synchronization objects: what the programs of each are made of.

use proptest::prelude::*;
use proptest::strategy::Union;

use crate::acts::{Act, OBJECTS, Program};

/// A few operations that belong together.
type Block = BoxedStrategy<Vec<Act>>;

/// One kind of object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Family {
    /// Mutexes, semaphores, a condition variable, an unbounded channel that is waited for.
    Classic,
    /// Waiting for the value of an atomic.
    Await,
    /// The same in loops whose rounds are not all the same, and in those that modify.
    Rounds,
    /// Loops that try again.
    Retry,
    /// Loops that try until an attempt succeeds.
    Tries,
    /// Loops that look under a lock.
    Locked,
    /// Park and unpark.
    Park,
    /// Initialization of cells.
    Once,
    /// A channel with room for one or two messages.
    Bounded,
    /// A channel with or without capacity, also asked without waiting.
    Strict,
    /// Mutexes, of which one thread panics while it holds them.
    Poison,
    /// Reader-writer locks.
    RwLock,
    /// A barrier.
    Barrier,
    /// Sleeps and waits with deadlines of all kinds, beside waits without.
    Timed,
    /// The same with a channel.
    TimedChannel,
    /// What std may do besides what it usually does.
    Liberties,
    /// All of them.
    All,
}

fn at() -> std::ops::Range<usize> {
    0..OBJECTS
}

fn act(acts: impl Strategy<Value = Act> + 'static) -> Block {
    acts.prop_map(|act| vec![act]).boxed()
}

/// What a thread does while it holds something.
fn inner() -> impl Strategy<Value = Vec<Act>> + Clone {
    let load = at().prop_map(|at| vec![Act::Load(at)]);
    let store = (at(), 1..3u64).prop_map(|(at, value)| vec![Act::Store(at, value)]);
    prop_oneof![load, store, Just(Vec::new())].boxed()
}

/// Seconds that something takes.
fn length() -> std::ops::Range<u64> {
    0..4
}

fn section(first: fn(usize) -> Act, last: fn(usize) -> Act) -> Block {
    (at(), inner()).prop_map(move |(at, inner)| [vec![first(at)], inner, vec![last(at)]].concat()).boxed()
}

fn tried_section(first: fn(usize, usize) -> Act, last: fn(usize) -> Act) -> Block {
    let around = move |(at, inner): (usize, Vec<Act>)| {
        let skipped = inner.len() + 1;
        [vec![first(at, skipped)], inner, vec![last(at)]].concat()
    };
    (at(), inner()).prop_map(around).boxed()
}

/// Both of two objects, in either order.
fn nested(first: fn(usize) -> Act, last: fn(usize) -> Act) -> Block {
    at().prop_map(move |at| vec![first(at), first(1 - at), last(1 - at), last(at)]).boxed()
}

fn atomics() -> Vec<(u32, Block)> {
    vec![
        (3, act(at().prop_map(Act::Load))),
        (3, act((at(), 1..3u64).prop_map(|(at, value)| Act::Store(at, value)))),
        (2, act(at().prop_map(Act::Add))),
    ]
}

impl Family {
    /// What its programs are made of besides atomics.
    fn blocks(self) -> Vec<(u32, Block)> {
        use Act::{Lock, Read, ReadUnlock, Unlock, Write, WriteUnlock};
        match self {
            Family::Classic => vec![
                (4, section(Lock, Unlock)),
                (2, tried_section(Act::TryLock, Unlock)),
                (2, nested(Lock, Unlock)),
                (3, section(Act::Acquire, Act::Release)),
                (1, act(at().prop_map(Act::Acquire))),
                (1, act(at().prop_map(Act::Release))),
                (2, Just(vec![Lock(0), Act::Wait, Unlock(0)]).boxed()),
                (2, act(prop_oneof![Just(Act::NotifyOne), Just(Act::NotifyAll)])),
                (2, act((1..3u64).prop_map(Act::Send))),
            ],
            Family::Await => vec![
                (6, act((at(), 0..3u64).prop_map(|(at, value)| Act::Await(at, value)))),
                (2, section(Lock, Unlock)),
            ],
            Family::Retry => vec![
                (8, act(at().prop_map(Act::Retry))),
                (1, act((at(), 0..3u64).prop_map(|(at, value)| Act::Await(at, value)))),
                (1, section(Lock, Unlock)),
            ],
            Family::Rounds => vec![
                (2, act((at(), 0..3u64).prop_map(|(at, value)| Act::Await(at, value)))),
                (4, act((at(), 0..3u64).prop_map(|(at, value)| Act::AwaitLater(at, value)))),
                (4, act((at(), 0..3u64).prop_map(|(at, value)| Act::AwaitModifying(at, value)))),
            ],
            Family::Tries => vec![
                (4, section(Act::LockByTrying, Unlock)),
                (2, section(Lock, Unlock)),
                (1, tried_section(Act::TryLock, Unlock)),
                (2, nested(Act::LockByTrying, Unlock)),
                (2, section(Act::ReadByTrying, ReadUnlock)),
                (2, section(Act::WriteByTrying, WriteUnlock)),
                (2, section(Act::AcquireByTrying, Act::Release)),
                (1, act(at().prop_map(Act::AcquireByTrying))),
                (3, act((1..3u64).prop_map(Act::SendByTrying))),
                (1, act((at(), 0..3u64).prop_map(|(at, value)| Act::Await(at, value)))),
            ],
            Family::Locked => vec![
                (5, act((at(), 0..3u64).prop_map(|(at, value)| Act::AwaitLocked(at, value)))),
                (3, act((at(), 0..3u64).prop_map(|(at, value)| Act::AwaitUnder(at, value)))),
                (
                    6,
                    (at(), 1..3u64)
                        .prop_map(|(at, value)| vec![Lock(at), Act::Put(at, value), Unlock(at)])
                        .boxed(),
                ),
                (2, section(Lock, Unlock)),
                (2, tried_section(Act::TryLock, Unlock)),
                (1, section(Act::LockByTrying, Unlock)),
            ],
            Family::Park => vec![
                (4, act(Just(Act::Park))),
                (6, act((0..4usize).prop_map(Act::Unpark))),
                (1, section(Lock, Unlock)),
            ],
            Family::Once => vec![
                (4, act((at(), 1..10u64).prop_map(|(at, value)| Act::Initialize(at, value)))),
                (2, act((at(), 1..10u64).prop_map(|(at, value)| Act::Set(at, value)))),
                (2, act(at().prop_map(Act::Get))),
                (1, act(at().prop_map(Act::WaitFor))),
            ],
            Family::Bounded | Family::Strict => vec![
                (6, act((1..3u64).prop_map(Act::Send))),
                (2, act((1..3u64).prop_map(Act::TrySend))),
                (1, section(Lock, Unlock)),
            ],
            Family::Poison => vec![
                (5, act(at().prop_map(Act::Poison))),
                (5, act(at().prop_map(Act::IsPoisoned))),
                (3, act(at().prop_map(Act::ClearPoison))),
                (3, section(Lock, Unlock)),
                (2, tried_section(Act::TryLock, Unlock)),
            ],
            Family::RwLock => vec![
                (4, section(Read, ReadUnlock)),
                (4, section(Write, WriteUnlock)),
                (2, tried_section(Act::TryRead, ReadUnlock)),
                (2, tried_section(Act::TryWrite, WriteUnlock)),
                (1, nested(Read, ReadUnlock)),
                (1, nested(Write, WriteUnlock)),
                (
                    1,
                    at().prop_map(|at| vec![Read(at), Write(1 - at), WriteUnlock(1 - at), ReadUnlock(at)])
                        .boxed(),
                ),
            ],
            Family::Liberties => vec![
                (2, act((at(), 0..2u64, 1..3u64).prop_map(|(at, from, to)| Act::Exchange(at, from, to)))),
                (2, Just(vec![Lock(0), Act::Wait, Unlock(0)]).boxed()),
                (1, length().prop_map(|length| vec![Lock(0), Act::WaitTimeout(length), Unlock(0)]).boxed()),
                (2, act(prop_oneof![Just(Act::NotifyOne), Just(Act::NotifyAll)])),
                (1, act(Just(Act::Park))),
                (1, act(length().prop_map(Act::ParkTimeout))),
                (2, act((0..4usize).prop_map(Act::Unpark))),
                (3, section(Read, ReadUnlock)),
                (3, section(Write, WriteUnlock)),
                (1, Just(vec![Read(0), Read(0), ReadUnlock(0), ReadUnlock(0)]).boxed()),
                (2, tried_section(Act::TryRead, ReadUnlock)),
                (1, act(Just(Act::Arrive))),
                (1, section(Lock, Unlock)),
                (2, act(length().prop_map(Act::Sleep))),
                (2, act(length().prop_map(Act::JoinSleeper))),
                (2, act((1..3u64).prop_map(Act::Send))),
                // The second one may have to wait for room.
                (1, Just(vec![Act::Send(1), Act::Send(2), Act::Park]).boxed()),
            ],
            Family::Timed | Family::TimedChannel => {
                let acquires = (at(), length(), inner()).prop_map(|(at, length, inner)| {
                    let skipped = inner.len() + 1;
                    [vec![Act::AcquireTimeout(at, length, skipped)], inner, vec![Act::Release(at)]].concat()
                });
                let sleeps_within = |first: fn(usize) -> Act, last: fn(usize) -> Act| {
                    (at(), length())
                        .prop_map(move |(at, length)| vec![first(at), Act::Sleep(length), last(at)])
                        .boxed()
                };
                vec![
                    (6, act(length().prop_map(Act::Sleep))),
                    (4, acquires.boxed()),
                    (2, act((at(), length()).prop_map(|(at, length)| Act::AcquireTimeout(at, length, 0)))),
                    (2, act(at().prop_map(Act::Acquire))),
                    (2, act(at().prop_map(Act::Release))),
                    (
                        3,
                        length()
                            .prop_map(|length| vec![Lock(0), Act::WaitTimeout(length), Unlock(0)])
                            .boxed(),
                    ),
                    (1, Just(vec![Lock(0), Act::Wait, Unlock(0)]).boxed()),
                    (3, act(prop_oneof![Just(Act::NotifyOne), Just(Act::NotifyAll)])),
                    (2, act(length().prop_map(Act::ParkTimeout))),
                    (1, act(Just(Act::Park))),
                    (3, act((0..4usize).prop_map(Act::Unpark))),
                    (3, sleeps_within(Lock, Unlock)),
                    (2, section(Lock, Unlock)),
                    (1, act((at(), 0..3u64).prop_map(|(at, value)| Act::Await(at, value)))),
                    (2, act(Just(Act::ReadClock))),
                    (1, act((1..3u64).prop_map(Act::Send))),
                ]
            }
            Family::Barrier => vec![(6, act(Just(Act::Arrive))), (2, section(Lock, Unlock))],
            Family::All => {
                let all = [
                    Family::Classic,
                    Family::Await,
                    Family::Retry,
                    Family::Tries,
                    Family::Locked,
                    Family::Park,
                    Family::Once,
                    Family::Bounded,
                    Family::RwLock,
                    Family::Barrier,
                    Family::Timed,
                ];
                all.into_iter().map(|family| (1, Union::new_weighted(family.blocks()).boxed())).collect()
            }
        }
    }

    fn has_channel(self) -> bool {
        matches!(
            self,
            Family::Classic
                | Family::Bounded
                | Family::Strict
                | Family::Tries
                | Family::TimedChannel
                | Family::Liberties
                | Family::All
        )
    }

    fn capacities(self) -> Vec<Option<usize>> {
        match self {
            Family::Bounded | Family::Tries | Family::All => vec![Some(1), Some(2)],
            Family::Strict | Family::TimedChannel => vec![None, None, Some(1), Some(2)],
            Family::Liberties => vec![None, None, Some(1)],
            _ => vec![None],
        }
    }

    /// What the thread does that receives, if there is one.
    fn receiver(self) -> BoxedStrategy<Vec<Act>> {
        let nobody = Just(Vec::new());
        let receive = if self == Family::TimedChannel {
            act(prop_oneof![2 => length().prop_map(Act::ReceiveTimeout), 1 => Just(Act::Receive)])
        } else if self == Family::Tries {
            act(prop_oneof![Just(Act::Receive), Just(Act::ReceiveByTrying)])
        } else if self == Family::Liberties {
            let received = prop_oneof![3 => Just(Act::Receive), 1 => length().prop_map(Act::ReceiveTimeout)];
            act(prop_oneof![2 => received, 1 => Just(Act::Park)])
        } else if matches!(self, Family::Strict | Family::All) {
            act(prop_oneof![Just(Act::Receive), Just(Act::TryReceive)])
        } else {
            act(Just(Act::Receive))
        };
        let block = Union::new_weighted(vec![(4, receive), (1, Union::new_weighted(atomics()).boxed())]);
        let receives =
            (prop::collection::vec(block, 1..=3), prop::bool::weighted(0.2)).prop_map(|(blocks, closes)| {
                let mut acts = blocks.concat();
                acts.extend(closes.then_some(Act::CloseReceiver));
                acts
            });
        match self {
            Family::Bounded | Family::Strict | Family::TimedChannel => receives.boxed(),
            _ if self.has_channel() => prop_oneof![nobody, receives].boxed(),
            _ => nobody.boxed(),
        }
    }

    pub(crate) fn program(self) -> impl Strategy<Value = Program> {
        let block = Union::new_weighted([atomics(), self.blocks()].concat());
        let threads = |count, blocks| {
            let thread = prop::collection::vec(block.clone(), 1..=blocks).prop_map(|blocks| blocks.concat());
            prop::collection::vec(thread, count)
        };
        let threads = prop_oneof![2 => threads(2, 3), 2 => threads(3, 2), 1 => threads(4, 1)];
        let capacity = prop::sample::select(self.capacities());
        let shape = (self.receiver(), capacity, 1..4usize, prop::bool::weighted(0.3));
        (threads, shape).prop_map(move |(threads, (receiver, capacity, party, any_time))| {
            // Of a barrier, which thread is the leader.
            let liberties = matches!(self, Family::Liberties | Family::Barrier);
            let mut program = Program { threads, capacity, party, liberties, any_time };
            program.complete(receiver);
            program
        })
    }
}

impl Program {
    /// Adds the thread that receives, and makes operations fit the number of threads and the channel.
    fn complete(&mut self, receiver: Vec<Act>) {
        let receives = !receiver.is_empty();
        // Who receives is unparked only where it matters that waiting for a message may take the token.
        let count = self.threads.len() + usize::from(receives && self.liberties);
        for (thread, acts) in self.threads.iter_mut().enumerate() {
            for act in acts.iter_mut() {
                match act {
                    // Of two threads that unwind it is not seen what they catch meanwhile.
                    &mut Act::Poison(at) if thread > 0 => *act = Act::IsPoisoned(at),
                    Act::Unpark(other) => *other %= count,
                    &mut Act::TrySend(value) if self.capacity.is_none() => *act = Act::Send(value),
                    _ => {}
                }
            }
            let sends =
                acts.iter().any(|act| matches!(act, Act::Send(_) | Act::TrySend(_) | Act::SendByTrying(_)));
            acts.extend(sends.then_some(Act::CloseSender));
        }
        self.threads.extend(receives.then_some(receiver));
    }

    /// As the enumeration by definition has it: what a clock shows depends on what a thread knows of, if waits end at any time.
    pub(crate) fn without_clocks_at_any_time(&self) -> Program {
        let mut program = self.clone();
        let is_kept = |&act: &Act| !(self.any_time && act == Act::ReadClock);
        program.threads.iter_mut().for_each(|acts| acts.retain(is_kept));
        program
    }
}
