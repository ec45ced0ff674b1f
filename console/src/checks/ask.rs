use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, StatusCode};

use super::Limits;
use crate::domain::one_line;
use crate::http::chain;

/// How much of a body is read: an OpenAPI document has room in it.
const BODY: usize = 1024 * 1024;
/// How much of a body stands in a check, in characters.
const SHOWN: usize = 160;

/// Asks one stage.
pub(super) struct Asker<'a> {
    http: &'a Client,
    base_url: &'a str,
    limits: Limits,
}

/// One request and what became of it.
#[derive(Debug)]
pub(super) struct Asked {
    /// From before the connection was made to the last byte that was read.
    pub(super) took: Duration,
    /// What came.
    pub(super) outcome: Result<Answer, Failure>,
}

/// What came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// At most [`BODY`] bytes.
    pub(super) body: Vec<u8>,
    /// Whether there was more.
    pub(super) cut: bool,
}

/// Why nothing came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nobody listens there.
    Refused,
    /// The name leads nowhere.
    Dns(String),
    /// The other side is not who it says, or speaks no TLS.
    Tls(String),
    /// Not in this time.
    Timeout(Duration),
    /// There is no way to it for another reason.
    Unreachable(String),
    /// It broke off, or is no HTTP.
    Broken(String),
}

impl<'a> Asker<'a> {
    pub(super) fn new(http: &'a Client, base_url: &'a str, limits: Limits) -> Asker<'a> {
        Asker { http, base_url: base_url.trim_end_matches('/'), limits }
    }

    /// How many may be on their way at once.
    pub(super) fn at_once(&self) -> usize {
        self.limits.at_once
    }

    /// Asks a path below the stage. A redirect is an answer.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Asked {
        let mut request =
            self.http.request(method, format!("{}{path}", self.base_url)).timeout(self.limits.timeout);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let began = Instant::now();
        let outcome = read(request).await.map_err(|error| failure(error, self.limits.timeout));
        Asked { took: began.elapsed(), outcome }
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let mut response = request.send().await?;
    let mut answer = Answer {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body: Vec::new(),
        cut: false,
    };
    while let Some(chunk) = response.chunk().await? {
        let room = BODY - answer.body.len();
        answer.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            answer.cut = true;
            break;
        }
    }
    Ok(answer)
}

impl Asked {
    /// What came, in one harmless line.
    pub(super) fn got(&self) -> String {
        match &self.outcome {
            Ok(answer) => one_line(
                &format!("{} {}", answer.status.as_u16(), String::from_utf8_lossy(&answer.body)),
                SHOWN,
            ),
            Err(Failure::Refused) => "connection refused".to_owned(),
            Err(Failure::Dns(_)) => "no such host".to_owned(),
            Err(Failure::Tls(_)) => "no TLS connection".to_owned(),
            Err(Failure::Timeout(limit)) => format!("nothing in {} s", limit.as_secs_f32()),
            Err(Failure::Unreachable(_)) => "no connection".to_owned(),
            Err(Failure::Broken(_)) => "the connection broke off".to_owned(),
        }
    }

    /// The gateway's id of this request.
    pub(super) fn request_id(&self) -> Option<String> {
        let id = self.outcome.as_ref().ok()?.headers.get("x-amzn-requestid")?;
        Some(one_line(id.to_str().ok()?, 64))
    }
}

impl Answer {
    /// The body as JSON, if it is.
    pub(super) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The media type without its parameters, in small letters.
    pub(super) fn media_type(&self) -> Option<String> {
        let value = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
    }

    /// A header as harmless text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| one_line(&String::from_utf8_lossy(value.as_bytes()), 100))
    }
}

/// What reqwest's error is, told apart by what stands at the end of its chain.
fn failure(error: reqwest::Error, limit: Duration) -> Failure {
    let error = error.without_url();
    if error.is_timeout() && !error.is_connect() {
        return Failure::Timeout(limit);
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Failure::Tls(one_line(&tls.to_string(), 200));
        }
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused) {
            return Failure::Refused;
        }
        // The error inside an `io::Error` is not its source: the source is what lies behind that one.
        cause = match io.and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    let told = one_line(&chain(&error), 200);
    // hyper-util has no type for this that can be named; its text is what there is.
    if told.contains("dns error") {
        Failure::Dns(told)
    } else if error.is_timeout() {
        Failure::Unreachable("no connection in time".to_owned())
    } else if error.is_connect() {
        Failure::Unreachable(told)
    } else {
        Failure::Broken(told)
    }
}
