//! The rules that the explorer goes by: what an operation makes of its object is what its rule makes of the object's value.
//!
//! The kernel compares the two after each step of an exploration, in builds with debug assertions (`check_rule`); so all tests
//! of this binary are tests of it. Here every operation of every object comes in random sequences, those as well that are in
//! none of the families, and nothing is asked but that no rule is broken. The numbers of an atomic are compared where they are
//! modified.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Poll, Waker};

use drawloom::future::block_on;
use drawloom::sync::atomic::{AtomicBool, AtomicI8, AtomicI64, AtomicU8, AtomicU64};
use drawloom::sync::{Arc, Condvar, Mutex, Once, OnceLock, RwLock, RwLockWriteGuard, Semaphore, mpsc};
use drawloom::time::Duration;
use drawloom::{Config, FailureKind, MemoryModel, explore, thread};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::config;

/// An operation, or two that belong together, by a thread of this number. What it finds does not matter.
type Act<T> = fn(&T, usize);

const SHORT: Duration = Duration::from_secs(1);

/// Runs what may panic, on the first thread only: of two that unwind it is not seen what they catch meanwhile.
fn panics(thread: usize, body: impl FnOnce()) {
    if thread == 0 {
        _ = catch_unwind(AssertUnwindSafe(body));
    }
}

/// Random sequences of `acts` by two threads or three. They may wait for each other for ever, and there may be too many.
fn keeps_its_rules<T: Send + Sync + 'static>(made: fn(u8) -> T, acts: &'static [Act<T>]) {
    let thread = || prop::collection::vec(prop::sample::select(acts), 1..4);
    let programs = (prop::collection::vec(thread(), 2..4), any::<u8>(), 0..2u32);
    let cases = ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() };
    let check = |(program, variant, spurious): (Vec<Vec<Act<T>>>, u8, u32)| {
        let body = || {
            let shared = Arc::new(made(variant));
            let spawn = |(number, acts): (usize, &Vec<Act<T>>)| {
                let (shared, acts) = (Arc::clone(&shared), acts.clone());
                thread::spawn(move || acts.iter().for_each(|act| act(&shared, number)))
            };
            let threads: Vec<_> = program.iter().enumerate().map(spawn).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        };
        let limited: Config = config(MemoryModel::Rc11).executions(60).spurious(spurious);
        let report = explore(limited, body);
        let kind = report.failure().map(|failure| failure.kind());
        let is_well = matches!(
            kind,
            None | Some(FailureKind::Deadlock | FailureKind::Livelock | FailureKind::Unverified)
        );
        prop_assert!(is_well, "{report}");
        Ok(())
    };
    TestRunner::new(cases).run(&programs, check).unwrap();
}

#[test]
fn mutexes_keep_their_rules() {
    let acts: &[Act<Mutex<()>>] = &[
        |mutex, _| drop(mutex.lock()),
        |mutex, _| drop(mutex.try_lock()),
        |mutex, _| _ = mutex.is_poisoned(),
        |mutex, _| mutex.clear_poison(),
        |mutex, thread| {
            panics(thread, || {
                let _guard = mutex.lock();
                panic!("while it has the mutex");
            });
        },
    ];
    keeps_its_rules(|_| Mutex::new(()), acts);
}

#[test]
fn reader_writer_locks_keep_their_rules() {
    let acts: &[Act<RwLock<()>>] = &[
        |lock, _| drop(lock.read()),
        |lock, _| drop(lock.write()),
        |lock, _| drop(lock.try_read()),
        |lock, _| drop(lock.try_write()),
        |lock, _| drop((lock.read(), lock.try_read())),
        |lock, _| drop(lock.write().map(RwLockWriteGuard::downgrade)),
        |lock, _| _ = lock.is_poisoned(),
        |lock, _| lock.clear_poison(),
        |lock, thread| {
            panics(thread, || {
                let _guard = lock.write();
                panic!("while it has the lock");
            });
        },
    ];
    keeps_its_rules(|_| RwLock::new(()), acts);
}

