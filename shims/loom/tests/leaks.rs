//! What has to be gone when an execution ends.

mod common;

use std::mem::forget;

use common::fails;
use loom::alloc::{Layout, Track, alloc, alloc_zeroed, dealloc};
use loom::sync::Arc;
use loom::sync::mpsc::channel;

#[test]
fn an_arc_that_is_left_is_a_leak() {
    for message in [
        fails(|| forget(Arc::new(1))),
        fails(|| forget(Arc::clone(&Arc::new(1)))),
        fails(|| assert!(!Arc::into_raw(Arc::new(1)).is_null())),
    ] {
        assert!(message.starts_with("leak: the Arc made at ") && message.contains("leaks.rs"), "{message}");
        assert!(message.contains("Arc leaked"), "{message}");
    }
}

#[test]
fn an_arc_in_a_cycle_is_a_leak() {
    struct Node(std::cell::RefCell<Option<Arc<Node>>>);
    let message = fails(|| {
        let node = Arc::new(Node(None.into()));
        *node.0.borrow_mut() = Some(node.clone());
    });
    assert!(message.contains("Arc leaked"), "{message}");
}

#[test]
fn a_tracked_value_that_is_left_is_a_leak() {
    let message = fails(|| forget(Track::new(1)));
    assert!(message.starts_with("leak: ") && message.contains("Allocation leaked"), "{message}");
    loom::model(|| {
        let mut track = Track::new(vec![1]);
        track.get_mut().push(2);
        assert_eq!(format!("{track:?}"), "Track([1, 2])");
        forget(track.into_inner());
        assert_eq!(*Track::new(3).get_ref(), 3);
    });
}

#[test]
fn memory_that_is_left_is_a_leak() {
    let layout = Layout::new::<u64>();
    // SAFETY: the layout has a size.
    let message = fails(move || assert!(!unsafe { alloc(layout) }.is_null()));
    assert!(message.contains("Allocation leaked"), "{message}");
    loom::model(move || {
        // SAFETY: the layout has a size, and is the one that is freed; zeros are a `u64`.
        unsafe {
            let memory = alloc_zeroed(layout);
            assert_eq!(*memory.cast::<u64>(), 0);
            dealloc(memory, layout);
        }
    });
}

#[test]
fn memory_is_freed_once() {
    let message = fails(|| {
        let layout = Layout::new::<u64>();
        // SAFETY: the second `dealloc` panics before it frees anything.
        unsafe {
            let memory = alloc(layout);
            dealloc(memory, layout);
            dealloc(memory, layout);
        }
    });
    assert!(message.starts_with("panic: ") && message.contains("freed before"), "{message}");
}

#[test]
fn messages_of_a_forgotten_receiver_are_a_leak() {
    let message = fails(|| {
        let (sender, receiver) = channel();
        sender.send(1).unwrap();
        forget(receiver);
    });
    assert!(message.contains("Messages leaked"), "{message}");
    // One that is dropped drops what is in the channel, and what comes later goes back to its sender.
    loom::model(|| {
        let (sender, receiver) = channel();
        sender.send(Arc::new(1)).unwrap();
        drop(receiver);
        assert_eq!(*sender.send(Arc::new(2)).unwrap_err().0, 2);
    });
}
