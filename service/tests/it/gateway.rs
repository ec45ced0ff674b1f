//! Behind an API Gateway REST API: recorded proxy events in, proxy answers out, by `lambda_http`'s own adapter.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use service::path_prefix::{PublicPath, enter};

use crate::{
    asking::{event, invoke, service},
    docs::addresses,
};

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().expect("a body of text")).expect("JSON")
}

#[tokio::test]
async fn an_answer_has_the_shape_that_the_gateway_takes() {
    let service = service(&[("ENV", "stage"), ("SOME_ENV", "Anni"), ("OTHER_ENV", "Raven")]);
    let answer = invoke(&service, event("stage", "/api/v0", "/stage/api/v0")).await;
    // Any other field would be a 502.
    let fields: BTreeSet<_> = answer.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(fields, ["body", "headers", "isBase64Encoded", "multiValueHeaders", "statusCode"].into());
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(answer["isBase64Encoded"], false);
    assert_eq!(answer["headers"], json!({}));
    assert_eq!(answer["multiValueHeaders"]["content-type"], json!(["application/json"]));
    assert_eq!(answer["multiValueHeaders"]["access-control-allow-origin"], json!(["*"]));
    assert_eq!(
        answer["body"],
        r#"{"ENV":"stage","message":"Hello World!","SOME_ENV":"Anni","OTHER_ENV":"Raven"}"#
    );
}

#[tokio::test]
async fn routes_under_any_stage() {
    let service = service(&[]);
    for stage in ["stage", "prod", "api"] {
        for (path, status) in [
            ("/api/v0", 200),
            ("/api/v0/", 200),
            ("/api/v0/items", 200),
            ("/docs", 200),
            ("/nope", 404),
            ("/", 404),
        ] {
            let answer = invoke(&service, event(stage, path, &format!("/{stage}{path}"))).await;
            assert_eq!(answer["statusCode"], status, "/{stage}{path}");
        }
    }
}

#[tokio::test]
async fn a_client_that_says_the_stage_twice_is_told_404() {
    let answer = invoke(&service(&[]), event("stage", "/stage/api/v0", "/stage/stage/api/v0")).await;
    assert_eq!(answer["statusCode"], 404);
}

#[tokio::test]
async fn other_methods_and_preflights() {
    let service = service(&[]);
    let mut post = event("stage", "/api/v0", "/stage/api/v0");
    post["httpMethod"] = "POST".into();
    post["requestContext"]["httpMethod"] = "POST".into();
    post["body"] = "eyJhIjoxfQ==".into();
    post["isBase64Encoded"] = true.into();
    let answer = invoke(&service, post).await;
    assert_eq!(answer["statusCode"], 405);
    assert_eq!(answer["multiValueHeaders"]["allow"], json!(["GET,HEAD"]));
    assert_eq!(body(&answer), json!({"detail": "Method Not Allowed"}));

    let mut preflight = event("stage", "/no/such/path", "/stage/no/such/path");
    preflight["httpMethod"] = "OPTIONS".into();
    preflight["requestContext"]["httpMethod"] = "OPTIONS".into();
    for (name, value) in [("Origin", "https://app.example.com"), ("Access-Control-Request-Method", "GET")] {
        preflight["headers"][name] = value.into();
        preflight["multiValueHeaders"][name] = json!([value]);
    }
    let answer = invoke(&service, preflight).await;
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(answer["multiValueHeaders"]["access-control-allow-origin"], json!(["*"]));
    assert_eq!(answer["body"], "");
}

/// What `servers` of the document says to a client that asked for `whole`, and the function was told `path`.
async fn servers(stage: &str, path: &str, whole: &str, change: impl FnOnce(&mut Value)) -> Option<Value> {
    // ENV differs from the stage on purpose.
    let service = service(&[("ENV", "dev")]);
    let mut event = event(stage, path, whole);
    change(&mut event);
    let answer = invoke(&service, event).await;
    assert_eq!(answer["statusCode"], 200, "{whole}");
    body(&answer).get("servers").cloned()
}

