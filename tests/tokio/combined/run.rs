//! A program as a future: each task writes down what it sees.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex as Plain, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use drawloom::sync::Mutex as Seen;
use drawloom::tokio;
use drawloom::tokio::sync::{Mutex, Notify, RwLock, Semaphore, broadcast, mpsc, oneshot, watch};
use drawloom::tokio::task::{self, AbortHandle, JoinSet, yield_now};
use drawloom::tokio::time::{sleep, timeout};

use super::program::{Leaf, Op, Program};

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What one task has seen. Nobody else reads it before the task has ended.
#[derive(Clone, Default)]
struct Log(Arc<Plain<String>>);

impl Log {
    fn add(&self, text: impl ToString) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text.to_string());
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What all tasks share.
struct World {
    semaphore: Arc<Semaphore>,
    mutex: Arc<Mutex<u32>>,
    notify: Notify,
    sender: mpsc::Sender<u8>,
    receiver: Mutex<mpsc::Receiver<u8>>,
    watch: watch::Sender<u8>,
    watchers: Vec<Mutex<watch::Receiver<u8>>>,
    broadcast: broadcast::Sender<u8>,
    listeners: Vec<Mutex<broadcast::Receiver<u8>>>,
    lock: RwLock<u32>,
    once: Seen<Option<oneshot::Sender<u8>>>,
    of_once: Seen<Option<oneshot::Receiver<u8>>>,
    slot: Plain<(bool, Vec<Waker>)>,
    tasks: Seen<Vec<AbortHandle>>,
}

impl World {
    fn new(tasks: usize) -> World {
        let (sender, receiver) = mpsc::channel(1);
        let (watch, watcher) = watch::channel(0);
        let broadcast = broadcast::Sender::new(2);
        let (once, of_once) = oneshot::channel();
        World {
            semaphore: Arc::new(Semaphore::new(1)),
            mutex: Arc::default(),
            notify: Notify::new(),
            sender,
            receiver: Mutex::new(receiver),
            watch,
            watchers: (0..tasks).map(|_| Mutex::new(watcher.clone())).collect(),
            listeners: (0..tasks).map(|_| Mutex::new(broadcast.subscribe())).collect(),
            broadcast,
            lock: RwLock::default(),
            once: Seen::new(Some(once)),
            of_once: Seen::new(Some(of_once)),
            slot: Plain::default(),
            tasks: Seen::default(),
        }
    }

    fn task(&self, number: u8) -> Option<AbortHandle> {
        self.tasks.lock().unwrap().get(usize::from(number)).cloned()
    }
}

/// Runs the tasks, and after a long time aborts those that are left: what each of them has seen.
pub(super) async fn run(program: Program) -> String {
    let world = Arc::new(World::new(program.len()));
    let mut running = Vec::new();
    for (number, ops) in program.into_iter().enumerate() {
        let log = Log::default();
        let task = tokio::spawn(all(Arc::clone(&world), log.clone(), ops, number));
        world.tasks.lock().unwrap().push(task.abort_handle());
        running.push((task, log));
    }
    sleep(Duration::from_secs(1_000)).await;
    running.iter().for_each(|(task, _)| task.abort());
    let mut seen = String::new();
    for (task, log) in running {
        let end = if task.await.is_ok() { "" } else { "!" };
        seen += &format!("{}{end} ", log.text());
    }
    seen
}

fn all(world: Arc<World>, log: Log, ops: Vec<Op>, number: usize) -> Running {
    Box::pin(async move {
        let mut kept: Vec<Box<dyn Any + Send>> = Vec::new();
        for op in ops {
            match op {
                Op::Leaf(Leaf::AcquireKeep) => match Arc::clone(&world.semaphore).acquire_owned().await {
                    Ok(permit) => {
                        log.add("K");
                        kept.push(Box::new(permit));
                    }
                    Err(_) => log.add("k"),
                },
                Op::Leaf(Leaf::LockKeep) => {
                    let guard = Arc::clone(&world.mutex).lock_owned().await;
                    log.add(format!("L{}", *guard));
                    kept.push(Box::new(guard));
                }
                op => one(Arc::clone(&world), log.clone(), op, number).await,
            }
        }
    })
}

/// A task of a task, with a log of its own: others may read it once it has ended.
fn child(world: &Arc<World>, ops: Vec<Op>, number: usize) -> impl Future<Output = String> + Send + use<> {
    let log = Log::default();
    let running = all(Arc::clone(world), log.clone(), ops, number);
    async move {
        running.await;
        log.text()
    }
}

