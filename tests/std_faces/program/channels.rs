//! `mpsc`: both kinds of channels, their iterators and their errors.

use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;

use super::facade::sync::mpsc::{
    IntoIter, Iter, Receiver, RecvError, RecvTimeoutError, SendError, Sender, SyncSender, TryIter,
    TryRecvError, TrySendError, channel, sync_channel,
};
use super::facade::thread;
use super::facade::time::Duration;

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(100);

pub(crate) fn unbounded(log: &mut Vec<String>) {
    let (sender, receiver): (Sender<u32>, Receiver<u32>) = channel();
    show!(log, (&sender, &receiver));
    show!(log, receiver.try_recv());
    show!(log, sender.send(1));
    show!(log, sender.clone().send(2));
    show!(log, (receiver.recv(), receiver.try_recv(), receiver.try_recv()));

    let handles: Vec<_> = (0..3)
        .map(|number| {
            let sender = sender.clone();
            thread::spawn(move || (0..3).for_each(|item| sender.send(number * 10 + item).unwrap()))
        })
        .collect();
    let mut received: Vec<u32> = (0..9).map(|_| receiver.recv().unwrap()).collect();
    handles.into_iter().for_each(|handle| handle.join().unwrap());
    // Each sender's messages keep their order.
    show!(log, received.iter().filter(|item| **item / 10 == 1).collect::<Vec<_>>());
    received.sort();
    show!(log, received);

    show!(log, sender.send(3));
    drop(sender);
    show!(log, (receiver.recv(), receiver.recv(), receiver.try_recv()));

    // Many producers may also share one sender.
    let (sender, receiver) = channel();
    thread::scope(|scope| {
        scope.spawn(|| sender.send(1).unwrap());
        scope.spawn(|| sender.send(1).unwrap());
    });
    show!(log, (receiver.recv(), receiver.recv()));
    drop(receiver);
    show!(log, sender.send(4));

    // What is never received is dropped with the channel.
    let item = Rc::new(());
    let (sender, receiver) = channel();
    sender.send(Rc::clone(&item)).unwrap();
    drop((sender, receiver));
    show!(log, Rc::strong_count(&item));
    traits!(log, Sender<u32>, Sender<Cell<u32>>, Sender<Rc<u32>>);
    traits!(log, Receiver<u32>, Receiver<Cell<u32>>, Receiver<Rc<u32>>, &'static Receiver<u32>);
}

pub(crate) fn bounded(log: &mut Vec<String>) {
    let (sender, receiver): (SyncSender<u32>, Receiver<u32>) = sync_channel(1);
    show!(log, (&sender, &receiver));
    show!(log, sender.try_send(1));
    show!(log, sender.clone().try_send(2));
    show!(log, receiver.recv());
    show!(log, sender.send(3));
    show!(log, receiver.try_recv());
    let producer = thread::spawn(move || (0..5).try_for_each(|item| sender.send(item)));
    show!(log, receiver.iter().collect::<Vec<_>>());
    show!(log, producer.join().unwrap());

    // Without a buffer, sender and receiver meet.
    let (sender, receiver) = sync_channel(0);
    show!(log, sender.try_send(1));
    let producer = {
        let sender = sender.clone();
        thread::spawn(move || sender.send(2))
    };
    show!(log, receiver.recv());
    show!(log, producer.join().unwrap());
    let consumer = thread::spawn(move || receiver.recv());
    show!(log, sender.send(3));
    show!(log, consumer.join().unwrap());
    show!(log, sender.send(4));
    show!(log, sender.try_send(5));

    // A sender that waits for room learns that the receiver went away.
    let (sender, receiver) = sync_channel(1);
    sender.send(1).unwrap();
    let producer = thread::spawn(move || sender.send(2));
    drop(receiver);
    show!(log, producer.join().unwrap());
    traits!(log, SyncSender<u32>, SyncSender<Cell<u32>>, SyncSender<Rc<u32>>);
}

pub(crate) fn timeouts(log: &mut Vec<String>) {
    let (sender, receiver) = channel();
    show!(log, receiver.recv_timeout(SHORT));
    sender.send(1).unwrap();
    show!(log, receiver.recv_timeout(SHORT));
    let producer = thread::spawn(move || sender.send(2));
    show!(log, receiver.recv_timeout(LONG));
    show!(log, producer.join().unwrap());
    show!(log, receiver.recv_timeout(LONG));

    let (sender, receiver) = sync_channel(0);
    show!(log, receiver.recv_timeout(SHORT));
    let producer = thread::spawn(move || sender.send(1));
    show!(log, receiver.recv_timeout(LONG));
    show!(log, producer.join().unwrap());
    show!(log, receiver.recv_timeout(SHORT));
}

pub(crate) fn iterators(log: &mut Vec<String>) {
    let (sender, receiver) = channel();
    (0..6).for_each(|item| sender.send(item).unwrap());
    let mut iter: Iter<'_, u32> = receiver.iter();
    show!(log, iter);
    show!(log, (iter.next(), iter.size_hint()));
    let mut reference: Iter<'_, u32> = (&receiver).into_iter();
    show!(log, reference.next());
    let mut try_iter: TryIter<'_, u32> = receiver.try_iter();
    show!(log, try_iter);
    show!(log, (try_iter.next(), try_iter.next()));
    for item in &receiver {
        show!(log, item);
        if item == 4 {
            break;
        }
    }
    show!(log, receiver.try_iter().collect::<Vec<_>>());
    show!(log, receiver.try_iter().next());
    drop(sender);
    show!(log, (receiver.iter().next(), receiver.try_iter().next()));

    let (sender, receiver) = channel();
    let producer = thread::spawn(move || (0..3).for_each(|item| sender.send(item).unwrap()));
    let into_iter: IntoIter<u32> = receiver.into_iter();
    show!(log, into_iter);
    show!(log, into_iter.collect::<Vec<_>>());
    show!(log, producer.join().is_ok());
    traits!(log, Iter<'static, u32>, TryIter<'static, u32>, IntoIter<u32>, IntoIter<Rc<u32>>);
}

pub(crate) fn errors(log: &mut Vec<String>) {
    show!(log, (RecvError, RecvError.to_string(), RecvError == RecvError.clone()));
    show!(log, SendError(1));
    show!(log, (SendError(1).to_string(), SendError(1) == SendError(2), SendError(1).clone().0));
    for error in [TryRecvError::Empty, TryRecvError::Disconnected, RecvError.into()] {
        show!(log, (error, error.to_string(), error == TryRecvError::Empty));
    }
    for error in [RecvTimeoutError::Timeout, RecvTimeoutError::Disconnected, RecvError.into()] {
        show!(log, (error, error.to_string(), error == RecvTimeoutError::Timeout));
    }
    for error in [TrySendError::Full(1), TrySendError::Disconnected(2), SendError(3).into()] {
        show!(log, (error, error.to_string(), error == TrySendError::Full(1), error.clone()));
    }
    let errors: [Box<dyn Error>; 5] = [
        Box::new(RecvError),
        Box::new(SendError(1)),
        Box::new(TryRecvError::Empty),
        Box::new(RecvTimeoutError::Timeout),
        Box::new(TrySendError::Full(1)),
    ];
    for error in &errors {
        show!(log, (error, error.source().is_none()));
    }
    traits!(log, RecvError, SendError<u32>, SendError<Rc<u32>>, TryRecvError, RecvTimeoutError);
    traits!(log, TrySendError<u32>, TrySendError<Rc<u32>>, TrySendError<Cell<u32>>);
}
