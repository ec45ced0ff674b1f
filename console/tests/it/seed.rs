//! The article's service beside ours: its recorded answers under Mangum, given by a function of their own, and ours, both through the
//! same gateway. What differs must be known, with its reason.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use callboard::domain::StageName;
use reqwest::{Client, Method, Response};
use serde_json::Value;

use super::project::Project;

/// A recorded request: its name, method, path and headers.
type Asked = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const ORIGIN: (&str, &str) = ("origin", "https://app.example.com");

const REQUESTS: &[Asked] = &[
    ("GET /api/v0", "GET", "/api/v0", &[]),
    ("GET /api/v0/items", "GET", "/api/v0/items", &[]),
    ("GET /api/v0/users", "GET", "/api/v0/users", &[]),
    ("GET /docs", "GET", "/docs", &[]),
    ("GET /redoc", "GET", "/redoc", &[]),
    ("GET /openapi.json", "GET", "/openapi.json", &[]),
    ("GET /", "GET", "/", &[]),
    ("GET /nope", "GET", "/nope", &[]),
    ("GET /api/v0/", "GET", "/api/v0/", &[]),
    ("GET /api/v0/items/", "GET", "/api/v0/items/", &[]),
    ("GET /api/v0/?a=1&b=2", "GET", "/api/v0/?a=1&b=2", &[]),
    ("GET /docs/", "GET", "/docs/", &[]),
    ("GET /docs/oauth2-redirect", "GET", "/docs/oauth2-redirect", &[]),
    ("GET /api/v0/items/1", "GET", "/api/v0/items/1", &[]),
    ("GET /API/V0", "GET", "/API/V0", &[]),
    ("GET /api/v0/items?x=1", "GET", "/api/v0/items?x=1", &[]),
    ("GET /dev/api/v0", "GET", "/dev/api/v0", &[]),
    ("POST /api/v0", "POST", "/api/v0", &[]),
    ("PUT /api/v0", "PUT", "/api/v0", &[]),
    ("DELETE /api/v0", "DELETE", "/api/v0", &[]),
    ("PATCH /api/v0", "PATCH", "/api/v0", &[]),
    ("POST /nope", "POST", "/nope", &[]),
    ("POST /docs", "POST", "/docs", &[]),
    ("HEAD /api/v0", "HEAD", "/api/v0", &[]),
    ("HEAD /docs", "HEAD", "/docs", &[]),
    ("HEAD /openapi.json", "HEAD", "/openapi.json", &[]),
    ("HEAD /nope", "HEAD", "/nope", &[]),
    ("HEAD /api/v0/", "HEAD", "/api/v0/", &[]),
    ("OPTIONS plain", "OPTIONS", "/api/v0", &[]),
    ("OPTIONS origin only", "OPTIONS", "/api/v0", &[ORIGIN]),
    ("preflight GET", "OPTIONS", "/api/v0", &[ORIGIN, ("access-control-request-method", "GET")]),
    (
        "preflight GET+headers",
        "OPTIONS",
        "/api/v0",
        &[
            ORIGIN,
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "authorization,x-one"),
        ],
    ),
    ("preflight POST", "OPTIONS", "/api/v0", &[ORIGIN, ("access-control-request-method", "POST")]),
    (
        "preflight PURGE (unknown)",
        "OPTIONS",
        "/api/v0",
        &[ORIGIN, ("access-control-request-method", "PURGE")],
    ),
    ("preflight HEAD", "OPTIONS", "/api/v0", &[ORIGIN, ("access-control-request-method", "HEAD")]),
    ("preflight to 404 path", "OPTIONS", "/nope", &[ORIGIN, ("access-control-request-method", "GET")]),
    ("GET with Origin", "GET", "/api/v0", &[ORIGIN]),
    ("GET with Origin+Cookie", "GET", "/api/v0", &[ORIGIN, ("cookie", "a=1")]),
    ("GET 404 with Origin", "GET", "/nope", &[ORIGIN]),
    ("POST 405 with Origin", "POST", "/api/v0", &[ORIGIN]),
    ("redirect with Origin", "GET", "/api/v0/", &[ORIGIN]),
    ("HEAD with Origin", "HEAD", "/api/v0", &[ORIGIN]),
];

/// What is looked at.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    media_type: String,
    allow_origin: Option<String>,
    location: Option<String>,
    allow: Option<String>,
    body: Option<Value>,
}

