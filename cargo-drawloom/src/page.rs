//! The pages of failures.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::command::artifacts_folder;

/// Opens a page in a browser: that of a test, or the last one.
pub(crate) fn open(test: Option<&str>) -> Result<ExitCode> {
    let folder = artifacts_folder()?;
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(&folder).into_iter().flatten() {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "html") {
            pages.push(path);
        }
    }
    let is_of = |path: &PathBuf| {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        test.is_none_or(|test| {
            stem == test || stem.ends_with(test) || stem.contains(&test.replace("::", "."))
        })
    };
    pages.retain(is_of);
    let modified = |path: &PathBuf| {
        path.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let Some(page) = pages.into_iter().max_by_key(modified) else {
        let of = test.map(|test| format!(" of `{test}`")).unwrap_or_default();
        bail!(
            "there is no page{of} in {}: `cargo drawloom test` writes one for each test that fails",
            folder.display()
        );
    };
    println!("{}", page.display());
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    Command::new(opener)
        .arg(&page)
        .spawn()
        .with_context(|| format!("cannot run {opener}; the page is {}", page.display()))?;
    Ok(ExitCode::SUCCESS)
}
