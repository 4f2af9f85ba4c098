//! Runs programs over synchronization objects under drawloom.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{PoisonError, TryLockError};

use drawloom::hint::spin_loop;
use drawloom::sync::atomic::{AtomicU64, Ordering::SeqCst};
use drawloom::sync::{
    Arc, Barrier, Condvar, Mutex, MutexGuard, OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore,
    SemaphoreGuard, mpsc,
};
use drawloom::thread;
use drawloom::time::{Duration, Instant};

use crate::acts::{Act, DISCONNECTED, EMPTY, OBJECTS, Program};

struct Objects {
    values: [AtomicU64; OBJECTS],
    mutexes: [Mutex<u64>; OBJECTS],
    locks: [RwLock<()>; OBJECTS],
    semaphores: [Semaphore; OBJECTS],
    cells: [OnceLock<u64>; OBJECTS],
    condvar: Condvar,
    barrier: Barrier,
    start: Instant,
}

/// The sending end of a channel, with or without a capacity.
#[derive(Clone)]
enum Sender {
    Unbounded(mpsc::Sender<u64>),
    Bounded(mpsc::SyncSender<u64>),
}

impl Sender {
    fn send(&self, value: u64) -> Result<(), mpsc::SendError<u64>> {
        match self {
            Sender::Unbounded(sender) => sender.send(value),
            Sender::Bounded(sender) => sender.send(value),
        }
    }

    fn try_send(&self, value: u64) -> Result<(), mpsc::TrySendError<u64>> {
        match self {
            Sender::Unbounded(_) => unreachable!("there is room for any number of messages"),
            Sender::Bounded(sender) => sender.try_send(value),
        }
    }
}

fn channel(capacity: Option<usize>) -> (Sender, mpsc::Receiver<u64>) {
    match capacity {
        None => {
            let (sender, receiver) = mpsc::channel();
            (Sender::Unbounded(sender), receiver)
        }
        Some(capacity) => {
            let (sender, receiver) = mpsc::sync_channel(capacity);
            (Sender::Bounded(sender), receiver)
        }
    }
}

/// Tries until an attempt succeeds.
fn until<T>(attempt: impl Fn() -> Option<T>) -> T {
    loop {
        match attempt() {
            Some(got) => return got,
            None => spin_loop(),
        }
    }
}

/// A thread of a program with what it has for itself.
struct Player {
    objects: Arc<Objects>,
    sender: Option<Sender>,
    receiver: Option<mpsc::Receiver<u64>>,
    /// All threads, if any is unparked.
    threads: Vec<thread::Thread>,
    log: Vec<u64>,
}

/// Runs the program. What its threads log.
pub(crate) fn run(program: &Program) -> Vec<Vec<u64>> {
    let objects = Arc::new(Objects {
        values: [const { AtomicU64::new(0) }; OBJECTS],
        mutexes: [const { Mutex::new(0) }; OBJECTS],
        locks: [const { RwLock::new(()) }; OBJECTS],
        semaphores: [const { Semaphore::new(1) }; OBJECTS],
        cells: [const { OnceLock::new() }; OBJECTS],
        condvar: Condvar::new(),
        barrier: Barrier::new(program.party),
        start: Instant::now(),
    });
    let (sender, receiver) = channel(program.capacity);
    // Nobody else has a sender: this thread has nothing to drop when others run.
    let senders = program.senders();
    let mut senders: Vec<Sender> = std::iter::repeat_n(sender, senders).collect();
    let mut receiver = Some(receiver);
    let unparks = program.any(|act| matches!(act, Act::Unpark(_)));
    let everyone = Arc::new(OnceLock::new());
    let mut spawn = |acts: &Vec<Act>| {
        let acts = acts.clone();
        let receives = |act: &Act| {
            matches!(
                act,
                Act::Receive
                    | Act::TryReceive
                    | Act::ReceiveByTrying
                    | Act::CloseReceiver
                    | Act::ReceiveTimeout(_)
            )
        };
        let mut player = Player {
            objects: Arc::clone(&objects),
            sender: if acts.contains(&Act::CloseSender) { senders.pop() } else { None },
            receiver: if acts.iter().any(receives) { receiver.take() } else { None },
            threads: Vec::new(),
            log: Vec::new(),
        };
        // A thread waits for what it needs to unpark others, which takes one execution. Not by a channel: that may take the
        // thread's park token.
        let everyone = unparks.then(|| Arc::clone(&everyone));
        thread::spawn(move || {
            if let Some(everyone) = everyone {
                player.threads.clone_from(everyone.wait());
            }
            player.play(&acts);
            // A receiver that is dropped would make sends fail, so it lives on.
            (player.log, player.receiver)
        })
    };
    let threads: Vec<_> = program.threads.iter().map(&mut spawn).collect();
    if unparks {
        let handles = threads.iter().map(|thread| thread.thread().clone()).collect();
        everyone.set(handles).expect("nobody else does");
    }
    // What is kept is dropped when all have ended.
    let ended: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    #[cfg(target_os = "linux")]
    for value in &objects.values {
        // SAFETY: nobody uses it any more.
        let in_place = unsafe { std::ptr::from_ref(value).cast::<u64>().read() };
        assert_eq!(in_place, value.load(SeqCst), "the newest value is at the atomic's address");
    }
    ended.into_iter().map(|(log, _)| log).collect()
}

