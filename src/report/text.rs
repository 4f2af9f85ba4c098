//! The text report: what failed, the switches in order, one column a thread, who waits for whom, and how to
//! run it again. Deterministic: no addresses, no times.

use std::fmt;

use super::cause::write_cause;
use super::names::Names;
use super::race::write_race;
use super::snippets::snippets;
use super::stack::{write_frames, write_stack};
use super::trace::{cell, write_trace};
use super::width::{self, fit};
use super::{Coverage, Failure, FailureKind, Limit, MemoryNeed, Report, Standing, Wait};
use crate::report::width::grouped;

/// How far what follows the break of a long line stands to the right of it.
const HANGING: usize = 2;

pub(super) fn write_failure(failure: &Failure, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let width = width::of(f);
    f.write_str(&heading(failure, width))?;
    if let Some(place) = &failure.place {
        writeln!(f, "  at {place}")?;
    }
    if failure.seed_text.is_empty() {
        return Ok(());
    }
    let prose = |write: &dyn Fn(&mut fmt::Formatter<'_>) -> fmt::Result| {
        fit(&fmt::from_fn(write).to_string(), width, HANGING)
    };
    let size = fmt::from_fn(|f| write_size(failure, f)).to_string();
    let is_long = size.lines().next().is_some_and(|line| line.chars().count() > width);
    let size = if is_long { size.replace("; minimized", "\n  minimized") } else { size };
    f.write_str(&fit(&size, width, HANGING))?;
    let names = failure.names();
    let snippets = snippets(failure, width);
    if !snippets.is_empty() {
        write!(f, "\n{snippets}")?;
    }
    if !failure.trace.rows.is_empty() {
        writeln!(f)?;
        let all = failure.shows_all || failure.replayed;
        write_trace(&failure.trace, &failure.waits, &names, all, f)?;
    }
    if !(failure.waits.is_empty() && failure.spins.is_empty()) {
        write!(f, "\n{}", prose(&|f| write_spins(failure, &names, f)))?;
        write!(f, "{}", prose(&|f| write_waits(failure, &names, f)))?;
    }
    if let Some(standing) = &failure.standing {
        write!(f, "\n{}", prose(&|f| write_standing(standing, f)))?;
    }
    if let Some(race) = &failure.race {
        write!(f, "\n{}", prose(&|f| write_race(race, &failure.trace.threads, &names, f)))?;
    }
    if let Some(cause) = &failure.cause {
        write!(f, "\n{}", prose(&|f| write_cause(cause, &failure.trace, &names, f)))?;
    }
    if let Some(why) = &failure.no_cause {
        write!(f, "\n{}", prose(&|f| writeln!(f, "cause: {why}")))?;
    }
    if failure.shows_all
        && let Some(passing) = failure.cause.as_ref().and_then(|cause| cause.passing.as_ref())
    {
        let turned = passing.turned + 1;
        let heading = format!(
            "a schedule that passes, as near as one was found, with order {turned} the other way round:"
        );
        writeln!(f, "\n{}\n", fit(&heading, width, HANGING))?;
        write_trace(&passing.trace, &[], &Names::of_trace(&passing.trace), true, f)?;
    }
    if let Some(cycle) = &failure.lock_cycle {
        writeln!(f, "\nthe order of locks:\n{}", prose(&|f| cycle.write(f)))?;
    }
    for note in &failure.notes {
        writeln!(f, "\n{}", fit(&format!("note: {note}"), width, HANGING))?;
    }
    writeln!(f)?;
    write_rerun(failure, f)
}

/// What failed. A message that the program has broken into lines is left as it is: they may be a table.
fn heading(failure: &Failure, width: usize) -> String {
    let test = if failure.test.is_empty() { String::new() } else { format!(" in {}", failure.test) };
    let text = format!("{}{test}: {}\n", failure.kind, failure.message);
    let is_programs =
        matches!(failure.kind, FailureKind::Panic | FailureKind::DoublePanic | FailureKind::Nondeterminism);
    let is_broken = is_programs && failure.message.contains('\n');
    if is_broken { text } else { fit(&text, width, 2 * HANGING) }
}

