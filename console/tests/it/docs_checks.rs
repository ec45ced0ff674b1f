//! The documentation under the prefix of a custom domain.

use callboard::domain::{CheckKind, Diagnosis};

use super::checks::{JSON, report, settings};
use super::pretend::{Server, answer};

#[tokio::test]
async fn a_custom_domain_has_a_prefix_of_its_own() {
    let html = ("content-type", "text/html");
    for (base, named, wanted) in [
        ("/v1", "openapi.json", None),
        ("/v1", "/v1/openapi.json", None),
        ("", "openapi.json", None),
        ("", "/openapi.json", None),
        ("/v1", "/stage/openapi.json", Some(Diagnosis::DocsPrefixLost)),
        ("/v1", "/v1/v1/openapi.json", Some(Diagnosis::DocsPrefixDoubled)),
    ] {
        let page = format!("<script>SwaggerUIBundle({{url: \"{named}\"}})</script>");
        let document = format!(
            r#"{{"openapi": "3.1.0", "servers": [{{"url": "{}"}}], "paths": {{}}}}"#,
            if base.is_empty() { "/" } else { base }
        );
        let server = Server::answering(move |request| {
            let path = request.uri().path().strip_prefix(base).unwrap_or("elsewhere").to_owned();
            match path.as_str() {
                "/docs" => answer(200, &[html], &page),
                "/openapi.json" => answer(200, &[JSON], &document),
                _ => answer(403, &[JSON], r#"{"message":"Forbidden"}"#),
            }
        })
        .await;
        let report = report(&server.url(base), &settings(""), CheckKind::Docs).await;
        let found = report.checks.iter().find_map(|check| check.verdict.fault().map(|fault| fault.diagnosis));
        assert_eq!(found, wanted, "{base} {named}: {report:#?}");
    }
}
