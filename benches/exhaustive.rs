//! Small programs to explore exhaustively, written once and run under drawloom, loom and shuttle: the same text,
//! another prefix.
//!
//! They are the programs of which it is known how many executions an optimal explorer makes, which is in the table
//! of `benches/exhaustive.rs`.

/// A program to explore.
pub type Program = fn();

macro_rules! programs {
    ($(#[$doc:meta])* $name:ident: $sync:ident) => {
        $(#[$doc])*
        pub mod $name {
            use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};

            use $sync::hint::spin_loop;
            use $sync::sync::atomic::{AtomicPtr, AtomicUsize};
            use $sync::sync::{Arc, Condvar, Mutex, RwLock, mpsc};
            use $sync::thread;

            type Body<T> = Box<dyn FnOnce(&T) + Send>;

            /// Runs the bodies on threads of their own, and waits for them.
            fn share<T: Send + Sync + 'static>(shared: T, bodies: Vec<Body<T>>) -> Arc<T> {
                let shared = Arc::new(shared);
                let threads: Vec<_> = bodies
                    .into_iter()
                    .map(|body| {
                        let shared = Arc::clone(&shared);
                        thread::spawn(move || body(&shared))
                    })
                    .collect();
                for thread in threads {
                    thread.join().unwrap();
                }
                shared
            }

            fn body<T>(body: impl FnOnce(&T) + Send + 'static) -> Body<T> {
                Box::new(body)
            }

            fn atomics<const COUNT: usize>() -> [AtomicUsize; COUNT] {
                std::array::from_fn(|_| AtomicUsize::new(0))
            }

            /// `THREADS` threads add to one counter, `EACH` times.
            pub fn increments<const THREADS: usize, const EACH: usize>() {
                let add = |_| {
                    body(|x: &[AtomicUsize; 1]| {
                        for _ in 0..EACH {
                            x[0].fetch_add(1, SeqCst);
                        }
                    })
                };
                share(atomics(), (0..THREADS).map(add).collect());
            }

            /// Each thread adds to a counter of its own.
            pub fn own_counters<const THREADS: usize>() {
                let add = |me: usize| {
                    body(move |x: &[AtomicUsize; THREADS]| {
                        x[me].fetch_add(1, SeqCst);
                    })
                };
                share(atomics(), (0..THREADS).map(add).collect());
            }

            /// One thread stores, the others load.
            pub fn readers<const READERS: usize>() {
                let mut bodies = vec![body(|x: &[AtomicUsize; 1]| x[0].store(1, SeqCst))];
                bodies.extend((0..READERS).map(|_| {
                    body(|x: &[AtomicUsize; 1]| {
                        x[0].load(SeqCst);
                    })
                }));
                share(atomics(), bodies);
            }

            fn store_buffering(order: (Ordering, Ordering)) {
                let enter = |me: usize| {
                    body(move |x: &[AtomicUsize; 2]| {
                        x[me].store(1, order.0);
                        x[1 - me].load(order.1);
                    })
                };
                share(atomics(), vec![enter(0), enter(1)]);
            }

            /// Two threads store, and load what the other stores.
            pub fn store_buffering_relaxed() {
                store_buffering((Relaxed, Relaxed));
            }

            /// The same with sequentially consistent accesses.
            pub fn store_buffering_seqcst() {
                store_buffering((SeqCst, SeqCst));
            }

            /// One thread stores data and then a flag, another loads them the other way round.
            pub fn message_passing() {
                let send = body(|x: &[AtomicUsize; 2]| {
                    x[0].store(1, Relaxed);
                    x[1].store(1, Release);
                });
                let receive = body(|x: &[AtomicUsize; 2]| {
                    x[1].load(Acquire);
                    x[0].load(Relaxed);
                });
                share(atomics(), vec![send, receive]);
            }

            fn iriw(store: Ordering, load: Ordering) {
                let write = |at: usize| body(move |x: &[AtomicUsize; 2]| x[at].store(1, store));
                let read = |first: usize| {
                    body(move |x: &[AtomicUsize; 2]| {
                        x[first].load(load);
                        x[1 - first].load(load);
                    })
                };
                share(atomics(), vec![write(0), write(1), read(0), read(1)]);
            }

            /// Independent reads of independent writes.
            pub fn iriw_acquire() {
                iriw(Release, Acquire);
            }

            /// The same with sequentially consistent accesses.
            pub fn iriw_seqcst() {
                iriw(SeqCst, SeqCst);
            }

            /// Write to read causality.
            pub fn wrc() {
                share(
                    atomics::<2>(),
                    vec![
                        body(|x: &[AtomicUsize; 2]| x[0].store(1, Relaxed)),
                        body(|x: &[AtomicUsize; 2]| {
                            x[0].load(Relaxed);
                            x[1].store(1, Release);
                        }),
                        body(|x: &[AtomicUsize; 2]| {
                            x[1].load(Acquire);
                            x[0].load(Relaxed);
                        }),
                    ],
                );
            }

            /// Peterson's mutual exclusion, once each, giving up instead of waiting.
            pub fn peterson() {
                let enter = |me: usize| {
                    body(move |x: &[AtomicUsize; 4]| {
                        x[me].store(1, SeqCst);
                        x[2].store(1 - me, SeqCst);
                        if x[1 - me].load(SeqCst) == 0 || x[2].load(SeqCst) == me {
                            assert_eq!(x[3].swap(1, Relaxed), 0, "both are in");
                            x[3].store(0, Relaxed);
                        }
                        x[me].store(0, SeqCst);
                    })
                };
                share(atomics(), vec![enter(0), enter(1)]);
            }

            /// Dekker's, once each, giving up instead of waiting.
            pub fn dekker() {
                let enter = |me: usize| {
                    body(move |x: &[AtomicUsize; 3]| {
                        x[me].store(1, SeqCst);
                        if x[1 - me].load(SeqCst) == 0 {
                            assert_eq!(x[2].swap(1, Relaxed), 0, "both are in");
                            x[2].store(0, Relaxed);
                        }
                        x[me].store(0, SeqCst);
                    })
                };
                share(atomics(), vec![enter(0), enter(1)]);
            }

            /// A lock that serves tickets in order.
            pub fn ticket_lock<const THREADS: usize>() {
                let lock = |_| {
                    body(|lock: &[AtomicUsize; 2]| {
                        let ticket = lock[0].fetch_add(1, Relaxed);
                        while lock[1].load(Acquire) != ticket {
                            spin_loop();
                        }
                        lock[1].store(ticket + 1, Release);
                    })
                };
                share(atomics(), (0..THREADS).map(lock).collect());
            }

            /// A lock that is taken by compare-and-exchange.
            pub fn spin_lock<const THREADS: usize>() {
                let lock = |_| {
                    body(|lock: &[AtomicUsize; 1]| {
                        while lock[0].compare_exchange(0, 1, Acquire, Relaxed).is_err() {
                            spin_loop();
                        }
                        lock[0].store(0, Release);
                    })
                };
                share(atomics(), (0..THREADS).map(lock).collect());
            }

            struct Node {
                next: *mut Node,
            }

            /// Treiber's stack; nodes are not freed, as there is nothing that would tell when.
            struct Stack(AtomicPtr<Node>);

            impl Stack {
                fn push(&self) {
                    let node = Box::into_raw(Box::new(Node { next: std::ptr::null_mut() }));
                    loop {
                        let head = self.0.load(Relaxed);
                        // SAFETY: nobody else has the node before it is in the stack.
                        unsafe { (*node).next = head };
                        if self.0.compare_exchange(head, node, Release, Relaxed).is_ok() {
                            return;
                        }
                    }
                }

                fn pop(&self) {
                    loop {
                        let head = self.0.load(Acquire);
                        if head.is_null() {
                            return;
                        }
                        // SAFETY: a node in the stack does not change any more and is not freed.
                        let next = unsafe { (*head).next };
                        if self.0.compare_exchange(head, next, Acquire, Relaxed).is_ok() {
                            return;
                        }
                    }
                }
            }

            /// Each thread pushes onto a stack, and pops.
            pub fn stack<const THREADS: usize>() {
                let play = |_| {
                    body(|stack: &Stack| {
                        stack.push();
                        stack.pop();
                    })
                };
                share(Stack(AtomicPtr::new(std::ptr::null_mut())), (0..THREADS).map(play).collect());
            }

            /// Each thread pushes onto a stack.
            pub fn pushes<const THREADS: usize>() {
                let push = |_| body(Stack::push);
                share(Stack(AtomicPtr::new(std::ptr::null_mut())), (0..THREADS).map(push).collect());
            }

            /// Each thread adds to a counter under a mutex.
            pub fn mutex<const THREADS: usize>() {
                let add = |_| body(|count: &Mutex<usize>| *count.lock().unwrap() += 1);
                share(Mutex::new(0), (0..THREADS).map(add).collect());
            }

            /// Two threads take turns, with a condition variable.
            pub fn ping_pong<const ROUNDS: usize>() {
                let play = |me: usize| {
                    body(move |game: &(Mutex<usize>, Condvar)| {
                        for round in 0..ROUNDS {
                            let mut turn = game.0.lock().unwrap();
                            while *turn != 2 * round + me {
                                turn = game.1.wait(turn).unwrap();
                            }
                            *turn += 1;
                            game.1.notify_one();
                        }
                    })
                };
                share((Mutex::new(0), Condvar::new()), vec![play(0), play(1)]);
            }

            /// Producers send messages to the first thread.
            pub fn channel<const PRODUCERS: usize, const MESSAGES: usize>() {
                let (sender, receiver) = mpsc::channel();
                let produce = |_| {
                    let sender = sender.clone();
                    thread::spawn(move || (0..MESSAGES).for_each(|message| sender.send(message).unwrap()))
                };
                let threads: Vec<_> = (0..PRODUCERS).map(produce).collect();
                drop(sender);
                for _ in 0..PRODUCERS * MESSAGES {
                    receiver.recv().unwrap();
                }
                for thread in threads {
                    thread.join().unwrap();
                }
            }

            /// Readers and writers of a lock.
            pub fn reader_writer<const READERS: usize, const WRITERS: usize>() {
                let mut bodies: Vec<Body<RwLock<usize>>> = Vec::new();
                bodies.extend((0..READERS).map(|_| body(|lock: &RwLock<usize>| drop(lock.read().unwrap()))));
                bodies.extend((0..WRITERS).map(|_| body(|lock: &RwLock<usize>| *lock.write().unwrap() += 1)));
                share(RwLock::new(0), bodies);
            }
        }
    };
}

programs! {
    /// Under drawloom.
    under_drawloom: drawloom
}

programs! {
    /// Under loom.
    under_loom: loom_original
}

programs! {
    /// Under shuttle.
    under_shuttle: shuttle
}
