//! Which operations made others possible: who unlocked the lock that is taken, who spawned, sent, notified or unparked.
//!
//! For drawings. Only what leads from one thread to another is told; between the operations of one thread time leads anyway.
//! What atomics hand over is told by the stores that their loads read (`report::Found::source`).

use std::collections::{BTreeMap, VecDeque};

use crate::report::Handover;
use crate::rt::Execution;
use crate::rt::objects::State;
use crate::rt::op::{Event, Note, ObjectId, OpKind, ThreadId};

/// An operation that something was done by.
type Giver = (u64, ThreadId);

/// What has been given and not been taken yet.
#[derive(Default)]
struct Given {
    /// Who gave an object back last that one at a time has: locks, permits, a barrier's last arrival, an initialization.
    released: BTreeMap<ObjectId, Giver>,
    /// Who has unlocked a lock for reading since it was last held for writing.
    readers: BTreeMap<ObjectId, Vec<Giver>>,
    messages: BTreeMap<ObjectId, VecDeque<Giver>>,
    taken_messages: BTreeMap<ObjectId, Giver>,
    spawned: BTreeMap<ThreadId, Giver>,
    ended: BTreeMap<ThreadId, Giver>,
    unparked: BTreeMap<ThreadId, Giver>,
    /// Threads that wait to be notified, by what, and who has notified them.
    waiting: BTreeMap<ThreadId, (ObjectId, Option<Giver>)>,
    found: Vec<Handover>,
}

pub(super) fn handovers(execution: &Execution, events: &[Event]) -> Vec<Handover> {
    let mut given = Given::default();
    for event in events {
        given.follow(execution, event);
    }
    given.found
}

impl Given {
    fn follow(&mut self, execution: &Execution, event: &Event) {
        let (object, thread) = (event.op.object, event.thread);
        let giver = (event.step, thread);
        let has_failed = matches!(event.note, Note::Failed(_) | Note::FailedSpuriously);
        let woke_itself = matches!(event.note, Note::TimedOut | Note::Spurious);
        if let Some((_, notified)) = self.waiting.remove(&thread)
            && !woke_itself
        {
            self.lead(notified, event, "notify");
        }
        if has_failed || woke_itself {
            return;
        }
        match event.op.kind {
            OpKind::Spawn => {
                if let Note::Thread(made) = event.note {
                    self.spawned.insert(made, giver);
                }
            }
            OpKind::Begin => {
                let spawner = self.spawned.get(&thread).copied();
                self.lead(spawner, event, "spawn");
            }
            OpKind::End => {
                self.ended.insert(thread, giver);
            }
            OpKind::Join => {
                if let Note::Thread(joined) = event.note {
                    let end = self.ended.get(&joined).copied();
                    self.lead(end, event, "join");
                }
            }
            OpKind::Unpark => {
                if let Note::Thread(unparked) = event.note {
                    self.unparked.insert(unparked, giver);
                }
            }
            OpKind::Park => {
                let unparker = self.unparked.remove(&thread);
                self.lead(unparker, event, "unpark");
            }
            OpKind::Lock | OpKind::TryLock => self.lead_from_release(event, "lock"),
            OpKind::ReadLock | OpKind::TryReadLock => self.lead_from_release(event, "lock"),
            OpKind::WriteLock | OpKind::TryWriteLock => {
                self.lead_from_release(event, "lock");
                for reader in self.readers.remove(&object).unwrap_or_default() {
                    self.lead(Some(reader), event, "lock");
                }
            }
            OpKind::Unlock | OpKind::WriteUnlock | OpKind::Downgrade => {
                self.released.insert(object, giver);
            }
            OpKind::ReadUnlock => self.readers.entry(object).or_default().push(giver),
            OpKind::Release | OpKind::Wake | OpKind::BarrierArrive | OpKind::OnceLeave => {
                self.released.insert(object, giver);
            }
            OpKind::Acquire | OpKind::TryAcquire => self.lead_from_release(event, "permits"),
            OpKind::AwaitWake => self.lead_from_release(event, "wake"),
            OpKind::BarrierLeave => self.lead_from_release(event, "barrier"),
            OpKind::OnceEnter | OpKind::OnceWait | OpKind::OnceGet => self.lead_from_release(event, "once"),
            OpKind::CondvarEnqueue => {
                self.waiting.insert(thread, (object, None));
                // It gives the mutex up.
                if let State::Condvar(condvar) = execution.kernel.objects.get(object).state
                    && let Some(mutex) = condvar.mutex
                {
                    self.released.insert(mutex, giver);
                }
            }
            OpKind::NotifyAll => {
                for (condvar, notified) in self.waiting.values_mut() {
                    if *condvar == object {
                        notified.get_or_insert(giver);
                    }
                }
            }
            OpKind::NotifyOne => {
                if let Note::Thread(woken) = event.note
                    && let Some((_, notified)) = self.waiting.get_mut(&woken)
                {
                    notified.get_or_insert(giver);
                }
            }
            OpKind::Send | OpKind::TrySend => self.messages.entry(object).or_default().push_back(giver),
            OpKind::Receive | OpKind::TryReceive => {
                let sender = self.messages.get_mut(&object).and_then(VecDeque::pop_front);
                self.lead(sender, event, "message");
                self.taken_messages.insert(object, giver);
            }
            OpKind::SendComplete => {
                let receiver = self.taken_messages.get(&object).copied();
                self.lead(receiver, event, "message");
            }
            _ => {}
        }
    }

    fn lead_from_release(&mut self, event: &Event, kind: &'static str) {
        let giver = self.released.get(&event.op.object).copied();
        self.lead(giver, event, kind);
    }

    fn lead(&mut self, giver: Option<Giver>, event: &Event, kind: &'static str) {
        if let Some((from, thread)) = giver
            && thread != event.thread
        {
            self.found.push(Handover { from, to: event.step, kind });
        }
    }
}
