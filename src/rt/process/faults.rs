//! Faults that would kill the process, caught on a model thread: stack overflows and double panics.
//!
//! The guard page below a fiber's stack turns an overflow into SIGSEGV. The handler runs on the OS thread's alternate
//! stack (std installs one). It lets the fiber return from its bottom instead of going on (corosensei's trap
//! handler), and the execution fails with a report. A panic that leaves a destructor during unwinding, or that cannot unwind at
//! all, ends in `abort`, and so in SIGABRT (the panic hook has noted it before), and so does an allocation that fails. That
//! handler runs on the fiber, and leaves it like an operation that ends the execution.
//!
//! So it does when the program under test uses memory that is not its own, or executes an instruction that is
//! none, which is how a use after free shows. A fault inside a shared library is different: it may hold a
//! lock, the allocator's for one, that would then never be released. There the process has to die, as it does by
//! any fault outside fibers; before that, the handler writes how to run the execution again (`last_words`). Where all this is
//! not implemented the process dies as without drawloom.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod handler {
    use std::ffi::c_void;
    use std::mem::MaybeUninit;
    use std::sync::{Once, OnceLock};

    use corosensei::trap::TrapHandlerRegs;
    use libc::{c_int, siginfo_t, ucontext_t};

    use crate::rt::current;

    use crate::rt::registry::image;

    use crate::rt::process::last_words;

    use crate::rt::process::unwind;

    const SIGNALS: [c_int; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGABRT, libc::SIGILL, libc::SIGFPE];

    static PREVIOUS: OnceLock<[libc::sigaction; 5]> = OnceLock::new();

    pub(crate) fn install() {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            image::remember_libraries();
            let _ = PREVIOUS.set(SIGNALS.map(replace));
        });
    }

    fn replace(signal: c_int) -> libc::sigaction {
        let mut previous = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: an all-zero sigaction is a valid one, completed here; both pointers are valid.
        unsafe {
            let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
            let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = handle;
            action.sa_sigaction = handler as usize;
            // Only an overflow leaves no room on the stack. An abort's handler may be left for good, so the signal must not stay
            // blocked.
            let flags = if signal == libc::SIGABRT { libc::SA_NODEFER } else { libc::SA_ONSTACK };
            action.sa_flags = libc::SA_SIGINFO | flags;
            libc::sigaction(signal, &action, previous.as_mut_ptr());
            previous.assume_init()
        }
    }

    extern "C" fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
        // SAFETY: the kernel passes valid pointers to a handler installed with SA_SIGINFO.
        let handled = unsafe {
            let context = &mut *context.cast();
            if signal == libc::SIGABRT {
                end_aborting(context)
            } else {
                end_overflowed((*info).si_addr().addr(), context) || end_crashed(signal, context)
            }
        };
        if !handled {
            last_words::say(name(signal));
            pass_on(signal, info, context);
        }
    }

    /// Lets the running fiber return, if it is its stack that overflowed.
    unsafe fn end_overflowed(fault: usize, context: &mut ucontext_t) -> bool {
        let Some(current) = current() else { return false };
        let Some(trap) = current.trap_handler() else { return false };
        let stack_pointer = stack_pointer(context);
        // A wild pointer faults elsewhere; an overflow faults near the stack pointer (large frames probe
        // page by page).
        let near = fault.abs_diff(stack_pointer) < 64 * 1024;
        if !near || !trap.stack_ptr_in_bounds(stack_pointer) && !trap.stack_ptr_in_bounds(fault) {
            return false;
        }
        // SAFETY: the fault is on the stack of the fiber that runs, so nothing else uses that stack, and what
        // is on it is given up like that of any abandoned thread. The registers are set below.
        let registers = unsafe { trap.setup_trap_handler(move || current.stack_overflowed()) };
        set_registers(context, &registers);
        true
    }

    /// Leaves the running fiber, if it is the program's own code that aborts, and no library's: an allocator that finds its lists
    /// broken may hold its lock.
    unsafe fn end_aborting(context: &mut ucontext_t) -> bool {
        let Some(current) = current() else { return false };
        let Some(trap) = current.trap_handler() else { return false };
        let own = trap.stack_ptr_in_bounds(stack_pointer(context));
        let asks =
            || unwind::is_called_by_program(instruction_pointer(context), libc::abort as *const () as usize);
        if !own || !current.is_known_to_abort() && !asks() {
            return false;
        }
        // SAFETY: the handler runs on the stack that it has interrupted, the fiber's. That one is inside `abort`, which may be
        // left from a handler (C11 7.22.4.1).
        unsafe { current.abort() }
    }

    /// Lets the running fiber return, if the fault is the test's own.
    unsafe fn end_crashed(signal: c_int, context: &mut ucontext_t) -> bool {
        let Some(current) = current() else { return false };
        let Some(trap) = current.trap_handler() else { return false };
        let own = trap.stack_ptr_in_bounds(stack_pointer(context));
        if !own || image::is_in_library(instruction_pointer(context)) {
            return false;
        }
        // SAFETY: as in `end_overflowed`; outside libraries no lock of theirs is held.
        let registers = unsafe { trap.setup_trap_handler(move || current.crashed(name(signal))) };
        set_registers(context, &registers);
        true
    }

    fn name(signal: c_int) -> &'static str {
        match signal {
            libc::SIGSEGV => "SIGSEGV",
            libc::SIGBUS => "SIGBUS",
            libc::SIGABRT => "SIGABRT",
            libc::SIGILL => "SIGILL",
            _ => "SIGFPE",
        }
    }

    #[cfg(target_arch = "x86_64")]
    pub(crate) fn instruction_pointer(context: &ucontext_t) -> usize {
        context.uc_mcontext.gregs[libc::REG_RIP as usize] as usize
    }

    #[cfg(target_arch = "aarch64")]
    pub(crate) fn instruction_pointer(context: &ucontext_t) -> usize {
        context.uc_mcontext.pc as usize
    }

    #[cfg(target_arch = "x86_64")]
    fn stack_pointer(context: &ucontext_t) -> usize {
        context.uc_mcontext.gregs[libc::REG_RSP as usize] as usize
    }

    #[cfg(target_arch = "x86_64")]
    fn set_registers(context: &mut ucontext_t, registers: &TrapHandlerRegs) {
        let to = &mut context.uc_mcontext.gregs;
        to[libc::REG_RIP as usize] = registers.rip as i64;
        to[libc::REG_RSP as usize] = registers.rsp as i64;
        to[libc::REG_RBP as usize] = registers.rbp as i64;
        to[libc::REG_RDI as usize] = registers.rdi as i64;
        to[libc::REG_RSI as usize] = registers.rsi as i64;
    }

    #[cfg(target_arch = "aarch64")]
    fn stack_pointer(context: &ucontext_t) -> usize {
        context.uc_mcontext.sp as usize
    }

    #[cfg(target_arch = "aarch64")]
    fn set_registers(context: &mut ucontext_t, registers: &TrapHandlerRegs) {
        let to = &mut context.uc_mcontext;
        to.pc = registers.pc;
        to.sp = registers.sp;
        to.regs[0] = registers.x0;
        to.regs[1] = registers.x1;
        to.regs[29] = registers.x29;
        to.regs[30] = registers.lr;
    }

    fn pass_on(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
        let index = SIGNALS.iter().position(|&ours| ours == signal);
        let Some(previous) = PREVIOUS.get().and_then(|all| all.get(index?)) else { return };
        match previous.sa_sigaction {
            libc::SIG_DFL | libc::SIG_IGN => {
                // SAFETY: restores what was there; the faulting instruction then runs again.
                unsafe { libc::sigaction(signal, previous, std::ptr::null_mut()) };
            }
            address => {
                // SAFETY: a handler installed before ours; all that Rust's runtime and debuggers install
                // take three arguments, and one that takes a single argument ignores the rest.
                unsafe {
                    let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) =
                        std::mem::transmute(address);
                    handler(signal, info, context);
                }
            }
        }
    }
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) use handler::{install, instruction_pointer};

/// Not implemented on this platform: an overflow kills the process, as without drawloom.
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub(crate) fn install() {}
