//! Small programs whose threads wait for ever.

use std::mem::forget;
use std::time::Duration;

use drawloom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use drawloom::sync::{Arc, Condvar, Mutex, mpsc};
use drawloom::thread::{self, Builder, BuilderExt, JoinHandle};

#[track_caller]
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    Builder::new().name(name.to_owned()).spawn(body).unwrap()
}

/// The consumer looks, and waits only then; in between the producer notifies nobody.
pub(crate) fn lost_wakeup() {
    struct Mailbox {
        full: AtomicBool,
        lock: Mutex<()>,
        filled: Condvar,
    }
    let mailbox =
        Arc::new(Mailbox { full: AtomicBool::new(false), lock: Mutex::new(()), filled: Condvar::new() });
    let theirs = mailbox.clone();
    let producer = spawn("producer", move || {
        theirs.full.store(true, Ordering::SeqCst);
        theirs.filled.notify_one();
    });
    let guard = mailbox.lock.lock().unwrap();
    if !mailbox.full.load(Ordering::SeqCst) {
        drop(mailbox.filled.wait(guard).unwrap());
    }
    producer.join().unwrap();
}

/// Main waits for the end of a thread that wants a lock of main's.
pub(crate) fn join_under_a_lock() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let theirs = log.clone();
    let worker = spawn("worker", move || theirs.lock().unwrap().push("done"));
    let mut entries = log.lock().unwrap();
    worker.join().unwrap();
    entries.push("joined");
}

/// Two of three threads wait for each other, while the third has work left.
pub(crate) fn two_of_three() {
    let (accounts, audit) = (Arc::new(Mutex::new(100)), Arc::new(Mutex::new(0)));
    let (accounts2, audit2) = (accounts.clone(), audit.clone());
    let teller = spawn("teller", move || {
        let accounts = accounts2.lock().unwrap();
        *audit2.lock().unwrap() += *accounts;
    });
    let auditor = spawn("auditor", move || {
        let mut audit = audit.lock().unwrap();
        *audit += *accounts.lock().unwrap();
    });
    let heartbeat = spawn("heartbeat", || (0..3).for_each(|_| thread::yield_now()));
    for thread in [teller, auditor, heartbeat] {
        thread.join().unwrap();
    }
}

/// A guard is forgotten by a thread that ends.
pub(crate) fn abandoned_lock() {
    let settings = Arc::new(Mutex::new(0));
    let theirs = settings.clone();
    let loader = spawn("loader", move || forget(theirs.lock().unwrap()));
    let heartbeat = spawn("heartbeat", || (0..3).for_each(|_| thread::yield_now()));
    loader.join().unwrap();
    *settings.lock().unwrap() += 1;
    heartbeat.join().unwrap();
}

/// Nobody ever raises the flag.
pub(crate) fn flag_that_nobody_raises() {
    let ready = Arc::new(AtomicBool::new(false));
    let theirs = ready.clone();
    let waiter = spawn("waiter", move || {
        while !theirs.load(Ordering::Acquire) {
            thread::yield_now();
        }
    });
    waiter.join().unwrap();
}

/// The poller takes the lock again and again, and the worker works on and on: nobody sets what is polled.
pub(crate) fn polled_lock() {
    let ready = Arc::new(Mutex::new(false));
    let done = Arc::new(AtomicU32::new(0));
    let worker = spawn("worker", move || while done.fetch_add(1, Ordering::Relaxed) < u32::MAX {});
    let poller = spawn("poller", move || while !*ready.lock().unwrap() {});
    poller.join().unwrap();
    worker.join().unwrap();
}

/// Two threads change what both of them look at, and neither is ever content.
pub(crate) fn restless() {
    let turn = Arc::new(AtomicU32::new(0));
    let theirs = turn.clone();
    let other = spawn("other", move || while theirs.fetch_add(1, Ordering::Relaxed) < u32::MAX {});
    while turn.fetch_add(1, Ordering::Relaxed) < u32::MAX {}
    other.join().unwrap();
}

/// Each of two waits for the other's message, while a third shows that the program is alive.
pub(crate) fn question_for_question() {
    let (ask_server, questions) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    let heartbeat = Builder::new().name("heartbeat".to_owned()).daemon();
    drop(heartbeat.spawn(|| {
        loop {
            thread::sleep(Duration::from_millis(100));
        }
    }));
    let server = spawn("server", move || {
        let name: &str = questions.recv().unwrap();
        answer.send(format!("hello {name}")).unwrap();
    });
    // Nobody has told the server anything yet.
    let greeting = answers.recv().unwrap();
    ask_server.send("client").unwrap();
    server.join().unwrap();
    drop(greeting);
}

/// A thread that nobody told to end.
pub(crate) fn heartbeat_without_end() {
    let beats = Arc::new(AtomicU32::new(0));
    drop(spawn("heartbeat", move || {
        loop {
            beats.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(100));
        }
    }));
}

/// The worker waits for another job, and nobody closes the queue.
pub(crate) fn worker_without_an_end() {
    let (jobs, queue) = mpsc::channel::<u32>();
    spawn("worker", move || {
        for job in queue {
            assert_eq!(job, 1);
        }
    });
    jobs.send(1).unwrap();
    forget(jobs);
}

/// The same, but the loop is std's.
pub(crate) fn worker_in_a_loop_of_std() {
    let (jobs, queue) = mpsc::channel::<u32>();
    spawn("worker", move || queue.iter().for_each(drop));
    forget(jobs);
}
