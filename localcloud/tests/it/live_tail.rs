//! Live Tail: events as they become visible.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_cloudwatchlogs::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cloudwatchlogs::error::BoxError;
use aws_sdk_cloudwatchlogs::operation::start_live_tail::StartLiveTailOutput;
use aws_sdk_cloudwatchlogs::types::{
    LiveTailSessionStart, LiveTailSessionUpdate, StartLiveTailResponseStream as Told,
};
use localcloud::account::{ACCESS_KEY_ID, log_group_arn};
use localcloud::faults::{Delivery, Effect, Rule};

use crate::account::{Account, config, refusal, refused};

const GROUP: &str = "/aws/lambda/hello";

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// The SDK puts `stream-` before any host; an address is asked without it, and signed so [FACTS §8].
#[derive(Debug)]
struct NoPrefix;

impl Intercept for NoPrefix {
    fn name(&self) -> &'static str {
        "NoPrefix"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let uri = request.uri().replace("://stream-", "://");
        request.set_uri(uri)?;
        Ok(())
    }
}

fn client(account: &Account) -> Client {
    let config = config(account.endpoint(), ACCESS_KEY_ID, "us-east-1");
    Client::from_conf(Builder::from(&config).interceptor(NoPrefix).build())
}

async fn with_group() -> Account {
    let account = Account::open().await;
    account.logs().create_log_group().log_group_name(GROUP).send().await.unwrap();
    account
}

async fn start(account: &Account) -> StartLiveTailOutput {
    let call = client(account).start_live_tail().log_group_identifiers(log_group_arn(GROUP));
    call.send().await.unwrap()
}

async fn started(session: &mut StartLiveTailOutput) -> LiveTailSessionStart {
    match session.response_stream.recv().await.unwrap() {
        Some(Told::SessionStart(start)) => start,
        other => panic!("{other:?}"),
    }
}

async fn update(session: &mut StartLiveTailOutput) -> LiveTailSessionUpdate {
    match session.response_stream.recv().await.unwrap() {
        Some(Told::SessionUpdate(update)) => update,
        other => panic!("{other:?}"),
    }
}

/// The next update that has events.
async fn told(session: &mut StartLiveTailOutput) -> LiveTailSessionUpdate {
    loop {
        let update = update(session).await;
        if !update.session_results().is_empty() {
            return update;
        }
    }
}

/// The texts of so many events, from as many updates as it takes.
async fn texts(session: &mut StartLiveTailOutput, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < count {
        let update = update(session).await;
        texts.extend(update.session_results().iter().map(|event| event.message().unwrap().to_owned()));
    }
    texts
}

