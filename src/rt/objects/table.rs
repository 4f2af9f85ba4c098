//! The objects of one execution: what they are, where they were made, who waits on them.
//!
//! An object registers at its first use in each execution. Its name is stable across executions and
//! builds of the same source: kind, creation site, the thread that used it first, and an ordinal among
//! those that agree in all of this. Nothing here is an address.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::Location;

use crate::rt::clocks::view::Message;
use crate::rt::objects::{State, StateOf};
use crate::rt::op::key::{Entry, ObjectKey, ObjectKind};
use crate::rt::op::thread_set::LaneSet;
use crate::rt::op::{ObjectId, ThreadId};

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
    pub(in crate::rt) users: Users,
    pub(crate) entries: Vec<Entry>,
    /// What is known to whoever acquires from this object.
    pub(crate) knowledge: Message,
    /// What is known to whoever receives the messages of a channel, one by one; only if there is a director.
    pub(crate) messages: VecDeque<Message>,
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
    /// Counts these objects, the first of which may have been counted before.
    fn count_until(&mut self, objects: &[Object]) {
        for next in objects.iter().skip(self.of.len()) {
            self.add(next);
        }
    }

    fn made_at(&self, place: (&'static Location<'static>, &'static str)) -> u32 {
        let at = self.made.binary_search_by(|(other, _)| other.cmp(&place));
        at.map_or(0, |at| self.made[at].1)
    }

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
                knowledge: Message::default(),
                messages: VecDeque::new(),
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

    /// The state of an object of which it is known what it is.
    #[inline]
    pub(crate) fn state_mut<S: StateOf>(&mut self, object: ObjectId) -> &mut S {
        match S::of(&mut self.get_mut(object).state) {
            Some(state) => state,
            None => unreachable!("the object is no {}", std::any::type_name::<S>()),
        }
    }

    /// Whether the object is the queue of a runtime.
    pub(crate) fn is_task_queue(&self, object: ObjectId) -> bool {
        object != ObjectId::NONE && matches!(self.get(object).state, State::Runtime(_))
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Object> {
        self.objects[..self.count].iter()
    }

    /// The object's name, with the number of objects before it that were made at the same place.
    pub(crate) fn key(&self, object: ObjectId) -> ObjectKey {
        let mut ordinals = self.ordinals.borrow_mut();
        ordinals.count_until(&self.objects[..=object.index()]);
        ObjectKey { location: self.get(object).location, ordinal: ordinals.of[object.index()] }
    }

    /// How many objects of its kind were made at the place of this one.
    pub(crate) fn made_beside(&self, object: ObjectId) -> u32 {
        let mut ordinals = self.ordinals.borrow_mut();
        ordinals.count_until(&self.objects[..self.count]);
        let object = self.get(object);
        ordinals.made_at((object.location, object.kind.name()))
    }
}

/// A set of threads that is never too small: those of equal number modulo its size are one.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Users(u64);

impl Users {
    pub(crate) fn of(thread: ThreadId) -> Users {
        Users(1 << (thread.0 % u64::BITS))
    }

    #[inline]
    pub(crate) fn add(&mut self, thread: ThreadId) {
        self.0 |= Users::of(thread).0;
    }

    pub(in crate::rt) fn contains(self, thread: ThreadId) -> bool {
        self.0 & Users::of(thread).0 != 0
    }

    pub(in crate::rt) fn has_others_than(self, thread: ThreadId) -> bool {
        self.0 & !Users::of(thread).0 != 0
    }
}
