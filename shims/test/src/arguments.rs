//! The command line of a test binary: libtest's, which libtest-mimic reads but for a few flags.
//!
//! What it does not know is translated here: several filters, `--no-capture`, `--shuffle` (which order tests come in decides nothing) and
//! what needs `-Z unstable-options`. Which tests run is decided here too, so that what libtest-mimic counts as filtered out is right.

use crate::TestDescAndFn;

/// What is asked for.
pub(crate) struct Arguments {
    /// The part that libtest-mimic sees to.
    pub(crate) of_mimic: libtest_mimic::Arguments,
}

/// Flags that change nothing here.
const WITHOUT_EFFECT: &[&str] =
    &["--shuffle", "--report-time", "--ensure-time", "--exclude-should-panic", "--force-run-in-process"];

/// Flags of the same kind that take a value, unless that follows after `=`.
const WITHOUT_EFFECT_WITH_VALUE: &[&str] = &["--shuffle-seed", "-Z"];

/// The flags of libtest-mimic that take a value.
const WITH_VALUE: &[&str] = &["--test-threads", "--logfile", "--skip", "--color", "--format"];

impl Arguments {
    /// Those of this process.
    pub(crate) fn from_env(tests: &[&TestDescAndFn]) -> Arguments {
        let (known, filters) = sort_out(std::env::args());
        if is_told(&known, "--test-threads", "0") {
            eprintln!("error: argument for --test-threads must not be 0");
            std::process::exit(1);
        }
        let mut of_mimic = libtest_mimic::Arguments::from_iter(known);
        // From here on it is the exact names that are left out.
        let (exact, skips) = (of_mimic.exact, std::mem::take(&mut of_mimic.skip));
        let fits =
            |name: &str, filter: &String| if exact { name == filter } else { name.contains(filter.as_str()) };
        let runs = |name: &str| {
            (filters.is_empty() || filters.iter().any(|filter| fits(name, filter)))
                && !skips.iter().any(|skip| fits(name, skip))
        };
        let names = tests.iter().map(|test| test.desc.name());
        of_mimic.skip = names.filter(|name| !runs(name)).map(str::to_owned).collect();
        of_mimic.exact = true;
        Arguments { of_mimic }
    }
}

/// Whether a flag has this value.
fn is_told(known: &[String], flag: &str, value: &str) -> bool {
    let joined = format!("{flag}={value}");
    known.contains(&joined) || known.windows(2).any(|pair| pair[0] == flag && pair[1] == value)
}

/// What libtest-mimic is told, and the filters.
fn sort_out(arguments: impl Iterator<Item = String>) -> (Vec<String>, Vec<String>) {
    let (mut known, mut filters) = (Vec::new(), Vec::new());
    let mut arguments = arguments;
    known.extend(arguments.next());
    let mut only_filters = false;
    while let Some(argument) = arguments.next() {
        let name = argument.split_once('=').map_or(argument.as_str(), |(name, _)| name);
        let has_value = name.len() < argument.len();
        match name {
            _ if only_filters => filters.push(argument),
            "--" => only_filters = true,
            "--no-capture" => known.push("--nocapture".to_owned()),
            _ if WITHOUT_EFFECT.contains(&name) => {}
            _ if WITHOUT_EFFECT_WITH_VALUE.contains(&name) => {
                if !has_value {
                    arguments.next();
                }
            }
            _ if name.starts_with("-Z") => {}
            _ if WITH_VALUE.contains(&name) => {
                known.push(argument);
                if !has_value {
                    known.extend(arguments.next());
                }
            }
            _ if name.starts_with('-') => known.push(argument),
            _ => filters.push(argument),
        }
    }
    (known, filters)
}

#[cfg(test)]
mod tests {
    use super::sort_out;

    fn sorted(line: &str) -> (String, String) {
        let (known, filters) = sort_out(line.split(' ').map(str::to_owned));
        (known.join(" "), filters.join(" "))
    }

    #[test]
    fn what_libtest_takes_is_taken() {
        let all = "tests one --exact two --no-capture --skip three --shuffle --test-threads=1 -Z unstable-options --format json -q";
        let known = "tests --exact --nocapture --skip three --test-threads=1 --format json -q";
        assert_eq!(sorted(all), (known.to_owned(), "one two".to_owned()));
        assert_eq!(sorted("tests -- --list"), ("tests".to_owned(), "--list".to_owned()));
        assert_eq!(sorted("tests --shuffle-seed 5 a"), ("tests".to_owned(), "a".to_owned()));
    }
}
