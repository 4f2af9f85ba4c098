//! Files of a report: the JSON is what its schema says and the same for any number of workers; the page is whole and safe.
//! What a browser makes of the page is tested in `tests/browser`.

mod page;
mod programs;
mod schema;

use std::path::{Path, PathBuf};
use std::{env, fs};

use drawloom::{Config, Report, explore};
use serde_json::Value;

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("artifacts").join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// Explores `body`: the report, and what its files are.
fn written(name: &str, config: Config, body: impl Fn() + Send + Sync) -> (Report, String, String) {
    let folder = folder(name);
    let report = explore(config.name(name).artifacts(&folder), body);
    let read = |extension: &str| {
        let path = folder.join(name).with_extension(extension);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}\n{report}", path.display()))
    };
    let files = (read("json"), read("html"));
    (report, files.0, files.1)
}

fn json(name: &str, config: Config, body: impl Fn() + Send + Sync) -> Value {
    let (_, json, _) = written(name, config, body);
    serde_json::from_str(&json).expect("it is JSON")
}
