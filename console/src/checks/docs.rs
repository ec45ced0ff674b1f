//! Does the documentation work under the stage's prefix? What a browser would load, resolved as it resolves it.

use futures_util::StreamExt;
use futures_util::stream;
use hyper::StatusCode;
use hyper::header::{ACCEPT, HeaderValue, LOCATION};
use url::Url;

use super::ask::{Asked, ask, verdict};
use super::openapi::{Document, plain};
use super::page::{self, Page};
use super::{Subject, diagnosis};
use crate::domain::{Check, CheckKind, Diagnosis, Fault, Verdict, one_line};

/// How many redirects are followed.
const REDIRECTS: usize = 5;
/// A script that configures a page is smaller than this, in bytes; a bundle is larger.
const CONFIGURES: usize = 64 * 1024;

/// The page, what it loads, the document that it fetches, and where that document says that the API is.
pub(super) async fn run(
    subject: &Subject<'_>,
    document: &Result<Document, Fault>,
    asked: &Asked,
) -> Vec<Check> {
    let mut checks = Vec::new();
    // Where the document is not the page's own, it is the one that smoke asked for.
    let mut fetched = (asked.question.url.clone(), None);
    let (page, asked_page) = load(subject).await;
    let name = format!("GET {}", subject.rules.docs);
    match page {
        Err(verdict) => {
            // Without a page there is no "Try it out" either.
            let missing = !verdict.is_failed();
            checks.push(asked_page.check(CheckKind::Docs, name, verdict));
            if missing {
                return checks;
            }
        }
        Ok((mut page, scripts)) => {
            checks.push(asked_page.check(CheckKind::Docs, name, Verdict::Passed));
            checks.extend(scripts.iter().filter_map(|one| asset(subject, one)));
            if page.document.is_none() {
                let configures = scripts.iter().find_map(|one| {
                    let answer = one.outcome.as_ref().ok().filter(|answer| answer.body.len() < CONFIGURES)?;
                    let text = String::from_utf8_lossy(&answer.body);
                    asked_page.question.url.join(page::named_in_script(&text)?).ok()
                });
                page.document = configures;
            }
            match &page.document {
                None => {
                    let fault = Fault::new(
                        Diagnosis::DocsNoUrl,
                        "the page names no OpenAPI document that could be found in it",
                        "name the document's URL in the page (Swagger UI: `url`), relative to the page",
                    );
                    checks.push(asked_page.check(
                        CheckKind::Docs,
                        "the page's document",
                        Verdict::Warned(fault),
                    ));
                }
                Some(url) => {
                    let (own, check) = document_of(subject, url, (document, asked)).await;
                    checks.push(check);
                    fetched = (url.clone(), own);
                }
            }
        }
    }
    let (url, own) = fetched;
    // A page whose document is lost says nothing of the document itself: smoke's is looked at then.
    let (url, document) = match (&own, document) {
        (Some(own), _) => (url, own),
        (None, Ok(document)) => (asked.question.url.clone(), document),
        (None, Err(_)) => return checks,
    };
    checks.push(servers(subject, document, &url, asked));
    checks
}

/// The page behind its redirects, with its assets.
async fn load(subject: &Subject<'_>) -> (Result<(Page, Vec<Asked>), Verdict>, Asked) {
    let mut url = subject.url(&subject.rules.docs);
    let mut asked =
        ask(subject, plain(url.clone()).header(ACCEPT, HeaderValue::from_static("text/html"))).await;
    for _ in 0..REDIRECTS {
        let location = asked.outcome.as_ref().ok().filter(|answer| answer.status.is_redirection());
        let location = location.and_then(|answer| answer.headers.get(LOCATION)?.to_str().ok());
        let Some(next) = location.and_then(|location| url.join(location).ok()) else { break };
        if !subject.is_under(&next) {
            let fault = Fault::new(
                Diagnosis::DocsPrefixLost,
                format!(
                    "the page redirects to {}, which is not under {}",
                    one_line(next.as_str(), 120),
                    subject.base
                ),
                "let the redirect keep the stage's prefix, or answer the path as it is asked",
            );
            return (Err(Verdict::Failed(fault)), asked);
        }
        url = next;
        asked = ask(subject, plain(url.clone()).header(ACCEPT, HeaderValue::from_static("text/html"))).await;
    }
    let judged = match &asked.outcome {
        Err(failure) => Err(Verdict::Failed(diagnosis::unanswered(failure))),
        Ok(answer) => match diagnosis::gateway(answer, subject.stage) {
            Some(fault) => Err(Verdict::Failed(fault)),
            None if answer.status == StatusCode::NOT_FOUND => Err(Verdict::Warned(Fault::new(
                Diagnosis::DocsMissing,
                format!("the service has no documentation page at {}", subject.rules.docs),
                "serve one there, or name its path: `[checks] docs = \"/…\"` in callboard.toml",
            ))),
            None => match diagnosis::no_success(answer, subject.stage) {
                Some(fault) => Err(Verdict::Failed(fault)),
                None => diagnosis::mangled(answer)
                    .map_err(Verdict::Failed)
                    .map(|()| page::read(&String::from_utf8_lossy(&answer.body), &url)),
            },
        },
    };
    let page = match judged {
        Ok(page) => page,
        Err(verdict) => return (Err(verdict), asked),
    };
    // What comes from elsewhere (a CDN) is not ours to judge.
    let own = page.assets.iter().filter(|asset| asset.origin() == url.origin());
    let assets: Vec<_> = own.map(|asset| ask(subject, plain(asset.clone()))).collect();
    let assets = stream::iter(assets).buffered(subject.limits.at_once).collect().await;
    (Ok((page, assets)), asked)
}

