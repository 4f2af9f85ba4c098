//! What each operation does to the abstract state machines, and whom it wakes.

use super::super::program::{Act, Wait};
use super::{CLOSED, EMPTY, FULL, GONE, Held, Permits, Progress, Step, Which, World};

impl World {
    pub(super) fn permits(&mut self, which: Which) -> &mut Permits {
        match which {
            Which::Mutex(which) => &mut self.mutexes[which],
            Which::Semaphore => &mut self.semaphore,
            Which::Places => &mut self.bounded.places,
        }
    }

    /// Takes permits, and keeps them, or gives them back at once.
    pub(super) fn take(&mut self, task: usize, which: Which, count: u32, keeps: bool) -> Step {
        let progress = self.tasks[task].progress;
        let permits = self.permits(which);
        if permits.is_closed {
            self.give_up(task, which, count);
            if keeps {
                self.tasks[task].held.push(Held::Nothing);
            }
            return Step::Seen(CLOSED);
        }
        match progress {
            Progress::Given => {
                self.tasks[task].progress = Progress::Taken;
                Step::Again
            }
            Progress::Taken => {
                if keeps {
                    self.tasks[task].held.push(Held::Permits(which, count));
                } else {
                    self.release(Held::Permits(which, count));
                }
                Step::Seen(1)
            }
            Progress::Queued => Step::Pending,
            _ if permits.free >= count => {
                permits.free -= count;
                self.tasks[task].progress = Progress::Taken;
                Step::Again
            }
            _ => {
                let left = count - std::mem::take(&mut permits.free);
                permits.queue.push((task, left));
                self.tasks[task].progress = Progress::Queued;
                Step::Pending
            }
        }
    }

    /// A task gives up what it waits for. What it was given goes to the next.
    pub(super) fn leave(&mut self, task: usize, wait: Wait) {
        let progress = self.tasks[task].progress;
        let (which, count) = match wait {
            Wait::Lock(which, _) => (Which::Mutex(usize::from(which)), 1),
            Wait::Permits(count) => (Which::Semaphore, count),
            Wait::Send(_) => (Which::Places, 1),
            Wait::Notified => {
                self.notify.queue.retain(|&other| other != task);
                if progress == Progress::Given {
                    self.act(task, Act::NotifyOne);
                }
                return;
            }
            _ => return,
        };
        self.give_up(task, which, count);
    }

    /// A task gives back what it was given of permits, and its place among those that wait for them.
    fn give_up(&mut self, task: usize, which: Which, count: u32) {
        let had = match self.tasks[task].progress {
            Progress::Given | Progress::Taken => count,
            Progress::Queued => {
                let queue = &mut self.permits(which).queue;
                let at = queue.iter().position(|&(other, _)| other == task);
                at.map_or(0, |at| count - queue.remove(at).1)
            }
            _ => 0,
        };
        self.release(Held::Permits(which, had));
    }

    pub(super) fn release(&mut self, held: Held) {
        let Held::Permits(which, mut count) = held else { return };
        let permits = self.permits(which);
        let mut given = Vec::new();
        if !permits.is_closed {
            while count > 0 && !permits.queue.is_empty() {
                let (task, left) = &mut permits.queue[0];
                let part = count.min(*left);
                (count, *left) = (count - part, *left - part);
                if *left == 0 {
                    given.push(*task);
                    permits.queue.remove(0);
                }
            }
        }
        permits.free += count;
        for task in given {
            self.tasks[task].progress = Progress::Given;
            self.wake(task);
        }
        if which == Which::Places && self.bounded.places.is_closed {
            self.wake_receiver();
        }
    }

    pub(super) fn close(&mut self, which: Which) {
        let permits = self.permits(which);
        permits.is_closed = true;
        for (task, _) in permits.queue.clone() {
            self.wake(task);
        }
    }

    pub(super) fn wake_receiver(&mut self) {
        if let Some(task) = self.bounded.waits.take() {
            self.wake(task);
        }
    }

    pub(super) fn receive(&mut self, is_bounded: bool) -> u16 {
        let channel = if is_bounded { &mut self.bounded } else { &mut self.unbounded };
        if !channel.values.is_empty() {
            let value = channel.values.remove(0);
            if is_bounded {
                self.release(Held::Permits(Which::Places, 1));
            }
            return u16::from(value);
        }
        let is_idle = channel.places.free == channel.capacity;
        if channel.senders == 0 || channel.places.is_closed && is_idle { CLOSED } else { EMPTY }
    }

