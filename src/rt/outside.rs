//! Instrumented values used where no exploration runs: by ordinary tests, by `main`, and by mistake.
//!
//! Outside an exploration every type behaves as std's. The mistake is an OS thread that the test body
//! started with `std::thread`, and that uses values of the running execution: neither the model nor the
//! thread would see what the other does. A value in a static may be used by an unrelated test at the
//! same time, so there it is no mistake.

use super::identity::Identity;
use super::workers;

/// Panics if `identity`'s value belongs to an execution that runs now, in another OS thread.
#[inline]
pub(crate) fn check(identity: &Identity, what: &str) {
    if identity.owner().is_some() {
        check_owner(identity, what);
    }
}

#[cold]
fn check_owner(identity: &Identity, what: &str) {
    let Some(owner) = identity.owner().filter(|&owner| workers::is_running(owner)) else { return };
    if is_static(identity.address()) || std::thread::panicking() {
        return;
    }
    let message = format!(
        "the {what} made at {} belongs to a running exploration, but an OS thread that the exploration does not know \
         uses it; start threads with drawloom::thread::spawn, not std::thread::spawn",
        identity.location(),
    );
    // The exploration fails with it, whatever becomes of the panic.
    workers::note_misuse(owner, &message);
    panic!("drawloom: {message}");
}

/// Whether `address` lies in memory that was mapped with the program: a static.
#[cfg(target_os = "linux")]
pub(crate) fn is_static(address: usize) -> bool {
    use std::ffi::c_void;

    struct Search {
        address: usize,
        found: bool,
    }

    unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _: usize, data: *mut c_void) -> i32 {
        // SAFETY: the loader calls with a valid record, and with the pointer given below.
        let (info, search) = unsafe { (&*info, &mut *data.cast::<Search>()) };
        for index in 0..usize::from(info.dlpi_phnum) {
            // SAFETY: the record says how many headers there are.
            let header = unsafe { &*info.dlpi_phdr.add(index) };
            if header.p_type == libc::PT_LOAD {
                let start = (info.dlpi_addr as usize).wrapping_add(header.p_vaddr as usize);
                search.found |= search.address.wrapping_sub(start) < header.p_memsz as usize;
            }
        }
        i32::from(search.found)
    }

    let mut search = Search { address, found: false };
    // SAFETY: `visit` gets the pointer to `search`, which outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut search).cast()) };
    search.found
}

/// Unknown on this platform; the message is shown rather than missed.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_static(_: usize) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_static_is_told_from_the_heap_and_the_stack() {
        static VALUE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let boxed = Box::new(0u32);
        let local = 0u32;
        assert!(is_static((&raw const VALUE).addr()));
        assert!(!is_static((&raw const *boxed).addr()));
        assert!(!is_static((&raw const local).addr()));
    }
}
