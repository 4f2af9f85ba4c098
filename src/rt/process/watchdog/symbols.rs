//! Which functions of the program a thread must not be stopped in, by the symbol table of its file.
//!
//! Whoever leaves a thread where it stands leaves what it holds there. In the middle of an allocation that is the allocator's
//! lock, or a list that is half changed, and nothing in the process would work any more. And if it is drawloom itself that takes
//! long, the program's code is not to blame. A signal handler must not look up names, so the addresses are looked up
//! before. A program without a symbol table has none; what lies in shared libraries is told by `image`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

use crate::rt::registry::image;

/// What is to be known of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Function {
    /// It may hold what everybody in the process needs.
    Critical,
    /// drawloom's own, and calls none of the program's.
    Own,
    /// Below it is nothing of the program's: the bottom of a fiber.
    Bottom,
}

static KNOWN: OnceLock<Vec<(usize, usize, Function)>> = OnceLock::new();

/// Looks the functions up, since a signal handler must not.
pub(super) fn remember() {
    KNOWN.get_or_init(|| {
        let mut known = read().unwrap_or_default();
        known.sort_unstable_by_key(|&(start, ..)| start);
        known
    });
}

/// The function around an address, if something is to be known of it. Allocates nothing.
pub(super) fn function_at(address: usize) -> Option<Function> {
    let known = KNOWN.get()?;
    let &(_, end, function) = known[..known.partition_point(|&(start, ..)| start <= address)].last()?;
    (address < end).then_some(function)
}

/// The functions of the program's file.
fn read() -> Option<Vec<(usize, usize, Function)>> {
    const SYMBOL_TABLE: u32 = 2;
    const IS_FUNCTION: u8 = 2;
    let file = File::open("/proc/self/exe").ok()?;
    let part = |offset: u64, length: usize| {
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, offset).ok().map(|()| bytes)
    };
    let header = part(0, 64)?;
    let is_known = header.starts_with(b"\x7fELF\x02\x01");
    let (offset, size, count) = (number(&header, 40, 8)?, number(&header, 58, 2)?, number(&header, 60, 2)?);
    if !is_known || size < 64 {
        return None;
    }
    let sections = part(offset, (size * count) as usize)?;
    let section = |index: u64| sections.get((index * size) as usize..);
    let table =
        (0..count).filter_map(section).find(|at| number(at, 4, 4) == Some(u64::from(SYMBOL_TABLE)))?;
    let content = |at: &[u8]| part(number(at, 24, 8)?, number(at, 32, 8)? as usize);
    let (symbols, names) = (content(table)?, content(section(number(table, 40, 4)?)?)?);
    let moved = image::program_offset();
    let known = symbols.chunks_exact(24).filter_map(|symbol| {
        let name = names.get(number(symbol, 0, 4)? as usize..)?;
        let name = std::str::from_utf8(name.split(|&byte| byte == 0).next()?).ok()?;
        let function = classify(name)?;
        let (start, length) = (number(symbol, 8, 8)? as usize, number(symbol, 16, 8)? as usize);
        let is_code = symbol[4] & 15 == IS_FUNCTION || function == Function::Bottom;
        // What is written in assembly may not say how long it is.
        let length = if function == Function::Bottom { length.max(64) } else { length };
        let start = start.wrapping_add(moved);
        (is_code && length > 0).then_some((start, start.wrapping_add(length), function))
    });
    Some(known.collect())
}

/// A little-endian number in `bytes`.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let part = bytes.get(at..at + length)?;
    Some(part.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

/// The allocators' functions that have plain names.
const ALLOCATORS: [&str; 9] = [
    "malloc",
    "free",
    "calloc",
    "realloc",
    "memalign",
    "aligned_alloc",
    "posix_memalign",
    "dl_iterate_phdr",
    "_int_malloc",
];

/// Parts of names, mangled in either way, of functions that may hold what everybody needs.
const CRITICAL: [&str; 10] = [
    "__rust_alloc",
    "__rust_dealloc",
    "__rust_realloc",
    "__rdl_",
    "__rg_",
    "GlobalAlloc",
    "rust_panic_with_hook",
    "3std9backtrace",
    "_Unwind_",
    "5stdio",
];

/// Parts of drawloom that call nothing of the program's, and those in them that do.
const OWN: [&str; 5] = ["rt", "explore", "detect", "shrink", "sync::real"];
const CALLING: [&str; 5] =
    ["rt::run::current", "rt::run::life", "rt::run::fiber", "rt::threads::local", "rt::process::watchdog"];

fn classify(name: &str) -> Option<Function> {
    if name.contains("stack_init_trampoline") || name.contains("10corosensei") {
        return Some(Function::Bottom);
    }
    let allocates = ALLOCATORS.contains(&name)
        || ["je_", "_rjem_", "mi_", "_mi_"].iter().any(|start| name.starts_with(start));
    if allocates || CRITICAL.iter().any(|part| name.contains(part)) && !name.contains("Stdin") {
        return Some(Function::Critical);
    }
    let is_in_one = |modules: &[&str]| modules.iter().any(|module| is_in(name, module));
    (is_in_one(&OWN) && !is_in_one(&CALLING)).then_some(Function::Own)
}

/// Whether a mangled name is that of a function in this module of drawloom, or of an implementation for a type there.
fn is_in(name: &str, module: &str) -> bool {
    let nested: String = module.split("::").map(|part| format!("{}{part}", part.len())).collect();
    let Some(rest) = name.strip_prefix("_ZN") else {
        // The newer way of mangling: the first crate that is named is the function's.
        let Some(at) = name.find("8drawloom") else { return false };
        let others = ["_3std", "_4core", "_5alloc"];
        return name.starts_with("_R")
            && !others.iter().any(|other| name[..at].contains(other))
            && name[at..].starts_with(&format!("8drawloom{nested}"));
    };
    let dotted = format!("drawloom..{}..", module.replace("::", ".."));
    let of_type = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.starts_with(&format!("8drawloom{nested}"))
        || of_type.trim_start_matches("_$LT$").starts_with(&dotted) && of_type.starts_with("_$LT$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_told_by_their_mangled_names() {
        let own = [
            "_ZN8drawloom2rt6kernel6Kernel5reset17h0123456789abcdefE",
            "_ZN79_$LT$drawloom..explore..guide..Guide$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE",
            "_RNvMs_NtNtCs1234_8drawloom2rt6kernelNtB4_6Kernel5reset",
            "_ZN8drawloom4sync4real8RealLock5enter17h0123456789abcdefE",
        ];
        assert!(own.iter().all(|name| classify(name) == Some(Function::Own)));
        let critical = ["__rust_alloc", "malloc", "_ZN3std2io5stdio6_print17h0123456789abcdefE"];
        assert!(critical.iter().all(|name| classify(name) == Some(Function::Critical)));
        let others = [
            "_ZN8drawloom2rt3run7current7Current10run_thread17h0123456789abcdefE",
            "_ZN4core3ops8function6FnOnce9call_once17h0123456789abcdefE",
            "_ZN4shop5serve17h0123456789abcdefE",
            "_ZN3std2io5stdio5Stdin9read_line17h0123456789abcdefE",
        ];
        assert!(others.iter().all(|name| classify(name).is_none()));
    }

    #[test]
    fn functions_of_this_program_are_found() {
        remember();
        assert_eq!(function_at(image::program_offset as *const () as usize), Some(Function::Own));
        assert_eq!(function_at(functions_of_this_program_are_found as *const () as usize), None);
    }
}
