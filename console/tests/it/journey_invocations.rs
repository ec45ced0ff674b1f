//! A service that really fails, panics and takes too long, called through the gateway: what the invocations screen makes of it.

use callboard::app::ScreenName;
use callboard::logs::invocations::Outcome;

use crate::journeys::Journey;
use crate::patient::Patient;

/// What is seen of an invocation: its outcome, the status that the service answered, and whether it was a cold start.
type Seen = (Outcome, Option<u16>, bool);

async fn call(patient: &Patient) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = client.get(format!("{}/api/v0/items", patient.url)).send().await.expect("an answer");
    answer.status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn real_failures_are_told_apart_and_each_leads_to_its_lines() {
    let patient = Box::pin(Patient::admit()).await;
    let mut statuses = Vec::new();
    for ill in ["service-failed", "answer-error", "panic", "sleep"] {
        patient.ill(ill).await;
        if ill == "sleep" {
            let call = patient.lambda.update_function_configuration().function_name("hello-stage");
            call.timeout(1).send().await.expect("an update");
            patient.settled().await;
        }
        statuses.push(call(&patient).await);
    }
    // The service's own 500; what the gateway says of a function that failed is 502.
    assert_eq!(statuses, [500, 502, 502, 502]);

    let mut journey = Journey::begin(&patient.project);
    journey.press("i");
    assert_eq!(journey.session.app.screen(), ScreenName::Invocations);
    let expected = [Outcome::Error, Outcome::Error, Outcome::Crash, Outcome::Timeout];
    let bad = |session: &callboard::runtime::session::Session| {
        let invocations = &session.app.invocations;
        let rows = (0..invocations.shown_len()).rev().filter_map(|row| invocations.shown(row));
        let seen = rows.map(|one| (one.outcome(), one.status(), one.is_cold()));
        seen.filter(|(outcome, ..)| *outcome != Outcome::Ok).collect::<Vec<Seen>>()
    };
    journey
        .until("four bad invocations", |session| {
            bad(session).iter().map(|(outcome, ..)| *outcome).eq(expected)
        })
        .await;
    let seen = bad(&journey.session);
    assert_eq!(seen[0].1, Some(500), "{seen:?}");

    // The newest is the first row: the time-out. The next one is the panic.
    journey.press("j enter");
    assert_eq!(journey.session.app.screen(), ScreenName::Logs);
    let lines = |session: &callboard::runtime::session::Session| {
        let store = &session.app.logs.store;
        let shown = (0..store.shown_len()).filter_map(|row| store.shown(row)).filter(|entry| entry.is_line());
        shown.map(|entry| entry.text()).collect::<Vec<String>>()
    };
    let seen = lines(&journey.session);
    for part in [
        "START RequestId: ",
        "panicked at ",
        "no such row",
        "Runtime exited with error",
        "REPORT RequestId: ",
    ] {
        assert!(seen.iter().any(|line| line.contains(part)), "{part}: {seen:#?}");
    }
    assert_eq!(seen.iter().filter(|line| line.starts_with("REPORT ")).count(), 1, "{seen:#?}");
    journey.session.close().await;
}
