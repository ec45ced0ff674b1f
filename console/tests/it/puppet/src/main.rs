//! Answers Lambda's Runtime API by hand, as a service that is well, or ill in the way that the variable `ILL` names.

use std::env;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What the handler does with an invocation.
enum Outcome {
    Answer(Answer),
    /// Posted as it is: no answer that the gateway understands.
    Raw(String),
    /// Posted as an error.
    Error(&'static str),
}

/// An answer of the proxy integration.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    base64: bool,
}

fn main() {
    let ill = env::var("ILL").unwrap_or_default();
    if ill == "init-crash" {
        println!("no database at start");
        std::process::exit(3);
    }
    let api = env::var("AWS_LAMBDA_RUNTIME_API").expect("started by Lambda");
    loop {
        let next = call(&api, "GET", "invocation/next", "");
        let (head, event) = next.split_once("\r\n\r\n").expect("an answer");
        let id = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("lambda-runtime-aws-request-id"))
            .map(|(_, id)| id.to_owned())
            .expect("a request id");
        let (end, body) = match handle(&ill, &Event(event)) {
            Outcome::Answer(answer) => {
                if answer.status >= 500 {
                    println!(r#"{{"level":"ERROR","message":"failed","request_id":"{id}","method":"GET","path":"{}","status":{}}}"#, Event(event).path(), answer.status);
                }
                ("response", answer.json())
            }
            Outcome::Raw(raw) => ("response", raw),
            Outcome::Error(kind) => {
                // As the runtime of Rust does; Lambda itself says nothing of it in plain text.
                println!("ERROR Lambda runtime invoke{{requestId=\"{id}\"}}: {kind}: no row");
                ("error", format!(r#"{{"errorType":"{kind}","errorMessage":"no row"}}"#))
            }
        };
        call(&api, "POST", &format!("invocation/{id}/{end}"), &body);
    }
}

struct Event<'a>(&'a str);

impl Event<'_> {
    /// The first member of this name that is a text.
    fn text(&self, name: &str) -> Option<&str> {
        let start = self.0.find(&format!("\"{name}\":\""))? + name.len() + 4;
        self.0[start..].split('"').next()
    }

    fn path(&self) -> String {
        // `requestContext` has a path too, with the stage; the event's own comes first in no fixed order.
        let all: Vec<&str> = self.0.match_indices("\"path\":\"").map(|(at, word)| self.0[at + word.len()..].split('"').next().unwrap_or("")).collect();
        let shortest = all.iter().min_by_key(|path| path.len()).copied().unwrap_or("/");
        let stage = self.text("stage");
        match (env::var("ILL").as_deref(), stage) {
            // As lambda_http does unless told otherwise.
            (Ok("prefix-kept"), Some(stage)) => format!("/{stage}{shortest}"),
            _ => shortest.to_owned(),
        }
    }
}