    pub(super) fn act(&mut self, task: usize, act: Act) -> u16 {
        let this = &mut self.tasks[task];
        match act {
            Act::TryLock(which, add) => {
                let which = usize::from(which);
                if self.mutexes[which].free == 0 {
                    return FULL;
                }
                let seen = u16::from(self.values[which]);
                self.values[which] = self.values[which].wrapping_add(add);
                seen
            }
            Act::TryPermits(_) if self.semaphore.is_closed => CLOSED,
            Act::TryPermits(count) if self.semaphore.free < count => EMPTY,
            Act::TryPermits(count) => {
                self.semaphore.free -= count;
                this.held.push(Held::Permits(Which::Semaphore, count));
                1
            }
            Act::AddPermits(count) => {
                self.release(Held::Permits(Which::Semaphore, u32::from(count)));
                1
            }
            Act::Available => self.semaphore.free as u16,
            Act::CloseSemaphore => {
                self.close(Which::Semaphore);
                1
            }
            Act::TrySend(_) | Act::DropSender if !this.has_sender => GONE,
            Act::TrySend(_) if self.bounded.places.is_closed => CLOSED,
            Act::TrySend(_) if self.bounded.places.free == 0 => FULL,
            Act::TrySend(value) => {
                self.bounded.places.free -= 1;
                self.bounded.values.push(value);
                self.wake_receiver();
                1
            }
            Act::DropSender => {
                this.has_sender = false;
                self.bounded.senders -= 1;
                if self.bounded.senders == 0 {
                    self.wake_receiver();
                }
                1
            }
            Act::TryRecv | Act::CloseReceiver | Act::DropReceiver if !this.has_receiver => GONE,
            Act::TryRecv => self.receive(true),
            Act::CloseReceiver => {
                self.close(Which::Places);
                1
            }
            Act::DropReceiver => {
                this.has_receiver = false;
                self.close(Which::Places);
                self.bounded.waits = None;
                let count = std::mem::take(&mut self.bounded.values).len() as u32;
                self.release(Held::Permits(Which::Places, count));
                1
            }
            Act::SendUnbounded(_) | Act::DropUnboundedSender if !this.has_unbounded_sender => GONE,
            Act::SendUnbounded(_) if self.unbounded.places.is_closed => CLOSED,
            Act::SendUnbounded(value) => {
                self.unbounded.values.push(value);
                self.wake_unbounded();
                1
            }
            Act::DropUnboundedSender => {
                this.has_unbounded_sender = false;
                self.unbounded.senders -= 1;
                if self.unbounded.senders == 0 {
                    self.wake_unbounded();
                }
                1
            }
            Act::TryRecvUnbounded | Act::CloseUnbounded | Act::DropUnboundedReceiver
                if !this.has_unbounded_receiver =>
            {
                GONE
            }
            Act::TryRecvUnbounded => self.receive(false),
            Act::CloseUnbounded => {
                self.unbounded.places.is_closed = true;
                1
            }
            Act::DropUnboundedReceiver => {
                this.has_unbounded_receiver = false;
                self.unbounded.places.is_closed = true;
                self.unbounded.values.clear();
                1
            }
            Act::SendOnce(_) | Act::DropOnceSender if !this.has_once_sender => GONE,
            Act::SendOnce(value) => {
                this.has_once_sender = false;
                self.once.has_sender = false;
                if self.once.is_closed {
                    return CLOSED;
                }
                self.once.value = Some(value);
                self.wake_once();
                1
            }
            Act::DropOnceSender => {
                this.has_once_sender = false;
                self.once.has_sender = false;
                self.wake_once();
                1
            }
            Act::TryOnce | Act::CloseOnce | Act::DropOnceReceiver if !this.has_once_receiver => GONE,
            Act::TryOnce => match self.once.value.take() {
                None if self.once.has_sender && !self.once.is_closed => EMPTY,
                value => {
                    this.has_once_receiver = false;
                    self.once.is_closed = true;
                    value.map_or(CLOSED, u16::from)
                }
            },
            Act::CloseOnce => {
                self.once.is_closed = true;
                1
            }
            Act::DropOnceReceiver => {
                this.has_once_receiver = false;
                self.once.is_closed = true;
                1
            }
            Act::NotifyOne => {
                if self.notify.queue.is_empty() {
                    self.notify.has_permit = true;
                } else {
                    let first = self.notify.queue.remove(0);
                    self.tasks[first].progress = Progress::Given;
                    self.wake(first);
                }
                1
            }
            Act::NotifyWaiters => {
                for waiting in std::mem::take(&mut self.notify.queue) {
                    // Dropped, it hands nothing on, as it would what `notify_one` gave it.
                    self.tasks[waiting].progress = Progress::Began(self.notify.calls);
                    self.wake(waiting);
                }
                self.notify.calls += 1;
                1
            }
            Act::Release if this.held.is_empty() => GONE,
            Act::Release => {
                let first = this.held.remove(0);
                self.release(first);
                1
            }
            other => unreachable!("{other:?} is not in programs of this shape"),
        }
    }

    pub(super) fn wake_unbounded(&mut self) {
        if let Some(task) = self.unbounded.waits.take() {
            self.wake(task);
        }
    }

    pub(super) fn wake_once(&mut self) {
        if let Some(task) = self.once.waits.take() {
            self.wake(task);
        }
    }
}
