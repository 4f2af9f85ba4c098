//! Runs a program, and writes down what each operation observes. This file is a module twice: with tokio's primitives, and with
//! the model's.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use super::super::outcome::{Log, Outcome};
use super::super::program::{Act, Family, Op, Program, Wait};
use super::rt::sync::{
    Mutex, MutexGuard, Notify, RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore, SemaphorePermit, mpsc,
    oneshot, watch,
};
use super::rt::{self, task::JoinHandle};

/// What makes one run of real code differ from the next. Each counts as giving way: the model chooses that itself.
pub(super) trait Vary: Send + 'static {
    /// Before an operation that waits.
    fn pause(&mut self) -> impl Future<Output = ()> + Send;

    /// Before any operation.
    fn spin(&mut self);
}

/// Longer than anything takes.
pub(super) const NEVER: Duration = Duration::from_secs(3_600);

const CLOSED: u16 = 200;
const EMPTY: u16 = 201;
const FULL: u16 = 202;
const GONE: u16 = 203;
const DONE: u16 = 204;

/// What several tasks use.
struct Shared {
    mutexes: [Mutex<u8>; 2],
    semaphore: Semaphore,
    notify: Notify,
    rwlock: RwLock<u8>,
}

/// What one task uses.
#[derive(Default)]
struct Own {
    sender: Option<mpsc::Sender<u8>>,
    receiver: Option<mpsc::Receiver<u8>>,
    unbounded_sender: Option<mpsc::UnboundedSender<u8>>,
    unbounded_receiver: Option<mpsc::UnboundedReceiver<u8>>,
    once_sender: Option<oneshot::Sender<u8>>,
    once_receiver: Option<oneshot::Receiver<u8>>,
    watch_sender: Option<watch::Sender<u8>>,
    watch_receiver: Option<watch::Receiver<u8>>,
    joins: Vec<Option<JoinHandle<()>>>,
}

/// The same, lent to futures that wait at once. Each takes what it needs.
struct Lent<'o> {
    sender: Option<&'o mpsc::Sender<u8>>,
    receiver: Option<&'o mut mpsc::Receiver<u8>>,
    unbounded_receiver: Option<&'o mut mpsc::UnboundedReceiver<u8>>,
    once_sender: Option<&'o mut oneshot::Sender<u8>>,
    once_receiver: Option<&'o mut Option<oneshot::Receiver<u8>>>,
    watch_sender: Option<&'o watch::Sender<u8>>,
    watch_receiver: Option<&'o mut watch::Receiver<u8>>,
    joins: Vec<Option<&'o mut Option<JoinHandle<()>>>>,
}

impl Own {
    fn lend(&mut self) -> Lent<'_> {
        Lent {
            sender: self.sender.as_ref(),
            receiver: self.receiver.as_mut(),
            unbounded_receiver: self.unbounded_receiver.as_mut(),
            once_sender: self.once_sender.as_mut(),
            once_receiver: Some(&mut self.once_receiver),
            watch_sender: self.watch_sender.as_ref(),
            watch_receiver: self.watch_receiver.as_mut(),
            joins: self.joins.iter_mut().map(Some).collect(),
        }
    }
}

