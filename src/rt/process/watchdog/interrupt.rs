//! Asking a worker what it does, by a signal, and ending the execution where it stands.
//!
//! The handler runs on the worker's OS thread, on the stack of the fiber that hangs: no other stack is asked for, so that
//! from there the fiber can be left like from anywhere else. It walks up the stack. If it finds the program's code, and
//! nothing that must not be left, it captures the stack for the report and gives control to the hub, which abandons the
//! fiber. The handler never returns then.
//!
//! What the hung code holds stays held, and what waits for it elsewhere may still refer to the fiber's stack and to the OS
//! thread's locals (a queue of waiters, say). So both are kept until the process ends: see `FiberPool::leak` and
//! `explore/workers`.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use libc::{c_int, siginfo_t, ucontext_t};

use super::answer::{Answer, NOTED};
use super::symbols::{self, Function};
use crate::rt::current;
use crate::rt::process::faults::instruction_pointer;
use crate::rt::process::unwind::{self, Walk};
use crate::rt::registry::os_thread::Doing;
use crate::rt::registry::workers::{Question, Status};
use crate::rt::registry::{image, workers};

/// Ignored by a process that does not know it, so a signal too many does no harm.
const SIGNAL: c_int = libc::SIGURG;

/// How long an answer may take. A thread that waits wakes for a signal at once.
const PATIENCE: Duration = Duration::from_millis(100);

// The states of a question.
const IDLE: u8 = 0;
const ASKED: u8 = 1;
const READ: u8 = 2;
const ANSWERED: u8 = 3;

/// Asks the worker, which stood still with this pulse when it was doing `doing`.
pub(super) fn ask(number: u32, status: &Status, pulse: (u64, u64), doing: Doing, insists: bool) -> Answer {
    symbols::remember();
    install();
    let (Some(watched), question) = (status.watched.get(), &status.question) else { return Answer::None };
    question.running.store(pulse.0, Ordering::Relaxed);
    question.beat.store(pulse.1, Ordering::Relaxed);
    question.call.store(if let Doing::Waits(call) = doing { call } else { -1 }, Ordering::Relaxed);
    question.insists.store(insists, Ordering::Relaxed);
    question.state.store(ASKED, Ordering::Release);
    // SAFETY: sends a signal to a thread of this process, which is alive meanwhile; a handler for it is installed.
    let sent = workers::while_alive(number, || unsafe {
        libc::syscall(libc::SYS_tgkill, libc::getpid(), watched.thread.id, SIGNAL)
    });
    let until = Instant::now() + PATIENCE;
    while sent == Some(0) && question.state.load(Ordering::Acquire) & ANSWERED != ANSWERED {
        if Instant::now() >= until
            && question.state.compare_exchange(ASKED, IDLE, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            return Answer::None;
        }
        std::thread::sleep(Duration::from_micros(50));
    }
    match question.state.swap(IDLE, Ordering::Acquire) >> 2 {
        1 => Answer::Busy,
        2 => Answer::InLibrary,
        3 => Answer::OwnWork,
        4 => Answer::Ended,
        5 => Answer::Noted,
        _ => Answer::None,
    }
}

impl Question {
    /// Takes the question, if there is one and the worker has not gone on since.
    fn read(&self, pulse: (u64, u64)) -> bool {
        let is_asked = self.state.compare_exchange(ASKED, READ, Ordering::Acquire, Ordering::Relaxed).is_ok();
        let is_same = || pulse == (self.running.load(Ordering::Relaxed), self.beat.load(Ordering::Relaxed));
        if is_asked && !is_same() {
            self.answer(Answer::None);
            return false;
        }
        is_asked
    }

    fn answer(&self, answer: Answer) {
        let code = match answer {
            Answer::None => 0,
            Answer::Busy => 1,
            Answer::InLibrary => 2,
            Answer::OwnWork => 3,
            Answer::Ended => 4,
            Answer::Noted => 5,
        };
        self.state.store(code << 2 | ANSWERED, Ordering::Release);
    }
}

static PREVIOUS: OnceLock<libc::sigaction> = OnceLock::new();

