//! once_cell: one initializer wins, all see its value, and the others of the racing kinds are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use once_cell::race::OnceBox;
use once_cell::sync::OnceCell;

#[drawloom::test]
fn one_initializer_runs() {
    let runs = Arc::new(AtomicUsize::new(0));
    let cell = Arc::new(OnceCell::new());
    let others = [1, 2].map(|value| {
        let (cell, runs) = (cell.clone(), runs.clone());
        thread::spawn(move || {
            *cell.get_or_init(|| {
                runs.fetch_add(1, Ordering::Relaxed);
                value
            })
        })
    });
    let [first, second] = others.map(|other| other.join().unwrap());
    assert_eq!((first, runs.load(Ordering::Relaxed)), (second, 1));
}

#[drawloom::test]
fn a_failed_initializer_leaves_it_to_the_next() {
    let cell = Arc::new(OnceCell::<u32>::new());
    let theirs = cell.clone();
    let other = thread::spawn(move || theirs.get_or_try_init(|| Err::<u32, ()>(())).copied());
    assert_eq!(cell.get_or_try_init(|| Ok::<u32, ()>(7)), Ok(&7));
    assert!(matches!(other.join().unwrap(), Err(()) | Ok(7)));
}

#[drawloom::test]
fn racing_initializers_agree() {
    let cell = Arc::new(OnceBox::new());
    let made = Arc::new(());
    let others = [(); 2].map(|()| {
        let (cell, made) = (cell.clone(), made.clone());
        thread::spawn(move || {
            let value: &Arc<()> = cell.get_or_init(|| Box::new(made));
            (&raw const *value).addr()
        })
    });
    let [first, second] = others.map(|other| other.join().unwrap());
    assert_eq!(first, second);
    // This one, and the one in the cell.
    assert_eq!(Arc::strong_count(&made), 2);
}
