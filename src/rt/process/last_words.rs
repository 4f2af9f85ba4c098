//! What is said of an execution that takes the process with it.
//!
//! A signal handler must not allocate, and a token cannot be made without. So the thread that dies asks the watchdog's thread
//! to speak for it, and waits a moment. If nobody answers (the allocator's lock may be held by the one that dies), it says itself what was
//! prepared before: a seed, or the token that was replayed. Whoever calls `exit` in a test's body is no signal handler, and
//! speaks itself.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::time::Duration;

use crate::rt::{Execution, current};

/// Makes the token of an execution.
type Token = fn(&Execution) -> String;

static TOKEN: OnceLock<Token> = OnceLock::new();

/// From now on there are last words, with tokens that `token` makes.
pub(crate) fn prepare(token: Token) {
    TOKEN.get_or_init(|| {
        #[cfg(unix)]
        // SAFETY: the function is called at the process's end, when statics are still there.
        unsafe {
            libc::atexit(at_exit)
        };
        token
    });
}

/// Says that this ends the process, and in which execution.
fn speak(execution: &Execution, what: &str) {
    let Some(token) = TOKEN.get() else { return };
    let (words, _) = execution.last_words();
    let name = words.split("; replay: ").next().unwrap_or_default();
    let (thread, step) =
        (execution.kernel.thread_label(execution.kernel.threads.current), execution.kernel.steps);
    let text = format!(
        "\ndrawloom: {what} ends the process in {name}, in {thread} after step {step}; replay: DRAWLOOM_REPLAY={}\n",
        token(execution),
    );
    write_now(&text);
}

#[cfg(unix)]
extern "C" fn at_exit() {
    if let Some(mut current) = current() {
        speak(current.execution(), "`exit`");
    }
}

/// Writes to stderr past std, which captures what a test prints, and whose lock a thread may have that never gives it back.
#[cfg(unix)]
pub(crate) fn write_now(text: &str) {
    let mut left = text.as_bytes();
    while !left.is_empty() {
        match write_some(left) {
            written @ 1.. => left = &left[written as usize..],
            _ => return,
        }
    }
}

/// As `write` does. On Linux past that, too: `cargo drawloom` has one that keeps what executions print.
#[cfg(unix)]
fn write_some(text: &[u8]) -> isize {
    #[cfg(target_os = "linux")]
    // SAFETY: the pointer and the length are those of a slice; 2 is standard error.
    return unsafe { libc::syscall(libc::SYS_write, 2, text.as_ptr(), text.len()) as isize };
    #[cfg(not(target_os = "linux"))]
    // SAFETY: as above.
    return unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
}

/// As std does: there is no way past it.
#[cfg(not(unix))]
pub(crate) fn write_now(text: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
}

/// The execution of a thread that dies, until the watchdog has spoken for it, and what it dies of.
static DYING: AtomicPtr<Execution> = AtomicPtr::new(std::ptr::null_mut());
static CAUSE: OnceLock<&str> = OnceLock::new();
static SPOKEN: AtomicBool = AtomicBool::new(false);

/// How long a thread that dies waits for the watchdog, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(5);

/// The watchdog looks whether somebody dies.
pub(in crate::rt) fn speak_for_the_dying() {
    let execution = DYING.swap(std::ptr::null_mut(), Ordering::Acquire);
    // SAFETY: whoever has put it there waits in its signal handler, or has given up waiting and does nothing with it any more.
    if let Some(execution) = unsafe { execution.as_ref() } {
        speak(execution, CAUSE.get().copied().unwrap_or("a signal"));
        SPOKEN.store(true, Ordering::Release);
    }
}

/// Says which execution is about to take the process with it. For signal handlers: allocates nothing.
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    expect(dead_code, reason = "there is no handler that would call it")
)]
pub(in crate::rt) fn say(signal: &'static str) {
    let Some(mut current) = current() else { return };
    let execution = current.execution();
    let is_first = CAUSE.set(signal).is_ok();
    if is_first {
        DYING.store(execution, Ordering::Release);
        for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
            if SPOKEN.load(Ordering::Acquire) {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        if DYING.swap(std::ptr::null_mut(), Ordering::Acquire).is_null() {
            // It has begun to speak.
            return;
        }
    }
    say_what_was_prepared(execution, signal);
}

fn say_what_was_prepared(execution: &Execution, signal: &str) {
    let (words, index) = execution.last_words();
    let mut digits = [0; 20];
    let mut first = digits.len();
    let mut left = index;
    loop {
        first -= 1;
        digits[first] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    let index =
        if words.ends_with('/') { std::str::from_utf8(&digits[first..]).unwrap_or_default() } else { "" };
    let parts = ["\ndrawloom: ", signal, " ends the process in ", words, index, "\n"];
    for part in parts {
        write_now(part);
    }
}
