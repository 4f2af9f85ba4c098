//! Channels: messages that are lost, or come too late.

use std::time::Duration;

use drawloom::Config;
use drawloom::FailureKind::{Deadlock, Panic};
use drawloom::tokio::sync::{broadcast, mpsc, oneshot};
use drawloom::tokio::task::yield_now;
use drawloom::tokio::{self, time};

use super::{On, finds, is_verified, passes, run};

async fn pair(numbers: &mut mpsc::Receiver<u32>) -> Option<(u32, u32)> {
    Some((numbers.recv().await?, numbers.recv().await?))
}

/// Counts numbers by pairs, while something else may come.
async fn counts_pairs(keeps_half: bool) {
    let (sender, mut numbers) = mpsc::channel(2);
    let (interrupt, mut interrupts) = mpsc::channel(1);
    tokio::spawn(async move {
        for number in 0..2 {
            sender.send(number).await.unwrap();
            yield_now().await;
        }
    });
    tokio::spawn(async move { interrupt.send(()).await });
    let mut seen = 0;
    loop {
        if keeps_half {
            tokio::select! {
                number = numbers.recv() => match number { Some(_) => seen += 1, None => break },
                Some(()) = interrupts.recv() => {}
            }
        } else {
            tokio::select! {
                pair = pair(&mut numbers) => match pair { Some(_) => seen += 2, None => break },
                Some(()) = interrupts.recv() => {}
            }
        }
    }
    assert_eq!(seen, 2, "a number was lost");
}

#[test]
fn a_message_is_lost_with_a_branch_that_is_dropped() {
    finds(On::OneThread, Panic, &["a number was lost"], || counts_pairs(false));
    passes(On::OneThread, || counts_pairs(true));
}

/// Sends to somebody who is slow, and takes what does not fit in time for tried.
async fn sends_in_time(reserves: bool) {
    let (sender, mut receiver) = mpsc::channel(1);
    let slow = tokio::spawn(async move {
        let mut count = 0;
        while receiver.recv().await.is_some() {
            count += 1;
            time::sleep(Duration::from_millis(30)).await;
        }
        count
    });
    for number in 0..3 {
        let patience = Duration::from_millis(20);
        if reserves {
            let permit = loop {
                if let Ok(permit) = time::timeout(patience, sender.reserve()).await {
                    break permit.unwrap();
                }
            };
            permit.send(number);
        } else {
            let _ = time::timeout(patience, sender.send(number)).await;
        }
    }
    drop(sender);
    assert_eq!(slow.await.unwrap(), 3, "a number was lost");
}

#[test]
fn a_message_is_lost_with_a_send_that_times_out() {
    finds(On::OneThread, Panic, &["a number was lost"], || sends_in_time(false));
    is_verified(On::OneThread, || sends_in_time(true));
}

/// Reads the last value of a channel that forgets old ones.
async fn reads_last(goes_on: bool) {
    let (sender, mut values) = broadcast::channel(2);
    let reader = tokio::spawn(async move {
        let mut last = None;
        loop {
            match values.recv().await {
                Ok(value) => last = Some(value),
                Err(broadcast::error::RecvError::Lagged(_)) if goes_on => {}
                Err(_) => break last,
            }
        }
    });
    for value in 0..4 {
        let _ = sender.send(value);
        yield_now().await;
    }
    drop(sender);
    assert_eq!(reader.await.unwrap(), Some(3), "the reader has stopped early");
}

#[test]
fn a_reader_that_lags_is_not_at_the_end() {
    // It takes a sender that overtakes the reader twice, which is one execution in 27 with each strategy.
    let sampled =
        drawloom::Config::new().strategy(drawloom::StrategyKind::Portfolio).executions(3 * super::SOON);
    for seed in 0..7 {
        let report = super::run(sampled.clone().seed(seed), On::OneThread, || reads_last(false));
        assert_eq!(report.failure().expect("it lags").kind(), Panic, "{report}");
    }
    passes(On::OneThread, || reads_last(true));
}

/// A worker is told to stop while there is work in its queue.
async fn stops(drains: bool) {
    let (work, mut queue) = mpsc::channel::<u32>(2);
    let (stop, mut stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(async move {
        let mut done = 0;
        loop {
            tokio::select! { _ = &mut stopped => break, Some(_) = queue.recv() => done += 1 }
        }
        if drains {
            queue.close();
            while queue.recv().await.is_some() {
                done += 1;
            }
        }
        done
    });
    for number in 0..2 {
        work.send(number).await.unwrap();
    }
    stop.send(()).unwrap();
    assert_eq!(worker.await.unwrap(), 2, "work was dropped");
}

#[test]
fn work_in_a_queue_is_dropped_when_its_worker_stops() {
    finds(On::OneThread, Panic, &["work was dropped", "stop"], || stops(false));
    is_verified(On::OneThread, || stops(true));
}

/// Somebody who answers ends when nothing comes; what comes just then has no answer.
async fn asks(closes: bool) {
    let (questions, mut queue) = mpsc::channel::<oneshot::Sender<u32>>(1);
    let answers = tokio::spawn(async move {
        yield_now().await;
        if let Ok(question) = queue.try_recv() {
            let _ = question.send(1);
            return;
        }
        if closes {
            queue.close();
            while let Some(question) = queue.recv().await {
                let _ = question.send(1);
            }
        }
    });
    let (question, answer) = oneshot::channel();
    if questions.send(question).await.is_ok() {
        assert_eq!(answer.await.expect("accepted, and not answered"), 1);
    }
    answers.await.unwrap();
}

#[test]
fn a_request_races_with_the_end_of_who_answers() {
    // On one thread nothing comes between the last look at the queue and its end.
    is_verified(On::OneThread, || asks(false));
    let report = super::run(drawloom::Config::new(), On::Workers, || asks(false));
    let failure = report.failure().expect("two workers run both at once");
    assert!(failure.execution() < super::SOON, "{report}");
    passes(On::Workers, || asks(true));
}

/// Who answers and who asks wait for each other, once both channels are full.
async fn asks_without_reading() {
    let (question, mut questions) = mpsc::channel(8);
    let (answer, mut answers) = mpsc::channel(8);
    tokio::spawn(async move {
        while let Some(number) = questions.recv().await {
            if answer.send(number).await.is_err() {
                break;
            }
        }
    });
    for number in 0..4u32 {
        question.send(number).await.unwrap();
    }
    drop(question);
    while answers.recv().await.is_some() {}
}

#[test]
fn small_channels_are_full_soon() {
    passes(On::OneThread, asks_without_reading);
    let report = run(Config::new().capacity(1), On::OneThread, asks_without_reading);
    assert_eq!(report.failure().map(|failure| failure.kind()), Some(Deadlock), "{report}");
    let report = run(Config::new().capacity(1), On::OneThread, || async {
        let (sender, mut receiver) = broadcast::channel(16);
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        assert_eq!(receiver.try_recv(), Err(broadcast::error::TryRecvError::Lagged(1)));
    });
    assert!(report.passed(), "{report}");
}
