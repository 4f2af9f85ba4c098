//! Crates in whose place another source is compiled: tokio, whose model is drawloom's, and drawloom itself, which the runtime has.
//!
//! No line of a manifest or lock file has to change for that: cargo compiles the package that it knows, under its name and features, and
//! the wrapper hands another file to rustc.

use std::path::{Path, PathBuf};

use crate::runtime::Runtime;

/// What is compiled in place of a crate.
pub(crate) struct Substitution {
    pub(crate) source: PathBuf,
    /// The crates of the runtime that it names, as what.
    pub(crate) externs: &'static [(&'static str, &'static str)],
    /// Its edition.
    pub(crate) edition: &'static str,
}

/// That of the crate of this name, compiled from this file.
pub(crate) fn of(runtime: &Runtime, name: &str, input: &Path) -> Option<Substitution> {
    // A test of tokio's own is no tokio.
    if !input.ends_with("src/lib.rs") {
        return None;
    }
    match name {
        "tokio" if !runtime.has_real_tokio => Some(Substitution {
            source: runtime.source.join("shims/tokio/src/lib.rs"),
            externs: &[("drawloom", "drawloom"), ("real", "drawloom_real_tokio")],
            edition: "2024",
        }),
        "drawloom" => Some(Substitution {
            source: runtime.source.join("shims/test/src/drawloom.rs"),
            externs: &[("runtime", "drawloom")],
            edition: "2024",
        }),
        _ => None,
    }
}
