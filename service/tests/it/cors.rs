//! Preflights and actual requests, and `CORS_*` values that cannot be used.

use axum::http::{Method, StatusCode};

use crate::asking::{Answer, ask, service, settings};

const APP: &str = "https://app.example.com";

async fn preflight(variables: &[(&str, &str)], path: &str, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "authorization, x-foo"),
    ];
    ask(&service(variables), Method::OPTIONS, path, &headers).await
}

#[tokio::test]
async fn any_origin_by_default_on_every_path() {
    for path in ["/api/v0", "/api/v0/", "/api/v0/items", "/docs", "/openapi.json", "/", "/no/such/path"] {
        let answer = preflight(&[], path, APP).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-methods"), Some("*"));
        // Named, for a `*` would not let `Authorization` pass.
        assert_eq!(answer.header("access-control-allow-headers"), Some("authorization, x-foo"));
        assert_eq!(answer.header("access-control-max-age"), Some("600"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert_eq!(answer.body, "");
    }
}

#[tokio::test]
async fn actual_requests_are_marked_errors_too() {
    let service = service(&[]);
    for (method, path, status) in [
        (Method::GET, "/api/v0", StatusCode::OK),
        (Method::GET, "/nope", StatusCode::NOT_FOUND),
        (Method::POST, "/api/v0", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let answer = ask(&service, method, path, &[("origin", APP)]).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
}

#[tokio::test]
async fn settings_name_what_is_allowed() {
    let variables = [
        ("CORS_ALLOW_ORIGINS", "https://app.example.com, http://localhost:5173"),
        ("CORS_ALLOW_METHODS", "GET,PUT"),
        ("CORS_ALLOW_HEADERS", "X-Foo"),
        ("CORS_EXPOSE_HEADERS", "x-bar"),
        ("CORS_ALLOW_CREDENTIALS", "true"),
        ("CORS_MAX_AGE", "5"),
    ];
    for origin in [APP, "http://localhost:5173"] {
        let answer = preflight(&variables, "/api/v0", origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET,PUT"));
        assert_eq!(answer.header("access-control-allow-headers"), Some("x-foo"));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(answer.header("access-control-max-age"), Some("5"));
        assert_eq!(answer.header("vary"), Some("origin"));
    }
    let stranger = preflight(&variables, "/api/v0", "https://evil.example.com").await;
    assert_eq!(stranger.header("access-control-allow-origin"), None);

    let actual = ask(&service(&variables), Method::GET, "/api/v0", &[("origin", APP)]).await;
    assert_eq!(actual.header("access-control-allow-origin"), Some(APP));
    assert_eq!(actual.header("access-control-expose-headers"), Some("x-bar"));
    assert_eq!(actual.header("vary"), Some("origin"));
}

#[tokio::test]
async fn credentials_need_no_list_of_methods_or_headers() {
    let variables = [("CORS_ALLOW_ORIGINS", APP), ("CORS_ALLOW_CREDENTIALS", "true")];
    let answer = preflight(&variables, "/api/v0", APP).await;
    assert_eq!(answer.header("access-control-allow-methods"), Some("PUT"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("authorization, x-foo"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
}

#[test]
fn unusable_values_are_refused_by_name() {
    for (variable, value, problem) in [
        ("CORS_ALLOW_ORIGINS", "", "is empty: give it a value or leave it out"),
        ("CORS_ALLOW_ORIGINS", "https://a.b,app", "entry 2 has to be scheme://host[:port] without a path"),
        ("CORS_ALLOW_ORIGINS", "https://a.b/", "entry 1 has to be scheme://host[:port] without a path"),
        ("CORS_ALLOW_ORIGINS", "https://A.b", "entry 1 has to be scheme://host[:port] without a path"),
        ("CORS_ALLOW_ORIGINS", "https://a.b,*", "entry 2 has to be scheme://host[:port] without a path"),
        ("CORS_ALLOW_ORIGINS", "https://u:pw@a.b", "entry 1 has to be scheme://host[:port] without a path"),
        ("CORS_ALLOW_METHODS", "get", "entry 1 has to be a method in capitals"),
        ("CORS_ALLOW_METHODS", "GET,", "entry 2 has to be a method in capitals"),
        ("CORS_ALLOW_HEADERS", "x foo", "entry 1 has to be a header's name"),
        ("CORS_ALLOW_HEADERS", "x-foo,*", "entry 2 has to be a header's name"),
        ("CORS_EXPOSE_HEADERS", "é", "entry 1 has to be a header's name"),
        ("CORS_ALLOW_CREDENTIALS", "yes", "has to be true or false"),
        ("CORS_MAX_AGE", "ten", "has to be a whole number of seconds, 0 or more"),
        ("CORS_MAX_AGE", "-1", "has to be a whole number of seconds, 0 or more"),
    ] {
        let refused = settings(&[(variable, value)]).expect_err(value);
        assert_eq!(refused.to_string(), format!("{variable} {problem}"), "{value:?}");
    }
}

#[test]
fn credentials_for_any_origin_are_refused() {
    for origins in [None, Some(("CORS_ALLOW_ORIGINS", "*"))] {
        let variables: Vec<_> = origins.into_iter().chain([("CORS_ALLOW_CREDENTIALS", "true")]).collect();
        let refused = settings(&variables).expect_err("credentials for any origin");
        assert_eq!(
            refused.to_string(),
            "CORS_ALLOW_CREDENTIALS is true while CORS_ALLOW_ORIGINS allows any: name the origins that may send \
             credentials"
        );
    }
}
