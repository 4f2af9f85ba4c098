//! What the operating system knows of a thread: whether it runs or waits, and how much of the processor's time it has used.

use std::time::Duration;

/// What an OS thread does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::rt) enum Doing {
    /// It runs, or would if it had its turn.
    Runs,
    /// It waits in the system call of this number.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nobody can tell there"))]
    Waits(i64),
}

pub(in crate::rt) use platform::OsThread;

#[cfg(target_os = "linux")]
mod platform {
    use super::*;

    /// An OS thread of this process.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::rt) struct OsThread {
        pub(in crate::rt) id: libc::pid_t,
        clock: Option<libc::clockid_t>,
    }

    impl OsThread {
        pub(in crate::rt) fn current() -> OsThread {
            let mut clock = 0;
            // SAFETY: the calling thread exists; the clock's number is written to a valid place.
            let (id, error) =
                unsafe { (libc::gettid(), libc::pthread_getcpuclockid(libc::pthread_self(), &mut clock)) };
            OsThread { id, clock: (error == 0).then_some(clock) }
        }

        /// How much of the processor's time it has used.
        pub(in crate::rt) fn used(self) -> Duration {
            let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            // SAFETY: the time is written to a valid place; the clock of a thread that is gone is an error.
            let known = self.clock.is_some_and(|clock| unsafe { libc::clock_gettime(clock, &mut time) } == 0);
            if known { Duration::new(time.tv_sec as u64, time.tv_nsec as u32) } else { Duration::MAX }
        }

        /// What it does now. If that cannot be read, it is said to run.
        pub(in crate::rt) fn doing(self) -> Doing {
            let read = |file: &str| std::fs::read_to_string(format!("/proc/self/task/{}/{file}", self.id));
            // `202 0x7f… …`, or `running`.
            if let Ok(text) = read("syscall") {
                let call = text.split_whitespace().next().and_then(|number| number.parse().ok());
                return call.filter(|&number| number >= 0).map_or(Doing::Runs, Doing::Waits);
            }
            // Some containers hide it. The state comes after the name, which may have anything in it.
            let state = read("stat").ok().and_then(|text| Some(text.rsplit_once(") ")?.1.starts_with('S')));
            if state == Some(true) { Doing::Waits(libc::SYS_futex) } else { Doing::Runs }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use super::*;

    /// An OS thread of this process, of which nothing is known here.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::rt) struct OsThread;

    impl OsThread {
        pub(in crate::rt) fn current() -> OsThread {
            OsThread
        }

        pub(in crate::rt) fn used(self) -> Duration {
            Duration::MAX
        }

        pub(in crate::rt) fn doing(self) -> Doing {
            Doing::Runs
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_waits_is_told_from_one_that_runs() {
        let (send, receive) = std::sync::mpsc::channel();
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let waiting = std::thread::spawn(move || {
            send.send(OsThread::current()).unwrap();
            let _ = held.recv();
        });
        let thread = receive.recv().unwrap();
        let futex = Doing::Waits(libc::SYS_futex);
        while thread.doing() != futex {
            std::thread::yield_now();
        }
        drop(hold);
        waiting.join().unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (send, receive) = std::sync::mpsc::channel();
            let done = &done;
            scope.spawn(move || {
                send.send(OsThread::current()).unwrap();
                while !done.load(std::sync::atomic::Ordering::Relaxed) {}
            });
            let thread = receive.recv().unwrap();
            while thread.doing() != Doing::Runs {
                std::thread::yield_now();
            }
            let before = thread.used();
            while thread.used() == before {}
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }
}
