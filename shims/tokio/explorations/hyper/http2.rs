//! hyper's HTTP/2 over `tokio::io::duplex`: streams of one connection, whose handlers run at the same time.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::duplex;
use tokio::sync::Mutex;

/// A client whose connection is served by a task: a request adds one to the sum, with the lock given up in between or not.
async fn connect(total: &Arc<Mutex<u32>>, is_late: bool) -> SendRequest<Empty<Bytes>> {
    let (near, far) = duplex(65_536);
    let total = total.clone();
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let total = total.clone();
        async move {
            assert_eq!(request.version(), Version::HTTP_2);
            let mut guard = total.lock().await;
            let sum = *guard + 1;
            if is_late {
                drop(guard);
                guard = total.lock().await;
            }
            *guard = sum;
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(sum.to_string()))))
        }
    });
    let served = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(far), service);
    tokio::spawn(served);
    let (sender, connection) =
        handshake(TokioExecutor::new(), TokioIo::new(near)).await.expect("a handshake");
    tokio::spawn(connection);
    sender
}

/// What the server answers.
async fn ask(mut sender: SendRequest<Empty<Bytes>>) -> Bytes {
    let request = Request::get("http://here/").body(Empty::new()).expect("a request");
    let response = sender.send_request(request).await.expect("a response");
    response.into_body().collect().await.expect("a body").to_bytes()
}

async fn two_streams(is_late: bool) {
    let total = Arc::default();
    let sender = connect(&total, is_late).await;
    let (one, other) = tokio::join!(ask(sender.clone()), ask(sender));
    assert_eq!(*total.lock().await, 2);
    assert!((&one[..], &other[..]) == (b"1", b"2") || (&one[..], &other[..]) == (b"2", b"1"));
}

#[drawloom::test(executions = 500)]
async fn a_request_is_answered() {
    let total = Arc::default();
    let sender = connect(&total, true).await;
    assert_eq!(ask(sender).await, "1");
}

#[drawloom::test(expect = "panic")]
async fn two_streams_lose_an_update() {
    two_streams(true).await;
}

#[drawloom::test(executions = 500)]
async fn under_the_lock_none_is_lost() {
    two_streams(false).await;
}