#[test]
fn condition_variables_keep_their_rules() {
    let acts: &[Act<(Mutex<()>, Condvar)>] = &[
        |(mutex, condvar), _| drop(condvar.wait(mutex.lock().unwrap())),
        |(mutex, condvar), _| drop(condvar.wait_timeout(mutex.lock().unwrap(), SHORT)),
        |(_, condvar), _| condvar.notify_one(),
        |(_, condvar), _| condvar.notify_all(),
        |(mutex, condvar), _| {
            let _guard = mutex.lock();
            condvar.notify_one();
        },
    ];
    keeps_its_rules(|_| (Mutex::new(()), Condvar::new()), acts);
}

#[test]
fn initializations_keep_their_rules() {
    let acts: &[Act<(Once, OnceLock<u32>)>] = &[
        |(once, _), thread| panics(thread, || once.call_once(|| panic!("while it initializes"))),
        |(once, _), _| once.call_once_force(|_| ()),
        |(once, _), thread| panics(thread, || once.call_once_force(|_| panic!("while it initializes"))),
        |(once, _), _| _ = once.is_completed(),
        |(once, _), _| once.wait_force(),
        |(_, cell), thread| _ = cell.set(thread as u32),
        |(_, cell), _| _ = cell.get_or_init(|| 7),
        |(_, cell), thread| panics(thread, || _ = cell.get_or_init(|| panic!("while it initializes"))),
        |(_, cell), _| _ = cell.get(),
        |(_, cell), _| _ = cell.wait(),
    ];
    keeps_its_rules(|_| (Once::new(), OnceLock::new()), acts);
}

#[test]
fn semaphores_keep_their_rules() {
    let acts: &[Act<Semaphore>] = &[
        |semaphore, _| drop(semaphore.acquire()),
        |semaphore, _| drop(semaphore.acquire_many(2)),
        |semaphore, _| drop(semaphore.try_acquire()),
        |semaphore, _| drop(semaphore.try_acquire_many(2)),
        |semaphore, _| drop(semaphore.acquire_timeout(SHORT)),
        |semaphore, _| semaphore.acquire().forget(),
        |semaphore, thread| panics(thread, || semaphore.add_permits(2)),
        |semaphore, _| _ = semaphore.available_permits(),
    ];
    // Of as many as there can be, one more is too many.
    keeps_its_rules(|permits| Semaphore::new(usize::from(permits % 4).wrapping_sub(1)), acts);
}

/// The ends of a channel, as long as they are there.
struct Ends {
    sender: Mutex<Option<Sender>>,
    receiver: Mutex<Option<mpsc::Receiver<u32>>>,
}

enum Sender {
    Unbounded(mpsc::Sender<u32>),
    Bounded(mpsc::SyncSender<u32>),
}

impl Ends {
    fn new(capacity: u8) -> Ends {
        let (sender, receiver) = match capacity % 4 {
            3 => {
                let (sender, receiver) = mpsc::channel();
                (Sender::Unbounded(sender), receiver)
            }
            capacity => {
                let (sender, receiver) = mpsc::sync_channel(usize::from(capacity));
                (Sender::Bounded(sender), receiver)
            }
        };
        Ends { sender: Mutex::new(Some(sender)), receiver: Mutex::new(Some(receiver)) }
    }

    /// Sends by a sender of its own, which is dropped at the end.
    fn send(&self, waits: bool) {
        let sender = match &*self.sender.lock().unwrap() {
            Some(Sender::Unbounded(sender)) => Sender::Unbounded(sender.clone()),
            Some(Sender::Bounded(sender)) => Sender::Bounded(sender.clone()),
            None => return,
        };
        match sender {
            Sender::Unbounded(sender) => _ = sender.send(1),
            Sender::Bounded(sender) if waits => _ = sender.send(1),
            Sender::Bounded(sender) => _ = sender.try_send(1),
        }
    }

    fn receive(&self, receive: fn(&mpsc::Receiver<u32>)) {
        if let Some(receiver) = &*self.receiver.lock().unwrap() {
            receive(receiver);
        }
    }
}

