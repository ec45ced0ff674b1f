//! The OpenAPI document and Swagger UI.

use axum::{Router, http::StatusCode};

use crate::asking::{get, service};

#[tokio::test]
async fn openapi_document() {
    let answer = get(&service(&[("ENV", "dev")]), "/openapi.json").await;
    assert_eq!(answer.status, StatusCode::OK);
    insta::assert_json_snapshot!("openapi", answer.json());
}

/// The addresses in the page's `href` and `src`, as a browser at `page` resolves them.
pub(crate) fn addresses(page: &str, html: &str) -> Vec<String> {
    let folder = &page[..=page.rfind('/').expect("a path")];
    html.split(['<', ' ', '>'])
        .filter_map(|word| word.strip_prefix("href=\"").or(word.strip_prefix("src=\"")))
        .map(|address| address.trim_end_matches('"'))
        .filter(|address| !address.starts_with("data:"))
        .map(|address| {
            assert!(!address.starts_with('/') && !address.contains(':'), "{address} is not relative");
            match address.strip_prefix("../") {
                Some(above) => {
                    let parent = folder.trim_end_matches('/');
                    format!("{}{above}", &parent[..=parent.rfind('/').expect("a folder above")])
                }
                None => format!("{folder}{address}"),
            }
        })
        .collect()
}

#[tokio::test]
async fn the_page_finds_its_files_with_and_without_a_slash() {
    // A name of the environment steers nothing here.
    let service = service(&[("ENV", "dev")]);
    for page in ["/docs", "/docs/"] {
        let answer = get(&service, page).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        let files = addresses(page, &answer.body);
        assert_eq!(files, ["/docs/swagger-ui.css", "/openapi.json", "/docs/swagger-ui-bundle.js"]);
        for file in files {
            assert_eq!(get(&service, &file).await.status, StatusCode::OK, "{file}");
        }
    }
}

#[tokio::test]
async fn nothing_of_the_page_comes_from_elsewhere() {
    let html = get(&service(&[]), "/docs").await.body;
    assert!(!html.contains("//"), "{html}");
}

async fn content_type_and_size(service: &Router, path: &str) -> (Option<String>, usize) {
    let answer = get(service, path).await;
    (answer.header("content-type").map(str::to_owned), answer.body.len())
}

#[tokio::test]
async fn swagger_ui_is_in_the_binary() {
    let service = service(&[]);
    let (style, size) = content_type_and_size(&service, "/docs/swagger-ui.css").await;
    assert_eq!(style.as_deref(), Some("text/css"));
    assert!(size > 100_000, "{size} bytes");
    let (script, size) = content_type_and_size(&service, "/docs/swagger-ui-bundle.js").await;
    assert_eq!(script.as_deref(), Some("text/javascript"));
    assert!(size > 1_000_000, "{size} bytes");
}
