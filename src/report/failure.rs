//! A failing execution.

use std::time::Duration;

use super::names::Names;
use super::{
    Cause, Effort, FailureKind, LockCycle, MemoryNeed, Minimized, Place, Race, Spin, Standing, Trace, Wait,
};

/// The longest token that is shown in place of the seed.
const TOKEN_LENGTH: usize = 240;

/// A failing execution: what went wrong, and how to see it again.
///
/// As text it is 100 columns wide, whoever prints it; `format!("{failure:80}")` makes it narrower, 80 columns at least. Paths,
/// the replay command and a message that has line breaks of its own are never broken.
#[derive(Clone, Debug)]
pub struct Failure {
    pub(crate) test: String,
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
    pub(crate) place: Option<Place>,
    pub(crate) execution: u64,
    pub(crate) seed: u64,
    pub(crate) seed_text: String,
    pub(crate) token: String,
    pub(crate) steps: u64,
    pub(crate) effort: Effort,
    pub(crate) minimized: Option<Minimized>,
    pub(crate) trace: Trace,
    pub(crate) waits: Vec<Wait>,
    pub(crate) spins: Vec<Spin>,
    /// Where the thread stands that has not come back, if that is what is wrong.
    pub(crate) standing: Option<Standing>,
    pub(crate) race: Option<Race>,
    pub(crate) cause: Option<Cause>,
    /// Why there is none, if one was looked for.
    pub(crate) no_cause: Option<String>,
    /// The order of locks that led to it.
    pub(crate) lock_cycle: Option<LockCycle>,
    /// Whatever else there is to say, a paragraph each.
    pub(crate) notes: Vec<String>,
    /// How to run it again, with `{}` for the token or seed.
    pub(crate) rerun: String,
    pub(crate) shows_all: bool,
    /// Whether this is what a replay showed.
    pub(crate) replayed: bool,
}

impl Failure {
    /// What its objects are called.
    pub(super) fn names(&self) -> Names {
        let rows = self.trace.rows.iter().filter_map(|row| row.object.as_ref());
        let waits = self.waits.iter().filter_map(|wait| wait.object.as_ref());
        let races = self.race.iter().flat_map(|race| {
            let held = race.sides.iter().filter_map(|side| side.held.as_ref());
            let locks = held.flatten().map(|(lock, _)| lock);
            locks.chain(race.weak.iter().map(|weak| &weak.object)).chain([&race.object])
        });
        let orders = self.cause.iter().flat_map(|cause| &cause.orders);
        let doings = orders.flat_map(|order| [&order.before, &order.after]);
        let causes = doings.filter_map(|doing| doing.object.as_ref());
        Names::of_objects(rows.chain(waits).chain(races).chain(causes))
    }

    /// What went wrong.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// In words: a panic's message, who waits in a deadlock, ….
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The number of the execution that failed, from 0.
    pub fn execution(&self) -> u64 {
        self.execution
    }

    /// The seed of the exploration.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The text that replays this schedule: for `DRAWLOOM_REPLAY` or [`Config::replay`](crate::Config::replay).
    /// Empty if the failing execution could not be run again.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// How many steps the failing execution had; until it began to go on for ever, if that is what failed it.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Whether no schedule with fewer preemptions fails in the same way: all of them were tried, other choices being as they
    /// are.
    pub fn is_minimal(&self) -> bool {
        self.minimized.is_some_and(|minimized| minimized.is_minimal)
    }

    /// Whether the failure needs weak memory. `Some(false)` if it happens under sequential consistency as well: in the reported
    /// execution every load reads the last store. `Some(true)` if some load has to read an older one, as far as schedules in which
    /// none does were tried. `None` if that was not asked: the schedule is as it was found, memory is sequentially
    /// consistent, the test has no atomics, or the failure is a data race.
    pub fn needs_weak_memory(&self) -> Option<bool> {
        let memory = self.minimized.and_then(|minimized| minimized.memory)?;
        Some(memory != MemoryNeed::Sequential)
    }

    /// How many replays it took to minimize the schedule; 0 if it is as it was found.
    pub fn replays(&self) -> u32 {
        self.minimized.map_or(0, |minimized| minimized.replays)
    }

    /// How many steps and preemptions the schedule had that was found, before it was minimized.
    pub fn found(&self) -> (u64, u64) {
        let as_it_is = (self.steps, self.effort.preemptions);
        self.minimized.map_or(as_it_is, |minimized| (minimized.steps, minimized.preemptions))
    }

    /// How often another thread went on in the failing execution; until the panic, or until it began to go on for ever, if that
    /// is what failed it.
    pub fn switches(&self) -> u64 {
        self.effort.switches
    }

    /// How many of the switches were preemptions: away from a thread that could have gone on, and did not seem to wait in a
    /// loop.
    pub fn preemptions(&self) -> u64 {
        self.effort.preemptions
    }

    /// The virtual time that threads have waited for something or slept in the failing execution, all together.
    pub fn waited(&self) -> Duration {
        self.effort.waited
    }
}

impl Failure {
    /// What replays it, and is not too long to be shown: the token, or else the seed.
    pub(super) fn exact(&self) -> &str {
        let by_token = !self.token.is_empty() && self.token.len() <= TOKEN_LENGTH;
        if by_token { &self.token } else { &self.seed_text }
    }

    /// What to do to see it again.
    pub(super) fn rerun_command(&self) -> String {
        self.rerun.replace("{}", self.exact())
    }
}
