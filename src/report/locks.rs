//! Lock-order cycles in words.

use std::fmt;

use super::names::Names;
use super::{ObjectName, Place};

/// A thread that wants a lock while it holds another.
#[derive(Clone, Debug)]
pub(crate) struct LockRequest {
    pub(crate) thread: String,
    pub(crate) wanted: LockName,
    /// What the one before it wants; `None` if that one is a reader that waits behind it.
    pub(crate) held: Option<LockName>,
}

/// A lock, and how and where it is taken.
#[derive(Clone, Debug)]
pub(crate) struct LockName {
    pub(crate) object: ObjectName,
    /// Whether it is taken for reading.
    pub(crate) shared: bool,
    pub(crate) taken_at: Place,
}

/// Threads of which each wants what the next one holds.
#[derive(Clone, Debug)]
pub(crate) struct LockCycle {
    pub(crate) requests: Vec<LockRequest>,
}

/// What is known of a cycle that no execution has met.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CycleVerdict {
    /// It might be kept from happening.
    Potential { attempts: u32 },
    /// No execution within the bound meets it.
    Bounded,
    /// It can happen.
    Predicted,
    /// It cannot happen.
    Infeasible,
    /// Only where readers wait behind writers.
    WriterPreference,
}

impl LockCycle {
    /// A row for each thread, and how to break the cycle.
    pub(super) fn write(&self, f: &mut impl fmt::Write) -> fmt::Result {
        let locks = self.requests.iter().flat_map(|request| request.held.iter().chain([&request.wanted]));
        let names = Names::of_objects(locks.map(|lock| &lock.object));
        for LockRequest { thread, wanted, held } in &self.requests {
            let verb = match (wanted.shared, wanted.object.kind) {
                (true, _) => "read",
                (false, "RwLock") => "write",
                (false, _) => "lock",
            };
            let (name, place) = (names.of(&wanted.object), &wanted.taken_at);
            write!(f, "  {thread} wants to {verb} {name} at {place}\n      ")?;
            match held {
                Some(held) => writeln!(
                    f,
                    "while it holds {}, which it took at {}",
                    names.of(&held.object),
                    held.taken_at
                )?,
                None => writeln!(f, "and waits, so whoever wants to read it then waits behind {thread}")?,
            }
        }
        if let Some((reader, held)) = self.reads_again() {
            return write!(
                f,
                "  to break the cycle, let {} read {} once, and pass on what it got",
                reader.thread,
                names.of(&held.object),
            );
        }
        let Some((odd, held)) = self.odd_one() else { return Ok(()) };
        write!(
            f,
            "  to break the cycle, let {} take {} before {}, or hold one at a time",
            odd.thread,
            names.of(&odd.wanted.object),
            names.of(&held.object),
        )
    }

    fn nested(&self) -> impl Iterator<Item = (&LockRequest, &LockName)> {
        self.requests.iter().filter_map(|request| Some((request, request.held.as_ref()?)))
    }

    /// The request of a lock that the thread reads already.
    fn reads_again(&self) -> Option<(&LockRequest, &LockName)> {
        self.nested().find(|(request, held)| key(&request.wanted) == key(held))
    }

    /// The request that goes against the order in which most take their locks: by the places where the locks were made,
    /// the one that goes back where others go on.
    fn odd_one(&self) -> Option<(&LockRequest, &LockName)> {
        let goes_back = |(request, held): &(&LockRequest, &LockName)| key(&request.wanted) < key(held);
        let back = self.nested().filter(goes_back).count();
        // If most go back, the one that goes on is odd.
        let most_go_back = 2 * back > self.nested().count();
        self.nested().find(|request| goes_back(request) != most_go_back)
    }
}

/// Tells locks apart, in the order of the places where they were made.
fn key(lock: &LockName) -> (&str, u32, u32, u32) {
    let ObjectName { made_at, ordinal, .. } = &lock.object;
    (&made_at.file, made_at.line, made_at.column, ordinal.0)
}

/// What is said of a cycle that was not met.
pub(crate) fn prediction(cycle: &LockCycle, verdict: CycleVerdict) -> String {
    let mut text = match verdict {
        CycleVerdict::Potential { attempts } => {
            format!("potential deadlock, which {attempts} executions that were steered towards it did not meet:\n")
        }
        CycleVerdict::Bounded => {
            "potential deadlock, which no execution within the bounds of this exploration meets:\n".to_owned()
        }
        CycleVerdict::Predicted => "predicted deadlock, which no execution has met: put into another order, in which each \
                                    thread sees what it saw, an execution that passed ends in it:\n"
            .to_owned(),
        CycleVerdict::Infeasible => "locks are taken in a circle, although no execution deadlocks; all were explored:\n".to_owned(),
        CycleVerdict::WriterPreference => {
            "potential deadlock where readers wait behind a writer that waits, as with std's RwLock on some systems:\n"
                .to_owned()
        }
    };
    let written = cycle.write(&mut text);
    debug_assert!(written.is_ok(), "a string takes everything");
    text
}
