//! What drawloom's users can say of a thread and std's cannot, so that code which says it compiles with and without the feature
//! `explore`.

/// More to say of a thread that is to be spawned.
pub trait BuilderExt {
    /// Makes the thread a daemon: one that goes on for as long as the program does, such as a worker that waits for jobs or a
    /// ticker. While exploring, an execution ends when daemons are all that is left of it, and they are no leak. Elsewhere it
    /// changes nothing: when `main` returns, all threads end.
    ///
    /// A daemon that is cut off does not unwind; what it owns is not dropped, and not looked for by
    /// `drawloom::alloc`.
    ///
    /// ```
    /// use drawloom::thread::{Builder, BuilderExt};
    /// use drawloom::{Config, explore, sync::mpsc};
    ///
    /// let report = explore(Config::new(), || {
    ///     let (jobs, incoming) = mpsc::channel::<u32>();
    ///     let (results, done) = mpsc::channel();
    ///     let worker = move || {
    ///         while let Ok(job) = incoming.recv() {
    ///             results.send(job + 1).unwrap();
    ///         }
    ///     };
    ///     Builder::new().daemon().spawn(worker).unwrap();
    ///     jobs.send(1).unwrap();
    ///     assert_eq!(done.recv(), Ok(2));
    ///     // The worker waits for more jobs, which never come.
    ///     std::mem::forget(jobs);
    /// });
    /// assert!(report.passed());
    /// ```
    #[must_use]
    fn daemon(self) -> Self;
}

impl BuilderExt for std::thread::Builder {
    fn daemon(self) -> Self {
        self
    }
}
