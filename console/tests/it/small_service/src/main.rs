//! Answers Lambda's Runtime API by hand: `/api/v0` says ENV, `/openapi.json` lists it, every answer lets browsers in.

use std::env;
use std::io::{Read, Write};
use std::net::TcpStream;

fn main() {
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
        call(&api, "POST", &format!("invocation/{id}/response"), &answer(event));
    }
}

fn answer(event: &str) -> String {
    let asks = |key: &str, value: &str| event.contains(&format!("\"{key}\":\"{value}\""));
    let (status, body) = if asks("httpMethod", "OPTIONS") {
        (200, String::new())
    } else if asks("path", "/openapi.json") {
        let json = r#"{"content":{"application/json":{}}}"#;
        (200, format!(r#"{{"openapi":"3.1.0","paths":{{"/api/v0":{{"get":{{"responses":{{"200":{json}}}}}}}}}}}"#))
    } else if asks("path", "/api/v0") {
        let env = |name: &str| env::var(name).unwrap_or_default();
        (200, format!(r#"{{"ENV":"{}","SOME_ENV":"{}"}}"#, env("ENV"), env("SOME_ENV")))
    } else {
        (404, r#"{"message":"Not Found"}"#.to_owned())
    };
    println!("{status} {}", body.len());
    let cors = r#""access-control-allow-origin":"*","access-control-allow-methods":"*","access-control-allow-headers":"*""#;
    format!(
        r#"{{"statusCode":{status},"headers":{{"content-type":"application/json",{cors}}},"body":"{}","isBase64Encoded":false}}"#,
        body.replace('"', "\\\"")
    )
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
