//! The parts of a document: what `docs/report.schema.json` describes.

use serde::Serialize;

use crate::report::facts::MemoryNeed;
use crate::report::text::memory_need;

#[derive(Serialize, Debug)]
pub(in crate::report) struct ExplorationPart {
    pub(in crate::report) strategy: String,
    pub(in crate::report) seed: String,
    pub(in crate::report) executions: u64,
    pub(in crate::report) steps: u64,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct FailurePart {
    pub(in crate::report) kind: &'static str,
    pub(in crate::report) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) place: Option<usize>,
    pub(in crate::report) execution: u64,
    pub(in crate::report) steps: u64,
    pub(in crate::report) switches: u64,
    pub(in crate::report) preemptions: u64,
    pub(in crate::report) waited_nanoseconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) minimized: Option<MinimizedPart>,
    pub(in crate::report) replay: ReplayPart,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) cause: Option<CausePart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) no_cause: Option<String>,
    pub(in crate::report) waits: Vec<WaitPart>,
    pub(in crate::report) spins: Vec<SpinPart>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::report) stack: Vec<FramePart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) race: Option<RacePart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) lock_cycle: Option<LockCyclePart>,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct MinimizedPart {
    pub(in crate::report) found_steps: u64,
    pub(in crate::report) found_preemptions: u64,
    pub(in crate::report) replays: u32,
    pub(in crate::report) is_minimal: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) weak_memory: Option<WeakMemoryPart>,
}

/// Whether the failure needs weak memory, and on how many schedules without it that rests.
#[derive(Serialize, Debug)]
pub(in crate::report) struct WeakMemoryPart {
    pub(in crate::report) text: String,
    pub(in crate::report) is_needed: bool,
    pub(in crate::report) tried: u32,
    pub(in crate::report) is_proved: bool,
}

impl From<MemoryNeed> for WeakMemoryPart {
    fn from(need: MemoryNeed) -> WeakMemoryPart {
        let text = memory_need(need);
        match need {
            MemoryNeed::Sequential => WeakMemoryPart { text, is_needed: false, tried: 1, is_proved: true },
            MemoryNeed::Weak { tried, all } => {
                WeakMemoryPart { text, is_needed: true, tried, is_proved: all }
            }
        }
    }
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct ReplayPart {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) seed: Option<String>,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct CausePart {
    pub(in crate::report) text: String,
    pub(in crate::report) is_proved: bool,
    pub(in crate::report) screened: u64,
    pub(in crate::report) orders: Vec<OrderPart>,
    pub(in crate::report) oddities: Vec<OddityPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) passing: Option<PassingPart>,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct OrderPart {
    pub(in crate::report) before: DoingPart,
    pub(in crate::report) after: DoingPart,
    pub(in crate::report) is_needed: bool,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct OddityPart {
    pub(in crate::report) operation: DoingPart,
    pub(in crate::report) found: String,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct DoingPart {
    pub(in crate::report) thread: usize,
    pub(in crate::report) verb: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) object: Option<usize>,
    pub(in crate::report) place: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) step: Option<u64>,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct PassingPart {
    pub(in crate::report) turned: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) before_step: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) after_step: Option<u64>,
    pub(in crate::report) trace: TracePart,
}

impl PassingPart {
    /// The steps of the two operations that are the other way round.
    pub(in crate::report) fn turned_steps(&self) -> Vec<u64> {
        self.before_step.into_iter().chain(self.after_step).collect()
    }
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct WaitPart {
    pub(in crate::report) thread: usize,
    pub(in crate::report) what: &'static str,
    pub(in crate::report) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) object: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) joins: Option<usize>,
    pub(in crate::report) place: usize,
    pub(in crate::report) holders: Vec<HolderPart>,
    #[serde(skip)]
    pub(in crate::report) is_of_task: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) history: Option<String>,
    pub(in crate::report) stack: Vec<FramePart>,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct HolderPart {
    pub(in crate::report) thread: usize,
    pub(in crate::report) place: usize,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct FramePart {
    pub(in crate::report) function: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) place: Option<String>,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct SpinPart {
    pub(in crate::report) thread: usize,
    pub(in crate::report) rows: Vec<RowPart>,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct RacePart {
    pub(in crate::report) text: String,
    pub(in crate::report) object: usize,
    pub(in crate::report) overlap: bool,
    pub(in crate::report) sides: Vec<SidePart>,
    pub(in crate::report) weak: Vec<WeakPart>,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct SidePart {
    pub(in crate::report) thread: usize,
    pub(in crate::report) verb: &'static str,
    pub(in crate::report) step: u64,
    pub(in crate::report) place: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) held: Option<Vec<HeldPart>>,
    pub(in crate::report) stack: Vec<FramePart>,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct HeldPart {
    pub(in crate::report) object: usize,
    pub(in crate::report) place: usize,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct WeakPart {
    pub(in crate::report) thread: usize,
    pub(in crate::report) verb: &'static str,
    pub(in crate::report) object: usize,
    pub(in crate::report) place: usize,
    pub(in crate::report) ordering: String,
    pub(in crate::report) needed: &'static str,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct LockCyclePart {
    pub(in crate::report) text: String,
    pub(in crate::report) requests: Vec<RequestPart>,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct RequestPart {
    pub(in crate::report) thread: String,
    pub(in crate::report) wanted: LockPart,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) held: Option<LockPart>,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct LockPart {
    pub(in crate::report) object: usize,
    pub(in crate::report) shared: bool,
    pub(in crate::report) place: usize,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct ObjectPart {
    pub(in crate::report) kind: &'static str,
    /// With its kind.
    pub(in crate::report) name: String,
    /// As rows have it.
    pub(in crate::report) brief: String,
    pub(in crate::report) made_at: usize,
    pub(in crate::report) ordinal: u32,
    pub(in crate::report) of: u32,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct PlacePart {
    pub(in crate::report) file: String,
    pub(in crate::report) line: u32,
    pub(in crate::report) column: u32,
    /// The file as the program names it.
    #[serde(skip)]
    pub(in crate::report) full: String,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct TracePart {
    pub(in crate::report) threads: Vec<String>,
    pub(in crate::report) left_out_before: usize,
    pub(in crate::report) left_out_after: usize,
    pub(in crate::report) rows: Vec<RowPart>,
    pub(in crate::report) handovers: Vec<HandoverPart>,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct HandoverPart {
    pub(in crate::report) from: u64,
    pub(in crate::report) to: u64,
    pub(in crate::report) kind: &'static str,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct RowPart {
    pub(in crate::report) step: u64,
    pub(in crate::report) thread: usize,
    pub(in crate::report) verb: &'static str,
    pub(in crate::report) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) object: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) place: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) old: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) new: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) read: Option<String>,
    /// What is last in modification order, where that is neither what was read nor what was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) last: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::report) stale: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) source: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) ordering: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) ended: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) other_thread: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) switch: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::report) states: Vec<StatePart>,
}

#[derive(Serialize, Debug)]
pub(in crate::report) struct StatePart {
    pub(in crate::report) object: usize,
    pub(in crate::report) state: String,
}
