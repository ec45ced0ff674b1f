//! `[[check]]`: requests of the operator's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Request;

use super::checks::{JSON, failed, smoked_with, well};
use super::pretend::answer;

#[tokio::test]
async fn a_check_of_the_operators_own_is_asked_as_it_is_written() {
    let own = |more: &str| {
        format!(
            "[[check]]\npath = \"/api/v0/items?page=2\"\nheaders = {{ x-one = \"1\" }}\nvalue = {{ \"/message\" = \"Get all items\" }}\n{more}\n"
        )
    };
    let stage = |request: &Request| {
        if request.uri().query() == Some("page=2") {
            assert_eq!(request.headers()["x-one"], "1");
        }
        well(request)
    };
    let report = smoked_with(&own(""), stage).await;
    assert_eq!(failed(&report), []);
    assert_eq!(report.checks.last().expect("it").name, "GET /api/v0/items?page=2");
    for (more, wanted) in
        [("status = 404", "it answered 200, and the check wants 404"), ("max_ms = 0", "it took ")]
    {
        let report = smoked_with(&own(more), stage).await;
        let failed = failed(&report);
        assert!(failed.len() == 1 && failed[0].1.starts_with(wanted), "{failed:?}");
    }
    let report = smoked_with(&own("").replace("Get all items", "other"), stage).await;
    assert_eq!(failed(&report)[0].1, "at /message is \"Get all items\", and the check wants \"other\"");
    let report = smoked_with(&own("stages = [\"prod\"]"), stage).await;
    assert_eq!(report.checks.len(), 5);
}

#[tokio::test]
async fn what_is_asked_again_says_what_came_before() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let stage = move |request: &Request| match request.uri().path() {
        "/stage/flaky" if counted.fetch_add(1, Ordering::SeqCst) < 2 => answer(500, &[JSON], "{}"),
        "/stage/flaky" => answer(200, &[JSON], "{}"),
        _ => well(request),
    };
    let report = smoked_with("[[check]]\npath = \"/flaky\"\nretries = 2\n", stage).await;
    let flaky = report.checks.last().expect("the check");
    assert_eq!((failed(&report).len(), flaky.earlier.len(), asked.load(Ordering::SeqCst)), (0, 2, 3));
    assert!(flaky.earlier[0].contains("it answered 500, and the check wants 200"), "{flaky:?}");
}

#[tokio::test]
async fn a_secret_of_a_check_is_in_no_report() {
    // Cargo sets that name for every test.
    let report = smoked_with(
        "[[check]]\npath = \"/api/v0\"\nheaders = { authorization = \"Bearer ${CARGO_PKG_NAME}\", x-two = \"${CALLBOARD_NOT_SET}\" }\n",
        well,
    )
    .await;
    assert!(failed(&report)[0].1.contains("CALLBOARD_NOT_SET"), "{report:?}");
    let report = smoked_with(
        "[[check]]\npath = \"/api/v0\"\nheaders = { authorization = \"Bearer ${CARGO_PKG_NAME}\" }\n",
        |request: &Request| {
            if let Some(sent) = request.headers().get("authorization") {
                assert_eq!(sent, concat!("Bearer ", env!("CARGO_PKG_NAME")));
            }
            well(request)
        },
    )
    .await;
    let request = report.checks.last().and_then(|check| check.request.clone()).expect("a request");
    assert!(request.curl().ends_with("-H \"authorization: Bearer ${CARGO_PKG_NAME}\""), "{}", request.curl());
    assert!(!format!("{report:?}").contains(concat!("Bearer ", env!("CARGO_PKG_NAME"))));
}