fn json(body: impl Into<String>) -> Answer {
    Answer { status: 200, headers: vec![header("content-type", "application/json")], body: body.into(), base64: false }
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

const DOCS: &str = "<!DOCTYPE html><link rel=icon href=\"data:,\"><link rel=stylesheet href=\"docs/app.css\"><div id=ui></div><script src=\"docs/app.js\"></script><script>start({url: \"openapi.json\"})</script>";

fn handle(ill: &str, event: &Event<'_>) -> Outcome {
    let method = event.text("httpMethod").unwrap_or("GET").to_owned();
    let path = event.path();
    if path.starts_with("/api/v0/items") && method != "OPTIONS" {
        match ill {
            "crash" => {
                println!("index out of bounds");
                std::process::exit(1);
            }
            "panic" => panic!("no such row"),
            "sleep" => std::thread::sleep(Duration::from_secs(40)),
            "slow" => std::thread::sleep(Duration::from_millis(300)),
            "answer-text" => return Outcome::Raw("\"hello\"".to_owned()),
            "answer-unknown-member" => return Outcome::Raw(r#"{"statusCode":200,"body":"{}","cookies":[]}"#.to_owned()),
            "answer-status-text" => return Outcome::Raw(r#"{"statusCode":"OK","body":"{}"}"#.to_owned()),
            "answer-null" => return Outcome::Raw("null".to_owned()),
            "answer-error" => return Outcome::Error("ValueError"),
            "answer-panic" => return Outcome::Raw("{".to_owned()),
            "answer-large" => return Outcome::Answer(json(format!("{{\"message\":\"{}\"}}", "x".repeat(6_300_000)))),
            _ => {}
        }
    }
    let mut answer = if method == "OPTIONS" { json("") } else { answered(ill, &method, &path) };
    cors(ill, event, &method, &path, &mut answer);
    Outcome::Answer(answer)
}

fn answered(ill: &str, method: &str, path: &str) -> Answer {
    let env = |name: &str| env::var(name).unwrap_or_default();
    match path.trim_end_matches('/') {
        "" => json(r#"{"message":"root"}"#),
        "/openapi.json" => document(ill),
        "/api/v0" => match ill {
            "env-missing" => json(r#"{"message":"Hello World!"}"#),
            "env-number" => json(r#"{"ENV":1}"#),
            _ => json(format!(r#"{{"ENV":"{}"}}"#, env("ENV"))),
        },
        "/api/v0/items" if method == "GET" => items(ill),
        "/api/v0/items" => json(r#"{"message":"made"}"#),
        path if path.starts_with("/api/v0/items/") => json(r#"{"message":"one"}"#),
        "/docs" => docs(ill),
        "/docs/app.css" => Answer { headers: vec![header("content-type", "text/css")], ..json("p{}") },
        "/docs/app.js" if ill == "docs-asset" => Answer { status: 404, ..json("{}") },
        "/docs/app.js" => Answer { headers: vec![header("content-type", "text/javascript")], ..json("function start(){}") },
        "/docs/icon.png" => Answer { headers: vec![header("content-type", "image/png")], base64: true, ..json("iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB") },
        _ => Answer { status: 404, ..json(r#"{"message":"Not Found"}"#) },
    }
}

fn items(ill: &str) -> Answer {
    let well = || json(r#"{"message":"Get all items"}"#);
    match ill {
        "path-unknown" => Answer { status: 404, ..json("{}") },
        "method-unknown" => Answer { status: 405, ..json("{}") },
        "redirect" => Answer { status: 307, headers: vec![header("location", "/api/v0/items/")], ..json("") },
        "sign-in" => Answer { status: 401, ..json("{}") },
        "forbidden-by-service" => Answer { status: 403, ..json(r#"{"error":"no"}"#) },
        "service-failed" => Answer { status: 500, ..json(r#"{"error":"boom"}"#) },
        "service-unavailable" => Answer { status: 503, ..json(r#"{"error":"later"}"#) },
        "teapot" => Answer { status: 418, ..json("{}") },
        "undeclared" => Answer { status: 202, ..well() },
        "html" => Answer { headers: vec![header("content-type", "text/html")], ..json("<p>") },
        "bad-json" => json("{\"message\":"),
        "empty-json" => json(""),
        "schema-type" => json(r#"{"message":1}"#),
        "schema-missing" => json(r#"{"other":"x"}"#),
        "schema-list" => json("[]"),
        "gzip" => Answer {
            headers: vec![header("content-type", "application/json"), header("content-encoding", "gzip")],
            base64: true,
            ..json("H4sIAAAAAAAAA6tWyk0tLk5MT1WyUvJITSxRSMzJUcgsSc0tVqoFAFLBjYYaAAAA")
        },
        _ => well(),
    }
}

fn document(ill: &str) -> Answer {
    let schema = if ill == "schema-unusable" {
        "{\"$ref\":\"#/components/schemas/Nothing\"}"
    } else {
        "{\"type\":\"object\",\"required\":[\"message\"],\"properties\":{\"message\":{\"type\":\"string\"}}}"
    };
    let servers = match ill {
        "servers-absent" => String::new(),
        "servers-root" => "\"servers\":[{\"url\":\"/\"}],".to_owned(),
        "servers-doubled" => "\"servers\":[{\"url\":\"/stage/stage\"}],".to_owned(),
        "servers-other-stage" => "\"servers\":[{\"url\":\"/prod\"}],".to_owned(),
        "servers-localhost" => "\"servers\":[{\"url\":\"http://localhost:8000\"}],".to_owned(),
        "servers-no-url" => "\"servers\":[{\"url\":\"http://\"}],".to_owned(),
        _ => "\"servers\":[{\"url\":\".\"}],".to_owned(),
    };
    let any = "{\"responses\":{\"200\":{\"content\":{\"application/json\":{}}}}}";
    let body = format!(
        "{{\"openapi\":\"3.1.0\",{servers}\"paths\":{{\"/api/v0\":{{\"get\":{any}}},\"/api/v0/items\":{{\"get\":{{\"responses\":{{\"200\":{{\"content\":{{\"application/json\":{{\"schema\":{schema}}}}}}}}}}},\"post\":{any}}},\"/api/v0/items/{{id}}\":{{\"put\":{any}}}}}}}"
    );
    match ill {
        "openapi-missing" => Answer { status: 404, ..json("{}") },
        "openapi-html" => Answer { headers: vec![header("content-type", "text/html")], ..json("<html>") },
        "openapi-swagger-2" => json("{\"swagger\":\"2.0\",\"paths\":{}}"),
        "openapi-broken" => json("{\"openapi\":\"3.1.0\""),
        "openapi-empty" => json("{\"openapi\":\"3.1.0\",\"servers\":[{\"url\":\".\"}],\"paths\":{\"/api/v0/items\":{\"post\":{}}}}"),
        "openapi-failed" => Answer { status: 500, ..json("{\"error\":\"boom\"}") },
        _ => json(body),
    }
}

fn docs(ill: &str) -> Answer {
    let page = |body: String| Answer { headers: vec![header("content-type", "text/html; charset=utf-8")], ..json(body) };
    let naming = |url: &str| page(DOCS.replace("\"openapi.json\"", &format!("\"{url}\"")));
    match ill {
        "docs-missing" => Answer { status: 404, ..json("{}") },
        "docs-failed" => Answer { status: 500, ..json("{\"error\":\"boom\"}") },
        "docs-no-url" => page("<p>Read the source</p>".to_owned()),
        "docs-absolute" => naming("/openapi.json"),
        "docs-doubled" => naming("/stage/stage/openapi.json"),
        "docs-wrong-path" => naming("/stage/api-docs/openapi.json"),
        "docs-not-a-document" => naming("api/v0"),
        "docs-redirect" => Answer { status: 307, headers: vec![header("location", "/docs/")], ..json("") },
        "docs-script-absolute" => page(DOCS.replace("docs/app.js", "/docs/app.js")),
        "docs-icon" => page(DOCS.replace("data:,", "docs/icon.png")),
        _ => page(DOCS.to_owned()),
    }
}

/// CORS headers, as they should be or not.
fn cors(ill: &str, event: &Event<'_>, method: &str, path: &str, answer: &mut Answer) {
    let origin = event.text("origin").or_else(|| event.text("Origin")).unwrap_or("").to_owned();
    let preflight = method == "OPTIONS";
    if path == "/api/v0/items" && !preflight && ill == "cors-answer-bare" {
        return;
    }
    match ill {
        "cors-off" => {
            if preflight {
                answer.status = 405;
            }
            return;
        }
        "cors-preflight-405" | "cors-preflight-404" | "cors-preflight-200" if preflight => {
            answer.status = ill[ill.len() - 3..].parse().expect("a status");
            return;
        }
        "cors-preflight-redirect" if preflight => {
            answer.status = 307;
            answer.headers.push(header("location", "/stage/api/v0/items/"));
        }
        "cors-preflight-status" if preflight => answer.status = 405,
        _ => {}
    }
    let named = env::var("ALLOW").unwrap_or_else(|_| "https://app.test,http://app.test:3000".to_owned());
    let credentials = ill.starts_with("cors-with-credentials");
    let allowed = match ill {
        "cors-other-origin" => vec!["https://other.test".to_owned()],
        "cors-slash" => vec![format!("{origin}/")],
        "cors-capitals" => vec![origin.to_uppercase()],
        "cors-null" => vec!["null".to_owned()],
        "cors-twice" => vec![origin.clone(), origin.clone()],
        "cors-star-and-origin" => vec!["*".to_owned(), origin.clone()],
        "cors-list" => vec![format!("{origin}, https://other.test")],
        "cors-named" | "cors-no-vary" => named.split(',').filter(|one| *one == origin).map(str::to_owned).collect(),
        "cors-reflect" | "cors-reflect-credentials" => vec![origin.clone()],
        "cors-with-credentials-star" => vec!["*".to_owned()],
        _ if credentials => Some(origin.clone()).filter(|origin| !origin.contains("elsewhere")).into_iter().collect(),
        _ => vec!["*".to_owned()],
    };
    answer.headers.extend(allowed.iter().map(|value| header("access-control-allow-origin", value)));
    if allowed.iter().any(|one| *one != "*") && ill != "cors-no-vary" || ill == "cors-named" {
        answer.headers.push(header("vary", "Origin"));
    }
    match ill {
        "cors-with-credentials-no" => {}
        "cors-with-credentials-capitals" => answer.headers.push(header("access-control-allow-credentials", "TRUE")),
        _ if credentials || ill == "cors-reflect-credentials" => answer.headers.push(header("access-control-allow-credentials", "true")),
        _ => {}
    }
    if !preflight {
        return;
    }
    let methods = match ill {
        "cors-methods-get" => Some("GET"),
        "cors-methods-none" => None,
        "cors-methods-small" => Some("get, post, put"),
        "cors-methods-garbage" => Some("GET PUT POST"),
        "cors-with-credentials" => Some("GET, POST, PUT"),
        _ => Some("*"),
    };
    let headers = match ill {
        "cors-headers-other" => Some("x-one"),
        "cors-headers-none" => None,
        "cors-headers-garbage" => Some("content type"),
        "cors-headers-named" => Some("Authorization, Content-Type"),
        "cors-with-credentials" | "cors-with-credentials-methods-star" => Some("content-type"),
        _ => Some("*"),
    };
    answer.headers.extend(methods.map(|value| header("access-control-allow-methods", value)));
    answer.headers.extend(headers.map(|value| header("access-control-allow-headers", value)));
    answer.headers.push(header("access-control-max-age", if ill == "cors-max-age" { "1h" } else { "600" }));
}

impl Answer {
    fn json(&self) -> String {
        let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
        let mut names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.dedup();
        let lines: Vec<String> = names
            .iter()
            .map(|name| {
                let values: Vec<String> =
                    self.headers.iter().filter(|(given, _)| given == name).map(|(_, value)| quoted(value)).collect();
                format!("{}:[{}]", quoted(name), values.join(","))
            })
            .collect();
        format!(
            r#"{{"statusCode":{},"multiValueHeaders":{{{}}},"body":{},"isBase64Encoded":{}}}"#,
            self.status,
            lines.join(","),
            quoted(&self.body),
            self.base64
        )
    }
}

fn call(api: &str, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(api).expect("the Runtime API");
    write!(
        stream,
        "{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nhost: {api}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}
