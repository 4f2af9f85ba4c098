//! The statics of the program, which begin each execution as they began the process.
//!
//! A static keeps what an execution has written to it, and the next one would find that. So all that the crates of the program have
//! are copied before the first test, and copied back where an execution begins. They are found by the symbols of the program's own
//! file: mutable data whose name is of a crate that was compiled under `cargo drawloom`. Such names are mangled by the scheme `v0`
//! (rustc book, "v0 symbol format"), with which the wrapper lets rustc compile; drawloom and what it is made of have the other.
//! What a static has on the heap is not freed. Statics without such a name (`#[no_mangle]`, C's) keep what they have.

use std::ops::Range;
use std::sync::OnceLock;

use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};

/// One static, and what it began with.
struct Static {
    at: usize,
    began_with: Vec<u8>,
}

static STATICS: OnceLock<Vec<Static>> = OnceLock::new();

/// The crates that come with the compiler.
const OF_COMPILER: &[&str] = &["std", "core", "alloc", "proc_macro", "test", "panic_unwind", "__rustc"];

/// Copies all statics: before anything has written to them.
pub(crate) fn copy() {
    STATICS.get_or_init(|| {
        let places =
            std::env::current_exe().and_then(std::fs::read).map(|file| places(&file)).unwrap_or_default();
        let base = base();
        let copied = places.into_iter().map(|place| {
            let at = base + place.start as usize;
            let length = (place.end - place.start) as usize;
            // SAFETY: the program's own file says that there is a static of this length there; nobody writes to it, as no test has begun.
            let began_with =
                unsafe { std::slice::from_raw_parts(std::ptr::with_exposed_provenance(at), length) };
            Static { at, began_with: began_with.to_vec() }
        });
        copied.collect()
    });
}

/// Copies all statics back: where an execution begins.
pub(crate) fn restore() {
    for Static { at, began_with } in STATICS.get().into_iter().flatten() {
        let to: *mut u8 = std::ptr::with_exposed_provenance_mut(*at);
        // SAFETY: as in `copy`. No thread of the program runs: the one that calls is the first of an execution, and the process has no other.
        unsafe { std::ptr::copy_nonoverlapping(began_with.as_ptr(), to, began_with.len()) };
    }
}

/// Whether the program has a `#[global_allocator]`: then rustc leaves out the one that allocates otherwise.
pub(crate) fn has_own_allocator() -> bool {
    let file = std::env::current_exe().and_then(std::fs::read).unwrap_or_default();
    let Ok(program) = object::File::parse(file.as_slice()) else { return false };
    let has =
        |part: &str| program.symbols().any(|symbol| symbol.name().is_ok_and(|name| name.contains(part)));
    has("__rust_alloc") && !has("__rdl_alloc")
}

/// Where the file says that statics of the program's crates are.
fn places(file: &[u8]) -> Vec<Range<u64>> {
    let Ok(program) = object::File::parse(file) else { return Vec::new() };
    let is_mutable = |symbol: &object::Symbol<'_, '_>| {
        let section = symbol.section_index().and_then(|index| program.section_by_index(index).ok());
        // What is only written while the program is loaded has another section.
        section.is_some_and(|section| {
            matches!(section.kind(), SectionKind::Data | SectionKind::UninitializedData)
                && section.name().is_ok_and(|name| !name.contains(".rel.ro"))
        })
    };
    let is_of_program = |symbol: &object::Symbol<'_, '_>| {
        symbol.name().is_ok_and(|name| crate_of(name).is_some_and(|name| !OF_COMPILER.contains(&name)))
    };
    let statics = program.symbols().filter(|symbol| {
        symbol.kind() == SymbolKind::Data && symbol.size() > 0 && is_of_program(symbol) && is_mutable(symbol)
    });
    statics.map(|symbol| symbol.address()..symbol.address() + symbol.size()).collect()
}

/// The crate of a symbol that is mangled by the scheme `v0`: the first crate root in its path.
fn crate_of(symbol: &str) -> Option<&str> {
    let path = symbol.strip_prefix("_R")?;
    let root = path.find('C')?;
    let mut rest = &path[root + 1..];
    if let Some(disambiguated) = rest.strip_prefix('s') {
        rest = disambiguated.split_once('_')?.1;
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let length: usize = rest[..digits].parse().ok()?;
    rest[digits..].trim_start_matches('_').get(..length)
}

/// How far the program was moved when it was loaded.
fn base() -> usize {
    unsafe extern "C" fn of_first(
        info: *mut libc::dl_phdr_info,
        _: usize,
        base: *mut libc::c_void,
    ) -> libc::c_int {
        // SAFETY: `dl_iterate_phdr` calls with a description that is valid, and with the pointer below.
        unsafe { *base.cast::<usize>() = (*info).dlpi_addr as usize };
        1
    }
    let mut base = 0usize;
    // SAFETY: the callback writes to `base` only, which lives as long as the call. The first object is the program itself.
    unsafe { libc::dl_iterate_phdr(Some(of_first), (&raw mut base).cast()) };
    base
}

#[cfg(test)]
mod tests {
    use super::crate_of;

    #[test]
    fn symbols_say_of_which_crate_they_are() {
        assert_eq!(crate_of("_RNvNtCs1234abcd_7mycrate3foo3BAR"), Some("mycrate"));
        assert_eq!(crate_of("_RNvC7mycrate3BAR"), Some("mycrate"));
        assert_eq!(crate_of("_ZN7mycrate3BAR17h0123456789abcdefE"), None);
        assert_eq!(crate_of("environ"), None);
    }
}
