//! Where an address lies among what was loaded with the program: in a static, in a shared library.

#[cfg(target_os = "linux")]
mod loaded {
    use std::ffi::c_void;
    use std::ops::Range;
    use std::sync::OnceLock;

    /// Calls `visit` with each segment of the program and then of each library, and with whose it is: the
    /// program is object 0. Allocates nothing.
    fn each_segment(visit: &mut dyn FnMut(usize, Range<usize>)) {
        struct Search<'a> {
            object: usize,
            visit: &'a mut dyn FnMut(usize, Range<usize>),
        }

        unsafe extern "C" fn next(info: *mut libc::dl_phdr_info, _: usize, data: *mut c_void) -> i32 {
            // SAFETY: the loader calls with a valid record, and with the pointer given below.
            let (info, search) = unsafe { (&*info, &mut *data.cast::<Search<'_>>()) };
            for index in 0..usize::from(info.dlpi_phnum) {
                // SAFETY: the record says how many headers there are.
                let header = unsafe { &*info.dlpi_phdr.add(index) };
                if header.p_type == libc::PT_LOAD {
                    let start = (info.dlpi_addr as usize).wrapping_add(header.p_vaddr as usize);
                    (search.visit)(search.object, start..start.wrapping_add(header.p_memsz as usize));
                }
            }
            search.object += 1;
            0
        }

        let mut search = Search { object: 0, visit };
        // SAFETY: `next` gets the pointer to `search`, which outlives the call.
        unsafe { libc::dl_iterate_phdr(Some(next), (&raw mut search).cast()) };
    }

    /// How far the program was moved from the addresses that its file names.
    pub(crate) fn program_offset() -> usize {
        unsafe extern "C" fn first(info: *mut libc::dl_phdr_info, _: usize, data: *mut c_void) -> i32 {
            // SAFETY: the loader calls with a valid record, and with the pointer given below.
            unsafe { *data.cast::<usize>() = (*info).dlpi_addr as usize };
            1
        }
        let mut offset = 0usize;
        // SAFETY: `first` gets the pointer to `offset`, which outlives the call.
        unsafe { libc::dl_iterate_phdr(Some(first), (&raw mut offset).cast()) };
        offset
    }

    /// Whether `address` lies in memory that was mapped with the program: a static.
    pub(crate) fn is_static(address: usize) -> bool {
        let mut found = false;
        each_segment(&mut |_, segment| found |= segment.contains(&address));
        found
    }

    /// Whether `address` lies in the program itself, which includes its statics. Quick, unlike [`is_static`], and without those
    /// of libraries.
    #[inline]
    pub(crate) fn is_in_program(address: usize) -> bool {
        static PROGRAM: OnceLock<Range<usize>> = OnceLock::new();
        let program = PROGRAM.get_or_init(|| {
            let (mut start, mut end) = (usize::MAX, 0);
            each_segment(&mut |object, segment| {
                if object == 0 {
                    (start, end) = (start.min(segment.start), end.max(segment.end));
                }
            });
            start..end
        });
        program.contains(&address)
    }

    static LIBRARIES: OnceLock<Vec<Range<usize>>> = OnceLock::new();

    /// Looks up the libraries, since a signal handler must not.
    pub(crate) fn remember_libraries() {
        LIBRARIES.get_or_init(|| {
            let mut libraries = Vec::new();
            each_segment(&mut |object, segment| {
                if object > 0 {
                    libraries.push(segment);
                }
            });
            libraries
        });
    }

    /// Whether `address` lies in a library that was loaded when they were looked up.
    pub(crate) fn is_in_library(address: usize) -> bool {
        LIBRARIES.get().is_some_and(|all| all.iter().any(|library| library.contains(&address)))
    }
}

#[cfg(target_os = "linux")]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) use loaded::program_offset;
#[cfg(target_os = "linux")]
pub(crate) use loaded::{is_in_library, is_in_program, is_static, remember_libraries};

/// Unknown on this platform; a message about misuse is shown rather than missed.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_static(_: usize) -> bool {
    false
}

/// Whether a static of the program can be told from other memory.
pub(crate) const TELLS_STATICS: bool = cfg!(target_os = "linux");

/// Unknown on this platform: see [`TELLS_STATICS`].
#[cfg(not(target_os = "linux"))]
#[inline]
pub(crate) fn is_in_program(_: usize) -> bool {
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
        assert!(is_in_program((&raw const VALUE).addr()));
        assert!(!is_in_program((&raw const *boxed).addr()));
        assert!(!is_in_program((&raw const local).addr()));
    }

    #[test]
    fn a_library_is_told_from_the_program() {
        remember_libraries();
        assert!(is_in_library(libc::getpid as *const () as usize));
        assert!(!is_in_library(a_library_is_told_from_the_program as *const () as usize));
    }
}
