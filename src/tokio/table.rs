//! What stands for a primitive in one execution. A `static` mutex outlives executions, but each of them begins with it free: so its
//! state belongs to the execution, under the number of its object.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;

use crate::rt::Current;
use crate::rt::op::ObjectId;
use crate::rt::registry::identity::Stamp;

thread_local! {
    static TABLE: RefCell<Table> = const { RefCell::new(Table { of: None, states: Vec::new() }) };
}

struct Table {
    of: Option<Stamp>,
    states: Vec<Option<Arc<dyn Any + Send + Sync>>>,
}

/// The state of an object of the running execution; `make` makes it at first use.
pub(super) fn state_of<T: Any + Send + Sync>(
    mut current: Current,
    object: ObjectId,
    make: impl FnOnce() -> T,
) -> Arc<T> {
    let stamp = current.execution().stamp();
    let state = TABLE.with_borrow_mut(|table| {
        if table.of != Some(stamp) {
            table.of = Some(stamp);
            table.states.clear();
        }
        if table.states.len() <= object.index() {
            table.states.resize(object.index() + 1, None);
        }
        Arc::clone(table.states[object.index()].get_or_insert_with(|| Arc::new(make())))
    });
    state.downcast().expect("an object stands for one primitive")
}
