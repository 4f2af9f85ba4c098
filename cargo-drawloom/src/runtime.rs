//! The runtime: drawloom and what stands in for `std`, `core`, `test` and tokio, compiled once for each toolchain.
//!
//! It is a package of its own, in the user's cache, that depends on drawloom's sources; cargo sees whether anything has changed. What
//! the compiler's wrapper has to know of it is handed on as one environment variable.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::Message;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

/// Has the runtime, as JSON, for the wrapper.
const VARIABLE: &str = "CARGO_DRAWLOOM_RUNTIME";

/// Where drawloom's sources are, if not where this program was built.
const SOURCE: &str = "CARGO_DRAWLOOM_SOURCE";

/// The packages that crates of the target are given, and the name of each crate.
const CRATES: &[(&str, &str)] = &[
    ("drawloom", "drawloom"),
    ("drawloom-core", "drawloom_core"),
    ("drawloom-std", "drawloom_std"),
    ("drawloom-test", "drawloom_test"),
    ("drawloom-real-tokio", "drawloom_real_tokio"),
];

/// A runtime that was built.
#[derive(Serialize, Deserialize, Debug)]
pub(crate) struct Runtime {
    /// Another one has another.
    pub(crate) key: String,
    /// Whether tokio is compiled as it is, and not its model.
    pub(crate) has_real_tokio: bool,
    /// The target of the build, which is this machine's.
    pub(crate) host: String,
    /// drawloom's sources.
    pub(crate) source: PathBuf,
    /// The files of `CRATES`, by the names of the crates.
    pub(crate) crates: BTreeMap<String, PathBuf>,
    /// Where their dependencies are.
    pub(crate) folders: Vec<PathBuf>,
}

impl Runtime {
    /// That of the build of which this process is a part, if it is.
    pub(crate) fn of_build() -> Option<Result<Runtime>> {
        let json = std::env::var(VARIABLE).ok()?;
        Some(serde_json::from_str(&json).with_context(|| format!("{VARIABLE} is none of cargo-drawloom's")))
    }

    /// Lets the processes of a build know it.
    pub(crate) fn hand_on(&self, to: &mut Command) -> Result<()> {
        to.env(VARIABLE, serde_json::to_string(self)?);
        Ok(())
    }

    /// The file of a crate.
    pub(crate) fn file(&self, name: &str) -> &Path {
        self.crates.get(name).map_or(Path::new(""), PathBuf::as_path)
    }

    /// Builds it, unless it is there.
    pub(crate) fn build(has_real_tokio: bool) -> Result<Runtime> {
        let source = source()?;
        let version = rustc_version()?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.context("`rustc -vV` does not say for which machine it compiles")?.to_owned();
        let folder = cache()?.join(hash(&(&version, &source)));
        write_package(&folder, &source)?;
        let artifacts = compile(&folder, &host)?;
        let mut crates = BTreeMap::new();
        for &(package, name) in CRATES {
            let file = artifacts.get(name).with_context(|| format!("cargo has built no {package}"))?;
            crates.insert(name.to_owned(), file.clone());
        }
        let stamps: Result<Vec<_>> = crates.values().map(|file| stamp(file)).collect();
        let folders =
            [folder.join("target").join(&host).join("release/deps"), folder.join("target/release/deps")];
        let key = hash(&(stamps?, has_real_tokio));
        Ok(Runtime { key, has_real_tokio, host, source, crates, folders: folders.into() })
    }
}

/// drawloom's sources.
fn source() -> Result<PathBuf> {
    let built_at = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default();
    let source = std::env::var_os(SOURCE).map_or(built_at, PathBuf::from);
    ensure!(
        source.join("shims/test/Cargo.toml").is_file(),
        "drawloom's sources are not in {}, where cargo-drawloom was built; set {SOURCE} to the folder that has them",
        source.display()
    );
    source.canonicalize().with_context(|| format!("cannot read {}", source.display()))
}

fn rustc_version() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(&rustc).arg("-vV").output().context("cannot run rustc")?;
    ensure!(output.status.success(), "`rustc -vV` fails");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where runtimes are kept.
