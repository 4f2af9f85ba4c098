//! Hints; mirrors [`std::hint`].

use crate::outside;

/// Lets other threads run: for loops that wait for another thread.
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub fn spin_loop() {
    outside::check("loom::hint::spin_loop");
    drawloom::hint::spin_loop();
}

/// Panics: in a model, what was promised to be unreachable is a failure if it is reached.
///
/// # Safety
///
/// Anybody may call it; it is `unsafe` because [`std::hint::unreachable_unchecked`] is.
///
/// # Panics
///
/// Always.
#[track_caller]
pub unsafe fn unreachable_unchecked() -> ! {
    unreachable!("unreachable_unchecked was reached!")
}
