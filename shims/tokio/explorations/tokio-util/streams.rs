//! tokio-stream: wrappers of channels and timers, and streams that are made of several.

use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Duration, Instant, interval, sleep};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::{BroadcastStream, IntervalStream, ReceiverStream, WatchStream};

#[drawloom::test]
async fn two_channels_are_merged_whole() {
    let (one, other) = (mpsc::channel(1), mpsc::channel(1));
    for (sender, number) in [(one.0, 1), (other.0, 10)] {
        tokio::spawn(async move {
            for number in [number, number + 1] {
                sender.send(number).await.unwrap();
            }
        });
    }
    let mut merged: Vec<u32> = ReceiverStream::new(one.1).merge(ReceiverStream::new(other.1)).collect().await;
    assert!(merged.iter().filter(|&&number| number < 10).is_sorted());
    merged.sort_unstable();
    assert_eq!(merged, [1, 2, 10, 11]);
}

#[drawloom::test]
async fn a_watch_shows_the_last_value_last() {
    let (sender, watched) = watch::channel(0);
    let writer = tokio::spawn(async move {
        for value in 1..=2 {
            sender.send_replace(value);
            tokio::task::yield_now().await;
        }
    });
    let seen: Vec<u32> = WatchStream::new(watched).collect().await;
    assert!(seen.is_sorted() && seen.last() == Some(&2), "{seen:?}");
    writer.await.unwrap();
}

#[drawloom::test(expect = "panic")]
async fn a_broadcast_may_lag() {
    let (sender, inbox) = broadcast::channel(1);
    tokio::spawn(async move {
        for number in 0..2 {
            sender.send(number).unwrap();
            tokio::task::yield_now().await;
        }
    });
    let mut stream = BroadcastStream::new(inbox);
    while let Some(number) = stream.next().await {
        number.expect("nothing was missed");
    }
}

#[drawloom::test]
async fn streams_keep_virtual_time() {
    let start = Instant::now();
    let ticks = IntervalStream::new(interval(Duration::from_secs(3600))).take(25);
    assert_eq!(ticks.fold(0, |count, _| count + 1).await, 25);
    assert_eq!(start.elapsed(), Duration::from_secs(86_400));

    let (sender, inbox) = mpsc::channel(1);
    tokio::spawn(async move {
        sender.send(()).await.unwrap();
        sleep(Duration::from_secs(2)).await;
        sender.send(()).await.unwrap();
    });
    let stream = ReceiverStream::new(inbox).timeout(Duration::from_secs(1));
    tokio::pin!(stream);
    assert!(stream.next().await.unwrap().is_ok());
    assert!(stream.next().await.unwrap().is_err());
    assert!(stream.next().await.unwrap().is_ok());
    assert!(stream.next().await.is_none());
}
