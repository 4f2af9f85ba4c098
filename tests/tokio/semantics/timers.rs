//! `time`: sleeping, timeouts, intervals. The clock stands still while anything can go on.

use std::future::{pending, ready};

use super::super::{poll, waiting};
use super::run_alone;
use super::tokio::spawn;
use super::tokio::sync::oneshot;
use super::tokio::time::{
    Duration, Instant, MissedTickBehavior, advance, interval, interval_at, sleep, sleep_until, timeout, timeout_at,
};

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn a_sleep_ends_at_its_time() {
    run_alone(|| async {
        let start = Instant::now();
        sleep(ms(20)).await;
        assert_eq!(start.elapsed(), ms(20));
        sleep(Duration::ZERO).await;
        sleep_until(start).await;
        assert_eq!(start.elapsed(), ms(20));
        let mut asleep = waiting(sleep(ms(30))).await;
        assert!(!asleep.is_elapsed() && asleep.deadline() == start + ms(50));
        asleep.as_mut().reset(start + ms(25));
        asleep.as_mut().await;
        assert!(asleep.is_elapsed());
        assert_eq!(start.elapsed(), ms(25));
    });
}

#[test]
fn sleepers_wake_in_the_order_of_their_times() {
    run_alone(|| async {
        let (sender, mut receiver) = super::tokio::sync::mpsc::unbounded_channel();
        for time in [30, 10, 20] {
            let sender = sender.clone();
            spawn(async move {
                sleep(ms(time)).await;
                sender.send(time).unwrap();
            });
        }
        drop(sender);
        let mut times = Vec::new();
        while let Some(time) = receiver.recv().await {
            times.push(time);
        }
        assert_eq!(times, [10, 20, 30]);
    });
}

#[test]
fn the_longest_sleep_does_not_overflow() {
    run_alone(|| async {
        let forever = waiting(sleep(Duration::MAX)).await;
        let long = waiting(timeout(Duration::MAX, pending::<()>())).await;
        sleep(ms(1)).await;
        drop((forever, long));
    });
}

#[test]
fn a_timeout_is_over_or_not() {
    run_alone(|| async {
        let start = Instant::now();
        // What it limits is polled first.
        assert_eq!(timeout(Duration::ZERO, ready(1)).await, Ok(1));
        let error = timeout(ms(10), pending::<()>()).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), start.elapsed()), ("deadline has elapsed", ms(10)));
        assert!(timeout_at(start, pending::<()>()).await.is_err());
        assert_eq!(timeout(ms(20), sleep(ms(19))).await, Ok(()));
        assert!(timeout(ms(20), sleep(ms(21))).await.is_err());
        let (sender, mut receiver) = oneshot::channel::<u32>();
        assert!(timeout(ms(1), &mut receiver).await.is_err());
        sender.send(1).unwrap();
        assert_eq!(timeout(ms(1), receiver).into_inner().await, Ok(1));
    });
}

#[test]
fn an_interval_ticks() {
    run_alone(|| async {
        let start = Instant::now();
        let mut ticks = interval(ms(10));
        assert_eq!((ticks.tick().await, ticks.period()), (start, ms(10)));
        assert_eq!(ticks.tick().await, start + ms(10));
        ticks.reset();
        assert_eq!(ticks.tick().await, start + ms(20));
        ticks.reset_after(ms(1));
        assert_eq!(ticks.tick().await, start + ms(21));
        ticks.reset_immediately();
        assert_eq!(ticks.tick().await, start + ms(21));
        ticks.reset_at(start + ms(50));
        assert_eq!(ticks.tick().await, start + ms(50));
        let mut later = interval_at(start + ms(60), ms(5));
        assert_eq!(later.tick().await, start + ms(60));
        assert_eq!(later.tick().await, start + ms(65));
    });
}

#[test]
fn ticks_that_are_missed_come_as_is_said() {
    let cases = [
        (MissedTickBehavior::Burst, [0, 10, 20, 30, 40]),
        (MissedTickBehavior::Delay, [0, 10, 45, 55, 65]),
        (MissedTickBehavior::Skip, [0, 10, 40, 50, 60]),
    ];
    for (behavior, expected) in cases {
        run_alone(move || async move {
            let start = Instant::now();
            let mut ticks = interval(ms(10));
            ticks.set_missed_tick_behavior(behavior);
            assert_eq!(ticks.missed_tick_behavior(), behavior);
            ticks.tick().await;
            sleep(ms(35)).await;
            let mut due = vec![start];
            for _ in 0..4 {
                due.push(ticks.tick().await);
            }
            // The second tick is late, and tells when it was due.
            let due = due.into_iter().map(|tick| (tick - start).as_millis()).collect::<Vec<_>>();
            assert_eq!(due, expected, "{behavior:?}");
        });
    }
}

#[test]
fn the_clock_is_moved_by_hand() {
    run_alone(|| async {
        let start = Instant::now();
        let mut asleep = waiting(sleep(ms(10))).await;
        advance(ms(9)).await;
        assert!(poll(&mut asleep).await.is_pending());
        assert_eq!(start.elapsed(), ms(9));
        advance(ms(1)).await;
        asleep.await;
        assert_eq!(start.elapsed(), ms(10));
    });
}

#[test]
fn instants_are_compared_and_moved() {
    run_alone(|| async {
        let start = Instant::now();
        let later = start + ms(5);
        assert!(later > start);
        assert_eq!(later - start, ms(5));
        assert_eq!(start.saturating_duration_since(later), Duration::ZERO);
        assert_eq!(start.checked_duration_since(later), None);
        assert_eq!(start.duration_since(later), Duration::ZERO);
        assert_eq!(later.checked_sub(ms(5)), Some(start));
        assert_eq!(start.checked_add(ms(5)), Some(later));
        let mut moved = start;
        moved += ms(7);
        moved -= ms(2);
        assert_eq!(moved, later);
        assert_eq!(Instant::from_std(start.into_std()), start);
    });
}
