//! The function, called past the gateway.

use std::time::Duration;

use aws_sdk_lambda::config::Builder;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LogType;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::{Cloud, Fault};

/// As long as the gateway waits.
const PATIENCE: Duration = Duration::from_secs(29);

/// What an invocation gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invoked {
    /// Lambda's word for how the function failed; `None` when it answered.
    pub(crate) error: Option<String>,
    /// Its answer, or what is known of its failure, as JSON.
    pub(crate) payload: Vec<u8>,
    /// The last 4 KB that it logged.
    pub(crate) log: String,
}

impl Cloud {
    /// Calls the function with an event, once, and waits for its answer as long as the gateway would.
    pub(crate) async fn invoke(&self, name: &str, event: &serde_json::Value) -> Result<Invoked, Fault> {
        let call = self
            .inner
            .lambda
            .invoke()
            .function_name(name)
            .log_type(LogType::Tail)
            .payload(Blob::new(event.to_string()));
        let timeout =
            TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).operation_timeout(PATIENCE).build();
        let once = Builder::new().retry_config(RetryConfig::disabled()).timeout_config(timeout);
        let answer = Box::pin(call.customize().config_override(once).send()).await.map_err(|error| {
            self.fault(self.function_call("lambda:InvokeFunction", "invoke the function", name), error)
        })?;
        let log = answer.log_result.and_then(|log| STANDARD.decode(log).ok()).unwrap_or_default();
        Ok(Invoked {
            error: answer.function_error,
            payload: answer.payload.map(Blob::into_inner).unwrap_or_default(),
            log: String::from_utf8_lossy(&log).into_owned(),
        })
    }
}
