//! `thread`, apart from thread locals.

use std::any::Any;
use std::cell::Cell;
use std::collections::HashSet;
use std::panic::resume_unwind;
use std::rc::Rc;

use super::facade::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use super::facade::sync::{Arc, mpsc};
use super::facade::thread::{self, Builder, JoinHandle, Scope, ScopedJoinHandle, Thread, ThreadId};
use super::facade::time::Duration;
use super::panic_of;

const SHORT: Duration = Duration::from_millis(1);

pub(crate) fn spawn_and_join(log: &mut Vec<String>) {
    let handle: JoinHandle<u32> = thread::spawn(|| 1);
    show!(log, handle);
    while !handle.is_finished() {
        thread::yield_now();
    }
    let result: thread::Result<u32> = handle.join();
    show!(log, result.unwrap());

    let message = |payload: Box<dyn Any + Send>| {
        let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
    };
    show!(log, thread::spawn(|| panic!("text")).join().map_err(message));
    show!(log, thread::spawn(|| panic!("{}", 1)).join().map_err(message));
    let payload = thread::spawn(|| resume_unwind(Box::new(5u32))).join().unwrap_err();
    show!(log, payload.downcast_ref::<u32>());
    show!(log, panic_of(|| resume_unwind(thread::spawn(|| panic!("passed on")).join().unwrap_err())));

    let nested = thread::spawn(|| thread::spawn(|| thread::spawn(|| 3).join().unwrap()).join().unwrap());
    show!(log, nested.join().unwrap());

    // A handle that is dropped leaves the thread running.
    let (sender, receiver) = mpsc::channel();
    drop(thread::spawn(move || sender.send("detached")));
    show!(log, (receiver.recv(), receiver.recv()));

    // Handles may be joined and looked at by other threads.
    let handle = thread::spawn(|| 4);
    show!(log, thread::spawn(move || handle.join().unwrap()).join().unwrap());

    traits!(log, JoinHandle<u32>, JoinHandle<Cell<u32>>, JoinHandle<Rc<u32>>, Thread, ThreadId);
}

pub(crate) fn builder(log: &mut Vec<String>) {
    let builder = Builder::new().name("worker".to_string()).stack_size(1 << 20);
    show!(log, format!("{builder:?}").starts_with("Builder"));
    let handle = builder.spawn(|| thread::current().name().map(str::to_string)).unwrap();
    show!(log, handle.thread().name());
    show!(log, handle.join().unwrap());
    let handle = Builder::new().spawn(|| thread::current().name().map(str::to_string)).unwrap();
    show!(log, handle.thread().name());
    show!(log, handle.join().unwrap());

    let mut count = 0;
    show!(
        log,
        thread::scope(|scope| {
            let builder = Builder::new().name("scoped".to_string());
            let handle = builder.spawn_scoped(scope, || {
                count += 1;
                thread::current().name().map(str::to_string)
            });
            handle.unwrap().join().unwrap()
        })
    );
    show!(log, count);
    // SAFETY: the thread is joined before `count` goes away.
    let handle = unsafe { Builder::new().spawn_unchecked(|| count += 1) };
    handle.unwrap().join().unwrap();
    show!(log, count);
    show!(log, panic_of(|| drop(Builder::new().name("zero\0byte".to_string()).spawn(|| ()))));
    traits!(log, Builder);
}