fn cache() -> Result<PathBuf> {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    from("CARGO_DRAWLOOM_CACHE")
        .or_else(|| Some(from("XDG_CACHE_HOME")?.join("drawloom")))
        .or_else(|| Some(from("HOME")?.join(".cache/drawloom")))
        .context("there is no folder for the runtime: set CARGO_DRAWLOOM_CACHE")
}

fn hash(value: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// What another build of a file has otherwise.
fn stamp(file: &Path) -> Result<(PathBuf, u64, u128)> {
    let metadata = file.metadata().with_context(|| format!("cannot read {}", file.display()))?;
    let modified = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok((file.to_owned(), metadata.len(), modified.as_nanos()))
}

/// Writes the package, where it is not as it is to be.
fn write_package(folder: &Path, source: &Path) -> Result<()> {
    let at = |path: &str| source.join(path).display().to_string().replace('\\', "/");
    let manifest = format!(
        "[package]\nname = \"drawloom-runtime\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[lib]\npath = \"lib.rs\"\n\n\
         [dependencies]\n\
         drawloom = {{ path = \"{}\", features = [\"artifacts\", \"explore\", \"tokio\"] }}\n\
         drawloom-core = {{ path = \"{}\" }}\n\
         drawloom-std = {{ path = \"{}\", features = [\"clocks-of-the-process\"] }}\n\
         drawloom-test = {{ path = \"{}\" }}\n\
         drawloom-real-tokio = {{ path = \"{}\", features = [\"full\", \"test-util\"] }}\n\n\
         [profile.release]\ndebug = \"line-tables-only\"\n\n[workspace]\n",
        at(""),
        at("shims/core"),
        at("shims/std"),
        at("shims/test"),
        at("real-tokio"),
    );
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let write = |name: &str, text: &[u8]| {
        let file = folder.join(name);
        if std::fs::read(&file).is_ok_and(|old| old == text) {
            return Ok(());
        }
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
    };
    let is_new = !folder.join("Cargo.toml").exists();
    write("Cargo.toml", manifest.as_bytes())?;
    write("lib.rs", b"")?;
    if is_new && let Ok(lock) = std::fs::read(source.join("Cargo.lock")) {
        write("Cargo.lock", &lock)?;
    }
    Ok(())
}

/// Compiles the package. The libraries that it has, by the names of their crates.
fn compile(folder: &Path, host: &str) -> Result<BTreeMap<String, PathBuf>> {
    let mut command = Command::new(cargo());
    command.args([
        "build",
        "--release",
        "--quiet",
        "--message-format=json-render-diagnostics",
        "--target",
        host,
    ]);
    command.arg("--manifest-path").arg(folder.join("Cargo.toml"));
    command.arg("--target-dir").arg(folder.join("target"));
    // The user's settings are for the user's packages.
    for name in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_BUILD_TARGET",
    ] {
        command.env_remove(name);
    }
    let mut child = command.current_dir(folder).stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let bar = ProgressBar::new(packages(folder));
    let style = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {msg}")?;
    bar.set_style(style.progress_chars("=> "));
    bar.set_prefix("Building drawloom's runtime, once for this toolchain");
    let mut libraries = BTreeMap::new();
    let stdout = child.stdout.take().context("cargo has no output")?;
    for message in Message::parse_stream(BufReader::new(stdout)) {
        let Message::CompilerArtifact(artifact) = message? else { continue };
        if !artifact.fresh && bar.is_hidden() && bar.position() == 0 {
            eprintln!("Building drawloom's runtime, once for this toolchain");
        }
        if artifact.fresh {
            bar.set_length(bar.length().unwrap_or_default().saturating_sub(1));
        } else {
            bar.set_message(artifact.target.name.clone());
            bar.inc(1);
        }
        let library = artifact.filenames.iter().find(|file| file.extension() == Some("rlib"));
        if let Some(library) = library {
            libraries.insert(artifact.target.name.replace('-', "_"), library.clone().into_std_path_buf());
        }
    }
    bar.finish_and_clear();
    if !child.wait()?.success() {
        bail!("drawloom's runtime cannot be compiled; cargo has said why");
    }
    Ok(libraries)
}

/// About how many crates there are to compile.
fn packages(folder: &Path) -> u64 {
    let lock = std::fs::read_to_string(folder.join("Cargo.lock")).unwrap_or_default();
    lock.matches("[[package]]").count() as u64
}

/// The cargo that has called.
pub(crate) fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
