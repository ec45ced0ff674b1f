//! What Callboard says a browser would do, and what a browser does: pages on other origins fetch from the service through the
//! local cloud's gateway.

use axum::response::Response;
use callboard::checks::{self, Page};
use callboard::domain::StageName;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::browser::Browser;
use super::patient::Patient;
use super::pretend::{Server, answer};

/// Ways in which the service is ill or well.
const SERVICE: [&str; 40] = [
    "",
    "cors-off",
    "cors-preflight-405",
    "cors-preflight-404",
    "cors-preflight-200",
    "cors-preflight-redirect",
    "cors-preflight-status",
    "cors-answer-bare",
    "cors-other-origin",
    "cors-slash",
    "cors-capitals",
    "cors-null",
    "cors-twice",
    "cors-star-and-origin",
    "cors-list",
    "cors-named",
    "cors-no-vary",
    "cors-reflect",
    "cors-reflect-credentials",
    "cors-methods-get",
    "cors-methods-none",
    "cors-methods-small",
    "cors-methods-garbage",
    "cors-headers-other",
    "cors-headers-none",
    "cors-headers-garbage",
    "cors-headers-named",
    "cors-max-age",
    "cors-with-credentials",
    "cors-with-credentials-star",
    "cors-with-credentials-no",
    "cors-with-credentials-capitals",
    "cors-with-credentials-methods-star",
    "redirect",
    "path-unknown",
    "service-failed",
    "crash",
    "answer-text",
    "init-crash",
    "gzip",
];

/// Method, headers, credentials.
type Asking = (&'static str, &'static [(&'static str, &'static str)], bool);

const PAGES: [Asking; 13] = [
    ("GET", &[], false),
    ("GET", &[], true),
    ("GET", &[("content-type", "application/json")], false),
    ("GET", &[("content-type", "application/json")], true),
    ("GET", &[("authorization", "Bearer x")], false),
    ("GET", &[("x-one", "1"), ("x-two", "2")], false),
    ("GET", &[("accept-language", "de-CH")], false),
    ("POST", &[("content-type", "text/plain;charset=UTF-8")], false),
    ("POST", &[("content-type", "application/json")], false),
    ("PUT", &[], false),
    ("PUT", &[("content-type", "application/json")], true),
    ("PATCH", &[], false),
    ("DELETE", &[("authorization", "Bearer x")], true),
];

/// Fetches one after the other; each with its status, or why the page got none.
const FETCH: &str = "
    const [cases, done] = arguments;
    (async () => {
        const results = [];
        for (const { url, method, headers, credentials } of cases) {
            try {
                const answer = await fetch(url, { method, headers, credentials: credentials ? 'include' : 'omit', cache: 'no-store' });
                results.push(String(answer.status));
            } catch (error) {
                results.push('blocked');
            }
        }
        done({ origin: self.origin, results });
    })();
";

fn page(request: &axum::extract::Request) -> Response {
    let sandboxed = request.uri().path() == "/sandboxed";
    let policy = if sandboxed { "sandbox allow-scripts" } else { "default-src * 'unsafe-inline'" };
    answer(200, &[("content-type", "text/html"), ("content-security-policy", policy)], "<title>page</title>")
}

struct Bench {
    patient: Patient,
    browser: Browser,
    /// Where the pages are, and their origins.
    pages: Vec<(String, String)>,
    count: usize,
    allowed: usize,
    wrong: Vec<String>,
}

