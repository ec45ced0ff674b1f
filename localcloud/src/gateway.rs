//! The data plane of API Gateway: one loopback listener per REST API.

mod access_log;
mod answer;
mod call;
mod canary;
mod compression;
mod context;
mod event;
mod fault;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod mock;
mod permission;
mod route;
pub(crate) mod schema;
mod streaming;
mod target;
pub(crate) mod template;
mod throttle;
mod validation;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::events::LogEvents;
use crate::functions::Functions;
use crate::http1::{Broken, Connection, Head};
use crate::store::StoreError;
use crate::world::World;
use call::{Call, Response, Shared};
use streaming::{Cut, Rest};
pub(crate) use target::around;
use throttle::Buckets;

/// Bytes of the largest request body, as API Gateway's limit.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// How long a client may take for a request's head (from when it is connected, or has its last answer), and for its body.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long requests that are under way may take to end when a listener is closed.
const LAST_REQUESTS: Duration = Duration::from_secs(2);

/// The listeners of all REST APIs. Cheap to clone.
#[derive(Clone)]
pub struct Gateways {
    world: Arc<World>,
    functions: Functions,
    events: LogEvents,
    listeners: Arc<Mutex<HashMap<String, Listener>>>,
}

struct Listener {
    port: u16,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Listener {
    async fn close(self) {
        self.stop.cancel();
        self.tasks.close();
        // What is left ends with its function.
        let _ = tokio::time::timeout(LAST_REQUESTS, self.tasks.wait()).await;
    }
}

impl Gateways {
    /// No listener is open yet.
    pub fn new(world: Arc<World>, functions: Functions, events: LogEvents) -> Gateways {
        Gateways { world, functions, events, listeners: Arc::default() }
    }

    /// Listens for an API: at the port that it had, if that is free, else at any; the port is saved in the world.
    /// An API that is open already stays where it is. Fails with `NotFound` when there is no such API.
    pub async fn open(&self, api_id: &str) -> io::Result<u16> {
        if let Some(open) = self.listeners().get(api_id) {
            return Ok(open.port);
        }
        let kept = match self.world.snapshot().apis.get(api_id) {
            Some(api) => api.port,
            None => return Err(io::ErrorKind::NotFound.into()),
        };
        let listener = match kept {
            Some(port) => match TcpListener::bind(("127.0.0.1", port)).await {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => bind_any().await?,
                bound => bound?,
            },
            None => bind_any().await?,
        };
        let port = listener.local_addr()?.port();
        if kept != Some(port) {
            self.save_port(api_id, port).await?;
        }
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let shared = Arc::new(Shared {
            world: Arc::clone(&self.world),
            functions: self.functions.clone(),
            events: self.events.clone(),
            api_id: api_id.to_owned(),
            buckets: Buckets::default(),
            port,
        });
        tasks.spawn(accept(shared, listener, stop.clone(), tasks.clone()));
        let replaced = self.listeners().insert(api_id.to_owned(), Listener { port, stop, tasks });
        if let Some(replaced) = replaced {
            replaced.close().await;
        }
        Ok(port)
    }

    /// Stops listening for an API.
    pub async fn close(&self, api_id: &str) {
        let listener = self.listeners().remove(api_id);
        if let Some(listener) = listener {
            listener.close().await;
        }
    }

    /// Stops listening altogether.
    pub async fn stop(&self) {
        let listeners = std::mem::take(&mut *self.listeners());
        futures_util::future::join_all(listeners.into_values().map(Listener::close)).await;
    }

    fn listeners(&self) -> MutexGuard<'_, HashMap<String, Listener>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn save_port(&self, api_id: &str, port: u16) -> io::Result<()> {
        let (world, api_id) = (Arc::clone(&self.world), api_id.to_owned());
        let saved = tokio::task::spawn_blocking(move || {
            world.change(|state| match state.apis.get_mut(&api_id) {
                Some(api) => {
                    api.port = Some(port);
                    Ok(())
                }
                None => Err(NotSaved(io::ErrorKind::NotFound.into())),
            })
        });
        saved.await?.map_err(|NotSaved(error)| error)
    }
}

async fn accept(api: Arc<Shared>, listener: TcpListener, stop: CancellationToken, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                tasks.spawn(serve(stream, Call::new(Arc::clone(&api), peer.ip()), stop.clone()));
            }
            Err(error) => {
                tracing::warn!("a connection to the API {}: {error}", api.api_id);
                // Out of file descriptors, most likely: it does not help to ask again at once.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

struct NotSaved(io::Error);

impl From<StoreError> for NotSaved {
    fn from(error: StoreError) -> NotSaved {
        NotSaved(io::Error::other(error))
    }
}

async fn bind_any() -> io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", 0)).await
}

async fn serve(stream: TcpStream, call: Call, stop: CancellationToken) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut connection = Connection::new(stream).with_patience(PATIENCE);
    loop {
        let head = tokio::select! {
            head = connection.head() => head,
            () = stop.cancelled() => return,
        };
        let head = match head {
            Ok(Some(head)) => head,
            Ok(None) => return,
            Err(broken) => return refuse(&mut connection, broken).await,
        };
        let body = match connection.body(&head, MAX_BODY).await {
            Ok(body) => body,
            Err(broken) => return refuse(&mut connection, broken).await,
        };
        let mut response = call.answer(&head, body).await;
        let with_body = head.method != "HEAD";
        let mut keep_alive = head.keep_alive && !stop.is_cancelled();
        let sent = match response.stream.take() {
            Some(rest) => {
                keep_alive &= head.takes_chunks;
                pass_on(&mut connection, response, rest, &head, keep_alive).await
            }
            None => {
                let Response { status, headers, body, .. } = response;
                connection.answer(status, &headers, &body, with_body, keep_alive).await
            }
        };
        // The client may have gone away meanwhile.
        if sent.is_err() || !keep_alive {
            return;
        }
    }
}

/// Passes a streaming answer on. One that is cut ends the connection without an end, so that the client knows.
async fn pass_on(
    connection: &mut Connection<TcpStream>,
    response: Response,
    mut rest: Rest,
    head: &Head,
    keep_alive: bool,
) -> io::Result<()> {
    let Response { status, headers, body, .. } = response;
    let chunked = head.takes_chunks;
    if head.method == "HEAD" || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return connection.answer(status, &headers, b"", false, keep_alive).await;
    }
    connection.begin_stream(status, &headers, chunked, keep_alive).await?;
    connection.write_piece(&body, chunked).await?;
    loop {
        match rest.piece().await {
            Ok(Some(piece)) => connection.write_piece(&piece, chunked).await?,
            Ok(None) => return connection.end_stream(chunked).await,
            Err(Cut) => return Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

/// Says why a connection ends, if the client is still there to hear it.
async fn refuse(connection: &mut Connection<TcpStream>, broken: Broken) {
    let status = match broken {
        Broken::Malformed(_) => StatusCode::BAD_REQUEST,
        Broken::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        Broken::Slow => StatusCode::REQUEST_TIMEOUT,
        Broken::Io(_) => return,
    };
    let body = format!(r#"{{"message":"{broken}"}}"#);
    let headers = [("Content-Type", "application/json")];
    // The connection ends either way.
    let _ = connection.answer(status, &headers, body.as_bytes(), true, false).await;
}
