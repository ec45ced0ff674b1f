//! One request to a stage, and all of what became of it that a verdict may need.

use std::io::Read;
use std::time::Duration;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::Subject;
use super::dial::{Failure, broken};
use super::show;
use crate::domain::{Check, CheckKind, Fault, Timing, Verdict, one_line};

/// How much of a body is read: an OpenAPI document has room in it, and so has a script of a documentation page.
pub(super) const BODY: usize = 4 * 1024 * 1024;
/// How much of a body stands in a check's one line, in characters.
const SHOWN: usize = 160;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) method: Method,
    /// Whole.
    pub(super) url: Url,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// How headers are shown that came from variables: name → `$VARIABLE`.
    pub(super) aliases: Vec<(HeaderName, String)>,
    pub(super) body: Option<String>,
    /// How the body is shown where it holds variables.
    pub(super) shown_body: Option<String>,
}

impl Question {
    pub(super) fn new(method: Method, url: Url) -> Question {
        Question { method, url, headers: Vec::new(), aliases: Vec::new(), body: None, shown_body: None }
    }

    pub(super) fn get(url: Url) -> Question {
        Question::new(Method::GET, url)
    }

    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Question {
        self.headers.push((name, value));
        self
    }
}

/// One request and what became of it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) question: Question,
    /// From before the connection was made to the last byte that was read.
    pub(super) took: Duration,
    pub(super) timing: Timing,
    /// What came.
    pub(super) outcome: Result<Answer, Failure>,
    /// What came before it was asked again.
    pub(super) earlier: Vec<String>,
}

/// What came.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// At most [`BODY`] bytes.
    pub(super) body: Vec<u8>,
    /// Whether there was more.
    pub(super) cut: bool,
}

/// Sends one request on a connection of its own. A redirect is an answer.
pub(super) async fn ask(subject: &Subject<'_>, question: Question) -> Asked {
    let began = Instant::now();
    let mut timing = Timing::default();
    let limit = subject.limits.timeout;
    // Boxed: an unoptimised build copies the whole exchange into every future that waits for it.
    let work = Box::pin(exchange(subject, &question, &mut timing));
    let outcome = match tokio::time::timeout(limit, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::Timeout(limit)),
    };
    Asked { question, took: began.elapsed(), timing, outcome, earlier: Vec::new() }
}

async fn exchange(
    subject: &Subject<'_>,
    question: &Question,
    timing: &mut Timing,
) -> Result<Answer, Failure> {
    let mut line = subject.dialer.line(&question.url, timing).await?;
    let path = match question.url.query() {
        Some(query) => format!("{}?{query}", question.url.path()),
        None => question.url.path().to_owned(),
    };
    let unsendable = |error: hyper::http::Error| Failure::Broken(one_line(&error.to_string(), 200));
    let body = question.body.clone().map_or_else(Bytes::new, Bytes::from);
    let mut request = hyper::Request::builder().method(question.method.clone()).uri(path);
    let given = |name: HeaderName| question.headers.iter().any(|(given, _)| *given == name);
    if !given(HOST) {
        request = request.header(HOST, authority(&question.url));
    }
    if !given(USER_AGENT) {
        request = request.header(USER_AGENT, concat!("callboard/", env!("CARGO_PKG_VERSION")));
    }
    if !given(hyper::header::ACCEPT) {
        request = request.header(hyper::header::ACCEPT, "*/*");
    }
    for (name, value) in &question.headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(body)).map_err(unsendable)?;
    let sent = Instant::now();
    let mut response = line.send.send_request(request).await.map_err(broken)?;
    timing.first_byte = Some(sent.elapsed());
    let headers = std::mem::take(response.headers_mut());
    let mut answer = Answer { status: response.status(), headers, body: Vec::new(), cut: false };
    while let Some(frame) = response.frame().await {
        let frame = frame.map_err(broken)?;
        let Some(chunk) = frame.data_ref() else { continue };
        let room = BODY - answer.body.len();
        answer.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            answer.cut = true;
            break;
        }
    }
    answer.inflate();
    Ok(answer)
}

/// As it stands in the header `Host`.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

impl Asked {
    /// What came, in one harmless line.
    pub(super) fn got(&self) -> String {
        match &self.outcome {
            Ok(answer) => one_line(
                &format!(
                    "{} {}",
                    answer.status.as_u16(),
                    show::text(&answer.body[..answer.body.len().min(1024)])
                ),
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

    /// The check that it makes.
    pub(super) fn check(&self, kind: CheckKind, name: impl Into<String>, verdict: Verdict) -> Check {
        let answer = self.outcome.as_ref().ok();
        Check {
            kind,
            name: name.into(),
            origin: None,
            got: self.got(),
            took: self.took,
            timing: self.timing,
            cold: answer.is_some_and(Answer::is_cold),
            earlier: self.earlier.clone(),
            verdict,
            request_id: answer.and_then(Answer::request_id),
            request: Some(show::request(&self.question)),
            answer: answer.map(show::answer),
        }
    }
}

impl Answer {
    /// Takes off the compression that was asked for. What says that it is compressed and is not stays as it came.
    fn inflate(&mut self) {
        let gzip =
            self.text("content-encoding").is_some_and(|encoding| encoding.eq_ignore_ascii_case("gzip"));
        if !gzip || !self.body.starts_with(&[0x1f, 0x8b]) {
            return;
        }
        let mut inflated = Vec::new();
        let mut reader = GzDecoder::new(self.body.as_slice()).take(BODY as u64 + 1);
        if reader.read_to_end(&mut inflated).is_ok() {
            self.cut |= inflated.len() > BODY;
            inflated.truncate(BODY);
            self.body = inflated;
        }
    }

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

    /// The gateway's id of this request.
    pub(super) fn request_id(&self) -> Option<String> {
        let id = self.headers.get("x-amzn-requestid")?;
        Some(one_line(id.to_str().ok()?, 64))
    }

    /// Whether the function was started for this request, as a metric called `cold` says (W3C Server-Timing). API Gateway
    /// itself does not tell.
    fn is_cold(&self) -> bool {
        let metrics = self.headers.get_all("server-timing").iter().filter_map(|value| value.to_str().ok());
        metrics.flat_map(|value| value.split(',')).any(|metric| {
            let name = metric.split(';').next().unwrap_or(metric);
            name.trim().eq_ignore_ascii_case("cold")
        })
    }
}

/// A verdict, from what was found wrong.
pub(super) fn verdict(judged: Result<(), Fault>) -> Verdict {
    match judged {
        Ok(()) => Verdict::Passed,
        Err(fault) => Verdict::Failed(fault),
    }
}
