//! hyper's client and server over `tokio::io::duplex`: requests that come at the same time, in every order in which the tasks of both
//! sides go on.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{DuplexStream, duplex};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

type Total = Arc<Mutex<u32>>;

/// Adds one, as a handler may do it: what it has read is old when it writes.
async fn add_late(total: &Total) -> u32 {
    let before = *total.lock().await;
    *total.lock().await = before + 1;
    before + 1
}

/// Adds one under the lock.
async fn add(total: &Total) -> u32 {
    let mut total = total.lock().await;
    *total += 1;
    *total
}

/// Serves a connection: a GET of anything adds one, and is answered with the sum.
async fn serve(stream: DuplexStream, total: Total, is_late: bool) {
    let service = service_fn(move |_: Request<hyper::body::Incoming>| {
        let total = total.clone();
        async move {
            let sum = if is_late { add_late(&total).await } else { add(&total).await };
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(sum.to_string()))))
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await
        .expect("a connection that ends in order");
}

/// A client whose connection is served by a task.
async fn connect(total: &Total, is_late: bool) -> SendRequest<Empty<Bytes>> {
    let (near, far) = duplex(1024);
    tokio::spawn(serve(far, total.clone(), is_late));
    let (sender, connection) = handshake(TokioIo::new(near)).await.expect("a handshake sends nothing");
    tokio::spawn(async move { connection.await.expect("a connection that ends in order") });
    sender
}

fn get() -> Request<Empty<Bytes>> {
    Request::get("/").header("host", "here").body(Empty::new()).expect("a request")
}

/// What the server answers.
async fn ask(sender: &mut SendRequest<Empty<Bytes>>) -> String {
    let response = sender.send_request(get()).await.expect("a response");
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(body.to_vec()).expect("a number")
}

async fn two_clients(is_late: bool) {
    let total = Total::default();
    let (mut one, mut other) = (connect(&total, is_late).await, connect(&total, is_late).await);
    tokio::join!(ask(&mut one), ask(&mut other));
    assert_eq!(*total.lock().await, 2);
}

#[drawloom::test]
async fn requests_of_one_client_are_answered_in_turn() {
    let total = Total::default();
    let mut sender = connect(&total, false).await;
    assert_eq!(ask(&mut sender).await, "1");
    assert_eq!(ask(&mut sender).await, "2");
}

#[drawloom::test(expect = "panic")]
async fn two_handlers_lose_an_update() {
    two_clients(true).await;
}

#[drawloom::test(executions = 2_000)]
async fn under_the_lock_none_is_lost() {
    two_clients(false).await;
}

#[drawloom::test(executions = 2_000)]
async fn a_slow_answer_is_given_up() {
    let (near, far) = duplex(1024);
    let server = tokio::spawn(async move {
        let slow = service_fn(|_| async {
            sleep(Duration::from_secs(2)).await;
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        });
        http1::Builder::new().serve_connection(TokioIo::new(far), slow).await
    });
    let (mut sender, connection) = handshake(TokioIo::new(near)).await.expect("a handshake sends nothing");
    let client = tokio::spawn(connection);
    assert!(timeout(Duration::from_secs(1), sender.send_request(get())).await.is_err());
    drop(sender);
    client.await.expect("no panic").expect("the client's side ends in order");
    _ = server.await.expect("no panic");
}
