//! What files say of a test: `cargo drawloom` has read them, and hands on lines of tabs. Of two that set the same, the one for the longer
//! name counts, and of two for the same name the later one; what a person's environment says counts before both.

/// Has the lines.
const VARIABLE: &str = "CARGO_DRAWLOOM_SETTINGS";

/// Says, in a child, which of drawloom's variables come from which file.
const ORIGINS: &str = "CARGO_DRAWLOOM_SETTINGS_FROM";

/// The settings of one test.
#[derive(PartialEq, Eq, Default, Debug)]
pub(crate) struct Settings {
    /// Variables of drawloom, their values, and where these were said.
    variables: Vec<(String, String, String)>,
    /// Where it is said that it is not explored.
    pub(crate) left_out: Option<String>,
}

/// Those of a test of this program.
pub(crate) fn of(test: &str) -> Settings {
    let said = std::env::var(VARIABLE).unwrap_or_default();
    // cargo says in which package a test program is run.
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let mut settings = chosen(&said, &package, test);
    settings.variables.retain(|(name, ..)| std::env::var_os(name).is_none_or(|value| value.is_empty()));
    settings
}

fn chosen(said: &str, package: &str, test: &str) -> Settings {
    let mut settings = Settings::default();
    let mut explores = (0, None);
    let mut known: Vec<(usize, (String, String, String))> = Vec::new();
    for line in said.lines() {
        let [folder, name, key, value, place] = *line.split('\t').collect::<Vec<_>>() else { continue };
        if folder != package || !belongs(test, name) {
            continue;
        }
        if key == "explore" {
            if name.len() >= explores.0 {
                explores = (name.len(), (value == "false").then(|| place.to_owned()));
            }
            continue;
        }
        let variable = format!("DRAWLOOM_{}", key.replace('-', "_").to_uppercase());
        let setting = (name.len(), (variable, value.to_owned(), place.to_owned()));
        match known.iter_mut().find(|(_, (other, ..))| *other == setting.1.0) {
            Some(other) if setting.0 >= other.0 => *other = setting,
            Some(_) => {}
            None => known.push(setting),
        }
    }
    settings.variables = known.into_iter().map(|(_, setting)| setting).collect();
    settings.left_out = explores.1;
    settings
}

/// Whether a test has this name, or is in the module of it; all are in the one without a name.
fn belongs(test: &str, name: &str) -> bool {
    name.is_empty() || test.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

impl Settings {
    /// What the environment of a child has besides.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (&str, String)> {
        let origins = self.variables.iter().map(|(name, _, place)| format!("{name} is set in {place}\n"));
        let variables = self.variables.iter().map(|(name, value, _)| (name.as_str(), value.clone()));
        variables.chain([(ORIGINS, origins.collect())])
    }
}

/// Of the variables that such a message names: where they are set, if in files.
pub(crate) fn origins(message: &str) -> String {
    let all = std::env::var(ORIGINS).unwrap_or_default();
    let named = |line: &&str| message.contains(line.split(' ').next().unwrap_or_default());
    all.lines().filter(named).map(|line| format!("\n{line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(test: &str) -> (String, Option<String>) {
        let said = "/p\t\ttime\t10s\ta\n/p\tqueue\ttime\t20s\tb\n/p\tqueue::slow\texplore\tfalse\tc\n/q\t\ttime\t1s\td\n/p\t\tmax-preemptions\t2\te\n";
        let settings = chosen(said, "/p", test);
        let variables =
            settings.variables.iter().map(|(name, value, place)| format!("{name}={value} {place}"));
        (variables.collect::<Vec<_>>().join(", "), settings.left_out)
    }

    #[test]
    fn the_longest_name_counts() {
        let all = "DRAWLOOM_TIME=10s a, DRAWLOOM_MAX_PREEMPTIONS=2 e".to_owned();
        let of_queue = "DRAWLOOM_TIME=20s b, DRAWLOOM_MAX_PREEMPTIONS=2 e".to_owned();
        assert_eq!(of("queues"), (all, None));
        assert_eq!(of("queue::push"), (of_queue.clone(), None));
        assert_eq!(of("queue::slow::case_1"), (of_queue, Some("c".to_owned())));
    }
}
