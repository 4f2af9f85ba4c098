//! tower's layers around a small service: how many are inside at once, who is turned away, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use tokio::task::yield_now;
use tokio::time::{Duration, Instant, sleep};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

/// How many requests the service works on, and the most at one time.
#[derive(Default)]
struct Load {
    now: AtomicU32,
    most: AtomicU32,
}

/// A service that gives way once in each request.
fn service(
    load: &Arc<Load>,
) -> impl Service<u32, Response = u32, Error = BoxError, Future: Send> + Clone + Send + 'static {
    let load = load.clone();
    service_fn(move |number: u32| {
        let load = load.clone();
        async move {
            load.most.fetch_max(load.now.fetch_add(1, SeqCst) + 1, SeqCst);
            yield_now().await;
            load.now.fetch_sub(1, SeqCst);
            Ok::<_, BoxError>(number * 2)
        }
    })
}

/// Two requests at the same time, and how many of them were inside at once.
async fn most_at_once(limit: usize) -> u32 {
    let load = Arc::new(Load::default());
    let limited = ServiceBuilder::new().concurrency_limit(limit).service(service(&load));
    let tasks = [1, 2].map(|number| (number, tokio::spawn(limited.clone().oneshot(number))));
    for (number, task) in tasks {
        assert_eq!(task.await.unwrap().unwrap(), number * 2);
    }
    load.most.load(SeqCst)
}

#[drawloom::test]
async fn a_limit_of_one_lets_one_in() {
    assert_eq!(most_at_once(1).await, 1);
}

#[drawloom::test(expect = "panic")]
async fn a_limit_of_two_lets_two_in() {
    assert_eq!(most_at_once(2).await, 1);
}

#[drawloom::test]
async fn a_buffer_answers_all_its_clones() {
    let buffered = ServiceBuilder::new().buffer(1).service(service(&Arc::default()));
    let tasks = [1, 2].map(|number| (number, tokio::spawn(buffered.clone().oneshot(number))));
    drop(buffered);
    for (number, task) in tasks {
        assert_eq!(task.await.unwrap().unwrap(), number * 2);
    }
}

#[drawloom::test]
async fn a_timeout_strikes_in_virtual_time() {
    let start = Instant::now();
    let slow = service_fn(|()| async {
        sleep(Duration::from_secs(3600)).await;
        Ok::<_, BoxError>(())
    });
    let timed = ServiceBuilder::new().timeout(Duration::from_secs(60)).service(slow);
    let error = timed.oneshot(()).await.unwrap_err();
    assert!(error.is::<tower::timeout::error::Elapsed>());
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[drawloom::test]
async fn a_rate_of_two_an_hour_lets_the_third_wait() {
    let start = Instant::now();
    let mut limited =
        ServiceBuilder::new().rate_limit(2, Duration::from_secs(3600)).service(service(&Arc::default()));
    for number in 0..3 {
        assert_eq!(limited.ready().await.unwrap().call(number).await.unwrap(), number * 2);
    }
    assert_eq!(start.elapsed().as_secs(), 3600);
}

/// Who asks while another is inside is turned away: whether that happens depends on the order.
#[drawloom::test(expect = "panic")]
async fn two_at_once_are_not_both_served_by_one_that_sheds_load() {
    let shedding = ServiceBuilder::new().load_shed().concurrency_limit(1).service(service(&Arc::default()));
    for task in [1, 2].map(|number| tokio::spawn(shedding.clone().oneshot(number))) {
        task.await.unwrap().unwrap();
    }
}
