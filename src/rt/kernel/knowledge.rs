//! What threads and objects learn from each other.

use super::Kernel;
use crate::rt::clocks::view::View;
use crate::rt::memory::races::History;
use crate::rt::objects::table::Object;
use crate::rt::op::{ObjectId, ThreadId};

impl Kernel {
    /// Whether what happens from now on makes threads and objects learn from each other: as long as there is one thread, it knows all
    /// that any object could tell it, and so does each thread that it spawns.
    pub(super) fn note_learning(&mut self) {
        self.learns = self.limits.keeps_clocks && self.threads.count() > 1;
    }

    /// An object and what a thread knows, for what the two learn from each other.
    #[inline]
    fn pair(&mut self, object: ObjectId, id: ThreadId) -> (&mut Object, &mut View) {
        (self.objects.get_mut(object), &mut self.views[id.index()])
    }

    /// The accesses to a piece of memory, and what a thread that makes one knows.
    pub(in crate::rt) fn history(&mut self, index: u32, id: ThreadId) -> (&mut History, &View) {
        (self.histories.get_mut(index), &self.views[id.index()])
    }

    /// The thread learns what `object` knows.
    #[inline(always)]
    pub(crate) fn acquire(&mut self, id: ThreadId, object: ObjectId) {
        if self.learns {
            self.learn(id, object);
        }
    }

    #[inline]
    fn learn(&mut self, id: ThreadId, object: ObjectId) {
        let (object, view) = self.pair(object, id);
        view.acquire(&object.knowledge);
    }

    /// `object` learns what the thread knows, in addition to what it knew.
    #[inline(always)]
    pub(crate) fn release(&mut self, id: ThreadId, object: ObjectId) {
        if self.learns {
            self.teach(id, object);
        }
    }

    #[inline]
    fn teach(&mut self, id: ThreadId, object: ObjectId) {
        let (object, view) = self.pair(object, id);
        view.release(&mut object.knowledge);
    }

    /// `object` learns what the thread knows, the thread knowing already all that it knew.
    #[inline]
    pub(crate) fn release_owned(&mut self, id: ThreadId, object: ObjectId) {
        if !self.learns {
            return;
        }
        let (object, view) = self.pair(object, id);
        view.release_owned(&mut object.knowledge);
    }

    /// `id` learns what those know who gave it its token.
    pub(crate) fn acquire_token(&mut self, id: ThreadId) {
        if !self.learns {
            return;
        }
        self.views[id.index()].acquire(&self.tokens[id.index()]);
    }

    /// `id` gives `to` its token: not what a join of `to` learns, so it is kept apart from the thread's object.
    pub(crate) fn release_token(&mut self, id: ThreadId, to: ThreadId) {
        if !self.learns {
            return;
        }
        self.views[id.index()].release(&mut self.tokens[to.index()]);
    }
}
