use std::sync::Arc;

use drawloom::tokio::runtime::Builder;
use drawloom::tokio::sync::Mutex;
use drawloom::tokio::{self, task};
use drawloom::{Config, explore};

async fn transfer(from: &Mutex<i64>, to: &Mutex<i64>, n: i64) {
    let mut from = from.lock().await;
    let mut to = to.lock().await;
    *from -= n;
    *to += n;
}
async fn a04_buggy() {
    let (a, b) = (Arc::new(Mutex::new(10)), Arc::new(Mutex::new(10)));
    let (a2, b2) = (a.clone(), b.clone());
    let other = tokio::spawn(async move { transfer(&b2, &a2, 1).await });
    transfer(&a, &b, 2).await;
    other.await.unwrap();
    assert_eq!((*a.lock().await, *b.lock().await), (9, 11));
}
async fn a04_fixed() {
    let (a, b) = (Arc::new(Mutex::new(10)), Arc::new(Mutex::new(10)));
    let (a2, b2) = (a.clone(), b.clone());
    let other = tokio::spawn(async move {
        *b2.lock().await -= 1;
        *a2.lock().await += 1;
    });
    *a.lock().await -= 2;
    *b.lock().await += 2;
    other.await.unwrap();
    assert_eq!((*a.lock().await, *b.lock().await), (9, 11));
}
async fn book(left: Arc<Mutex<u32>>) -> bool {
    if *left.lock().await == 0 {
        return false;
    }
    task::yield_now().await;
    let mut left = left.lock().await;
    *left = left.checked_sub(1).expect("seat sold twice");
    true
}
async fn a05_buggy() {
    let left = Arc::new(Mutex::new(1));
    let other = tokio::spawn(book(left.clone()));
    let mine = book(left.clone()).await;
    assert!(mine ^ other.await.unwrap());
}

fn run<F: Future<Output = ()>>(multi: bool, f: impl Fn() -> F + Send + Sync) {
    let report = explore(Config::new(), || {
        let mut builder = if multi { Builder::new_multi_thread() } else { Builder::new_current_thread() };
        builder.build().unwrap().block_on(f())
    });
    println!("{report}");
}

#[test]
fn first() {
    for multi in [false, true] {
        run(multi, a04_buggy);
        run(multi, a04_fixed);
        run(multi, a05_buggy);
    }
}
