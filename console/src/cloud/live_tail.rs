//! Live Tail: CloudWatch Logs pushes what it receives.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_cloudwatchlogs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cloudwatchlogs::error::DisplayErrorContext;
use aws_sdk_cloudwatchlogs::operation::start_live_tail::StartLiveTailOutput;
use aws_sdk_cloudwatchlogs::types::StartLiveTailResponseStream;
use url::{Host, Url};

use super::fault::Call;
use super::{Cloud, Fault, FaultKind};
use crate::domain::{LogLine, Problem, StageName, one_line};

/// An update comes each second, even an empty one: after so long without one the connection is dead.
const SILENCE: Duration = Duration::from_secs(15);

/// A session.
pub(crate) struct LiveTail {
    answer: StartLiveTailOutput,
    groups: Vec<(StageName, String)>,
}

/// What a session brings each second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LiveUpdate {
    /// Without event ids, oldest first; at most 500.
    pub(crate) lines: Vec<LogLine>,
    /// More came, and were left out.
    pub(crate) sampled: bool,
}

impl Cloud {
    /// Starts a session over the log groups, each of which must exist.
    pub(crate) async fn live_tail(&self, groups: &[(StageName, String)]) -> Result<LiveTail, Fault> {
        let account = self.who().await?.account;
        let region = self.region();
        let names = groups.iter().map(|(_, group)| group.as_str()).collect::<Vec<_>>().join(" and ");
        // ARNs without the `:*` that other operations want (FACTS §5).
        let arns =
            groups.iter().map(|(_, group)| format!("arn:aws:logs:{region}:{account}:log-group:{group}"));
        let call = self
            .inner
            .logs
            .start_live_tail()
            .set_log_group_identifiers(Some(arns.collect()))
            .customize()
            .interceptor(NoPrefixOnAddresses);
        let answer = Box::pin(call.send()).await.map_err(|error| {
            let arn = format!("arn:aws:logs:{region}:{account}:log-group:*");
            self.fault(Call::new("logs:StartLiveTail", arn, format!("start Live Tail of {names}")), error)
        })?;
        Ok(LiveTail { answer, groups: groups.to_vec() })
    }
}

impl LiveTail {
    /// The next update; `None` when the session has ended.
    pub(crate) async fn next(&mut self) -> Result<Option<LiveUpdate>, Fault> {
        loop {
            let next = tokio::time::timeout(SILENCE, self.answer.response_stream.recv()).await;
            let event = match next {
                Err(_) => return Err(cut(format!("nothing came for {} s", SILENCE.as_secs()))),
                Ok(Err(error)) => {
                    return match error.as_service_error() {
                        Some(ended) if ended.is_session_timeout_exception() => Ok(None),
                        Some(ended) => Err(cut(one_line(&DisplayErrorContext(ended).to_string(), 200))),
                        None => Err(cut("the connection ended".to_owned())),
                    };
                }
                Ok(Ok(event)) => event,
            };
            match event {
                None => return Ok(None),
                Some(StartLiveTailResponseStream::SessionUpdate(update)) => {
                    let sampled = update.session_metadata.is_some_and(|metadata| metadata.sampled);
                    let events = update.session_results.unwrap_or_default();
                    let mut lines: Vec<LogLine> = events
                        .into_iter()
                        .filter_map(|event| {
                            let group = event.log_group_identifier.unwrap_or_default();
                            Some(LogLine {
                                stage: self.stage_of(&group)?,
                                timestamp_ms: event.timestamp.unwrap_or_default(),
                                ingested_ms: event.ingestion_time.unwrap_or_default(),
                                event_id: String::new(),
                                stream: event.log_stream_name.unwrap_or_default(),
                                message: event.message.unwrap_or_default(),
                            })
                        })
                        .collect();
                    lines.sort_by_key(|line| line.timestamp_ms);
                    return Ok(Some(LiveUpdate { lines, sampled }));
                }
                // The session's start, and what a newer service may send besides.
                Some(_) => {}
            }
        }
    }

    /// The stage of a group that is told as a name, as `account:name` or as an ARN.
    fn stage_of(&self, identifier: &str) -> Option<StageName> {
        let identifier = identifier.trim_end_matches(":*");
        let known = |group: &str| {
            identifier.strip_suffix(group).is_some_and(|before| before.is_empty() || before.ends_with(':'))
        };
        self.groups.iter().find(|(_, group)| known(group)).map(|(stage, _)| *stage)
    }
}

fn cut(why: String) -> Fault {
    let problem = Problem::new("Live Tail was cut off")
        .because(why)
        .fix("polling goes on; a session is tried again by itself");
    Fault { kind: FaultKind::Unanswered, problem }
}

/// Live Tail has a host of its own, `stream-` and the service's (FACTS §8). The SDK writes that prefix before any host, and an
/// address has no such names below it: it is asked as it is.
#[derive(Debug)]
struct NoPrefixOnAddresses;

impl Intercept for NoPrefixOnAddresses {
    fn name(&self) -> &'static str {
        "NoPrefixOnAddresses"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), aws_smithy_runtime_api::box_error::BoxError> {
        let request = context.request_mut();
        if let Some(uri) = without_prefix(request.uri()) {
            request.set_uri(uri)?;
        }
        Ok(())
    }
}

/// The URI without the prefix, where an address follows it. With it, it is no URI that a parser takes: a host that ends as an
/// address does must be one.
fn without_prefix(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://stream-")?;
    let url = format!("{scheme}://{rest}");
    match Url::parse(&url).ok()?.host()? {
        Host::Domain(name) if name != "localhost" => None,
        _ => Some(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_is_asked_without_the_prefix() {
        for (uri, asked) in [
            ("http://stream-127.0.0.1:4566/", Some("http://127.0.0.1:4566/")),
            ("http://stream-localhost:4566/", Some("http://localhost:4566/")),
            ("https://stream-logs.us-east-1.amazonaws.com/", None),
            ("http://127.0.0.1:4566/", None),
        ] {
            assert_eq!(without_prefix(uri).as_deref(), asked, "{uri}");
        }
    }
}
