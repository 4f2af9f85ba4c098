//! The objects of one execution: what they are, where they were made, who waits on them.
//!
//! An object registers at its first use in each execution. Its name is stable across executions and
//! builds of the same source: kind, creation site, the thread that used it first, and an ordinal among
//! those that agree in all of this. Nothing here is an address.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::Location;

use super::knot::Users;
use super::lanes::LaneSet;
use super::op::{ObjectId, ThreadId};
use super::state::State;
use super::thread::Knowledge;

/// What kind of thing an object is; reports name it by this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ObjectKind {
    Thread,
    Mutex,
    RwLock,
    Condvar,
    Barrier,
    Once,
    OnceLock,
    LazyLock,
    Semaphore,
    Channel,
    Waker,
    Atomic(AtomicKind),
    /// Plain memory, under the name of what it is part of.
    Memory(&'static str),
}

/// The type of an atomic: how its bits are to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AtomicKind {
    pub(crate) name: &'static str,
    pub(crate) bits: u32,
    pub(crate) form: AtomicForm,
}

/// How the bits of an atomic are written in a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AtomicForm {
    Bool,
    Signed,
    Unsigned,
    Pointer,
}

impl ObjectKind {
    /// Whether the object stands for data that are not the model's: a lock's.
    pub(crate) fn has_data(self) -> bool {
        matches!(self, ObjectKind::Mutex | ObjectKind::RwLock)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            ObjectKind::Thread => "thread",
            ObjectKind::Mutex => "Mutex",
            ObjectKind::RwLock => "RwLock",
            ObjectKind::Condvar => "Condvar",
            ObjectKind::Barrier => "Barrier",
            ObjectKind::Once => "Once",
            ObjectKind::OnceLock => "OnceLock",
            ObjectKind::LazyLock => "LazyLock",
            ObjectKind::Semaphore => "Semaphore",
            ObjectKind::Channel => "channel",
            ObjectKind::Waker => "waker",
            ObjectKind::Atomic(kind) => kind.name,
            ObjectKind::Memory(name) => name,
        }
    }
}

/// A thread in an object's own list: a reader that holds it, a waiter, one that has arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) thread: ThreadId,
    pub(crate) location: &'static Location<'static>,
    /// What the list's owner needs to know besides; see each state machine.
    pub(crate) flags: u32,
}

/// One object. Its memory is kept for the object of the same number in the next execution.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) kind: ObjectKind,
    pub(crate) location: &'static Location<'static>,
    pub(crate) first_user: ThreadId,
    pub(crate) state: State,
    /// Threads whose pending op is on this object and may block, enabled or not.
    pub(crate) waiting: LaneSet,
    /// The last step at which some of these were enabled or disabled.
    pub(crate) rechecked: u64,
    /// Who has used it, as far as others wait for that; see `knot`.
    pub(super) users: Users,
    pub(crate) entries: Vec<Entry>,
    /// What is known to whoever acquires from this object.
    pub(crate) knowledge: Knowledge,
    /// The event that changed it last; see `behaviour`.
    pub(super) changed_by: u64,
    /// What is known to whoever receives the messages of a channel, one by one; only if there is a director.
    pub(crate) messages: VecDeque<Knowledge>,
}

/// A name for an object that is the same in every execution in which it plays the same part: where it was
/// made, and a number among those that were made there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ObjectKey {
    pub(crate) location: &'static Location<'static>,
    pub(crate) ordinal: u32,
}

impl ObjectKey {
    /// Whether the two objects were made at the same place in the source.
    pub fn is_same_site(&self, other: &ObjectKey) -> bool {
        self.location == other.location
    }

    /// The key that stands for all objects made at this place.
    pub(crate) fn site(self) -> ObjectKey {
        ObjectKey { ordinal: 0, ..self }
    }
}

/// The objects of the running execution.
#[derive(Default, Debug)]
pub(crate) struct ObjectTable {
    objects: Vec<Object>,
    count: usize,
    /// The ordinals of the first objects, as many as were asked for: only some strategies, and reports, want names.
    ordinals: RefCell<Ordinals>,
}

/// Ordinals that are known, and how many objects were made at each place by then.
#[derive(Default, Debug)]
struct Ordinals {
    of: Vec<u32>,
    /// Sorted by place and kind.
    made: Vec<((&'static Location<'static>, &'static str), u32)>,
}

impl Ordinals {
    fn clear(&mut self) {
        self.of.clear();
        self.made.clear();
    }

    /// Counts the next object.
    fn add(&mut self, object: &Object) {
        let place = (object.location, object.kind.name());
        let count = match self.made.binary_search_by(|(other, _)| other.cmp(&place)) {
            Ok(at) => &mut self.made[at].1,
            Err(at) => {
                self.made.insert(at, (place, 0));
                &mut self.made[at].1
            }
        };
        self.of.push(*count);
        *count += 1;
    }
}

impl ObjectTable {
    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.ordinals.get_mut().clear();
    }

    pub(crate) fn register(
        &mut self,
        kind: ObjectKind,
        location: &'static Location<'static>,
        first_user: ThreadId,
        state: State,
    ) -> ObjectId {
        if let Some(object) = self.objects.get_mut(self.count) {
            object.kind = kind;
            object.location = location;
            object.first_user = first_user;
            object.state = state;
            object.waiting.clear();
            object.entries.clear();
            object.knowledge.clear();
            object.messages.clear();
            object.changed_by = 0;
            object.rechecked = 0;
            object.users = Users::of(first_user);
        } else {
            self.objects.push(Object {
                kind,
                location,
                first_user,
                state,
                waiting: LaneSet::default(),
                entries: Vec::new(),
                knowledge: Knowledge::default(),
                messages: VecDeque::new(),
                changed_by: 0,
                rechecked: 0,
                users: Users::of(first_user),
            });
        }
        self.count += 1;
        ObjectId((self.count - 1) as u32)
    }

    #[inline]
    pub(crate) fn get(&self, object: ObjectId) -> &Object {
        &self.objects[object.index()]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, object: ObjectId) -> &mut Object {
        &mut self.objects[object.index()]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Object> {
        self.objects[..self.count].iter()
    }

    /// The object's name, with the number of objects before it that were made at the same place.
    pub(crate) fn key(&self, object: ObjectId) -> ObjectKey {
        let mut ordinals = self.ordinals.borrow_mut();
        while ordinals.of.len() <= object.index() {
            let next = &self.objects[ordinals.of.len()];
            ordinals.add(next);
        }
        ObjectKey { location: self.get(object).location, ordinal: ordinals.of[object.index()] }
    }
}
