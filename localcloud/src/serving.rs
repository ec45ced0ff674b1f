//! The control plane's HTTP server. Not `axum::serve`, which waits for a slow client for ever.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::ConnectInfo;
use axum::response::Response;
use axum::serve::Listener;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::faults::{Line, Lines};

/// How long a client may take for a request's head, from when it is connected or has its last answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Serves until `stop`; requests that are under way then are answered.
pub(crate) async fn serve(
    mut lines: Lines,
    router: Router,
    patience: Duration,
    stop: CancellationToken,
) -> io::Result<()> {
    let connections = TaskTracker::new();
    loop {
        let line = tokio::select! {
            (line, _) = lines.accept() => line,
            () = stop.cancelled() => break,
        };
        connections.spawn(connection(line, router.clone(), patience, stop.clone()));
    }
    connections.close();
    connections.wait().await;
    Ok(())
}

async fn connection(line: Line, router: Router, patience: Duration, stop: CancellationToken) {
    let cut = line.cut();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(cut.clone()));
        answer(router.clone(), request.map(Body::new))
    });
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(patience);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(line), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection ended");
    }
}

async fn answer(router: Router, request: Request<Body>) -> Result<Response, Infallible> {
    router.oneshot(request).await
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn a_client_that_does_not_go_on_is_let_go() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(|| async { "answered" });
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve(Lines(listener), router, Duration::from_millis(50), stop.clone()));
        for (sent, expected) in
            [("GET / HTTP/1.1\r\nHo", ""), ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", "answered")]
        {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(sent.as_bytes()).await.unwrap();
            let mut answer = String::new();
            // Until the server closes the connection, which nobody has asked it to.
            client.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with(expected) && answer.is_empty() == expected.is_empty(), "{answer:?}");
        }
        stop.cancel();
        server.await.unwrap().unwrap();
    }
}
