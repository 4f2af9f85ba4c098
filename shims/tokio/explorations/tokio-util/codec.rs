//! tokio-util's `Framed` over `tokio::io::duplex`, and what `select!` makes of reading a line.

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio_util::codec::{Framed, FramedRead, LengthDelimitedCodec, LinesCodec};

#[drawloom::test]
async fn frames_pass_a_pipe_that_is_narrower_than_they_are() {
    let (near, far) = duplex(3);
    tokio::spawn(async move {
        let mut echo = Framed::new(far, LinesCodec::new());
        while let Some(line) = echo.next().await {
            echo.send(line.unwrap().to_uppercase()).await.unwrap();
        }
    });
    let mut framed = Framed::new(near, LinesCodec::new());
    for (sent, expected) in [("one", "ONE"), ("two", "TWO")] {
        framed.send(sent).await.unwrap();
        assert_eq!(framed.next().await.unwrap().unwrap(), expected);
    }
}

#[drawloom::test]
async fn a_frame_that_is_cut_off_is_an_error() {
    let (mut near, far) = duplex(8);
    tokio::spawn(async move { near.write_all(&[0, 0, 0, 9, b'c', b'u', b't']).await.unwrap() });
    let mut frames = FramedRead::new(far, LengthDelimitedCodec::new());
    assert!(frames.next().await.unwrap().is_err());
}

/// A line comes in two parts, and between them a tick may come.
fn line_and_tick() -> (DuplexStream, mpsc::Receiver<()>) {
    let (mut near, far) = duplex(16);
    let (tick, ticks) = mpsc::channel(1);
    tokio::spawn(async move {
        near.write_all(b"ab").await.unwrap();
        tick.send(()).await.unwrap();
        near.write_all(b"cd\n").await.unwrap();
    });
    (far, ticks)
}

#[drawloom::test(expect = "panic")]
async fn read_line_loses_half_a_line_to_a_tick() {
    let (far, mut ticks) = line_and_tick();
    let mut reader = BufReader::new(far);
    let line = loop {
        let mut line = String::new();
        tokio::select! {
            read = reader.read_line(&mut line) => { read.unwrap(); break line }
            Some(()) = ticks.recv() => {}
        }
    };
    assert_eq!(line, "abcd\n");
}

#[drawloom::test]
async fn a_framed_reader_loses_nothing() {
    let (far, mut ticks) = line_and_tick();
    let mut lines = FramedRead::new(far, LinesCodec::new());
    let line = loop {
        tokio::select! {
            line = lines.next() => break line.unwrap().unwrap(),
            Some(()) = ticks.recv() => {}
        }
    };
    assert_eq!(line, "abcd");
}