fn install() {
    PREVIOUS.get_or_init(|| {
        let mut previous = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: an all-zero sigaction is a valid one, with an empty mask, completed here; both pointers are valid.
        unsafe {
            let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
            let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = handle;
            action.sa_sigaction = handler as usize;
            // The handler may be left for good, so the signal must not stay blocked.
            action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_NODEFER;
            libc::sigaction(SIGNAL, &action, previous.as_mut_ptr());
            previous.assume_init()
        }
    });
}

extern "C" fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the place of the calling thread's error number is valid.
    let number = unsafe { *libc::__errno_location() };
    // SAFETY: the kernel passes a valid context to a handler installed with SA_SIGINFO.
    let context_of = unsafe { &*context.cast::<ucontext_t>() };
    if !answer(context_of) {
        pass_on(signal, info, context);
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = number };
}

/// Answers, if this worker was asked. Does not return if the execution ends.
fn answer(context: &ucontext_t) -> bool {
    let Some(current) = current() else { return false };
    // SAFETY: the execution that runs has a worker, and its status is never moved.
    let status = unsafe { &*current.status() };
    let question = &status.question;
    if !question.read(status.pulse()) {
        return false;
    }
    let call = Some(question.call.load(Ordering::Relaxed)).filter(|&call| call >= 0);
    let found = look_around(context, call.is_some(), question.insists.load(Ordering::Relaxed));
    if found == Answer::Ended && !is_on_fiber(current) {
        question.answer(Answer::None);
        return true;
    }
    if found != Answer::Ended {
        question.answer(found);
        return true;
    }
    // SAFETY: it is the program's code that runs, on its fiber, and nothing on its stack was found that must not be entered
    // twice.
    unsafe {
        if call.is_none() && current.note_where_it_runs() < NOTED {
            question.answer(Answer::Noted);
            return true;
        }
        question.answer(Answer::Ended);
        current.hang(call)
    }
}

/// Whether the fiber of the thread that is to run is the one that runs. Asked only where the program's code runs: nobody has a
/// reference to the execution then.
fn is_on_fiber(current: crate::rt::Current) -> bool {
    let here = 0u8;
    current.trap_handler().is_some_and(|fiber| fiber.stack_ptr_in_bounds((&raw const here).addr()))
}

/// What the thread was doing, by its stack.
fn look_around(context: &ucontext_t, waits: bool, insists: bool) -> Answer {
    let interrupted = instruction_pointer(context);
    // It may have woken meanwhile.
    if waits && !is_at_call(interrupted) {
        return Answer::Busy;
    }
    let mut found = Answer::Ended;
    let has_begun = unwind::each_function(interrupted, &mut |address| {
        found = match symbols::function_at(address) {
            Some(Function::Critical) => Answer::Busy,
            Some(Function::Own) => Answer::OwnWork,
            Some(Function::Bottom) => return Walk::End,
            None if !waits && !insists && image::is_in_library(address) => Answer::InLibrary,
            None => found,
        };
        if matches!(found, Answer::Busy | Answer::OwnWork) { Walk::End } else { Walk::On }
    });
    // What is on the stack is not known.
    if has_begun || insists { found } else { Answer::InLibrary }
}

/// Whether the instruction at this address, or the one before, is that of a system call: one that is to be begun again, or has
/// ended because of the signal.
fn is_at_call(address: usize) -> bool {
    #[cfg(target_arch = "x86_64")]
    const CALL: &[u8] = &[0x0f, 0x05];
    #[cfg(target_arch = "aarch64")]
    const CALL: &[u8] = &[0x01, 0x00, 0x00, 0xd4];
    let code = |at: usize| {
        // SAFETY: the thread has just executed what is there, or is about to, so it is mapped, and code does not change.
        // What comes before a function's first instruction is the end of another's, or padding.
        unsafe { std::slice::from_raw_parts(at as *const u8, CALL.len()) }
    };
    code(address) == CALL || code(address - CALL.len()) == CALL
}

/// The signal was not for drawloom.
fn pass_on(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let Some(previous) = PREVIOUS.get() else { return };
    // By default it is ignored.
    if previous.sa_sigaction == libc::SIG_DFL || previous.sa_sigaction == libc::SIG_IGN {
        return;
    }
    // SAFETY: a handler installed before ours; one that takes a single argument ignores the rest.
    unsafe {
        let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) =
            std::mem::transmute(previous.sa_sigaction);
        handler(signal, info, context);
    }
}
