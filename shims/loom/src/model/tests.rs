//! The settings and variables, without an exploration.

use std::time::Duration;

use super::Builder;

fn with(variables: &[(&str, &str)]) -> Result<Builder, String> {
    Builder::from_variables(|asked| {
        let found = variables.iter().find(|(name, _)| *name == asked);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn without_variables_the_defaults_are_looms() {
    let builder = with(&[]).unwrap();
    assert_eq!((builder.max_threads, builder.max_branches), (5, 1_000));
    assert_eq!((builder.max_permutations, builder.max_duration), (None, None));
    assert_eq!((builder.preemption_bound, builder.checkpoint_file), (None, None));
    assert_eq!(builder.checkpoint_interval, 20_000);
    assert!(!builder.expect_explicit_explore && !builder.location && !builder.log);
}

#[test]
fn every_variable_is_heeded() {
    let builder = with(&[
        ("LOOM_MAX_BRANCHES", "2000000"),
        ("LOOM_MAX_PERMUTATIONS", "7"),
        ("LOOM_MAX_DURATION", "90"),
        ("LOOM_MAX_PREEMPTIONS", "2"),
        ("LOOM_CHECKPOINT_FILE", "some/file.json"),
        ("LOOM_CHECKPOINT_INTERVAL", "3"),
        ("LOOM_LOCATION", ""),
        ("LOOM_LOG", ""),
    ])
    .unwrap();
    assert_eq!(builder.max_branches, 2_000_000);
    assert_eq!(builder.max_permutations, Some(7));
    assert_eq!(builder.max_duration, Some(Duration::from_secs(90)));
    assert_eq!(builder.preemption_bound, Some(2));
    assert_eq!(builder.checkpoint_file.as_deref(), Some("some/file.json".as_ref()));
    assert_eq!(builder.checkpoint_interval, 3);
    assert!(builder.location && builder.log);
}

#[test]
fn a_value_that_is_no_number_is_refused_by_name() {
    for name in
        ["LOOM_MAX_BRANCHES", "LOOM_MAX_PERMUTATIONS", "LOOM_MAX_PREEMPTIONS", "LOOM_CHECKPOINT_INTERVAL"]
    {
        for value in ["many", "-1", ""] {
            let expected =
                format!("invalid value for `{name}`: it is `{value}`, but takes a whole number; or unset it");
            assert_eq!(with(&[(name, value)]).unwrap_err(), expected);
        }
    }
    assert_eq!(
        with(&[("LOOM_MAX_DURATION", "1s")]).unwrap_err(),
        "invalid value for `LOOM_MAX_DURATION`: it is `1s`, but takes a whole number of seconds; or unset it"
    );
}