/// Waits until so many sessions are open.
async fn until_open(account: &Account, count: usize) {
    crate::live::until(|| account.live_tails().open() == count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_told_as_they_become_visible() {
    let account = with_group().await;
    account.log_events().append(GROUP, "a", vec![(now(), "before".to_owned())]);
    let mut session = start(&account).await;
    let first = started(&mut session).await;
    assert_eq!(first.log_group_identifiers(), [log_group_arn(GROUP)]);
    assert!(first.session_id().is_some());
    let idle = update(&mut session).await;
    assert!(idle.session_results().is_empty(), "there is no history");
    assert!(!idle.session_metadata().unwrap().sampled());
    let at = now();
    account.log_events().append(GROUP, "a", vec![(at, "one".to_owned())]);
    account.log_events().append("other", "a", vec![(at, "of another group".to_owned())]);
    let told = told(&mut session).await;
    let event = &told.session_results()[0];
    assert_eq!(told.session_results().len(), 1);
    assert_eq!(
        (event.message(), event.log_stream_name(), event.timestamp()),
        (Some("one"), Some("a"), Some(at))
    );
    assert_eq!(event.log_group_identifier(), Some("000000000000:/aws/lambda/hello"));
    // Late ones are told when they are due, with no call in between that would have made them visible.
    account.faults().deliver(Delivery::late(1500, 7)).unwrap();
    account.log_events().append(GROUP, "a", (0..50).map(|n| (at, n.to_string())).collect());
    let mut late = texts(&mut session, 50).await;
    assert!(!late.is_sorted_by_key(|text| text.parse::<u32>().unwrap()));
    late.sort_by_key(|text| text.parse::<u32>().unwrap());
    assert!(late.iter().map(String::as_str).eq((0..50).map(|n| n.to_string())), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_five_hundred_a_second_are_sampled() {
    let account = with_group().await;
    let mut session = start(&account).await;
    started(&mut session).await;
    account.log_events().append(GROUP, "a", (0..700).map(|n| (now(), n.to_string())).collect());
    let told = told(&mut session).await;
    assert_eq!(told.session_results().len(), 500);
    assert!(told.session_metadata().unwrap().sampled());
    assert!(!update(&mut session).await.session_metadata().unwrap().sampled());
}

#[tokio::test(flavor = "multi_thread")]
async fn pattern_and_streams_choose() {
    let account = with_group().await;
    let call = || client(&account).start_live_tail().log_group_identifiers(log_group_arn(GROUP));
    let mut errors = call().log_event_filter_pattern("ERROR").send().await.unwrap();
    assert_eq!(started(&mut errors).await.log_event_filter_pattern(), Some("ERROR"));
    let mut named = call().log_stream_names("a").send().await.unwrap();
    let mut prefixed = call().log_stream_name_prefixes("b").send().await.unwrap();
    started(&mut named).await;
    started(&mut prefixed).await;
    for (stream, text) in [("a", "fine"), ("b-1", "ERROR x"), ("c", "ERROR y")] {
        account.log_events().append(GROUP, stream, vec![(now(), text.to_owned())]);
    }
    assert_eq!(texts(&mut errors, 2).await, ["ERROR x", "ERROR y"]);
    assert_eq!(texts(&mut named, 1).await, ["fine"]);
    assert_eq!(texts(&mut prefixed, 1).await, ["ERROR x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_in_many_ways() {
    let account = with_group().await;
    // The client goes away.
    let session = start(&account).await;
    assert_eq!(account.live_tails().open(), 1);
    drop(session);
    until_open(&account, 0).await;
    // The network breaks.
    let mut session = start(&account).await;
    started(&mut session).await;
    account.live_tails().cut();
    assert!(session.response_stream.recv().await.is_err());
    until_open(&account, 0).await;
    // It has lasted long enough.
    account.live_tails().set_length(Duration::from_millis(1200));
    let mut session = start(&account).await;
    started(&mut session).await;
    update(&mut session).await;
    let over = session.response_stream.recv().await.unwrap_err();
    assert!(over.as_service_error().unwrap().is_session_timeout_exception(), "{over:?}");
    assert_eq!(account.live_tails().open(), 0);
    // The local cloud stops.
    account.live_tails().set_length(Duration::from_secs(600));
    let mut session = start(&account).await;
    started(&mut session).await;
    account.stop().await;
    loop {
        match session.response_stream.recv().await.unwrap() {
            Some(Told::SessionUpdate(_)) => {}
            other => break assert!(other.is_none(), "{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifteen_at_a_time_and_faults_as_for_others() {
    let account = with_group().await;
    let call = || client(&account).start_live_tail().log_group_identifiers(log_group_arn(GROUP));
    account.faults().set(vec![Rule::on("StartLiveTail", Effect::Throttle).times(1)]).unwrap();
    assert_eq!(refusal(call().send().await), refused(400, "ThrottlingException", "Rate exceeded"));
    account.faults().set(vec![Rule::on("StartLiveTail", Effect::CutAfter)]).unwrap();
    assert!(call().send().await.is_err_and(|error| error.raw_response().is_none()));
    account.faults().clear();
    until_open(&account, 0).await;
    let mut sessions = Vec::new();
    for _ in 0..15 {
        sessions.push(call().send().await.unwrap());
    }
    assert_eq!(refusal(call().send().await).1, "LimitExceededException");
    sessions.pop();
    until_open(&account, 14).await;
    call().send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_followed_is_refused() {
    let account = with_group().await;
    let call = |identifiers: &[String]| {
        client(&account).start_live_tail().set_log_group_identifiers(Some(identifiers.to_vec()))
    };
    let arn = log_group_arn(GROUP);
    assert_eq!(
        refusal(call(&[log_group_arn("none")]).send().await),
        refused(400, "ResourceNotFoundException", "The specified log group does not exist.")
    );
    for identifiers in [vec![GROUP.to_owned()], vec![format!("{arn}:*")], Vec::new(), vec![arn.clone(); 11]] {
        assert_eq!(
            refusal(call(&identifiers).send().await).1,
            "InvalidParameterException",
            "{identifiers:?}"
        );
    }
    let both = call(std::slice::from_ref(&arn)).log_stream_names("a").log_stream_name_prefixes("b");
    assert_eq!(refusal(both.send().await).1, "InvalidParameterException");
    let two = call(&[arn.clone(), arn.clone()]).log_stream_names("a");
    assert_eq!(refusal(two.send().await).1, "InvalidParameterException");
    let json = call(&[arn]).log_event_filter_pattern("[a, b]");
    assert_eq!(refusal(json.send().await).0, 501);
    assert_eq!(account.live_tails().open(), 0);
}
