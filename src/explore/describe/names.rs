//! What an operation is done to, and what it found or did there, in the words of a report.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::explore::actors::{column_of, is_spurious_poll, label};
use crate::explore::judge::join_names;
use crate::report::{Ended, Found, ObjectName, Place};
use crate::rt::Execution;
use crate::rt::op::key::{AtomicForm, AtomicKind, ObjectKind};
use crate::rt::op::outcome::SourceLocation;
use crate::rt::op::{Event, Note, ObjectId, OpKind};

pub(in crate::explore) fn place_of(at: &SourceLocation) -> Place {
    Place { file: at.file.clone(), line: at.line, column: at.column }
}

pub(super) fn object_name(execution: &Execution, id: ObjectId) -> Option<ObjectName> {
    if id == ObjectId::NONE {
        return None;
    }
    let objects = &execution.kernel.objects;
    let object = objects.get(id);
    if object.kind == ObjectKind::Thread {
        return None;
    }
    Some(ObjectName {
        kind: object.kind.name(),
        made_at: Place::from(object.location),
        ordinal: (objects.key(id).ordinal, objects.made_beside(id)),
    })
}

/// Addresses differ from run to run: pointers are numbered in the order in which they appear.
#[derive(Default)]
pub(super) struct Pointers(BTreeMap<u64, usize>);

impl Pointers {
    fn show(&mut self, bits: u64) -> String {
        if bits == 0 {
            return "null".to_owned();
        }
        let next = self.0.len() + 1;
        format!("pointer {}", self.0.entry(bits).or_insert(next))
    }
}

/// The kind of what an operation is done to.
pub(super) fn kind_of(execution: &Execution, event: &Event) -> Option<ObjectKind> {
    (event.op.object != ObjectId::NONE).then(|| execution.kernel.objects.get(event.op.object).kind)
}

pub(super) fn value(bits: u64, kind: Option<ObjectKind>, pointers: &mut Pointers) -> String {
    let Some(ObjectKind::Atomic(AtomicKind { bits: width, form, .. })) = kind else {
        return bits.to_string();
    };
    match form {
        AtomicForm::Bool => (bits != 0).to_string(),
        AtomicForm::Unsigned => bits.to_string(),
        AtomicForm::Signed => ((bits << (64 - width)) as i64 >> (64 - width)).to_string(),
        AtomicForm::Pointer => pointers.show(bits),
    }
}

pub(super) fn found(event: &Event, kind: Option<ObjectKind>, pointers: &mut Pointers) -> Found {
    let mut show = |bits| Some(value(bits, kind, pointers));
    let mut found = Found::default();
    match event.note {
        Note::None => {}
        Note::Read(bits) if event.op.kind == OpKind::ReadClock => {
            found.read = Some(format!("{:?}", Duration::from_nanos(bits)));
        }
        Note::Read(bits) => found.read = show(bits),
        Note::ReadStale { value, last } => (found.read, found.last) = (show(value), show(last)),
        Note::WroteEarlier { new, last } => (found.new, found.last) = (show(new), show(last)),
        Note::Wrote { old, new } => (found.old, found.new) = (show(old), show(new)),
        Note::WroteStale { old, new, last } => {
            (found.old, found.new, found.last) = (show(old), show(new), show(last));
        }
        Note::FailedStale { value, last } => {
            found.ended = Some(Ended::Failed);
            (found.read, found.last) = (show(value), show(last));
        }
        Note::Failed(bits) => {
            found.ended = Some(Ended::Failed);
            found.read = if matches!(kind, Some(ObjectKind::Atomic(_))) { show(bits) } else { None };
        }
        Note::FailedSpuriously => found.ended = Some(Ended::FailedSpuriously),
        Note::TimedOut if event.op.kind == OpKind::Sleep => {}
        Note::TimedOut => found.ended = Some(Ended::TimedOut),
        Note::Spurious => found.ended = Some(Ended::Spuriously),
        Note::Thread(thread) => found.other = Some(thread.index()),
        Note::Waits | Note::Spawned(_) | Note::Unreceived(_) => {}
    }
    if let Some(atomic) = event.atomic {
        let reads = matches!(event.op.kind, OpKind::Load | OpKind::ReadModifyWrite | OpKind::CompareExchange);
        found.source = reads.then_some(atomic.source);
        found.ordering = Some(ordering_name(atomic.order));
    }
    found
}

fn ordering_name(order: Ordering) -> &'static str {
    match order {
        Ordering::Relaxed => "Relaxed",
        Ordering::Acquire => "Acquire",
        Ordering::Release => "Release",
        Ordering::AcqRel => "AcqRel",
        _ => "SeqCst",
    }
}

/// What was found, in words.
pub(super) fn note(execution: &Execution, event: &Event, found: &Found) -> String {
    let Found { old, new, read, last, ended, .. } = found;
    match (ended, old, new, read, last) {
        (Some(Ended::Failed), _, _, Some(read), Some(last)) => {
            return format!(": fails, it is {read} (stale: it is {last})");
        }
        (Some(Ended::Failed), _, _, Some(read), _) => return format!(": fails, it is {read}"),
        (Some(Ended::Failed), ..) => return ": fails".to_owned(),
        (Some(Ended::FailedSpuriously), ..) => return ": fails spuriously".to_owned(),
        (Some(Ended::TimedOut), ..) => return ": timed out".to_owned(),
        (Some(Ended::Spuriously), ..) if is_spurious_poll(event) => {
            return ", though nobody has woken it".to_owned();
        }
        (Some(Ended::Spuriously), ..) => return ": wakes spuriously".to_owned(),
        (None, _, _, Some(read), Some(last)) => return format!(" = {read} (stale: it is {last})"),
        (None, _, _, Some(read), None) => return format!(" = {read}"),
        (None, Some(old), Some(new), _, Some(last)) => {
            return format!(": {old} → {new} (stale: it is {last})");
        }
        (None, _, Some(new), _, Some(last)) => return format!(": {new} (before {last})"),
        (None, Some(old), Some(new), ..) => return format!(": {old} → {new}"),
        _ => {}
    }
    match event.note {
        Note::Waits => return ": has to wait".to_owned(),
        Note::Unreceived(1) => return ", with a message in it".to_owned(),
        Note::Unreceived(count) => return format!(", with {count} messages in it"),
        Note::Spawned(task) => {
            return format!(" {}", label(execution, column_of(execution, event.thread, task)));
        }
        _ => {}
    }
    let Note::Thread(thread) = event.note else { return String::new() };
    if !matches!(event.op.kind, OpKind::NotifyOne | OpKind::NotifyAll) {
        return format!(" {}", execution.kernel.thread_label(thread));
    }
    let woken = execution.evidence.woken_by(event.step).map(|thread| execution.kernel.thread_label(thread));
    format!(": wakes {}", join_names(&woken.collect::<Vec<_>>()))
}