#[test]
fn channels_keep_their_rules() {
    let acts: &[Act<Ends>] = &[
        |ends, _| ends.send(true),
        |ends, _| ends.send(false),
        |ends, _| ends.receive(|receiver| _ = receiver.recv()),
        |ends, _| ends.receive(|receiver| _ = receiver.try_recv()),
        |ends, _| ends.receive(|receiver| _ = receiver.recv_timeout(SHORT)),
        |ends, _| _ = ends.sender.lock().unwrap().take(),
        |ends, _| _ = ends.receiver.lock().unwrap().take(),
    ];
    keeps_its_rules(Ends::new, acts);
}

/// A thread that parks, and a task that waits: whoever comes first is the one.
#[derive(Default)]
struct Sleepers {
    parked: Mutex<Option<thread::Thread>>,
    waker: Mutex<Option<Waker>>,
}

impl Sleepers {
    /// Waits until it is polled once more.
    fn wait(&self) {
        let mut polls = 0;
        block_on(std::future::poll_fn(|context| {
            *self.waker.lock().unwrap() = Some(context.waker().clone());
            polls += 1;
            if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
        }));
    }
}

#[test]
fn tokens_and_wakers_keep_their_rules() {
    let acts: &[Act<Sleepers>] = &[
        |sleepers, _| *sleepers.parked.lock().unwrap() = Some(thread::current()),
        |_, _| thread::park(),
        |_, _| thread::park_timeout(SHORT),
        |_, _| thread::current().unpark(),
        |sleepers, _| {
            let parked = sleepers.parked.lock().unwrap().clone();
            parked.inspect(thread::Thread::unpark);
        },
        |sleepers, _| sleepers.wait(),
        |sleepers, _| {
            let waker = sleepers.waker.lock().unwrap().clone();
            waker.inspect(Waker::wake_by_ref);
        },
        |_, _| {
            let other = thread::spawn(|| ());
            other.is_finished();
            other.join().unwrap();
        },
    ];
    keeps_its_rules(|_| Sleepers::default(), acts);
}

/// What modifies an atomic number, by an operand that is as often as not at an end of what it can be.
macro_rules! modifies {
    ($atomic:ident, $number:ident) => {
        let operand = prop_oneof![any::<$number>(), Just($number::MIN), Just($number::MAX)];
        let check = |(start, operand): ($number, $number)| {
            let report = explore(config(MemoryModel::Rc11), || {
                let atomic = Arc::new($atomic::new(start));
                let theirs = Arc::clone(&atomic);
                let other = thread::spawn(move || theirs.swap(operand, Relaxed));
                atomic.fetch_add(operand, Relaxed);
                atomic.fetch_sub(operand, Relaxed);
                atomic.fetch_and(operand, Relaxed);
                atomic.fetch_nand(operand, Relaxed);
                atomic.fetch_or(operand, Relaxed);
                atomic.fetch_xor(operand, Relaxed);
                atomic.fetch_max(operand, Relaxed);
                atomic.fetch_min(operand, Relaxed);
                other.join().unwrap();
            });
            prop_assert!(report.passed(), "{report}");
            Ok(())
        };
        let cases = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
        TestRunner::new(cases).run(&(operand.clone(), operand), check).unwrap();
    };
}

#[test]
fn atomics_keep_their_rules() {
    modifies!(AtomicU8, u8);
    modifies!(AtomicI8, i8);
    modifies!(AtomicU64, u64);
    modifies!(AtomicI64, i64);
    let report = explore(config(MemoryModel::Rc11), || {
        let atomic = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&atomic);
        let other = thread::spawn(move || theirs.fetch_not(Relaxed));
        for operand in [false, true] {
            atomic.fetch_nand(operand, Relaxed);
            atomic.fetch_xor(operand, Relaxed);
            atomic.fetch_or(operand, Relaxed);
            atomic.fetch_and(operand, Relaxed);
        }
        other.join().unwrap();
    });
    assert!(report.passed(), "{report}");
}

#[test]
fn more_permits_than_an_operation_can_say_are_not_explored() {
    let report = explore(config(MemoryModel::Rc11), || Semaphore::new(0).add_permits(usize::MAX));
    assert!(report.failed_with(FailureKind::Unverified), "{report}");
    assert!(report.to_string().contains("four billion permits"), "{report}");
}
