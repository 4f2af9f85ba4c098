//! Crates of which a few lines are not compiled as they stand: they take an atomic for what it has in std, or let addresses decide.
//!
//! Such a crate is compiled from a copy, beside what is compiled of it, in which those lines are others, as many as there were. What
//! rustc says of places in it names the file of the package.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What is to stand in a file of a crate, in place of what stands there in some versions of it.
struct Change {
    of: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
}

/// In the order in which they are made, each once.
const CHANGES: &[Change] = &[
    Change {
        of: "crossbeam_utils",
        file: "src/atomic/atomic_cell.rs",
        // All cells have one lock, as if all addresses were alike.
        from: "&LOCKS[addr % LEN]",
        to: "&LOCKS[addr % LEN * 0]",
    },
    Change {
        of: "parking_lot_core",
        file: "src/parking_lot.rs",
        // All that waits is in one queue, as if all addresses had one hash.
        from: "key.wrapping_mul(0x9E3779B97F4A7C15) >> (64 - bits)",
        to: "key.wrapping_mul(0) >> (64 - bits)",
    },
    Change {
        of: "parking_lot_core",
        file: "src/spinwait.rs",
        // Whoever waits does so at once, as if others had taken too long already: attempts to do without are executions, and many.
        from: "if self.counter >= 10 {",
        to: "if true {",
    },
    Change { of: "seize", file: "src/tls/mod.rs", from: TRANSMUTED, to: MAPPED },
    Change { of: "seize", file: "src/raw/tls/mod.rs", from: TRANSMUTED, to: MAPPED },
    Change {
        of: "thread_local",
        file: "src/lib.rs",
        // In a function that is `const`.
        from: "= [ptr::null_mut::<Entry<T>>(); BUCKETS];\n        Self {\n            buckets: unsafe { mem::transmute(buckets) }",
        to: "= [const { AtomicPtr::new(ptr::null_mut()) }; BUCKETS];\n        Self {\n            buckets",
    },
    Change { of: "thread_local", file: "src/lib.rs", from: TRANSMUTED, to: MAPPED },
];

/// An array of atomics, made of one of pointers.
const TRANSMUTED: &str = "unsafe { mem::transmute(buckets) }";
const MAPPED: &str = "buckets.map(AtomicPtr::new)";

/// Whether lines of a crate of this name are changed, in some versions of it.
pub(crate) fn are_for(name: &str) -> bool {
    CHANGES.iter().any(|change| change.of == name)
}

/// A crate with changes.
pub(crate) struct Changed {
    /// The folder of the package, as rustc is told it.
    package: PathBuf,
    copy: PathBuf,
    /// What is compiled.
    pub(crate) input: PathBuf,
    /// Where rustc says on which files that depends.
    dependencies: PathBuf,
}

/// Makes the changes to the crate of this name, compiled from this file. None if there are none for it, or for this version of it.
pub(crate) fn make(name: &str, input: &Path, arguments: &[OsString]) -> Result<Option<Changed>> {
    if !input.ends_with("src/lib.rs") || !are_for(name) {
        return Ok(None);
    }
    let value = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1)?.to_str()
    };
    let extra = arguments.iter().find_map(|argument| argument.to_str()?.strip_prefix("extra-filename="));
    let (Some(out), Some(extra)) = (value("--out-dir"), extra) else { return Ok(None) };
    let package = input.parent().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
    let here = if package.as_os_str().is_empty() { Path::new(".") } else { &package };
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    for Change { file, from, to, .. } in CHANGES.iter().filter(|change| change.of == name) {
        let before = match texts.get(file) {
            Some(text) => text.clone(),
            None => std::fs::read_to_string(here.join(file)).unwrap_or_default(),
        };
        if before.contains(from) {
            texts.insert(file, before.replacen(from, to, 1));
        }
    }
    if texts.is_empty() {
        return Ok(None);
    }
    let copy = Path::new(out).join(format!("{name}{extra}-changed"));
    copy_folder(here, &copy)
        .with_context(|| format!("cannot copy {} to {}", here.display(), copy.display()))?;
    for (file, text) in texts {
        std::fs::write(copy.join(file), text)?;
    }
    let dependencies = Path::new(out).join(format!("{name}{extra}.d"));
    Ok(Some(Changed { input: copy.join("src/lib.rs"), package, copy, dependencies }))
}

impl Changed {
    /// What rustc is told besides.
    pub(crate) fn arguments(&self) -> [OsString; 2] {
        let mut map = OsString::from("--remap-path-prefix=");
        map.push(&self.copy);
        map.push("=");
        map.push(&self.package);
        // What is imported for those lines only.
        [map, "-Aunused".into()]
    }

    /// It was compiled: the files on which it depends are the package's.
    pub(crate) fn name_files(&self) -> Result<()> {
        let Ok(text) = std::fs::read_to_string(&self.dependencies) else { return Ok(()) };
        let copy = self.copy.display().to_string() + "/";
        let package = if self.package.as_os_str().is_empty() {
            String::new()
        } else {
            self.package.display().to_string() + "/"
        };
        std::fs::write(&self.dependencies, text.replace(&copy, &package))
            .with_context(|| format!("cannot write {}", self.dependencies.display()))
    }
}

/// Copies what a package has, but for what is hidden and what is compiled.
fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" || name.to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to.join(name))?;
        } else {
            std::fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}