impl Player {
    fn play(&mut self, acts: &[Act]) {
        let objects = Arc::clone(&self.objects);
        let mut held: [Option<MutexGuard<'_, u64>>; OBJECTS] = [const { None }; OBJECTS];
        let mut read: [Vec<RwLockReadGuard<'_, ()>>; OBJECTS] = [const { Vec::new() }; OBJECTS];
        let mut written: [Option<RwLockWriteGuard<'_, ()>>; OBJECTS] = [const { None }; OBJECTS];
        let mut position = 0;
        while let Some(&act) = acts.get(position) {
            position += 1;
            let mut tried = |goes: bool, skipped: usize| {
                self.log.push(u64::from(goes));
                position += if goes { 0 } else { skipped };
            };
            match act {
                Act::Lock(at) => {
                    held[at] = Some(objects.mutexes[at].lock().unwrap_or_else(PoisonError::into_inner));
                }
                Act::LockByTrying(at) => held[at] = Some(until(|| objects.mutexes[at].try_lock().ok())),
                Act::ReadByTrying(at) => read[at].push(until(|| objects.locks[at].try_read().ok())),
                Act::WriteByTrying(at) => written[at] = Some(until(|| objects.locks[at].try_write().ok())),
                Act::Unlock(at) => held[at] = None,
                Act::Put(at, value) => **held[at].as_mut().expect("a number is put under a lock") = value,
                Act::TryLock(at, skipped) => {
                    held[at] = match objects.mutexes[at].try_lock() {
                        Ok(guard) => Some(guard),
                        Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
                        Err(TryLockError::WouldBlock) => None,
                    };
                    tried(held[at].is_some(), skipped);
                }
                Act::AcquireTimeout(at, length, skipped) => {
                    let permit = objects.semaphores[at].acquire_timeout(Duration::from_secs(length));
                    tried(permit.map(SemaphoreGuard::forget).is_some(), skipped);
                }
                Act::WaitTimeout(length) => {
                    let guard = held[0].take().expect("it is held");
                    let length = Duration::from_secs(length);
                    let (guard, result) = objects.condvar.wait_timeout(guard, length).unwrap();
                    held[0] = Some(guard);
                    self.log.push(u64::from(result.timed_out()));
                }
                Act::Wait => held[0] = held[0].take().map(|guard| objects.condvar.wait(guard).unwrap()),
                Act::Read(at) => read[at].push(objects.locks[at].read().unwrap()),
                Act::ReadUnlock(at) => drop(read[at].pop()),
                Act::Write(at) => written[at] = Some(objects.locks[at].write().unwrap()),
                Act::WriteUnlock(at) => written[at] = None,
                Act::TryRead(at, skipped) => {
                    let guard = objects.locks[at].try_read().ok();
                    tried(guard.is_some(), skipped);
                    read[at].extend(guard);
                }
                Act::TryWrite(at, skipped) => {
                    written[at] = objects.locks[at].try_write().ok();
                    tried(written[at].is_some(), skipped);
                }
                other => self.act(&objects, other),
            }
        }
    }

    /// An operation that holds nothing.
    fn act(&mut self, objects: &Objects, act: Act) {
        let logged = match act {
            Act::Load(at) => Some(objects.values[at].load(SeqCst)),
            Act::Add(at) => Some(objects.values[at].fetch_add(1, SeqCst)),
            Act::Retry(at) => loop {
                let found = objects.values[at].load(SeqCst);
                if objects.values[at].compare_exchange(found, found + 1, SeqCst, SeqCst).is_ok() {
                    break Some(found);
                }
            },
            Act::Exchange(at, expected, value) => {
                let exchanged = objects.values[at].compare_exchange_weak(expected, value, SeqCst, SeqCst);
                Some(u64::from(exchanged.is_ok()))
            }
            Act::IsPoisoned(at) => Some(u64::from(objects.mutexes[at].is_poisoned())),
            Act::Arrive => Some(u64::from(objects.barrier.wait().is_leader())),
            Act::Set(at, value) => Some(u64::from(objects.cells[at].set(value).is_ok())),
            Act::Get(at) => Some(objects.cells[at].get().copied().unwrap_or(EMPTY)),
            Act::WaitFor(at) => Some(*objects.cells[at].wait()),
            Act::Initialize(at, value) => {
                let mut loaded = None;
                let cell = objects.cells[at].get_or_init(|| {
                    let found = objects.values[at].load(SeqCst);
                    loaded = Some(found);
                    value + 10 * found
                });
                self.log.extend(loaded);
                Some(*cell)
            }
            Act::Send(value) => self.sender().send(value).err().map(|_| DISCONNECTED),
            Act::TrySend(value) => self.sender().try_send(value).err().map(|error| match error {
                mpsc::TrySendError::Full(_) => EMPTY,
                mpsc::TrySendError::Disconnected(_) => DISCONNECTED,
            }),
            Act::Receive => Some(self.receiver().recv().unwrap_or(DISCONNECTED)),
            Act::TryReceive => Some(self.receiver().try_recv().unwrap_or_else(|error| match error {
                mpsc::TryRecvError::Empty => EMPTY,
                mpsc::TryRecvError::Disconnected => DISCONNECTED,
            })),
            Act::ReceiveTimeout(length) => {
                Some(self.receiver().recv_timeout(Duration::from_secs(length)).unwrap_or_else(|error| {
                    match error {
                        mpsc::RecvTimeoutError::Timeout => EMPTY,
                        mpsc::RecvTimeoutError::Disconnected => DISCONNECTED,
                    }
                }))
            }
            Act::ReadClock => Some(objects.start.elapsed().as_secs()),
            Act::SendByTrying(value) => until(|| match self.sender().try_send(value) {
                Ok(()) => Some(None),
                Err(mpsc::TrySendError::Full(_)) => None,
                Err(mpsc::TrySendError::Disconnected(_)) => Some(Some(DISCONNECTED)),
            }),
            Act::ReceiveByTrying => Some(until(|| match self.receiver().try_recv() {
                Ok(value) => Some(value),
                Err(mpsc::TryRecvError::Empty) => None,
                Err(mpsc::TryRecvError::Disconnected) => Some(DISCONNECTED),
            })),
            other => {
                self.act_silently(objects, other);
                None
            }
        };
        self.log.extend(logged);
    }

    /// An operation that tells nothing.
    fn act_silently(&mut self, objects: &Objects, act: Act) {
        match act {
            Act::Store(at, value) => objects.values[at].store(value, SeqCst),
            Act::Await(at, value) => {
                while objects.values[at].load(SeqCst) != value {
                    spin_loop();
                }
            }
            Act::AwaitLater(at, value) => {
                let mut is_first = true;
                while is_first || objects.values[at].load(SeqCst) != value {
                    is_first = false;
                    objects.values[1 - at].load(SeqCst);
                    spin_loop();
                }
            }
            Act::AwaitModifying(at, value) => {
                while objects.values[at].fetch_or(0, SeqCst) != value {
                    spin_loop();
                }
            }
            Act::AwaitLocked(at, value) => while *objects.mutexes[at].lock().unwrap() != value {},
            Act::AwaitUnder(at, value) => loop {
                let _guard = objects.mutexes[at].lock().unwrap();
                if objects.values[at].load(SeqCst) == value {
                    break;
                }
            },
            Act::Acquire(at) => objects.semaphores[at].acquire().forget(),
            Act::AcquireByTrying(at) => until(|| objects.semaphores[at].try_acquire()).forget(),
            Act::Release(at) => objects.semaphores[at].add_permits(1),
            Act::Poison(at) => {
                let panics = AssertUnwindSafe(|| {
                    let _guard = objects.mutexes[at].lock();
                    panic!("while it has the mutex");
                });
                assert!(catch_unwind(panics).is_err());
            }
            Act::ClearPoison(at) => objects.mutexes[at].clear_poison(),
            Act::NotifyOne => objects.condvar.notify_one(),
            Act::NotifyAll => objects.condvar.notify_all(),
            Act::Park => thread::park(),
            Act::ParkTimeout(length) => thread::park_timeout(Duration::from_secs(length)),
            Act::JoinSleeper(length) => {
                let this = thread::current();
                let sleeper = thread::spawn(move || {
                    thread::sleep(Duration::from_secs(length));
                    this.unpark();
                });
                sleeper.join().unwrap();
            }
            Act::Sleep(length) => thread::sleep(Duration::from_secs(length)),
            Act::Unpark(other) => self.threads[other].unpark(),
            Act::CloseSender => self.sender = None,
            Act::CloseReceiver => self.receiver = None,
            other => unreachable!("{other:?} is done elsewhere"),
        }
    }

    fn sender(&self) -> &Sender {
        self.sender.as_ref().expect("a thread that sends has a sender")
    }

    fn receiver(&self) -> &mpsc::Receiver<u64> {
        self.receiver.as_ref().expect("one thread has the receiver")
    }
}
