//! Checks of stages that are well, and of stages that are ill in one way each.

use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use callboard::checks::{Dialer, outside};
use callboard::domain::{Check, CheckKind, Diagnosis, Report, StageName, Verdict};
use callboard::settings::Settings;
use tokio::net::TcpListener;

use super::pretend::{Server, answer};

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");
pub(crate) const ANY: (&str, &str) = ("access-control-allow-origin", "*");
const HEADERS: (&str, &str) = ("access-control-allow-headers", "*");
pub(crate) const ID: (&str, &str) = ("x-amzn-requestid", "c6af9ac6-7b61-11e6-9a41-93e8deadbeef");
const DOCUMENT: &str = r##"{"openapi": "3.1.0", "paths": {
    "/api/v0": {"get": {"responses": {"200": {"content": {"application/json": {}}}}}},
    "/api/v0/items": {"get": {"responses": {"200": {"content": {"application/json": {}}}}}},
    "/api/v0/items/{id}": {"get": {"responses": {"200": {}}}},
    "/text": {"get": {"responses": {"200": {"content": {"text/plain": {}}}}}}
}}"##;

/// A stage where all is well.
pub(crate) fn well(request: &Request) -> Response {
    match (request.method().as_str(), request.uri().path()) {
        ("OPTIONS", _) => answer(200, &[ANY, HEADERS, ("access-control-allow-methods", "*"), ID], ""),
        (_, "/stage/openapi.json") => answer(200, &[JSON, ANY, ID], DOCUMENT),
        (_, "/stage/api/v0") => answer(200, &[JSON, ANY, ID], r#"{"ENV":"stage","message":"Hello World!"}"#),
        (_, "/stage/api/v0/items") => answer(200, &[JSON, ANY, ID], r#"{"message":"Get all items"}"#),
        (_, "/stage/text") => answer(200, &[("content-type", "text/plain"), ANY, ID], "plain"),
        _ => answer(404, &[JSON, ANY, ID], r#"{"message":"Not Found"}"#),
    }
}

/// Settings with this behind the name.
pub(crate) fn settings(more: &str) -> Settings {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("callboard.toml");
    std::fs::write(&path, format!("name = \"hello\"\n[checks]\ntimeout = 10\n{more}")).expect("a file");
    Settings::load(&path).unwrap_or_else(|problem| panic!("{problem}"))
}

pub(crate) async fn report(url: &str, settings: &Settings, kind: CheckKind) -> Report {
    let dialer = Dialer::new().expect("a dialer");
    let reports = outside(&dialer, settings, StageName::Stage, url, &[kind]).await.expect("a run");
    reports.into_iter().next().expect("a report")
}

async fn smoked(stage: impl Fn(&Request) -> Response + Clone + Send + Sync + 'static) -> Report {
    smoked_with("", stage).await
}

pub(crate) async fn smoked_with(
    more: &str,
    stage: impl Fn(&Request) -> Response + Clone + Send + Sync + 'static,
) -> Report {
    let server = Server::answering(stage).await;
    report(&server.url("/stage"), &settings(more), CheckKind::Smoke).await
}

async fn crossed(stage: impl Fn(&Request) -> Response + Clone + Send + Sync + 'static) -> Report {
    let server = Server::answering(stage).await;
    report(&server.url("/stage"), &settings(""), CheckKind::Cors).await
}

fn names(report: &Report) -> Vec<&str> {
    report.checks.iter().map(|check| check.name.as_str()).collect()
}

/// Each failed check as its name and its cause; none of them may be without a fix.
pub(crate) fn failed(report: &Report) -> Vec<(String, String)> {
    let failed = report.checks.iter().filter_map(|Check { name, verdict, .. }| match verdict {
        Verdict::Passed => None,
        Verdict::Warned(fault) => panic!("{name}: {fault:?}"),
        Verdict::Failed(fault) => {
            assert!(!fault.fix.is_empty(), "{name}");
            Some((name.clone(), fault.cause.clone()))
        }
    });
    failed.collect()
}

#[tokio::test]
async fn a_stage_that_is_well_is_green() {
    let report = smoked(well).await;
    assert_eq!(
        names(&report),
        ["GET /openapi.json", "GET /api/v0", "GET /api/v0 says ENV=stage", "GET /api/v0/items", "GET /text",]
    );
    assert_eq!(failed(&report), []);
    assert!(report.green());
    assert_eq!(report.checks[3].got, r#"200 {"message":"Get all items"}"#);
    assert!(report.checks.iter().all(|check| check.took > Duration::ZERO));
    assert!(report.checks.iter().all(|check| check.request_id.as_deref() == Some(ID.1)));

    let report = crossed(well).await;
    assert_eq!(names(&report), ["GET /api/v0", "GET /api/v0/items", "GET /api/v0/items/{id}", "GET /text"]);
    assert_eq!(failed(&report), []);
    assert!(report.green());
    assert_eq!(report.checks[0].got, "preflight 200, GET 200");
    // Nobody knows an id: only the preflight is sent.
    assert_eq!(report.checks[2].got, "preflight 200");
}

#[tokio::test]
async fn checks_may_run_on_any_thread() {
    let (dialer, settings) = (Dialer::new().expect("a dialer"), settings(""));
    let kinds = CheckKind::ALL;
    let run = outside(&dialer, &settings, StageName::Stage, "http://127.0.0.1:1/stage", &kinds);
    fn sendable(_: &impl Send) {}
    sendable(&run);
    let reports = run.await.expect("a run");
    let failed: Vec<usize> = reports.iter().map(|report| failed(report).len()).collect();
    assert_eq!(failed, [0, 1, 1, 1]);
}

#[tokio::test]
async fn one_ill_answer_gives_one_cause_and_no_other() {
    let gateway = |status, message| answer(status, &[JSON, ID], &format!(r#"{{"message":"{message}"}}"#));
    let cases: [(Response, &str); 17] = [
        (
            gateway(403, "Missing Authentication Token"),
            "the gateway has no such path or method in what is deployed",
        ),
        (
            gateway(403, "Forbidden"),
            "the API has no stage stage, or a policy in front of it keeps this machine out",
        ),
        (gateway(429, "Too Many Requests"), "the gateway is throttling"),
        (gateway(500, "Internal server error"), "the gateway may not or cannot call the function"),
        (gateway(502, "Internal server error"), "the function crashed, ran into its own time-out"),
        (gateway(503, "Service Unavailable"), "the gateway could not reach the function's service"),
        (gateway(504, "Endpoint request timed out"), "the function gave no answer within the gateway's 29 s"),
        (answer(500, &[JSON], r#"{"message":"boom"}"#), "the service itself failed (500)"),
        (answer(404, &[JSON], r#"{"message":"Not Found"}"#), "the service itself knows no such path"),
        (answer(405, &[JSON], r#"{"message":"Method Not Allowed"}"#), "the service does not take GET here"),
        (answer(401, &[JSON], "{}"), "it asks for a sign-in (401)"),
        (answer(307, &[("location", "/login")], ""), "it redirects to /login"),
        (answer(418, &[JSON], "{}"), "it answered 418, and the check wants a success"),
        (answer(200, &[JSON], "{\"message\":"), "it says that it is JSON and is not"),
        (answer(200, &[JSON], "\u{1b}[2J\u{0}garbage"), "it says that it is JSON and is not"),
        (
            answer(200, &[("content-type", "text/html")], "<html>"),
            "it is declared as application/json and comes as text/html",
        ),
        (answer(200, &[], "{}"), "it is declared as application/json and comes without a content-type"),
    ];
    for (ill, cause) in cases {
        let status = ill.status();
        let headers = ill.headers().clone();
        let body = axum::body::to_bytes(ill.into_body(), 1000).await.expect("a body");
        let report = smoked(move |request| match request.uri().path() {
            "/stage/api/v0/items" => {
                let mut response = Response::new(body.clone().into());
                *response.status_mut() = status;
                *response.headers_mut() = headers.clone();
                response
            }
            _ => well(request),
        })
        .await;
        let failed = failed(&report);
        assert_eq!(failed.len(), 1, "{cause}: {failed:?}");
        assert_eq!(failed[0].0, "GET /api/v0/items");
        assert!(failed[0].1.starts_with(cause), "{cause}: {failed:?}");
        assert!(report.checks[3].got.starts_with(status.as_str()), "{:?}", report.checks[3]);
        assert!(!report.checks[3].got.contains(char::is_control), "{:?}", report.checks[3]);
    }
}

#[tokio::test]
async fn a_wrong_env_is_told_apart() {
    for (env, cause) in [
        (r#"{"ENV":"dev"}"#, "it says ENV=dev: the function's ENV is missing"),
        (r#"{"ENV":"prod"}"#, "stage answers with ENV=prod: the other stage's function answers"),
        (r#"{"message":"Hello World!"}"#, "the answer has no ENV"),
        (r#"{"ENV":["stage"]}"#, "the answer has no ENV"),
    ] {
        let report = smoked(move |request| match request.uri().path() {
            "/stage/api/v0" => answer(200, &[JSON, ANY, ID], env),
            _ => well(request),
        })
        .await;
        let failed = failed(&report);
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert_eq!(failed[0].0, "GET /api/v0 says ENV=stage");
        assert!(failed[0].1.starts_with(cause), "{failed:?}");
    }
}

#[tokio::test]
async fn a_stage_without_a_document_is_one_failed_check() {
    for (ill, cause) in [
        (
            answer(200, &[JSON], r#"{"message":"hello"}"#),
            "what lies at /openapi.json is no OpenAPI 3 document",
        ),
        (answer(200, &[], "<html>"), "what lies at /openapi.json is no OpenAPI 3 document"),
        (answer(200, &[JSON], &" ".repeat(5 << 20)), "the OpenAPI document is larger than 4 MiB"),
        (answer(403, &[JSON], r#"{"message":"Forbidden"}"#), "the API has no stage stage"),
        (answer(502, &[JSON], r#"{"message":"Internal server error"}"#), "the function crashed"),
    ] {
        let status = ill.status();
        let body = axum::body::to_bytes(ill.into_body(), 8 << 20).await.expect("a body");
        let stage = move |_: &Request| {
            let mut response = Response::new(body.clone().into());
            *response.status_mut() = status;
            response
        };
        for report in [smoked(stage.clone()).await, crossed(stage).await] {
            assert_eq!(names(&report), ["GET /openapi.json"]);
            assert!(failed(&report)[0].1.starts_with(cause), "{report:?}");
            assert!(!report.green());
        }
    }
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_is_named() {
    let gone = Server::answering(well).await;
    let url = gone.url("/stage");
    gone.stop().await;
    let report = self::report(&url, &settings(""), CheckKind::Smoke).await;
    assert_eq!(failed(&report)[0].1, "nothing listens at this address");
    assert_eq!(report.checks[0].got, "connection refused");

    let plain = Server::answering(well).await;
    let url = plain.url("/stage").replace("http:", "https:");
    let report = self::report(&url, &settings(""), CheckKind::Smoke).await;
    assert!(failed(&report)[0].1.starts_with("no TLS connection came about"), "{report:?}");

    let url = "http://no-such-host.invalid/stage";
    let report = self::report(url, &settings(""), CheckKind::Smoke).await;
    assert!(failed(&report)[0].1.starts_with("the host's name leads nowhere"), "{report:?}");

    // It takes the connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/stage", silent.local_addr().expect("an address"));
    let mut patient = settings("");
    patient.checks.timeout = Duration::from_millis(300);
    let report = self::report(&url, &patient, CheckKind::Smoke).await;
    assert_eq!(failed(&report)[0].1, "no whole answer came within 0.3 s");
    assert!(report.checks[0].took >= patient.checks.timeout);

    // It takes the connection and hangs up.
    let url = format!("http://{}/stage", silent.local_addr().expect("an address"));
    let hang_up = tokio::spawn(async move { while silent.accept().await.is_ok() {} });
    let report = self::report(&url, &settings(""), CheckKind::Smoke).await;
    assert!(failed(&report)[0].1.starts_with("the answer broke off or is no HTTP"), "{report:?}");
    hang_up.abort();
}

#[tokio::test]
async fn a_preflight_is_judged_as_a_browser_does() {
    let methods = ("access-control-allow-methods", "GET");
    let exact = ("access-control-allow-origin", "https://callboard.test");
    let cases = [
        (200, vec![exact, ("access-control-allow-headers", "X-One, Content-Type")], None),
        (204, vec![ANY, ("access-control-allow-headers", "content-type"), methods], None),
        (200, vec![HEADERS], Some("the preflight is answered with 200 and no CORS headers, though")),
        (
            200,
            vec![("access-control-allow-origin", "https://other.test"), HEADERS],
            Some("access-control-allow-origin is \"https://other.test\""),
        ),
        (
            200,
            vec![("access-control-allow-origin", "https://callboard.test/"), HEADERS],
            Some("access-control-allow-origin is \"https://callboard.test/\""),
        ),
        (
            200,
            vec![("access-control-allow-origin", "https://callboard.test, https://other.test"), HEADERS],
            Some("access-control-allow-origin holds more than one value"),
        ),
        (200, vec![ANY, exact, HEADERS], Some("access-control-allow-origin is there 2 times")),
        (405, vec![ANY, HEADERS], Some("the preflight was answered with 405")),
        (307, vec![ANY, HEADERS, ("location", "/")], Some("the preflight is redirected (307) to /")),
        (200, vec![ANY], Some("access-control-allow-headers does not have content-type")),
        (
            200,
            vec![ANY, ("access-control-allow-headers", "x-one")],
            Some("access-control-allow-headers does not have content-type"),
        ),
    ];
    for (status, headers, cause) in cases {
        let headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let report = crossed(move |request| {
            if request.method() == "OPTIONS" && request.uri().path() == "/stage/api/v0/items" {
                assert_eq!(request.headers()["origin"], "https://callboard.test");
                assert_eq!(request.headers()["access-control-request-method"], "GET");
                assert_eq!(request.headers()["access-control-request-headers"], "content-type");
                let headers: Vec<(&str, &str)> =
                    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                answer(status, &headers, "")
            } else {
                well(request)
            }
        })
        .await;
        let failed = failed(&report);
        match cause {
            None => assert_eq!(failed, []),
            Some(cause) => {
                assert_eq!(failed.len(), 1, "{cause}: {failed:?}");
                assert_eq!(failed[0].0, "GET /api/v0/items");
                assert!(failed[0].1.starts_with(cause), "{cause}: {failed:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_true_request_is_judged_by_its_origin_header_alone() {
    for (ill, cause) in [
        (answer(404, &[JSON, ANY], "{}"), None),
        (answer(200, &[JSON], "{}"), Some("there is no access-control-allow-origin")),
        (
            answer(200, &[JSON, ("access-control-allow-origin", "null")], "{}"),
            Some("access-control-allow-origin is \"null\""),
        ),
        (
            answer(502, &[JSON], r#"{"message":"Internal server error"}"#),
            Some(
                "the gateway's own error (502) has no CORS headers, so a browser hides it: the function crashed",
            ),
        ),
    ] {
        let (status, headers) = (ill.status(), ill.headers().clone());
        let body = axum::body::to_bytes(ill.into_body(), 1000).await.expect("a body");
        let report = crossed(move |request| {
            if request.method() == "GET" && request.uri().path() == "/stage/api/v0/items" {
                assert_eq!(request.headers()["origin"], "https://callboard.test");
                let mut response = Response::new(body.clone().into());
                *response.status_mut() = status;
                *response.headers_mut() = headers.clone();
                response
            } else {
                well(request)
            }
        })
        .await;
        let failed = failed(&report);
        match cause {
            None => assert_eq!(failed, []),
            Some(cause) => {
                assert_eq!(failed.len(), 1, "{cause}: {failed:?}");
                assert_eq!(failed[0].0, "GET /api/v0/items");
                assert!(failed[0].1.starts_with(cause), "{cause}: {failed:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_its_schema_is_named_by_its_place() {
    let document = r##"{"openapi": "3.1.0", "components": {"schemas": {"Item": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}}},
        "paths": {"/items": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}}}}}}}}}"##;
    for (body, wanted) in [
        (r#"[{"id": 1}]"#, None),
        (r#"[{"id": 1}, {"id": "two"}]"#, Some("the answer does not fit its schema: /1/id")),
        (r#"{"items": []}"#, Some("the answer does not fit its schema: the whole answer")),
    ] {
        let report = smoked(move |request| match request.uri().path() {
            "/stage/openapi.json" => answer(200, &[JSON], document),
            _ => answer(200, &[JSON], body),
        })
        .await;
        let failed = failed(&report);
        match wanted {
            None => assert_eq!(failed, []),
            Some(wanted) => assert!(failed.len() == 1 && failed[0].1.starts_with(wanted), "{failed:?}"),
        }
    }
}

#[tokio::test]
async fn bytes_that_come_as_base64_are_told_from_bytes() {
    let gzip = ("content-encoding", "gzip");
    for (body, wanted) in [
        ("H4sIAAAAAAAAA6tWyk0tLk5MT1WyUvJITSxRSMzJUcgsSc0tVqoFAFLBjYYaAAAA", Some(Diagnosis::BinaryMangled)),
        ("", None),
    ] {
        let report = smoked(move |request| match request.uri().path() {
            "/stage/api/v0/items" if !body.is_empty() => answer(200, &[JSON, ANY, ID, gzip], body),
            _ => well(request),
        })
        .await;
        let found = report.checks.iter().find_map(|check| check.verdict.fault().map(|fault| fault.diagnosis));
        assert_eq!(found, wanted);
    }
}
