//! Functions of the C library in whose place this program has its own (`--wrap`): under their names they cannot be called.

use std::ffi::CStr;
use std::ptr::with_exposed_provenance;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A function, looked up when it is called first. Not under a lock: whoever waited for that might call this.
pub(crate) struct Function {
    name: &'static CStr,
    address: AtomicUsize,
}

impl Function {
    /// The one of this name.
    pub(crate) const fn new(name: &'static CStr) -> Function {
        Function { name, address: AtomicUsize::new(0) }
    }

    /// The function.
    ///
    /// # Safety
    ///
    /// `F` is a pointer to a function, of the type that the C library's has.
    pub(crate) unsafe fn get<F: Copy>(&self) -> F {
        const { assert!(size_of::<F>() == size_of::<*const ()>()) };
        let mut address = self.address.load(Ordering::Relaxed);
        if address == 0 {
            // SAFETY: the name is a C string.
            address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, self.name.as_ptr()) }.expose_provenance();
            assert!(address != 0, "the C library has no {:?}", self.name);
            self.address.store(address, Ordering::Relaxed);
        }
        let pointer = with_exposed_provenance::<()>(address);
        // SAFETY: the caller's promise.
        unsafe { std::mem::transmute_copy::<*const (), F>(&pointer) }
    }
}
