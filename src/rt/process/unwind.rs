//! Walking up the stack from within a signal handler: by addresses only, and without allocating.

use std::ffi::{c_int, c_void};

use crate::rt::registry::image;

/// Whether to go on to the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::rt) enum Walk {
    On,
    End,
}

/// Calls `visit` with an address in each function on the stack that a signal has interrupted at `interrupted`, the innermost
/// first. Whether it got so far: what is on the stack cannot always be known.
pub(in crate::rt) fn each_function(interrupted: usize, visit: &mut dyn FnMut(usize) -> Walk) -> bool {
    struct State<'a> {
        interrupted: usize,
        /// Whether the frames of the handler are behind.
        has_begun: bool,
        visit: &'a mut dyn FnMut(usize) -> Walk,
    }

    extern "C" fn step(frame: *mut c_void, state: *mut c_void) -> c_int {
        const GO_ON: c_int = 0;
        const END: c_int = 5;
        // SAFETY: the unwinder hands on the pointer that it was given, and a valid frame.
        let (state, address) = unsafe { (&mut *state.cast::<State<'_>>(), _Unwind_GetIP(frame)) };
        let address = match state.has_begun {
            // A return address may already be that of the next function.
            true => address.wrapping_sub(1),
            false if address != state.interrupted => return GO_ON,
            false => address,
        };
        state.has_begun = true;
        match (state.visit)(address) {
            Walk::On => GO_ON,
            Walk::End => END,
        }
    }

    let mut state = State { interrupted, has_begun: false, visit };
    let callback: extern "C" fn(*mut c_void, *mut c_void) -> c_int = step;
    // SAFETY: the unwinder walks the calling thread's stack; it calls `step` with the pointer to `state`, which outlives the
    // walk.
    unsafe { _Unwind_Backtrace(callback, (&raw mut state).cast()) };
    state.has_begun
}

/// How long a function of a library is taken to be, whose end is not known.
const LONG: usize = 1_024;

/// Whether the code that was interrupted is in the library's function `called`, and that was called by the program itself.
pub(in crate::rt) fn is_called_by_program(interrupted: usize, called: usize) -> bool {
    let mut last = 0;
    let mut is_program = false;
    each_function(interrupted, &mut |address| {
        if image::is_in_library(address) {
            last = address;
            return Walk::On;
        }
        is_program = true;
        Walk::End
    });
    is_program && (called..called + LONG).contains(&last)
}

// Of the unwinder that std itself uses, and so is linked with everywhere.
unsafe extern "C" {
    fn _Unwind_Backtrace(
        callback: extern "C" fn(*mut c_void, *mut c_void) -> c_int,
        data: *mut c_void,
    ) -> c_int;
    fn _Unwind_GetIP(frame: *mut c_void) -> usize;
}
