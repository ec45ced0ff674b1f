//! The events of a FilterLogEvents answer, read straight out of its body.
//!
//! The SDK reads each answer token by token and its strings twice: of all that a page of 10,000 events costs from the socket to
//! the screen, that was a third. What is sent, signed, retried and refused stays the SDK's: it is only given an answer
//! without its events.

use std::error::Error;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_cloudwatchlogs::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_cloudwatchlogs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde::Deserialize;

use super::LogEvent;

type BoxError = Box<dyn Error + Send + Sync>;

/// Takes the events out of the answer to the one call that it is given to.
#[derive(Debug, Clone, Default)]
pub(super) struct TakeEvents {
    taken: Arc<Mutex<Answer>>,
}

/// FilterLogEvents' output, in AWS JSON 1.1. A member that is `null` is as one that is left out.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    events: Option<Vec<Event>>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_id: Option<String>,
    ingestion_time: Option<i64>,
    log_stream_name: Option<String>,
    message: Option<String>,
    timestamp: Option<i64>,
}

impl Answer {
    pub(super) fn into_events(self) -> Vec<LogEvent> {
        let events = self.events.unwrap_or_default().into_iter();
        let event = |event: Event| LogEvent {
            timestamp_ms: event.timestamp.unwrap_or_default(),
            ingested_ms: event.ingestion_time.unwrap_or_default(),
            event_id: event.event_id.unwrap_or_default(),
            stream: event.log_stream_name.unwrap_or_default(),
            message: event.message.unwrap_or_default(),
        };
        events.map(event).collect()
    }
}

impl TakeEvents {
    /// What the call that succeeded was answered.
    pub(super) fn answer(&self) -> Answer {
        mem::take(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intercept for TakeEvents {
    fn name(&self) -> &'static str {
        "TakeEvents"
    }

    // The body has not come yet. A refused attempt is left to the SDK, and what an attempt that failed later had brought is
    // replaced by the next one's.
    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        if !response.status().is_success() {
            return Ok(());
        }
        let body = mem::replace(response.body_mut(), SdkBody::taken());
        let taken = Arc::clone(&self.taken);
        let rest = stream::once(async move {
            let whole = body.collect().await?.to_bytes();
            // Looked through once for what is no UTF-8, not string by string.
            let answer = serde_json::from_str(std::str::from_utf8(&whole)?)?;
            *taken.lock().unwrap_or_else(PoisonError::into_inner) = answer;
            Ok::<_, BoxError>(Frame::data(Bytes::from_static(b"{}")))
        });
        *response.body_mut() = SdkBody::from_body_1_x(StreamBody::new(rest));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use aws_sdk_cloudwatchlogs::config::retry::RetryConfig;
    use aws_sdk_cloudwatchlogs::config::{BehaviorVersion, Region};
    use aws_sdk_cloudwatchlogs::{Client, Config};
    use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
    use aws_smithy_types::error::metadata::ProvideErrorMetadata;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::cloud::fault::with_causes;

    /// Asks somebody who answers each attempt with the next of these and then closes the connection. The events' texts, or
    /// why there are none.
    async fn asked(answers: &[&str]) -> Result<Vec<String>, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let answers: Vec<String> = answers.iter().map(|&answer| answer.to_owned()).collect();
        let server = tokio::spawn(async move {
            for answer in answers {
                let (mut connection, _) = listener.accept().await.expect("a connection");
                let mut request = Vec::new();
                while !request.ends_with(b"}") {
                    assert!(connection.read_buf(&mut request).await.expect("a request") > 0);
                }
                connection.write_all(answer.as_bytes()).await.expect("written");
            }
        });
        let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("A", "S", None, None, "a test"))
            .endpoint_url(format!("http://{address}"))
            .http_client(http.build_https())
            .retry_config(RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(1)))
            .build();
        let take = TakeEvents::default();
        let call = Client::from_conf(config).filter_log_events().log_group_name("g");
        let answer = call.customize().interceptor(take.clone()).send().await;
        server.await.expect("all were asked for");
        match answer {
            Ok(_) => Ok(take.answer().into_events().into_iter().map(|event| event.message).collect()),
            Err(error) => Err(format!("{:?} {}", error.code(), with_causes(&error))),
        }
    }

    fn page(text: &str) -> String {
        let body = format!(r#"{{"events":[{{"message":"{text}"}}]}}"#);
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn what_is_cut_off_is_asked_for_again_and_comes_once() {
        let (cut, whole) = (page("first"), page("second"));
        assert_eq!(asked(&[&cut[..cut.len() - 3], &whole]).await, Ok(vec!["second".to_owned()]));
    }

    #[tokio::test]
    async fn what_cannot_be_read_says_so() {
        let wrong = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n<html/>";
        let error = asked(&[wrong; 3]).await.expect_err("no answer");
        assert!(error.contains("expected value at line 1 column 1"), "{error}");
    }

    #[tokio::test]
    async fn a_refusal_is_left_to_the_sdk() {
        let body = r#"{"__type":"ResourceNotFoundException","message":"no"}"#;
        let refused = format!("HTTP/1.1 400 Bad Request\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let error = asked(&[&refused]).await.expect_err("a refusal");
        assert!(error.starts_with(r#"Some("ResourceNotFoundException")"#), "{error}");
    }

    fn read(json: &str) -> Result<Answer, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn what_is_null_left_out_or_unknown_is_nothing() {
        let answer = read(
            r#"{"events":[{"message":"a\u0000\"b","timestamp":-1,"eventId":null,"new":{"x":[1]}}],"nextToken":null,"searchedLogStreams":[]}"#,
        );
        let answer = answer.expect("an answer");
        assert_eq!(answer.next_token, None);
        let event = LogEvent {
            timestamp_ms: -1,
            ingested_ms: 0,
            event_id: String::new(),
            stream: String::new(),
            message: "a\0\"b".to_owned(),
        };
        assert_eq!(answer.into_events(), [event]);
        assert!(read("{}").expect("an answer").into_events().is_empty());
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for wrong in ["", "[]x", "{\"events\":[", r#"{"events":[{"timestamp":"1"}]}"#, "\"{}\""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
