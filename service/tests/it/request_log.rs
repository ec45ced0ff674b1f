//! The log: its lines, and what they never say.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, Once},
};

use axum::{Router, http::Method, routing::get as on_get};
use serde_json::{Value, json};
use service::{cors::Policy, request_log, wrap};
use tracing::{level_filters::LevelFilter, subscriber::DefaultGuard};

use crate::asking::{ask, event, get, invoke, service};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("the log").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Captured {
    /// Captures what this thread logs, until the guard is dropped.
    fn start(level: LevelFilter) -> (Self, DefaultGuard) {
        // A place that logs is switched off for good when the first thread that comes by has no subscriber: the other
        // tests of this process have this one.
        static EVERY_THREAD: Once = Once::new();
        EVERY_THREAD.call_once(|| {
            let nowhere = request_log::subscriber(LevelFilter::TRACE, io::sink);
            tracing::subscriber::set_global_default(nowhere).expect("the only one");
        });
        let captured = Self::default();
        let writer = captured.clone();
        let guard = tracing::subscriber::set_default(request_log::subscriber(level, move || writer.clone()));
        (captured, guard)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("the log").clone()).expect("text")
    }

    fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    }
}

/// Takes out what differs from run to run, after a look at it.
fn steady(line: &Value) -> Value {
    let mut line = line.clone();
    let fields = line.as_object_mut().expect("an object");
    let timestamp = fields.remove("timestamp").expect("a timestamp");
    assert!(timestamp.as_str().is_some_and(|at| at.len() == 27 && at.ends_with('Z')), "{timestamp}");
    let duration = fields.remove("duration_us").expect("a duration");
    assert!(duration.is_u64(), "{duration}");
    let message = fields.remove("message").expect("a message");
    let (message, took) =
        message.as_str().and_then(|text| text.split_at_checked(text.rfind(' ')?)).expect("a unit");
    assert_eq!(took, " ms");
    let (message, took) = message.rsplit_once(' ').expect("a duration");
    assert!(took.parse::<f64>().is_ok(), "{took}");
    fields.insert("message".into(), message.into());
    line
}

#[tokio::test]
async fn one_line_for_each_request_behind_the_gateway() {
    let (log, _guard) = Captured::start(LevelFilter::INFO);
    let service = service(&[("ENV", "stage")]);
    invoke(&service, event("stage", "/api/v0/items/", "/stage/api/v0/items/")).await;
    invoke(&service, event("stage", "/nope", "/stage/nope")).await;
    let lines: Vec<_> = log.lines().iter().map(steady).collect();
    assert_eq!(
        lines,
        [
            json!({
                "level": "INFO", "message": "GET /api/v0/items 200", "method": "GET", "path": "/api/v0/items",
                "route": "/api/v0/items", "status": 200, "cold": true,
                "request_id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                "gateway_request_id": "fdf23361-272a-4fea-bf66-aa83a2b6d653",
            }),
            json!({
                "level": "WARN", "message": "GET /nope 404", "method": "GET", "path": "/nope", "status": 404,
                "cold": false, "request_id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                "gateway_request_id": "fdf23361-272a-4fea-bf66-aa83a2b6d653",
            }),
        ]
    );
}

#[tokio::test]
async fn one_line_for_each_local_request() {
    let (log, _guard) = Captured::start(LevelFilter::INFO);
    let service = service(&[]);
    ask(&service, Method::OPTIONS, "/api/v0", &[("origin", "https://a.b")]).await;
    ask(&service, Method::DELETE, "/docs", &[]).await;
    let lines: Vec<_> = log.lines().iter().map(steady).collect();
    assert_eq!(
        lines,
        [
            json!({"level": "INFO", "message": "OPTIONS /api/v0 200", "method": "OPTIONS", "path": "/api/v0",
                "route": "/api/v0", "status": 200, "cold": true}),
            json!({"level": "WARN", "message": "DELETE /docs 405", "method": "DELETE", "path": "/docs",
                "route": "/docs", "status": 405, "cold": false}),
        ]
    );
}

#[tokio::test]
async fn a_panic_is_one_line_of_its_own_with_the_ids() {
    async fn boom() -> &'static str {
        panic!("first\nsecond \u{1b}[31m")
    }
    // The hook is the process's: other tests that panic on purpose only lose their text on standard error.
    std::panic::set_hook(Box::new(request_log::log_panic));
    let (log, _guard) = Captured::start(LevelFilter::INFO);
    let service = wrap(Router::new().route("/boom", on_get(boom)), &Policy::default());
    let answer = invoke(&service, event("stage", "/boom", "/stage/boom")).await;
    assert_eq!(answer["statusCode"], 500);
    assert_eq!(answer["body"], r#"{"detail":"Internal Server Error"}"#);

    assert!(!log.text().contains('\u{1b}'), "{}", log.text());
    let lines = log.lines();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert_eq!(lines[0]["level"], "ERROR");
    assert_eq!(lines[0]["message"], "panicked: first\nsecond \u{1b}[31m");
    assert!(lines[0]["at"].as_str().is_some_and(|at| at.contains("request_log.rs:")), "{}", lines[0]);
    assert_eq!(lines[0]["span"]["request_id"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    assert_eq!(lines[0]["span"]["gateway_request_id"], "fdf23361-272a-4fea-bf66-aa83a2b6d653");
    let request = steady(&lines[1]);
    assert_eq!(request["level"], "ERROR");
    assert_eq!(request["message"], "GET /boom 500");
    assert_eq!(request["status"], 500);
}

#[tokio::test]
async fn neither_environment_nor_query_nor_header_is_logged() {
    let (log, _guard) = Captured::start(LevelFilter::TRACE);
    let service = service(&[
        ("ENV", "secret-env"),
        ("SOME_ENV", "secret-some"),
        ("OTHER_ENV", "secret-other"),
        ("CORS_ALLOW_ORIGINS", "https://secret-origin.example"),
    ]);
    let headers = [("authorization", "secret-token"), ("origin", "https://secret-origin.example")];
    let answer = ask(&service, Method::GET, "/api/v0?key=secret-key", &headers).await;
    assert!(answer.body.contains("secret-some"));
    get(&service, "/openapi.json").await;
    invoke(&service, event("stage", "/api/v0", "/stage/api/v0")).await;
    assert_eq!(log.lines().len(), 3);
    assert!(!log.text().contains("secret"), "{}", log.text());
}

#[tokio::test]
async fn the_level_decides_which_lines_are_written() {
    for (level, written) in [
        (LevelFilter::INFO, &["INFO", "WARN"][..]),
        (LevelFilter::WARN, &["WARN"]),
        (LevelFilter::ERROR, &[]),
    ] {
        let (log, _guard) = Captured::start(level);
        let service = service(&[]);
        get(&service, "/api/v0").await;
        get(&service, "/nope").await;
        let levels: Vec<_> = log.lines().iter().map(|line| line["level"].clone()).collect();
        assert_eq!(levels, written, "{level}");
    }
}
