//! Programs to sample schedules of, written once and run under drawloom and under shuttle: the same text, another prefix.
//!
//! They are shuttle's own benchmarks (counters, a bounded buffer, thread creation, locks), narrow with 5
//! threads and wide with 100. `debug/` compiles this file as well, as a part of itself.

/// A program to explore.
pub type Workload = fn();

macro_rules! workloads {
    ($(#[$doc:meta])* $name:ident: $sync:ident) => {
        $(#[$doc])*
        pub mod $name {
            use $sync::sync::atomic::{AtomicUsize, Ordering};
            use $sync::sync::{Arc, Condvar, Mutex};
            use $sync::thread;

            /// Each of two threads adds to `OBJECTS` atomic counters, one after the other.
            pub fn many<const OBJECTS: usize>() {
                let counts: Arc<Vec<AtomicUsize>> =
                    Arc::new((0..OBJECTS).map(|_| AtomicUsize::new(0)).collect());
                let threads: Vec<_> = (0..2)
                    .map(|_| {
                        let counts = Arc::clone(&counts);
                        thread::spawn(move || {
                            for count in counts.iter() {
                                count.fetch_add(1, Ordering::SeqCst);
                            }
                        })
                    })
                    .collect();
                for thread in threads {
                    thread.join().unwrap();
                }
            }

            /// Each of `THREADS` threads adds to one atomic counter `ROUNDS` times.
            pub fn counter<const THREADS: usize, const ROUNDS: usize>() {
                let count = Arc::new(AtomicUsize::new(0));
                let threads: Vec<_> = (0..THREADS)
                    .map(|_| {
                        let count = Arc::clone(&count);
                        thread::spawn(move || {
                            for _ in 0..ROUNDS {
                                count.fetch_add(1, Ordering::SeqCst);
                            }
                        })
                    })
                    .collect();
                for thread in threads {
                    thread.join().unwrap();
                }
            }

            /// Each of `THREADS` threads stores to one of four atomics and loads the others in turn, relaxed.
            pub fn relaxed<const THREADS: usize, const ROUNDS: usize>() {
                let values = Arc::new([const { AtomicUsize::new(0) }; 4]);
                let threads: Vec<_> = (0..THREADS)
                    .map(|own| {
                        let values = Arc::clone(&values);
                        thread::spawn(move || {
                            for round in 0..ROUNDS {
                                match round % 4 {
                                    0 => values[own % 4].store(round, Ordering::Relaxed),
                                    other => _ = values[(own + other) % 4].load(Ordering::Relaxed),
                                }
                            }
                        })
                    })
                    .collect();
                for thread in threads {
                    thread.join().unwrap();
                }
            }

            /// One thread adds to an atomic counter: no step is a switch.
            pub fn alone<const ROUNDS: usize>() {
                let count = AtomicUsize::new(0);
                for _ in 0..ROUNDS {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            }

            /// Each of `THREADS` threads adds to a counter under a mutex `ROUNDS` times.
            pub fn lock<const THREADS: usize, const ROUNDS: usize>() {
                let count = Arc::new(Mutex::new(0usize));
                let threads: Vec<_> = (0..THREADS)
                    .map(|_| {
                        let count = Arc::clone(&count);
                        thread::spawn(move || {
                            for _ in 0..ROUNDS {
                                *count.lock().unwrap() += 1;
                            }
                        })
                    })
                    .collect();
                for thread in threads {
                    thread.join().unwrap();
                }
            }

            /// Makes `THREADS` threads that do nothing, and joins them.
            pub fn create<const THREADS: usize>() {
                let threads: Vec<_> = (0..THREADS).map(|_| thread::spawn(|| ())).collect();
                for thread in threads {
                    thread.join().unwrap();
                }
            }

            /// Three producers and three consumers pass `ITEMS` items each through a buffer of four.
            pub fn buffer<const ITEMS: usize>() {
                let shared = Arc::new((Mutex::new(0usize), Condvar::new(), Condvar::new()));
                let mut threads = Vec::new();
                for _ in 0..3 {
                    let producer = Arc::clone(&shared);
                    threads.push(thread::spawn(move || {
                        let (count, room, items) = &*producer;
                        for _ in 0..ITEMS {
                            let mut count = count.lock().unwrap();
                            while *count == 4 {
                                count = room.wait(count).unwrap();
                            }
                            *count += 1;
                            items.notify_one();
                        }
                    }));
                    let consumer = Arc::clone(&shared);
                    threads.push(thread::spawn(move || {
                        let (count, room, items) = &*consumer;
                        for _ in 0..ITEMS {
                            let mut count = count.lock().unwrap();
                            while *count == 0 {
                                count = items.wait(count).unwrap();
                            }
                            *count -= 1;
                            room.notify_one();
                        }
                    }));
                }
                for thread in threads {
                    thread.join().unwrap();
                }
            }
        }
    };
}

workloads! {
    /// Under drawloom.
    with_drawloom: drawloom
}

workloads! {
    /// Under shuttle.
    with_shuttle: shuttle
}