#[tokio::test]
async fn the_document_carries_the_prefix() {
    let as_is = |_: &mut Value| {};
    let prefix = |prefix: &str| Some(json!([{ "url": prefix }]));
    for stage in ["stage", "prod"] {
        let whole = format!("/{stage}/openapi.json");
        assert_eq!(servers(stage, "/openapi.json", &whole, as_is).await, prefix(&format!("/{stage}")));
    }
    assert_eq!(servers("stage", "/openapi.json/", "/stage/openapi.json/", as_is).await, prefix("/stage"));
    // Doubled slashes, as API Gateway passes them on: never an address of another host.
    assert_eq!(servers("stage", "/openapi.json", "/stage//openapi.json", as_is).await, prefix("/stage"));
    assert_eq!(servers("stage", "/openapi.json", "//stage/openapi.json", as_is).await, prefix("/stage"));
}

#[tokio::test]
async fn the_document_is_right_behind_a_custom_domain() {
    let as_is = |_: &mut Value| {};
    // Mapped without a base path: no prefix, though there is a stage.
    assert_eq!(servers("prod", "/openapi.json", "/openapi.json", as_is).await, None);
    // Mapped below a base path, with the function told the path without it, and with it.
    assert_eq!(
        servers("prod", "/openapi.json", "/shop/openapi.json", as_is).await,
        Some(json!([{"url": "/shop"}]))
    );
    let matched = |event: &mut Value| event["pathParameters"]["proxy"] = "openapi.json".into();
    assert_eq!(
        servers("prod", "/shop/openapi.json", "/shop/openapi.json", matched).await,
        Some(json!([{"url": "/shop"}]))
    );
    assert_eq!(
        servers("prod", "/shop/v1/openapi.json/", "/shop/v1/openapi.json/", matched).await,
        Some(json!([{"url": "/shop/v1"}]))
    );
    // Without the gateway's word on the whole path there is no telling.
    let silent = |event: &mut Value| event["requestContext"]["path"] = Value::Null;
    assert_eq!(servers("prod", "/openapi.json", "", silent).await, None);
}

#[tokio::test]
async fn the_docs_work_under_the_stage_without_binary_media_types() {
    let service = service(&[("ENV", "dev")]);
    for page in ["/docs", "/docs/"] {
        let whole = format!("/stage{page}");
        let answer = invoke(&service, event("stage", page, &whole)).await;
        let html = answer["body"].as_str().expect("text");
        let files = addresses(&whole, html);
        assert_eq!(
            files,
            ["/stage/docs/swagger-ui.css", "/stage/openapi.json", "/stage/docs/swagger-ui-bundle.js"]
        );
        for file in files {
            let path = file.strip_prefix("/stage").expect("an address under the stage");
            let answer = invoke(&service, event("stage", path, &file)).await;
            assert_eq!(answer["statusCode"], 200, "{file}");
            assert_eq!(answer["isBase64Encoded"], false, "{file}");
            assert_eq!(answer["multiValueHeaders"].get("content-encoding"), None, "{file}");
        }
    }
}

#[tokio::test]
async fn a_path_that_is_no_address_is_unknown() {
    let answer = invoke(&service(&[]), event("stage", "/api/v0/ä <b>", "/stage/api/v0/ä <b>")).await;
    assert_eq!(answer["statusCode"], 404);
    assert_eq!(body(&answer), json!({"detail": "Not Found"}));
}

#[tokio::test]
async fn the_root() {
    let service = service(&[]);
    for whole in ["/stage", "/stage/"] {
        let answer = invoke(&service, event("stage", "/", whole)).await;
        assert_eq!(answer["statusCode"], 404);
        assert_eq!(body(&answer), json!({"detail": "Not Found"}));
    }
}

#[test]
fn the_root_behind_a_custom_domain_is_the_root() {
    // For the API's root the gateway names no match; the path is then the domain's base path alone.
    for (path, whole) in [("/shop", "/shop"), ("/shop/", "/shop/"), ("/", "/shop"), ("/", "/shop/")] {
        let mut event = event("prod", "/", whole);
        event["path"] = path.into();
        let request = enter(lambda_http::request::from_str(&event.to_string()).expect("an event"));
        assert_eq!(request.uri().path(), "/", "{path} of {whole}");
        let public = request.extensions().get::<PublicPath>().expect("its public path");
        assert_eq!(public.prefix, "/shop", "{path} of {whole}");
    }
}
