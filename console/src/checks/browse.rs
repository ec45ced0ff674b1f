//! A page's request, sent as a browser sends it: the preflight where there is one, the request itself, its redirects.

use hyper::Method;
use hyper::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, LOCATION, ORIGIN,
};
use url::Url;

use super::ask::{Asked, Question, ask};
use super::fetch::{self, Page};
use super::{Subject, diagnosis};
use crate::cloud::Cloud;
use crate::domain::{Diagnosis, Fault, StageName};
use crate::settings::Settings;

/// How many redirects a browser follows.
const REDIRECTS: usize = 20;

/// What a browser made of a page's request.
#[derive(Debug, Clone)]
pub(super) struct Browsed {
    /// The preflight, where there was one.
    pub(super) preflight: Option<Asked>,
    /// The request itself, or the last one that a redirect led to; absent when the preflight forbade it, and when it was not
    /// to be sent.
    pub(super) actual: Option<Asked>,
    /// Whether the page gets an answer to see, whatever its status.
    pub(super) verdict: Result<(), Fault>,
}

impl Browsed {
    /// The request that decided.
    pub(super) fn decisive(&self) -> Option<&Asked> {
        self.actual.as_ref().or(self.preflight.as_ref())
    }
}

/// Asks as a browser does. Where `send` is not set, the request itself is not sent: the preflight alone decides.
pub(super) async fn browse(subject: &Subject<'_>, page: &Page, url: Url, send: bool) -> Browsed {
    let mut page = page.clone();
    let mut url = url;
    let mut preflight = None;
    for _ in 0..=REDIRECTS {
        if page.needs_preflight() {
            let asked = ask(subject, question(&page, &url)).await;
            let judged = answered(&asked).and_then(|answer| fetch::preflight(answer, &page));
            preflight = Some(asked);
            if let Err(fault) = judged {
                return Browsed { preflight, actual: None, verdict: Err(fault) };
            }
        }
        if !send {
            return Browsed { preflight, actual: None, verdict: Ok(()) };
        }
        let mut asked = Question::new(page.method.clone(), url.clone());
        asked.headers = page.headers.clone();
        asked.headers.extend(HeaderValue::from_str(&page.origin).ok().map(|origin| (ORIGIN, origin)));
        let asked = ask(subject, asked).await;
        let judged = answered(&asked).and_then(|answer| fetch::allows(&answer.headers, &page));
        let next = match (&judged, &asked.outcome) {
            (Ok(()), Ok(answer)) if matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308) => {
                answer.headers.get(LOCATION).and_then(|to| to.to_str().ok()).and_then(|to| url.join(to).ok())
            }
            _ => None,
        };
        let Some(next) = next else {
            return Browsed { preflight, actual: Some(asked), verdict: judged };
        };
        let turned = asked.outcome.as_ref().is_ok_and(|answer| {
            let status = answer.status.as_u16();
            (status == 303 && page.method != Method::GET && page.method != Method::HEAD)
                || ((status == 301 || status == 302) && page.method == Method::POST)
        });
        if turned {
            page.method = Method::GET;
        }
        // Led away from the API's own origin, the request no longer says whose it is.
        if next.origin() != url.origin() {
            page.origin = "null".to_owned();
        }
        url = next;
    }
    let fault = Fault::new(
        Diagnosis::Redirect,
        format!("it redirects more than {REDIRECTS} times"),
        "let the path answer by itself",
    );
    Browsed { preflight, actual: None, verdict: Err(fault) }
}

fn answered(asked: &Asked) -> Result<&super::ask::Answer, Fault> {
    asked.outcome.as_ref().map_err(diagnosis::unanswered)
}

/// The question that a browser asks first.
fn question(page: &Page, url: &Url) -> Question {
    let mut question = Question::new(Method::OPTIONS, url.clone());
    question.headers.extend(HeaderValue::from_str(&page.origin).ok().map(|origin| (ORIGIN, origin)));
    if let Ok(method) = HeaderValue::from_str(page.method.as_str()) {
        question.headers.push((ACCESS_CONTROL_REQUEST_METHOD, method));
    }
    let names = page.unsafe_headers().join(",");
    if !names.is_empty()
        && let Ok(names) = HeaderValue::from_str(&names)
    {
        question.headers.push((ACCESS_CONTROL_REQUEST_HEADERS, names));
    }
    question
}

/// Whether a browser lets a page of `page.origin` see the answer of `url`, whatever its status; where not, the rule that
/// forbids it. Sends what a browser would send, so also requests that change something.
pub async fn fetches(
    cloud: &Cloud,
    settings: &Settings,
    stage: StageName,
    page: &Page,
    url: &Url,
) -> Result<(), Fault> {
    let subject = Subject::new(cloud.dialer(), settings, stage, url.as_str())
        .map_err(|problem| Fault::new(Diagnosis::Unreachable, problem.summary, problem.hint))?;
    browse(&subject, page, url.clone(), true).await.verdict
}
