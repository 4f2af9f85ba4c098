//! Settings that stand in files: `drawloom.toml` beside a manifest, or `[package.metadata.drawloom]` and
//! `[workspace.metadata.drawloom]` in it. They hold for all tests of the package, or, in a table `tests`, for those of a name or module.
//!
//! What they say is checked here, and handed to the test programs as lines of one environment variable: a package's folder, the name that
//! tests have or begin with, the environment variable of drawloom that means the same, its value, and where that was said. The variables
//! of a person's own environment come before them.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::Metadata;
use serde_json::{Map, Value};

/// Has the settings, for test programs.
pub(crate) const VARIABLE: &str = "CARGO_DRAWLOOM_SETTINGS";

/// What can be set: those of drawloom's variables that make sense for a test, in lower case.
const KEYS: &[&str] = &[
    "artifacts",
    "cancel",
    "executions",
    "explore",
    "hang-after",
    "log",
    "max-preemptions",
    "memory",
    "seed",
    "steps",
    "strategy",
    "time",
    "timeouts",
];

/// Whether a test is explored, or run once: the one key that is no variable of drawloom.
const EXPLORE: &str = "explore";

/// The settings of all packages of a workspace, as lines.
pub(crate) fn of(metadata: &Metadata) -> Result<String> {
    let root = metadata.workspace_root.as_std_path();
    let of_all = [
        ("[workspace.metadata.drawloom] of Cargo.toml".to_owned(), in_metadata(&metadata.workspace_metadata)),
        in_file(root)?,
    ];
    let mut lines = String::new();
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().context("a manifest is in a folder")?.as_std_path();
        let of_package = format!("[package.metadata.drawloom] of {}", package.manifest_path);
        let mut said = of_all.to_vec();
        said.push((of_package, in_metadata(&package.metadata)));
        if folder != root {
            said.push(in_file(folder)?);
        }
        for (place, settings) in said {
            write_lines(&mut lines, folder, &place, &settings).with_context(|| place.clone())?;
        }
    }
    Ok(lines)
}

fn in_metadata(metadata: &Value) -> Value {
    metadata.get("drawloom").cloned().unwrap_or_default()
}

/// What `drawloom.toml` in a folder says, and what it is called.
fn in_file(folder: &Path) -> Result<(String, Value)> {
    let file = folder.join("drawloom.toml");
    let place = file.display().to_string();
    let settings = match std::fs::read_to_string(&file) {
        Ok(text) => toml::from_str(&text).with_context(|| place.clone())?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Value::Null,
        Err(error) => return Err(error).with_context(|| format!("cannot read {place}")),
    };
    Ok((place, settings))
}

fn write_lines(lines: &mut String, folder: &Path, place: &str, settings: &Value) -> Result<()> {
    let none = Map::new();
    let settings = table(settings, &none, "the settings are no table")?;
    for (key, value) in settings.iter().filter(|(key, _)| *key != "tests") {
        write_line(lines, folder, "", (key, value), place)?;
    }
    let tests = settings.get("tests").unwrap_or(&Value::Null);
    for (name, settings) in table(tests, &none, "`tests` is no table of names, such as [tests.\"queue::\"]")?
    {
        let what = format!("what [tests.\"{name}\"] says is no table, such as {{ time = \"30s\" }}");
        for setting in table(settings, &none, &what)? {
            write_line(lines, folder, name.trim_end_matches("::"), setting, place)?;
        }
    }
    Ok(())
}

fn table<'a>(value: &'a Value, none: &'a Map<String, Value>, what: &str) -> Result<&'a Map<String, Value>> {
    match value {
        Value::Null => Ok(none),
        Value::Object(table) => Ok(table),
        _ => bail!("{what}"),
    }
}

fn write_line(
    lines: &mut String,
    folder: &Path,
    tests: &str,
    (key, value): (&String, &Value),
    place: &str,
) -> Result<()> {
    let known = key.replace('_', "-");
    ensure!(
        KEYS.contains(&known.as_str()),
        "there is no setting `{key}`; there are: {}, and [tests.\"NAME\"]",
        KEYS.join(", ")
    );
    let value = match value {
        Value::Bool(explore) if known == EXPLORE => explore.to_string(),
        Value::String(text) if known != EXPLORE => text.clone(),
        Value::Number(number) if known != EXPLORE => number.to_string(),
        _ if known == EXPLORE => bail!("`{key}` is {value}, but takes true or false"),
        _ => bail!("`{key}` is {value}, but takes a number, or a text in quotes"),
    };
    let fields = [&folder.display().to_string(), tests, &known, &value, place];
    ensure!(
        !fields.iter().any(|field| field.contains(['\t', '\n'])),
        "`{key}`: names and values cannot have tabs or line ends"
    );
    writeln!(lines, "{}", fields.join("\t"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(toml: &str) -> Result<String> {
        let mut lines = String::new();
        write_lines(&mut lines, Path::new("/p"), "there", &toml::from_str(toml)?)?;
        Ok(lines)
    }

    #[test]
    fn settings_hold_for_a_package_or_for_tests() {
        let toml = "time = \"10s\"\nmax_preemptions = 2\n[tests.\"queue::\"]\nmemory = \"sc\"\n[tests.slow]\nexplore = false\n";
        let expected = "/p\t\tmax-preemptions\t2\tthere\n/p\t\ttime\t10s\tthere\n/p\tqueue\tmemory\tsc\tthere\n/p\tslow\texplore\tfalse\tthere\n";
        assert_eq!(lines(toml).unwrap(), expected);
    }

    #[test]
    fn what_cannot_be_set_is_refused() {
        let message = |toml: &str| lines(toml).unwrap_err().to_string();
        assert!(message("tme = 1").starts_with("there is no setting `tme`; there are: artifacts, cancel"));
        assert_eq!(message("explore = 1"), "`explore` is 1, but takes true or false");
        assert_eq!(message("time = true"), "`time` is true, but takes a number, or a text in quotes");
        assert!(message("tests = 1").starts_with("`tests` is no table"));
        assert!(message("[tests]\na = 1").starts_with("what [tests.\"a\"] says is no table"));
    }
}