/// What is wrong with a script, style or icon; nothing when it loads.
fn asset(subject: &Subject<'_>, asked: &Asked) -> Option<Check> {
    let url = &asked.question.url;
    let judged = match &asked.outcome {
        Err(failure) => Err(diagnosis::unanswered(failure)),
        Ok(answer) if answer.status.is_success() => diagnosis::mangled(answer),
        Ok(answer) if subject.is_under(url) => {
            Err(diagnosis::gateway(answer, subject.stage).unwrap_or_else(|| {
                Fault::new(
                    Diagnosis::DocsAsset,
                    format!(
                        "the page loads {}, which is answered with {}",
                        one_line(url.path(), 100),
                        answer.status.as_u16()
                    ),
                    "let the page refer to its scripts and styles relative to itself",
                )
            }))
        }
        Ok(_) => Err(lost(subject, url, "a script or style")),
    };
    let name = format!("GET {}", one_line(url.path(), 100));
    judged.err().map(|fault| asked.check(CheckKind::Docs, name, Verdict::Failed(fault)))
}

fn lost(subject: &Subject<'_>, url: &Url, what: &str) -> Fault {
    let url_text = one_line(url.as_str(), 120);
    if subject.is_doubled(url) {
        return Fault::new(
            Diagnosis::DocsPrefixDoubled,
            format!("the page fetches {what} from {url_text}: the stage's prefix is there twice"),
            "build the URL from the page's own address or from the prefix, not from both",
        );
    }
    Fault::new(
        Diagnosis::DocsPrefixLost,
        format!("the page fetches {what} from {url_text}, without the prefix {}", subject.base.path()),
        "let the page name it relative to itself (`openapi.json`, not `/openapi.json`), or tell the framework its prefix (FastAPI: root_path)",
    )
}

async fn document_of(
    subject: &Subject<'_>,
    url: &Url,
    known: (&Result<Document, Fault>, &Asked),
) -> (Option<Document>, Check) {
    let name = "the page's document";
    if *url == known.1.question.url {
        let judged = known.0.as_ref().map(drop).map_err(Fault::clone);
        return (None, known.1.check(CheckKind::Docs, name, verdict(judged)));
    }
    let asked = ask(subject, plain(url.clone())).await;
    let good = asked.outcome.as_ref().ok().filter(|answer| answer.status.is_success());
    let document = good.and_then(|answer| Document::new(answer.json()?));
    let judged = match (&document, &asked.outcome) {
        (Some(_), _) => Ok(()),
        (None, _) if !subject.is_under(url) || subject.is_doubled(url) => {
            Err(lost(subject, url, "its OpenAPI document"))
        }
        (None, Err(failure)) => Err(diagnosis::unanswered(failure)),
        (None, Ok(answer)) => Err(diagnosis::gateway(answer, subject.stage)
            .or_else(|| diagnosis::mangled(answer).err())
            .unwrap_or_else(|| {
                Fault::new(
                    Diagnosis::DocsDocument,
                    format!(
                        "the page fetches {}, which is answered with {} and is no OpenAPI 3 document",
                        one_line(url.as_str(), 120),
                        answer.status.as_u16()
                    ),
                    "let the page name the path at which the service serves its document",
                )
            })),
    };
    (document, asked.check(CheckKind::Docs, name, verdict(judged)))
}

/// Where "Try it out" calls: the first of the document's servers.
fn servers(subject: &Subject<'_>, document: &Document, own: &Url, asked: &Asked) -> Check {
    let first = document.servers(own).into_iter().next();
    let fix = "give the document `servers: [{\"url\": \".\"}]` relative to itself, or the prefix (FastAPI: root_path)";
    let (got, judged) = match &first {
        None => ("none".to_owned(), Ok(())),
        Some(Err(text)) => {
            let cause = format!("the document's server {:?} is no URL", one_line(text, 100));
            (one_line(text, 100), Err(Fault::new(Diagnosis::ServersElsewhere, cause, fix)))
        }
        Some(Ok(url)) => {
            let shown = one_line(url.as_str(), 120);
            let at = |diagnosis, what: String| Err(Fault::new(diagnosis, what, fix));
            let judged = if subject.is_base(url) {
                Ok(())
            } else if subject.is_doubled(url) {
                at(
                    Diagnosis::ServersPrefixDoubled,
                    format!("\"Try it out\" calls {shown}: the stage's prefix is there twice"),
                )
            } else if url.origin() == subject.base.origin() && ["", "/"].contains(&url.path()) {
                at(
                    Diagnosis::ServersPrefixLost,
                    format!("\"Try it out\" calls {shown}, without the prefix {}", subject.base.path()),
                )
            } else {
                at(
                    Diagnosis::ServersElsewhere,
                    format!("\"Try it out\" calls {shown}, which is not {}", subject.base),
                )
            };
            (shown, judged)
        }
    };
    let mut check = asked.check(CheckKind::Docs, "where \"Try it out\" calls", verdict(judged));
    check.got = got;
    check
}
