//! Where a future of tokio's is awaited: the caller of its `poll`, which the compiler has written at the await, unless a library or
//! drawloom's macros poll it for the program.

use std::panic::Location;

/// The place, remembered in `known`; `made_at` if it is not known.
pub(super) fn await_site(
    known: &mut Option<&'static Location<'static>>,
    caller: &'static Location<'static>,
    made_at: &'static Location<'static>,
) -> &'static Location<'static> {
    if !known.is_some_and(|known| std::ptr::eq(known, caller)) {
        *known = is_of_program(caller, made_at).then_some(caller);
    }
    known.unwrap_or(made_at)
}

/// Whether a place is in the program, and not in a library that polls futures for it, or in what drawloom's macros write.
fn is_of_program(place: &Location<'_>, made_at: &Location<'_>) -> bool {
    const HERE: &str = file!();
    let of_drawloom = HERE.strip_suffix("await_site.rs").is_some_and(|tokio| place.file().starts_with(tokio));
    let of_library =
        ["/registry/src/", "/rustc/", "/rustlib/"].iter().any(|part| place.file().contains(part));
    place.file() == made_at.file() || !of_drawloom && !of_library
}