fn one(world: Arc<World>, log: Log, op: Op, number: usize) -> Running {
    Box::pin(async move {
        let start = |op: Op| one(Arc::clone(&world), log.clone(), op, number);
        match op {
            Op::Leaf(leaf) => leaf_of(&world, &log, leaf, number).await,
            Op::Join(two) => {
                tokio::join!(start(two.0), start(two.1));
            }
            Op::JoinByHand(two) => {
                let mut futures = [Some(start(two.0)), Some(start(two.1))];
                poll_fn(move |context| {
                    for future in &mut futures {
                        if future.as_mut().is_some_and(|future| future.as_mut().poll(context).is_ready()) {
                            *future = None;
                        }
                    }
                    if futures.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
            }
            Op::Select(two) => tokio::select! {
                () = start(two.0) => log.add("A"),
                () = start(two.1) => log.add("B"),
            },
            Op::SelectBiased(two) => tokio::select! {
                biased;
                () = start(two.0) => log.add("A"),
                () = start(two.1) => log.add("B"),
            },
            Op::Timeout(time, op) => {
                if timeout(Duration::from_secs(time.into()), start(*op)).await.is_err() {
                    log.add("E");
                }
            }
            Op::Spawn(ops) => {
                let end = tokio::spawn(child(&world, ops, number)).await;
                log.add(format!("({})", end.unwrap_or_else(|_| "C".to_owned())));
            }
            Op::Detach(ops) => drop(tokio::spawn(child(&world, ops, number))),
            Op::Set(two) => {
                let mut set = JoinSet::new();
                for op in [two.0, two.1] {
                    set.spawn(child(&world, vec![op], number));
                }
                while let Some(end) = set.join_next().await {
                    log.add(format!("<{}>", end.unwrap_or_else(|_| "C".to_owned())));
                }
            }
            Op::Unconstrained(op) => task::unconstrained(start(*op)).await,
        }
    })
}

async fn leaf_of(world: &World, log: &Log, leaf: Leaf, number: usize) {
    match leaf {
        Leaf::Acquire | Leaf::AcquireKeep => {
            log.add(if world.semaphore.acquire().await.is_ok() { "a" } else { "x" })
        }
        Leaf::AcquireForget => match world.semaphore.acquire().await {
            Ok(permit) => {
                permit.forget();
                log.add("f");
            }
            Err(_) => log.add("x"),
        },
        Leaf::AddPermits => world.semaphore.add_permits(1),
        Leaf::TryAcquire => log.add(if world.semaphore.try_acquire().is_ok() { "t" } else { "T" }),
        Leaf::Available => log.add(world.semaphore.available_permits()),
        Leaf::CloseSemaphore => world.semaphore.close(),
        Leaf::Lock | Leaf::LockKeep => {
            let mut value = world.mutex.lock().await;
            *value += 1;
            log.add(*value);
        }
        Leaf::Notified => {
            world.notify.notified().await;
            log.add("n");
        }
        Leaf::NotifyOne => world.notify.notify_one(),
        Leaf::NotifyLast => world.notify.notify_last(),
        Leaf::NotifyWaiters => world.notify.notify_waiters(),
        Leaf::Send(value) => log.add(if world.sender.send(value).await.is_ok() { "s" } else { "S" }),
        Leaf::TrySend(value) => log.add(if world.sender.try_send(value).is_ok() { "s" } else { "S" }),
        Leaf::Recv => {
            let received = world.receiver.lock().await.recv().await;
            log.add(received.unwrap_or(0));
        }
        Leaf::TryRecv => {
            let received = world.receiver.lock().await.try_recv();
            log.add(received.unwrap_or(9));
        }
        Leaf::CloseReceiver => world.receiver.lock().await.close(),
        Leaf::Changed => {
            let mut watcher = world.watchers[number].lock().await;
            let is_changed = watcher.changed().await.is_ok();
            let value = *watcher.borrow_and_update();
            log.add(format!("w{is_changed}{value}"));
        }
        Leaf::WaitFor(least) => {
            let mut watcher = world.watchers[number].lock().await;
            let value = watcher.wait_for(|value| *value >= least).await.map_or(0, |value| *value);
            log.add(format!("W{value}"));
        }
        Leaf::SendWatch(value) => drop(world.watch.send_replace(value)),
        Leaf::BorrowWatch => log.add(*world.watch.borrow()),
        Leaf::SendBroadcast(value) => drop(world.broadcast.send(value)),
        Leaf::RecvBroadcast => {
            let received = world.listeners[number].lock().await.recv().await;
            log.add(format!("b{received:?}"));
        }
        Leaf::TryRecvBroadcast => {
            let received = world.listeners[number].lock().await.try_recv();
            log.add(format!("b{received:?}"));
        }
        Leaf::Read => {
            let value = *world.lock.read().await;
            log.add(value);
        }
        Leaf::Write => *world.lock.write().await += 1,
        Leaf::SendOnce => {
            let sender = world.once.lock().unwrap().take();
            if let Some(sender) = sender {
                log.add(if sender.send(1).is_ok() { "o" } else { "O" });
            }
        }
        Leaf::RecvOnce => {
            let receiver = world.of_once.lock().unwrap().take();
            if let Some(receiver) = receiver {
                log.add(format!("{:?}", receiver.await.ok()));
            }
        }
        Leaf::Yield => yield_now().await,
        Leaf::WakeItself => {
            let mut is_awake = false;
            poll_fn(|context| {
                if std::mem::replace(&mut is_awake, true) {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
        Leaf::Sleep(time) => sleep(Duration::from_secs(time.into())).await,
        Leaf::Abort(task) => {
            if let Some(task) = world.task(task) {
                task.abort();
            }
        }
        Leaf::IsFinished(task) => {
            if let Some(task) = world.task(task) {
                log.add(if task.is_finished() { "F" } else { "p" });
            }
        }
        Leaf::WaitForSlot => {
            poll_fn(|context| {
                let mut slot = world.slot.lock().unwrap_or_else(PoisonError::into_inner);
                if slot.0 {
                    return Poll::Ready(());
                }
                slot.1.push(context.waker().clone());
                Poll::Pending
            })
            .await;
        }
        Leaf::SetSlot => {
            let wakers = {
                let mut slot = world.slot.lock().unwrap_or_else(PoisonError::into_inner);
                slot.0 = true;
                std::mem::take(&mut slot.1)
            };
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}
