//! Who waits for something that an act may bring about.

use std::task::Waker;

/// Wakers, in the order in which they began to wait.
#[derive(Default, Debug)]
pub(super) struct Waiters {
    waiting: Vec<(u64, Waker)>,
    next: u64,
}

impl Waiters {
    /// Waits under this key, or a new one. Returns the key, and the waker that was there before.
    pub(super) fn wait(&mut self, key: Option<u64>, waker: Waker) -> (u64, Option<Waker>) {
        let key = key.unwrap_or_else(|| {
            self.next += 1;
            self.next
        });
        match self.waiting.iter_mut().find(|(other, _)| *other == key) {
            Some((_, old)) => (key, Some(std::mem::replace(old, waker))),
            None => {
                self.waiting.push((key, waker));
                (key, None)
            }
        }
    }

    pub(super) fn leave(&mut self, key: u64) -> Option<Waker> {
        let place = self.waiting.iter().position(|&(other, _)| other == key)?;
        Some(self.waiting.remove(place).1)
    }

    /// Takes all of them, to be woken after the act.
    pub(super) fn take(&mut self) -> Woken {
        Woken(std::mem::take(&mut self.waiting))
    }
}

/// Those that are to be woken.
#[must_use]
#[derive(Default)]
pub(super) struct Woken(Vec<(u64, Waker)>);

impl Woken {
    pub(super) fn wake(self) {
        for (_, waker) in self.0 {
            waker.wake();
        }
    }
}