pub(crate) fn scoped(log: &mut Vec<String>) {
    fn spawn_in<'scope>(scope: &'scope Scope<'scope, '_>) -> ScopedJoinHandle<'scope, u32> {
        scope.spawn(|| 1)
    }
    let mut numbers = vec![1, 2, 3];
    let total = AtomicU32::new(0);
    let result = thread::scope(|scope| {
        show!(log, format!("{scope:?}").starts_with("Scope"));
        for number in &numbers {
            scope.spawn(|| total.fetch_add(*number, Ordering::Relaxed));
        }
        let handle = scope.spawn(|| {
            // Threads of a scope may add threads to it.
            let inner = scope.spawn(|| numbers.len());
            inner.join().unwrap()
        });
        show!(log, handle);
        show!(log, handle.thread().name());
        while !handle.is_finished() {
            thread::yield_now();
        }
        show!(log, handle.join().unwrap());
        show!(log, spawn_in(scope).join().unwrap());
        let panicking = scope.spawn(|| panic!("joined"));
        show!(log, panicking.join().is_err());
        "result"
    });
    show!(log, (result, total));
    thread::scope(|scope| {
        scope.spawn(|| numbers.push(4));
    });
    show!(log, numbers);

    // A panic that nobody joined passes to the thread that owns the scope, after all threads ended.
    let ended = AtomicBool::new(false);
    show!(
        log,
        panic_of(|| {
            thread::scope(|scope| {
                scope.spawn(|| panic!("not joined"));
                scope.spawn(|| ended.store(true, Ordering::Relaxed));
            });
        })
    );
    show!(log, ended);
    show!(log, panic_of(|| thread::scope(|_| panic!("in the scope itself"))));
    traits!(log, Scope<'static, 'static>, ScopedJoinHandle<'static, u32>, ScopedJoinHandle<'static, Rc<u32>>);
}

pub(crate) fn parking(log: &mut Vec<String>) {
    // A token that came first ends the next park at once, and several are one.
    thread::current().unpark();
    thread::current().unpark();
    thread::park();
    thread::park_timeout(SHORT);
    thread::park_timeout_ms(1);

    let ready = Arc::new(AtomicBool::new(false));
    let parked = {
        let ready = Arc::clone(&ready);
        thread::spawn(move || {
            while !ready.load(Ordering::Acquire) {
                thread::park();
            }
            "unparked"
        })
    };
    ready.store(true, Ordering::Release);
    parked.thread().unpark();
    show!(log, parked.join().unwrap());

    let main: Thread = thread::current();
    let unparker = thread::spawn(move || main.clone().unpark());
    thread::park();
    show!(log, unparker.join().is_ok());

    let main = thread::current();
    let handle = thread::spawn(move || main.unpark());
    thread::park_timeout(Duration::from_secs(100));
    show!(log, handle.join().is_ok());
    show!(log, handle_of_ended_thread().unpark());
}

fn handle_of_ended_thread() -> Thread {
    thread::spawn(thread::current).join().unwrap()
}

pub(crate) fn functions(log: &mut Vec<String>) {
    thread::yield_now();
    thread::sleep(SHORT);
    thread::sleep(Duration::ZERO);
    thread::sleep_ms(1);
    show!(log, thread::available_parallelism().is_ok());
    show!(log, thread::available_parallelism().unwrap().get() > 0);

    let current = thread::current();
    show!(log, current.id() == thread::current().id());
    show!(log, current.clone().id() == current.id());
    show!(log, format!("{current:?}").starts_with("Thread { id: ThreadId("));
    show!(log, format!("{:?}", current.id()).starts_with("ThreadId("));
    let ids: HashSet<ThreadId> =
        (0..3).map(|_| thread::spawn(|| thread::current().id()).join().unwrap()).collect();
    show!(log, (ids.len(), ids.contains(&current.id())));
    let handle = thread::spawn(|| thread::current().id());
    let id = handle.thread().id();
    show!(log, handle.join().unwrap() == id);

    struct LogsPanicking<'a>(&'a AtomicBool);
    impl Drop for LogsPanicking<'_> {
        fn drop(&mut self) {
            self.0.store(thread::panicking(), Ordering::Relaxed);
        }
    }
    let panicking = AtomicBool::new(true);
    drop(LogsPanicking(&panicking));
    show!(log, (&panicking, thread::panicking()));
    show!(
        log,
        panic_of(|| {
            let _logs = LogsPanicking(&panicking);
            panic!("unwinds");
        })
    );
    show!(log, (&panicking, thread::panicking()));
}
