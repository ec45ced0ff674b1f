//! A client that sends more than is read hears the answer: a connection that is closed over unread bytes is reset, and takes the
//! answer along (RFC 9112, section 9.6).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{StreamExt, stream};
use http::header;

/// How much of what nobody reads is taken in, bytes. Who sends more may not hear the answer.
const MOST: usize = 64 << 20;
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers once the request's body has come to its end, read or not.
pub(crate) async fn hear_out(request: Request, next: Next) -> Response {
    // Who asks whether to send it (100-continue) and is not told to does not send it.
    if request.headers().contains_key(header::EXPECT) {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let body = Arc::new(Mutex::new(body.into_data_stream()));
    let lent = Arc::clone(&body);
    let read = stream::poll_fn(move |context| {
        lent.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(context)
    });
    let response = next.run(Request::from_parts(head, Body::from_stream(read))).await;
    // Else the answer itself still reads it.
    if let Some(body) = Arc::into_inner(body) {
        let mut rest = body.into_inner().unwrap_or_else(PoisonError::into_inner);
        let drain = async {
            let mut taken = 0;
            while let Some(Ok(part)) = rest.next().await {
                taken += part.len();
                if taken > MOST {
                    break;
                }
            }
        };
        // Who is slower than that is hung up on.
        let _ = tokio::time::timeout(PATIENCE, drain).await;
    }
    response
}