/// What a task keeps; its drop gives it back.
enum Held<'s> {
    Nothing,
    Mutex(#[expect(dead_code, reason = "kept for its drop")] MutexGuard<'s, u8>),
    Permits(#[expect(dead_code, reason = "kept for its drop")] SemaphorePermit<'s>),
    Read(#[expect(dead_code, reason = "kept for its drop")] RwLockReadGuard<'s, u8>),
    Write(#[expect(dead_code, reason = "kept for its drop")] RwLockWriteGuard<'s, u8>),
}

type Waiting<'o, 's> = Pin<Box<dyn Future<Output = (u16, Held<'s>)> + Send + 'o>>;

/// Runs the program: its outcome. One that has not come to its end has gone on as far as it can.
pub(super) async fn run<V: Vary>(
    program: Arc<Program>,
    log: Arc<Log>,
    mut vary: impl FnMut() -> V + Send,
) -> Outcome {
    let log_of_tasks = Arc::clone(&log);
    let body = async move {
        let log = log_of_tasks;
        let shared = Arc::new(Shared {
            mutexes: [Mutex::new(0), Mutex::new(0)],
            semaphore: Semaphore::new(usize::from(program.size)),
            notify: Notify::new(),
            rwlock: RwLock::new(0),
        });
        let mut own = own_of_all(&program).into_iter();
        let mut main = own.next().expect("the first task");
        for (task, own) in (1..).zip(own) {
            let (program, shared, log) = (Arc::clone(&program), Arc::clone(&shared), Arc::clone(&log));
            let vary = vary();
            let spawned = async move { perform(&program, task, &shared, own, &log, vary).await };
            main.joins.push(Some(rt::spawn(spawned)));
        }
        perform(&program, 0, &shared, main, &log, vary()).await;
    };
    let mut body = pin!(body);
    let has_ended = rt::time::timeout(NEVER, body.as_mut()).await.is_ok();
    // Before the first task is dropped: others go on when it lets go of what it has.
    log.outcome(has_ended)
}

fn own_of_all(program: &Program) -> Vec<Own> {
    let mut all: Vec<Own> = program.tasks.iter().map(|_| Own::default()).collect();
    let owner = program.owner;
    let others = || (0..program.tasks.len()).filter(|&task| task != owner);
    if program.has(Family::Bounded) {
        let (sender, receiver) = mpsc::channel(usize::from(program.size.max(1)));
        others().for_each(|task| all[task].sender = Some(sender.clone()));
        all[owner].receiver = Some(receiver);
    }
    if program.has(Family::Unbounded) {
        let (sender, receiver) = mpsc::unbounded_channel();
        others().for_each(|task| all[task].unbounded_sender = Some(sender.clone()));
        all[owner].unbounded_receiver = Some(receiver);
    }
    if program.has(Family::Once) {
        let (sender, receiver) = oneshot::channel();
        all[program.giver].once_sender = Some(sender);
        all[owner].once_receiver = Some(receiver);
    }
    if program.has(Family::Watch) {
        let (sender, receiver) = watch::channel(0);
        others().for_each(|task| all[task].watch_receiver = Some(receiver.clone()));
        all[owner].watch_sender = Some(sender);
    }
    all
}

/// The operations of one task.
async fn perform<V: Vary>(
    program: &Program,
    task: usize,
    shared: &Shared,
    mut own: Own,
    log: &Log,
    mut vary: V,
) {
    let mut held = Vec::new();
    // A task that has done nothing since it was polled does not give way in the model: as if it had not been polled yet.
    let mut has_done = task == 0;
    for &op in &program.tasks[task] {
        vary.spin();
        if has_done && !matches!(op, Op::Act(_)) {
            vary.pause().await;
        }
        let seen = match op {
            Op::Act(act) => self::act(act, shared, &mut own, &mut held),
            Op::Wait(wait) => self::wait(wait, shared, &mut own.lend()).await.0,
            Op::Keep(wait) => {
                let (seen, kept) = self::wait(wait, shared, &mut own.lend()).await;
                held.push(kept);
                seen
            }
            Op::Select(first, second) => {
                let mut lent = own.lend();
                let mut first = self::wait(first, shared, &mut lent);
                let mut second = self::wait(second, shared, &mut lent);
                rt::select! {
                    (seen, _) = &mut first => 1_000 + seen,
                    (seen, _) = &mut second => 2_000 + seen,
                }
            }
            Op::Early(act) => {
                let notified = pin!(shared.notify.notified());
                let seen = self::act(act, shared, &mut own, &mut held);
                notified.await;
                seen
            }
        };
        log.add(task, seen);
        let did_nothing = matches!(seen % 1_000, GONE | DONE);
        has_done = match op {
            Op::Act(_) => has_done || !did_nothing,
            Op::Wait(Wait::Yield) | Op::Select(_, Wait::Yield) => false,
            _ => !did_nothing,
        };
    }
    drop(held);
    let joins = std::mem::take(&mut own.joins);
    drop(own);
    for join in joins.into_iter().flatten() {
        vary.spin();
        log.add(task, if join.await.is_ok() { 0 } else { GONE });
    }
}

/// Waits for something. The future is boxed, so that two of them can be in one `select!`, whatever they are.
fn wait<'o, 's: 'o>(wait: Wait, shared: &'s Shared, lent: &mut Lent<'o>) -> Waiting<'o, 's> {
    match wait {
        Wait::Lock(which, add) => Box::pin(async move {
            let mut guard = shared.mutexes[usize::from(which)].lock().await;
            let seen = u16::from(*guard);
            *guard = guard.wrapping_add(add);
            (seen, Held::Mutex(guard))
        }),
        Wait::Permits(count) => Box::pin(async move {
            match shared.semaphore.acquire_many(count).await {
                Ok(permits) => (1, Held::Permits(permits)),
                Err(_) => (CLOSED, Held::Nothing),
            }
        }),
        Wait::Read => Box::pin(async move {
            let guard = shared.rwlock.read().await;
            (u16::from(*guard), Held::Read(guard))
        }),
        Wait::Write(add) => Box::pin(async move {
            let mut guard = shared.rwlock.write().await;
            let seen = u16::from(*guard);
            *guard = guard.wrapping_add(add);
            (seen, Held::Write(guard))
        }),
        Wait::Notified => Box::pin(async move {
            shared.notify.notified().await;
            (1, Held::Nothing)
        }),
        _ => {
            let future = wait_for_own(wait, lent);
            Box::pin(async move { (future.await, Held::Nothing) })
        }
    }
}

/// Waits for something that only one task has.
fn wait_for_own<'o>(wait: Wait, lent: &mut Lent<'o>) -> Pin<Box<dyn Future<Output = u16> + Send + 'o>> {
    macro_rules! needs {
        ($name:ident) => {
            match lent.$name.take() {
                Some(it) => it,
                None => return Box::pin(async { GONE }),
            }
        };
    }
    match wait {
        Wait::Send(value) => {
            let sender = needs!(sender);
            lent.sender = Some(sender);
            Box::pin(async move { sender.send(value).await.map_or(CLOSED, |()| 1) })
        }
        Wait::Reserve(value) => {
            let sender = needs!(sender);
            lent.sender = Some(sender);
            Box::pin(async move {
                sender.reserve().await.map_or(CLOSED, |permit| {
                    permit.send(value);
                    1
                })
            })
        }
        Wait::Closed => {
            let sender = needs!(sender);
            lent.sender = Some(sender);
            Box::pin(async move {
                sender.closed().await;
                1
            })
        }
        Wait::Recv => {
            let receiver = needs!(receiver);
            Box::pin(async move { receiver.recv().await.map_or(CLOSED, u16::from) })
        }
        Wait::RecvUnbounded => {
            let receiver = needs!(unbounded_receiver);
            Box::pin(async move { receiver.recv().await.map_or(CLOSED, u16::from) })
        }
        Wait::Once => {
            let place = needs!(once_receiver);
            Box::pin(async move {
                let Some(receiver) = place else { return GONE };
                let seen = receiver.await.map_or(CLOSED, u16::from);
                *place = None;
                seen
            })
        }
        Wait::OnceClosed => {
            let sender = needs!(once_sender);
            Box::pin(async move {
                sender.closed().await;
                1
            })
        }
        Wait::Changed => {
            let receiver = needs!(watch_receiver);
            Box::pin(async move {
                match receiver.changed().await {
                    Ok(()) => u16::from(*receiver.borrow_and_update()),
                    Err(_) => CLOSED,
                }
            })
        }
        Wait::WatchClosed => {
            let sender = needs!(watch_sender);
            lent.watch_sender = Some(sender);
            Box::pin(async move {
                sender.closed().await;
                1
            })
        }
        Wait::Join(task) => {
            let Some(place) = lent.joins.get_mut(task - 1).and_then(Option::take) else {
                return Box::pin(async { GONE });
            };
            Box::pin(async move {
                let Some(join) = place else { return DONE };
                let seen = if join.await.is_ok() { 1 } else { CLOSED };
                *place = None;
                seen
            })
        }
        _ => Box::pin(async {
            rt::task::yield_now().await;
            1
        }),
    }
}

/// Does something at once.
fn act<'s>(act: Act, shared: &'s Shared, own: &mut Own, held: &mut Vec<Held<'s>>) -> u16 {
    use mpsc::error::{TryRecvError, TrySendError};
    let received = |result: Result<u8, TryRecvError>| match result {
        Ok(value) => u16::from(value),
        Err(TryRecvError::Empty) => EMPTY,
        Err(TryRecvError::Disconnected) => CLOSED,
    };
    let gone = |was_there: bool| if was_there { 1 } else { GONE };
    match act {
        Act::TryLock(which, add) => match shared.mutexes[usize::from(which)].try_lock() {
            Ok(mut guard) => {
                let seen = u16::from(*guard);
                *guard = guard.wrapping_add(add);
                seen
            }
            Err(_) => FULL,
        },
        Act::TryPermits(count) => match shared.semaphore.try_acquire_many(count) {
            Ok(permits) => {
                held.push(Held::Permits(permits));
                1
            }
            Err(rt::sync::TryAcquireError::Closed) => CLOSED,
            Err(rt::sync::TryAcquireError::NoPermits) => EMPTY,
        },
        Act::AddPermits(count) => {
            shared.semaphore.add_permits(usize::from(count));
            1
        }
        Act::Available => shared.semaphore.available_permits() as u16,
        Act::CloseSemaphore => {
            shared.semaphore.close();
            1
        }
        Act::TrySend(value) => own.sender.as_ref().map_or(GONE, |sender| match sender.try_send(value) {
            Ok(()) => 1,
            Err(TrySendError::Full(_)) => FULL,
            Err(TrySendError::Closed(_)) => CLOSED,
        }),
        Act::TryRecv => own.receiver.as_mut().map_or(GONE, |receiver| received(receiver.try_recv())),
        Act::CloseReceiver => own.receiver.as_mut().map_or(GONE, |receiver| {
            receiver.close();
            1
        }),
        Act::DropSender => gone(own.sender.take().is_some()),
        Act::DropReceiver => gone(own.receiver.take().is_some()),
        Act::SendUnbounded(value) => match &own.unbounded_sender {
            Some(sender) => sender.send(value).map_or(CLOSED, |()| 1),
            None => GONE,
        },
        Act::TryRecvUnbounded => {
            own.unbounded_receiver.as_mut().map_or(GONE, |receiver| received(receiver.try_recv()))
        }
        Act::CloseUnbounded => own.unbounded_receiver.as_mut().map_or(GONE, |receiver| {
            receiver.close();
            1
        }),
        Act::DropUnboundedSender => gone(own.unbounded_sender.take().is_some()),
        Act::DropUnboundedReceiver => gone(own.unbounded_receiver.take().is_some()),
        Act::SendOnce(value) => {
            own.once_sender.take().map_or(GONE, |sender| sender.send(value).map_or(CLOSED, |()| 1))
        }
        Act::TryOnce => {
            use oneshot::error::TryRecvError;
            let Some(receiver) = &mut own.once_receiver else { return GONE };
            match receiver.try_recv() {
                Err(TryRecvError::Empty) => EMPTY,
                result => {
                    own.once_receiver = None;
                    result.map_or(CLOSED, u16::from)
                }
            }
        }
        Act::CloseOnce => own.once_receiver.as_mut().map_or(GONE, |receiver| {
            receiver.close();
            1
        }),
        Act::DropOnceSender => gone(own.once_sender.take().is_some()),
        Act::DropOnceReceiver => gone(own.once_receiver.take().is_some()),
        Act::NotifyOne => {
            shared.notify.notify_one();
            1
        }
        Act::NotifyLast => {
            shared.notify.notify_last();
            1
        }
        Act::NotifyWaiters => {
            shared.notify.notify_waiters();
            1
        }
        Act::SendWatch(value) => match &own.watch_sender {
            Some(sender) => sender.send(value).map_or(CLOSED, |()| 1),
            None => GONE,
        },
        Act::Borrow => match (&own.watch_sender, &own.watch_receiver) {
            (Some(sender), _) => u16::from(*sender.borrow()),
            (_, Some(receiver)) => u16::from(*receiver.borrow()),
            _ => GONE,
        },
        Act::HasChanged => match own.watch_receiver.as_ref().map(watch::Receiver::has_changed) {
            Some(Ok(has_changed)) => u16::from(has_changed),
            Some(Err(_)) => CLOSED,
            None => GONE,
        },
        Act::DropWatchSender => gone(own.watch_sender.take().is_some()),
        Act::DropWatchReceiver => gone(own.watch_receiver.take().is_some()),
        Act::TryRead => shared.rwlock.try_read().map_or(FULL, |guard| u16::from(*guard)),
        Act::TryWrite(add) => shared.rwlock.try_write().map_or(FULL, |mut guard| {
            let seen = u16::from(*guard);
            *guard = guard.wrapping_add(add);
            seen
        }),
        Act::Release if held.is_empty() => GONE,
        Act::Release => {
            drop(held.remove(0));
            1
        }
        Act::Abort(task) => match own.joins.get(task - 1) {
            Some(Some(join)) => {
                join.abort();
                1
            }
            _ => DONE,
        },
        Act::IsFinished(task) => match own.joins.get(task - 1) {
            Some(Some(join)) => u16::from(join.is_finished()),
            _ => DONE,
        },
    }
}