impl Bench {
    /// Lets every page of every origin ask, and Callboard say what will come.
    async fn compare(&mut self, state: &str, cors_on_errors: bool) {
        let settings = self.patient.settings("");
        for (at, origin) in self.pages.clone() {
            self.browser.open(&at).await;
            let url = |index: usize| {
                let query = format!("n={}&c={cors_on_errors}", self.count + index);
                format!("{}/api/v0/items?{query}", self.patient.url)
            };
            let cases: Vec<Value> = PAGES
                .iter()
                .enumerate()
                .map(|(index, (method, headers, credentials))| {
                    let headers: serde_json::Map<String, Value> =
                        headers.iter().map(|(name, value)| (name.to_string(), json!(value))).collect();
                    json!({"url": url(index), "method": method, "headers": headers, "credentials": credentials})
                })
                .collect();
            let seen = self.browser.run(FETCH, &[Value::Array(cases)]).await;
            assert_eq!(seen["origin"], json!(origin), "{at}");
            for (index, (method, headers, credentials)) in PAGES.iter().enumerate() {
                let page = Page {
                    origin: origin.clone(),
                    method: method.parse::<Method>().expect("a method"),
                    headers: headers
                        .iter()
                        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                        .collect(),
                    credentials: *credentials,
                };
                let url: Url = url(index).parse().expect("a URL");
                let verdict = checks::fetches(&self.patient.cloud, &settings, StageName::Stage, &page, &url);
                let verdict = Box::pin(verdict).await;
                let browsers = seen["results"][index].as_str().expect("a result");
                if (browsers == "blocked") != verdict.is_err() {
                    self.wrong.push(format!(
                        "{state}: {method} {headers:?} credentials {credentials} from {origin}: the browser {browsers}, Callboard {verdict:?}"
                    ));
                }
                self.allowed += usize::from(verdict.is_ok());
            }
            self.count += PAGES.len();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callboard_decides_as_chromium_does_in_every_case() {
    let patient = Box::pin(Patient::admit()).await;
    let browser = Browser::start().await;
    let server = Server::answering(page).await;
    let (here, there) = (server.url(""), server.url("").replace("127.0.0.1", "localhost"));
    let pages = vec![
        (format!("{here}/"), here.clone()),
        (format!("{there}/"), there.clone()),
        (format!("{here}/sandboxed"), "null".to_owned()),
    ];
    let mut bench = Bench { patient, browser, pages, count: 0, allowed: 0, wrong: Vec::new() };
    for ill in SERVICE {
        bench.patient.environment(&[("ENV", "stage"), ("ILL", ill), ("ALLOW", &here)]).await;
        Box::pin(bench.compare(ill, true)).await;
    }
    bench.patient.ill("").await;
    // The gateway's own errors, with and without CORS headers.
    for with in [true, false] {
        if !with {
            for kind in ["DEFAULT_4XX", "DEFAULT_5XX"] {
                let call = bench.patient.gateway.delete_gateway_response().rest_api_id(&bench.patient.api);
                call.response_type(kind.into()).send().await.expect("deleted");
            }
            bench.patient.deploy_by_hand().await;
        }
        bench.patient.forbid().await;
        Box::pin(bench.compare("no permission (500)", with)).await;
        bench.patient.permit("*/*").await;
        bench.patient.ill("crash").await;
        Box::pin(bench.compare("crash (502)", with)).await;
        bench.patient.ill("").await;
        let proxy = bench.patient.resource("/{proxy+}").await;
        bench.patient.delete_method(&proxy, "ANY").await;
        bench.patient.deploy_by_hand().await;
        Box::pin(bench.compare("no route (403)", with)).await;
        bench.patient.put_method(&proxy, "ANY", "NONE", false).await;
        bench.patient.lead(&proxy, "ANY", "hello-${stageVariables.env}", "POST", 29_000).await;
        bench.patient.deploy_by_hand().await;
    }
    let Bench { browser, count, allowed, wrong, .. } = bench;
    browser.close().await;
    println!(
        "{count} requests of pages on other origins: Chromium and Callboard agree on {}, {allowed} let through",
        count - wrong.len()
    );
    assert!(wrong.is_empty(), "{} of {count}: {wrong:#?}", wrong.len());
    assert!(count >= 1000 && allowed > 100 && allowed < count - 100, "{allowed} of {count}");
}
