//! What has become of each object after each operation, in a few words: the value of an atomic, who holds a lock, how many
//! messages are in a channel.

use std::collections::BTreeMap;

use super::names::{Pointers, object_name, value};
use crate::explore::actors::is_of_runtime;
use crate::report::ObjectName;
use crate::rt::Execution;
use crate::rt::objects::State;
use crate::rt::op::key::ObjectKind;
use crate::rt::op::{Event, Note, ObjectId, OpKind, ThreadId};

/// What is known of the objects of an execution whose events are followed from the beginning.
#[derive(Default)]
pub(super) struct States {
    pointers: Pointers,
    /// Who waits for each condition variable.
    waiting: BTreeMap<ObjectId, Vec<ThreadId>>,
    /// Who has a lock, once for each time that it is had for reading; who has arrived at a barrier.
    threads: BTreeMap<ObjectId, Vec<ThreadId>>,
    messages: BTreeMap<ObjectId, u64>,
    told: BTreeMap<ObjectId, String>,
}

impl States {
    /// What `event`, which is the next one, makes of objects.
    pub(super) fn follow(&mut self, execution: &Execution, event: &Event) -> Vec<(ObjectName, String)> {
        let object = event.op.object;
        // What becomes of a runtime's queue is nothing that the test has written.
        if object == ObjectId::NONE || is_of_runtime(execution, object) {
            return Vec::new();
        }
        let mut changed = Vec::new();
        // Whoever has waited for a notification and goes on waits no longer.
        for (condvar, waiting) in &mut self.waiting {
            let before = waiting.len();
            waiting.retain(|thread| *thread != event.thread);
            if waiting.len() < before {
                changed.push((*condvar, count(waiting.len(), WAITERS)));
            }
        }
        if let Some(state) = self.after(execution, event) {
            changed.push((object, state));
        }
        if event.op.kind == OpKind::CondvarEnqueue
            && let State::Condvar(condvar) = execution.kernel.objects.get(object).state
            && let Some(mutex) = condvar.mutex
        {
            self.threads.remove(&mutex);
            changed.push((mutex, "free".to_owned()));
        }
        changed.retain(|(object, state)| self.told.get(object) != Some(state));
        self.told.extend(changed.iter().cloned());
        changed
            .into_iter()
            .filter_map(|(object, state)| Some((object_name(execution, object)?, state)))
            .collect()
    }

    fn after(&mut self, execution: &Execution, event: &Event) -> Option<String> {
        let (object, thread) = (event.op.object, event.thread);
        let kind = execution.kernel.objects.get(object).kind;
        let has_failed =
            matches!(event.note, Note::Failed(_) | Note::FailedSpuriously | Note::TimedOut | Note::Spurious);
        if let ObjectKind::Atomic(_) = kind {
            let bits = match event.note {
                Note::Wrote { new, .. } => new,
                Note::WroteEarlier { last, .. } | Note::ReadStale { last, .. } => last,
                Note::WroteStale { last, .. } | Note::FailedStale { last, .. } => last,
                Note::Read(value) => value,
                _ => return None,
            };
            return Some(value(bits, Some(kind), &mut self.pointers));
        }
        if has_failed {
            return None;
        }
        if kind == ObjectKind::Condvar {
            let waiting = self.waiting.entry(object).or_default();
            match (event.op.kind, event.note) {
                (OpKind::CondvarEnqueue, _) => waiting.push(thread),
                (OpKind::NotifyOne, Note::Thread(woken)) => waiting.retain(|thread| *thread != woken),
                (OpKind::NotifyAll, _) => waiting.clear(),
                _ => {}
            }
            return Some(count(waiting.len(), WAITERS));
        }
        let threads = self.threads.entry(object).or_default();
        let label = |thread: ThreadId| execution.kernel.thread_label(thread);
        Some(match event.op.kind {
            OpKind::Lock | OpKind::TryLock | OpKind::WriteLock | OpKind::TryWriteLock => {
                *threads = vec![thread];
                format!("held by {}", label(thread))
            }
            OpKind::ReadLock | OpKind::TryReadLock => {
                threads.push(thread);
                read_by(threads, label)
            }
            OpKind::Downgrade => {
                *threads = vec![thread];
                read_by(threads, label)
            }
            OpKind::Unlock | OpKind::WriteUnlock => {
                threads.clear();
                "free".to_owned()
            }
            OpKind::ReadUnlock => {
                if let Some(at) = threads.iter().position(|reader| *reader == thread) {
                    threads.remove(at);
                }
                read_by(threads, label)
            }
            OpKind::BarrierArrive => {
                threads.push(thread);
                count(threads.len(), ARRIVED)
            }
            OpKind::BarrierLeave => {
                threads.retain(|arrived| *arrived != thread);
                count(threads.len(), ARRIVED)
            }
            OpKind::Acquire | OpKind::TryAcquire | OpKind::Release => match event.note {
                Note::Wrote { new: 1, .. } => "1 permit".to_owned(),
                Note::Wrote { new, .. } => format!("{new} permits"),
                _ => return None,
            },
            OpKind::Send | OpKind::TrySend => {
                let messages = self.messages.entry(object).or_default();
                *messages += 1;
                count(*messages as usize, MESSAGES)
            }
            OpKind::Receive | OpKind::TryReceive => {
                let messages = self.messages.entry(object).or_default();
                *messages = messages.saturating_sub(1);
                count(*messages as usize, MESSAGES)
            }
            OpKind::CloseReceiver => "without receiver".to_owned(),
            OpKind::OnceLeave => "initialized".to_owned(),
            OpKind::Wake => "woken".to_owned(),
            OpKind::AwaitWake => "not woken".to_owned(),
            _ => return None,
        })
    }
}

/// Who holds a lock for reading.
fn read_by(readers: &[ThreadId], label: impl Fn(ThreadId) -> String) -> String {
    match readers {
        [] => "free".to_owned(),
        [one] => format!("read by {}", label(*one)),
        several => format!("read by {}", several.len()),
    }
}

/// What is said of none, of one, and, after their number, of several.
type Words = [&'static str; 3];

const WAITERS: Words = ["nobody waits", "1 waits", "wait"];
const ARRIVED: Words = ["nobody has arrived", "1 has arrived", "have arrived"];
const MESSAGES: Words = ["no message", "1 message", "messages"];

fn count(number: usize, [none, one, several]: Words) -> String {
    match number {
        0 => none.to_owned(),
        1 => one.to_owned(),
        _ => format!("{number} {several}"),
    }
}