/// When it was found, how long the schedule is, and how long it was before it was minimized.
fn write_size(failure: &Failure, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if failure.replayed {
        write!(f, "  replayed")?;
    } else {
        write!(f, "  found in execution {}", grouped(failure.execution))?;
    }
    let counted = |count: u64, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{} {what}s", grouped(count)),
    };
    let size =
        |steps, preemptions| format!("{} and {}", counted(steps, "step"), counted(preemptions, "preemption"));
    let now = size(failure.steps, failure.effort.preemptions);
    let Some(minimized) = failure.minimized else {
        return match failure.steps {
            0 => writeln!(f),
            _ => writeln!(f, ", after {now}"),
        };
    };
    let before = size(minimized.steps, minimized.preemptions);
    match before == now {
        true => write!(f, ", with {now}")?,
        false => write!(f, "; minimized from {before} to {now}")?,
    }
    match failure.effort.preemptions {
        1.. if minimized.is_minimal => writeln!(f, ", the fewest")?,
        _ => writeln!(f)?,
    }
    match minimized.memory {
        None => Ok(()),
        Some(need) => writeln!(f, "  {}", memory_need(need)),
    }
}

/// Whether the failure needs weak memory, in words.
pub(super) fn memory_need(need: MemoryNeed) -> String {
    match need {
        MemoryNeed::Sequential => "also under sequential consistency".to_owned(),
        MemoryNeed::Weak { tried, all: true } => format!(
            "needs weak memory: none of the {} schedules in which every load reads the last store fails so",
            grouped(u64::from(tried))
        ),
        MemoryNeed::Weak { tried, all: false } => format!(
            "needs weak memory, as far as was tried: none of {} schedules in which every load reads the last \
             store fails so",
            grouped(u64::from(tried))
        ),
    }
}

fn write_rerun(failure: &Failure, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "replay: {}", failure.rerun_command())?;
    if failure.token.is_empty() || failure.seed_text == failure.token {
        return Ok(());
    }
    writeln!(f)?;
    if failure.exact() == failure.token {
        write!(f, "  seed: {}", failure.seed_text)
    } else {
        write!(
            f,
            "  seed: {} (the schedule's token has {} characters)",
            failure.seed_text,
            failure.token.len()
        )
    }
}

fn write_spins(failure: &Failure, names: &Names, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for spin in &failure.spins {
        writeln!(f, "  {} goes round in a loop:", failure.trace.threads[spin.thread])?;
        for row in &spin.rows {
            write!(f, "      {}", cell(row, names))?;
            match &row.place {
                Some(place) => writeln!(f, " at {place}")?,
                None => writeln!(f)?,
            }
        }
    }
    Ok(())
}

fn write_waits(failure: &Failure, names: &Names, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let threads = &failure.trace.threads;
    for wait in &failure.waits {
        writeln!(f, "  {} {}", threads[wait.thread], waits_for(wait, threads, names))?;
        writeln!(f, "      at {}", wait.place)?;
        write_stack(&wait.stack, &wait.place, f)?;
        for (holder, place) in &wait.holders {
            let holder = if *holder == wait.thread { "itself" } else { &threads[*holder] };
            match wait.is_of_task {
                true => writeln!(f, "      taken by {holder} at {place}, and not given back")?,
                false => writeln!(f, "      held by {holder}, which took it at {place}")?,
            }
        }
        if let Some(history) = &wait.history {
            writeln!(f, "      {history}")?;
        }
    }
    Ok(())
}

fn write_standing(standing: &Standing, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if standing.frames.is_empty() {
        return writeln!(
            f,
            "  {} stands, after its last step, in code whose function is not known",
            standing.thread
        );
    }
    writeln!(f, "  {} stands", standing.thread)?;
    write_frames(&standing.frames, f)
}

/// `waits to lock Mutex `a``.
pub(super) fn waits_for(wait: &Wait, threads: &[String], names: &Names) -> String {
    match (wait.joins, &wait.object) {
        (Some(joined), _) => format!("waits for {} to end", threads[joined]),
        (None, Some(object)) => format!("waits {} {}", wait.what, names.of(object)),
        (None, None) => format!("waits {}", wait.what),
    }
}

