//! The order of locks, drawn.

use drawloom::sync::{Arc, Mutex};
use drawloom::{Config, Policy, explore, thread};

use super::{config, run, verified};

/// The order of a test, for Graphviz and as a picture.
fn drawn(name: &str, config: Config, body: impl Fn() + Send + Sync) -> (String, String) {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    let report = explore(config.name(name).artifacts(&folder), body);
    assert!(report.to_string().contains("the order of locks is drawn in"), "{report}");
    let read =
        |kind: &str| std::fs::read_to_string(folder.join(format!("{name}.lock-order.{kind}"))).unwrap();
    (read("dot"), read("svg"))
}

/// A thread that takes two locks, one in the other.
fn both<T: Send + 'static>(outer: &Arc<Mutex<T>>, inner: &Arc<Mutex<T>>) -> Box<dyn FnOnce() + Send> {
    let (outer, inner) = (Arc::clone(outer), Arc::clone(inner));
    Box::new(move || {
        let outer = outer.lock().unwrap();
        drop((inner.lock().unwrap(), outer));
    })
}

#[test]
fn the_order_is_drawn() {
    let (dot, svg) = drawn("sampled", config().executions(20), || {
        let first = Arc::new(Mutex::new(()));
        let second = Arc::new(Mutex::new(()));
        let third = Arc::new(Mutex::new(()));
        run(vec![both(&first, &second), both(&second, &third), both(&first, &third)]);
    });
    assert_eq!(dot.matches(" -> ").count(), 3, "{dot}");
    assert!(!dot.contains("red"), "{dot}");
    assert_eq!(svg.matches("class=\"arrow\"").count(), 3, "{svg}");
    assert_eq!(svg.matches("class=\"lock\"").count(), 3, "{svg}");
}

#[test]
fn the_order_of_a_verified_test_is_drawn() {
    let draw = |workers: usize| {
        let (dot, svg) = drawn("verified", verified(Policy::Warn).workers(workers), || {
            let left = Arc::new(Mutex::new(0));
            let right = Arc::new(Mutex::new(0));
            let is_done = Arc::new(Mutex::new(false));
            let (section, tell) = (both(&left, &right), Arc::clone(&is_done));
            let thread = thread::spawn(move || {
                section();
                *tell.lock().unwrap() = true;
            });
            let is_done = *is_done.lock().unwrap();
            if is_done {
                both(&right, &left)();
            }
            thread.join().unwrap();
        });
        (dot, svg)
    };
    let (dot, svg) = draw(1);
    assert_eq!(draw(3), (dot.clone(), svg.clone()));
    insta::assert_snapshot!("lock_order_dot", dot);
    insta::assert_snapshot!("lock_order_svg", svg);
}
