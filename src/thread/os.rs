//! What std adds to handles of threads on Unix: their pthreads.
//!
//! A model thread has none: it is a fiber, and the pthread that it runs on belongs to the exploration. Whoever asks
//! for it wants to signal or to join it, which would hit everything else there; so this panics.

use std::os::unix::thread::{JoinHandleExt, RawPthread};

use super::spawn::JoinHandle;

impl<T> JoinHandleExt for JoinHandle<T> {
    /// The thread's pthread.
    ///
    /// # Panics
    ///
    /// If the thread belongs to an exploration.
    fn as_pthread_t(&self) -> RawPthread {
        match self.real() {
            Some(handle) => handle.as_pthread_t(),
            None => has_no_pthread(),
        }
    }

    /// The thread's pthread, which is then the caller's to join.
    ///
    /// # Panics
    ///
    /// If the thread belongs to an exploration.
    fn into_pthread_t(self) -> RawPthread {
        match self.into_real() {
            Some(handle) => handle.into_pthread_t(),
            None => has_no_pthread(),
        }
    }
}

#[cold]
fn has_no_pthread() -> ! {
    panic!("drawloom: a thread of an exploration has no pthread; leave out of the test what needs one")
}

#[cfg(test)]
mod tests {
    use std::os::unix::thread::JoinHandleExt;

    use crate::thread::spawn;
    use crate::{Config, explore};

    #[test]
    fn a_thread_outside_has_a_pthread() {
        let thread = spawn(|| ());
        let pthread = thread.as_pthread_t();
        assert_eq!(thread.into_pthread_t(), pthread);
    }

    #[test]
    fn a_model_thread_has_none() {
        let asked: [fn(); 2] = [|| _ = spawn(|| ()).as_pthread_t(), || _ = spawn(|| ()).into_pthread_t()];
        for body in asked {
            let report = explore(Config::new().executions(1), body);
            assert!(
                report.failure().is_some_and(|failure| failure.message().contains("no pthread")),
                "{report}"
            );
        }
    }
}
