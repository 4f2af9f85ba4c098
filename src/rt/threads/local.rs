//! Thread locals of one model thread: made at first use, destroyed when the thread ends.
//!
//! A key is looked up by the address of a static of its own; threads have few keys, so a
//! list beats a map. As in std, a destructor may use other keys, and the last key made is destroyed first.

/// The value of one key in one thread.
struct Local {
    key: usize,
    value: *mut (),
    destroy: unsafe fn(*mut ()),
    destroyed: bool,
}

/// A value that is to be destroyed now.
pub(crate) struct Doomed {
    pub(crate) value: *mut (),
    pub(crate) destroy: unsafe fn(*mut ()),
}

/// What a thread holds under a key.
pub(crate) enum Lookup {
    /// Nothing yet.
    Absent,
    /// A value at this place.
    Present(*mut ()),
    /// A value that is being or was destroyed.
    Destroyed,
}

/// The thread locals of one thread.
#[derive(Default)]
pub(crate) struct Locals(Vec<Local>);

impl Locals {
    pub(crate) fn get(&self, key: usize) -> Lookup {
        match self.0.iter().find(|local| local.key == key) {
            None => Lookup::Absent,
            Some(local) if local.destroyed => Lookup::Destroyed,
            Some(local) => Lookup::Present(local.value),
        }
    }

    /// Keeps `value` until the thread ends and then calls `destroy` with it.
    pub(crate) fn insert(&mut self, key: usize, value: *mut (), destroy: unsafe fn(*mut ())) {
        self.0.push(Local { key, value, destroy, destroyed: false });
    }

    /// Takes the value that is to be destroyed next; the key stays, marked as destroyed.
    pub(crate) fn take_last(&mut self) -> Option<Doomed> {
        let last = self.0.iter_mut().rev().find(|local| !local.destroyed)?;
        last.destroyed = true;
        Some(Doomed { value: last.value, destroy: last.destroy })
    }

    /// Forgets all keys. Values that were not destroyed belong to a thread that was cut off and stay as
    /// they are, like everything else of that thread.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