pub(super) fn write_summary(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let test = if report.test.is_empty() { "drawloom" } else { &report.test };
    if report.replayed {
        writeln!(f, "{test}: passed: the replayed execution did not fail ({} steps)\n", report.steps)?;
        return write_trace(&report.trace, &[], &Names::of_trace(&report.trace), true, f);
    }
    let executions = grouped(report.executions);
    if let Some((inputs, verified)) = report.inputs {
        let (inputs_text, plural) = (grouped(inputs), if inputs == 1 { "" } else { "s" });
        let verified = match verified {
            all if all == inputs => "each verified".to_owned(),
            some => format!("{} of them verified, the others sampled", grouped(some)),
        };
        return write!(
            f,
            "{test}: passed: {inputs_text} input{plural}, {verified}: {executions} executions in all"
        );
    }
    let plural = if report.executions == 1 { "" } else { "s" };
    match report.coverage {
        Some(coverage @ (Coverage::Verified | Coverage::Bounded)) => {
            let word = if coverage == Coverage::Verified { "verified" } else { "bounded" };
            let all = match report.executions {
                1 => "the only execution".to_owned(),
                _ => format!("all {executions} executions"),
            };
            let bound = match report.max_preemptions.filter(|_| coverage == Coverage::Bounded) {
                Some(1) => " with at most 1 preemption".to_owned(),
                Some(bound) => format!(" with at most {bound} preemptions"),
                None => String::new(),
            };
            let rests_on: Vec<String> = report.assumptions.iter().map(ToString::to_string).collect();
            let rests_on = match rests_on.is_empty() {
                true => String::new(),
                false => format!(" ({})", rests_on.join("; ")),
            };
            return write!(f, "{test}: {word}: {all}{bound}{rests_on}");
        }
        Some(Coverage::Sampled { distinct, unseen }) => {
            // Rounded up: it says "at most".
            let unseen = (unseen * 1_000.0).ceil() / 10.0;
            let behaviours = if distinct == 1 { "behaviour" } else { "behaviours" };
            write!(
                f,
                "{test}: sampled: {executions} schedule{plural}, {} distinct {behaviours}, at most {unseen} % chance \
                 that one more shows something new (strategy {}, seed {:#x})",
                grouped(distinct),
                report.strategy,
                report.seed,
            )?;
        }
        None => write!(f, "{test}: sampled: {executions} schedule{plural}")?,
    }
    match report.stopped_by {
        Some(Limit::Time) => write!(f, ", stopped by the time limit"),
        Some(Limit::Steps(steps)) => write!(f, ", stopped by the limit of {} steps in all", grouped(steps)),
        None => Ok(()),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_failure(self, f)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failure() {
            Some(failure) => failure.fmt(f)?,
            None => write_summary(self, f)?,
        }
        for note in self.notes.iter().chain(&self.files) {
            write!(f, "\n{}", width::fit(&format!("note: {note}"), width::of(f), 2))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Assumption, Liberties, Trace};

    #[test]
    fn summaries_read_as_the_guide_shows_them() {
        let report = |test: &str, executions, coverage, max_preemptions| Report {
            test: format!("tests::{test}"),
            executions,
            steps: 0,
            seed: 0x5eed,
            strategy: "portfolio".to_owned(),
            replayed: false,
            stopped_by: None,
            coverage: Some(coverage),
            assumptions: Vec::new(),
            max_preemptions,
            inputs: None,
            notes: Vec::new(),
            files: Vec::new(),
            lock_graph: None,
            trace: Trace::default(),
            failure: None,
        };
        let summary = |test: &str, executions, coverage, max_preemptions| {
            report(test, executions, coverage, max_preemptions).to_string()
        };
        let sampled = Coverage::Sampled { distinct: 812, unseen: 0.0037 };
        let lines = [
            summary("counts", 24, Coverage::Verified, None),
            summary("serves", 10_000, sampled, None),
            summary("draws", 1_520, Coverage::Bounded, Some(2)),
        ];
        let guide = include_str!("../../docs/verifying.md");
        let rests_on = |test: &str, executions, assumption| {
            let mut report = report(test, executions, Coverage::Verified, None);
            report.assumptions = vec![assumption];
            report.to_string()
        };
        let liberties = Liberties { spurious_wakeup: true, ..Liberties::default() };
        let resting = [
            rests_on("retries", 24, Assumption::DeadlineOrder),
            rests_on("waits", 5, Assumption::Liberties { liberties, bound: 1, explored: Some((12, true)) }),
        ];
        assert!(
            guide.contains(&resting.join("\n")),
            "docs/verifying.md does not show\n{}",
            resting.join("\n")
        );
        assert!(guide.contains(&lines.join("\n")), "docs/verifying.md does not show\n{}", lines.join("\n"));
    }

    #[test]
    fn digits_are_grouped_by_three() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(812), "812");
        assert_eq!(grouped(10_000), "10,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
