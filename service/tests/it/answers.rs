//! Routes and their bodies, and the errors. The expected answers are those recorded of the FastAPI service that this
//! one stands in for, but for two: `HEAD` is answered where `GET` is (RFC 9110, 9.1), and a trailing slash is
//! answered in place.

use axum::{
    Router,
    http::{Method, StatusCode},
    routing::get as on_get,
};
use service::{cors::Policy, wrap};

use crate::asking::{ask, get, service};

#[tokio::test]
async fn greeting_without_settings() {
    let answer = get(&service(&[]), "/api/v0").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.body, r#"{"ENV":"dev","message":"Hello World!","SOME_ENV":"","OTHER_ENV":""}"#);
}

#[tokio::test]
async fn greeting_tells_the_environment() {
    let service = service(&[("ENV", "stage"), ("SOME_ENV", "Anni"), ("OTHER_ENV", "Raven")]);
    assert_eq!(
        get(&service, "/api/v0").await.body,
        r#"{"ENV":"stage","message":"Hello World!","SOME_ENV":"Anni","OTHER_ENV":"Raven"}"#
    );
}

#[tokio::test]
async fn items_and_users() {
    let service = service(&[]);
    assert_eq!(get(&service, "/api/v0/items").await.body, r#"{"message":"Get all items"}"#);
    assert_eq!(get(&service, "/api/v0/users").await.body, r#"{"message":"Get all users"}"#);
    assert_eq!(get(&service, "/api/v0/items?x=1").await.body, r#"{"message":"Get all items"}"#);
}

#[tokio::test]
async fn a_trailing_slash_is_answered_in_place() {
    let service = service(&[]);
    for path in ["/api/v0", "/api/v0/items", "/openapi.json"] {
        let slashed = get(&service, &format!("{path}/?a=1&b=2")).await;
        assert_eq!(slashed.status, StatusCode::OK, "{path}/");
        assert_eq!(slashed.body, get(&service, path).await.body);
    }
}

#[tokio::test]
async fn unknown_paths_are_404() {
    // With ENV set, too: a local server has no prefix.
    for variables in [&[][..], &[("ENV", "dev")], &[("ENV", "stage")]] {
        let service = service(variables);
        for path in [
            "/",
            "/nope",
            "/api",
            "/api/v0/items/1",
            "/API/V0",
            "//api/v0",
            "/stage/api/v0",
            "/dev/docs",
            "/stage/",
        ] {
            let answer = get(&service, path).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.body, r#"{"detail":"Not Found"}"#);
        }
        assert_eq!(ask(&service, Method::POST, "/nope", &[]).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn other_methods_are_405_and_say_which_are_allowed() {
    let service = service(&[]);
    for path in ["/api/v0", "/api/v0/items", "/api/v0/users", "/docs", "/openapi.json"] {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
            let answer = ask(&service, method.clone(), path, &[]).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(answer.header("allow"), Some("GET,HEAD"));
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.body, r#"{"detail":"Method Not Allowed"}"#);
        }
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let service = service(&[]);
    for path in ["/api/v0", "/docs", "/openapi.json"] {
        let head = ask(&service, Method::HEAD, path, &[]).await;
        let whole = get(&service, path).await;
        assert_eq!(head.status, StatusCode::OK);
        assert_eq!(head.body, "");
        assert_eq!(head.header("content-length"), Some(whole.body.len().to_string().as_str()));
    }
}

#[tokio::test]
async fn a_panic_is_a_500_that_keeps_its_secret() {
    async fn boom() -> &'static str {
        panic!("the database password is {}", "hunter2")
    }
    let service = wrap(Router::new().route("/boom", on_get(boom)), &Policy::default());
    let answer = ask(&service, Method::GET, "/boom", &[("origin", "https://app.example.com")]).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.json(), serde_json::json!({"detail": "Internal Server Error"}));
    // A browser shows the script this answer, and not a CORS error that hides it.
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}