async fn seen(answer: Response) -> Seen {
    let header =
        |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
    let media_type = header("content-type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().to_owned();
    let (allow_origin, location) = (header("access-control-allow-origin"), header("location"));
    let allow = header("allow").map(|allow| allow.split(',').map(str::trim).collect::<Vec<_>>().join(", "));
    let status = answer.status().as_u16();
    let body = serde_json::from_slice(&answer.bytes().await.expect("a body")).ok();
    Seen { status, media_type, allow_origin, location, allow, body }
}

/// Why ours is other, by what is other; `None`: nobody knows, and it is a fault.
fn reason(asked: &Asked, theirs: &Seen, ours: &Seen, what: &str) -> Option<&'static str> {
    let (_, method, path, _) = asked;
    let slash = path.split('?').next().is_some_and(|path| path.len() > 1 && path.ends_with('/'));
    Some(match what {
        _ if slash && theirs.status == 307 => {
            "a trailing slash is answered in place: their redirect leaves the stage out of its address, and is broken behind API Gateway"
        }
        "status" | "type" | "body" | "allow" if *path == "/redoc" || *path == "/docs/oauth2-redirect" => {
            "Swagger UI is the one documentation page; there is no sign-in that would need a redirect page"
        }
        _ if *method == "OPTIONS" && ours.status == 200 => {
            "the CORS layer answers OPTIONS on every path; a browser takes each of these answers alike"
        }
        _ if *method == "HEAD" && theirs.status == 405 => {
            "HEAD is answered wherever GET is, as RFC 9110 (9.3.2) asks"
        }
        "origin" if theirs.allow_origin.is_none() => {
            "tower-http allows any origin in every answer, theirs only where an Origin was sent"
        }
        "allow" if ours.allow.as_deref() == Some("GET, HEAD") => "HEAD is answered wherever GET is",
        "body" if *path == "/openapi.json" => {
            "another title, version and descriptions; the paths are compared below"
        }
        _ => return None,
    })
}

fn differences(theirs: &Seen, ours: &Seen) -> Vec<(&'static str, String, String)> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
    let body = |value: &Option<Value>| match value {
        Some(value) => value.to_string().chars().take(60).collect(),
        None => "–".to_owned(),
    };
    let all = [
        ("status", theirs.status.to_string(), ours.status.to_string(), theirs.status == ours.status),
        ("type", theirs.media_type.clone(), ours.media_type.clone(), theirs.media_type == ours.media_type),
        (
            "origin",
            text(&theirs.allow_origin),
            text(&ours.allow_origin),
            theirs.allow_origin == ours.allow_origin,
        ),
        ("location", text(&theirs.location), text(&ours.location), theirs.location == ours.location),
        ("allow", text(&theirs.allow), text(&ours.allow), theirs.allow == ours.allow),
        ("body", body(&theirs.body), body(&ours.body), theirs.body == ours.body),
    ];
    all.into_iter().filter(|(.., same)| !same).map(|(what, theirs, ours, _)| (what, theirs, ours)).collect()
}

async fn ask(http: &Client, url: &str, asked: &Asked) -> Seen {
    let (name, method, path, headers) = asked;
    let method: Method = method.parse().expect("a method");
    let mut request = http.request(method, format!("{url}{path}")).header("x-recorded", *name);
    for (name, value) in *headers {
        request = request.header(*name, *value);
    }
    seen(request.send().await.expect("an answer")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_articles_service_and_ours_differ_where_they_must_alone() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
    let recording = repository.join("../shared/seed/seed_behaviour.json");
    let recording = std::fs::read_to_string(&recording)
        .unwrap_or_else(|error| panic!("{}: {error}", recording.display()));
    let recording: Value = serde_json::from_str(&recording).expect("JSON");
    let recorded = recording["ENV=stage"]["mangum_v1"].as_object().expect("answers");

    let theirs = Project::of_recording(
        &recorded.iter().map(|(name, answer)| (name.clone(), answer.to_string())).collect(),
    );
    let ours = Project::beside_the_service(repository);
    ours.write(".env.stage", "");
    let mut urls = Vec::new();
    for project in [&theirs, &ours] {
        let cloud = project.cloud().await;
        let (deployed, _) = Box::pin(project.deploy(&cloud, StageName::Stage)).await;
        urls.push((deployed.url.expect("a URL"), cloud));
    }
    let http =
        Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let mut table = String::from("| Request | What | The article's | Ours | Why |\n|---|---|---|---|---|\n");
    let (mut same, mut differ, mut unknown) = (0, 0, Vec::new());
    let mut aspects = 0;
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for asked in REQUESTS {
        assert!(recorded.contains_key(asked.0), "{} was not recorded", asked.0);
        let (theirs, ours) = (ask(&http, &urls[0].0, asked).await, ask(&http, &urls[1].0, asked).await);
        let differences = differences(&theirs, &ours);
        if differences.is_empty() {
            same += 1;
            let _ = writeln!(table, "| {} | same: {} | | | |", asked.0, theirs.status);
            continue;
        }
        differ += 1;
        aspects += differences.len();
        for (what, left, right) in differences {
            let reason = reason(asked, &theirs, &ours, what);
            if reason.is_none() {
                unknown.push(format!("{}: {what}: {left} / {right}", asked.0));
            }
            *reasons.entry(reason.unwrap_or("?")).or_default() += 1;
            let _ =
                writeln!(table, "| {} | {what} | {left} | {right} | {} |", asked.0, reason.unwrap_or("?"));
        }
    }
    println!(
        "{table}\n{} requests, {} things looked at: {aspects} differ; {same} requests are the same in all, {differ} differ in something",
        REQUESTS.len(),
        REQUESTS.len() * 6
    );
    for (reason, count) in reasons {
        println!("{count:>4}  {reason}");
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
    insta::assert_snapshot!("the_article_beside_ours", table);
    // The paths of the documents: the article's GETs are ours.
    let document =
        |url: &str| http.get(format!("{url}/openapi.json")).header("x-recorded", "GET /openapi.json");
    let paths = async |url: &str| {
        let document: Value = document(url).send().await.expect("an answer").json().await.expect("JSON");
        document["paths"].as_object().expect("paths").keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(paths(&urls[0].0).await, paths(&urls[1].0).await);
}
