//! Threads of the operating system that the program starts by itself, which no schedule has.
//!
//! On Linux a thread takes over the name of the one that starts it, unless it is given one. So each worker's thread has a name of its
//! own, and whoever else has it was started by the code that the worker runs. Not seen are threads with a name, those that have
//! ended already, and one for which another thread of the process has ended meanwhile: names are read only if there are more threads
//! than before, because that takes long. Elsewhere none is seen.

/// Gives the calling thread a name of its own.
pub(crate) fn mark() {
    #[cfg(target_os = "linux")]
    linux::mark();
}

/// Whether a thread is there that was started by what the calling one, which is marked, has run.
pub(crate) fn has_started_threads() -> bool {
    #[cfg(target_os = "linux")]
    return linux::has_started_threads();
    #[cfg(not(target_os = "linux"))]
    false
}

#[cfg(target_os = "linux")]
mod linux {
    use std::cell::Cell;
    use std::ffi::CString;
    use std::fs::{self, File};
    use std::os::unix::fs::MetadataExt;
    use std::process;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    /// A folder with a folder for each thread of the process.
    const ALL: &str = "/proc/self/task";

    thread_local! {
        /// How many there were when this thread was marked.
        static BEFORE: Cell<u64> = const { Cell::new(0) };
    }

    pub(in crate::rt) fn mark() {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        // At most 15 bytes count.
        let number = NEXT.fetch_add(1, Ordering::Relaxed) % 1_000_000;
        let Ok(name) = CString::new(format!("drawloom-{number}")) else { return };
        // SAFETY: `name` is a string that ends with 0 and lives until the call returns.
        unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
        BEFORE.set(count());
    }

    /// How long a thread that was joined may still be there, or one that gets a name be without it.
    const SETTLES: Duration = Duration::from_millis(20);

    pub(in crate::rt) fn has_started_threads() -> bool {
        count() > BEFORE.get() && has_namesake() && {
            std::thread::sleep(SETTLES);
            has_namesake()
        }
    }

    /// How many threads the process has, and some more: each is a link to the folder of all. That is kept open, since to find
    /// it takes longer than a small exploration; a process that was forked off finds its own.
    fn count() -> u64 {
        static FOLDER: OnceLock<Option<(u32, File)>> = OnceLock::new();
        let folder = FOLDER.get_or_init(|| Some((process::id(), File::open(ALL).ok()?)));
        let all = match folder {
            Some((process, folder)) if *process == process::id() => folder.metadata(),
            _ => fs::metadata(ALL),
        };
        all.map_or(0, |all| all.nlink())
    }

    /// Whether another thread has the name of this one.
    fn has_namesake() -> bool {
        let Ok(own_name) = fs::read("/proc/thread-self/comm") else { return false };
        let Ok(threads) = fs::read_dir(ALL) else { return false };
        let same = threads.flatten().filter(|thread| {
            let name = fs::read(thread.path().join("comm"));
            name.is_ok_and(|name| name == own_name)
        });
        // One of them is the caller.
        same.take(2).count() > 1
    }
}
