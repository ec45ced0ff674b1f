//! All that is known of a request: what templates, mappings, gateway responses and access logs may ask for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::route::{Match, Path};
use crate::account::{ACCOUNT_ID, REGION};
use crate::http1::Head;
use crate::world::apis::{Deployment, Stage};

/// A request and what was found out about it so far.
pub(super) struct Context<'a> {
    pub(super) api_id: &'a str,
    pub(super) request_id: String,
    pub(super) extended_request_id: String,
    pub(super) head: &'a Head,
    /// Without the question mark.
    pub(super) query: &'a str,
    pub(super) path: &'a Path<'a>,
    pub(super) received: Timestamp,
    pub(super) source_ip: &'a str,
    /// Where the stage answers from; `None` before that was looked up, or when there is none.
    pub(super) place: Option<Place<'a>>,
    pub(super) matched: Option<Match<'a>>,
    /// The trace header that the function and the client get.
    pub(super) trace_id: Option<String>,
    /// How long the integration took.
    pub(super) integration_latency: Option<Duration>,
    /// The type of the gateway response that the request ended with, and its message.
    pub(super) error: Option<(&'static str, String)>,
    /// In what the body did not fit its model.
    pub(super) validation_error: Option<String>,
}

/// The deployment that answers a request, and with which variables.
pub(super) struct Place<'a> {
    pub(super) stage: &'a Stage,
    pub(super) deployment: &'a Deployment,
    pub(super) variables: Cow<'a, BTreeMap<String, String>>,
    /// Whether the canary answers, when the stage has one.
    pub(super) canary: Option<bool>,
}

impl Context<'_> {
    /// What `$context.NAME` stands for; `None` when it says nothing of this request.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let place = self.place.as_ref();
        let resource = self.matched.as_ref().map(|matched| matched.resource);
        let text = |text: &str| Some(text.to_owned());
        match name {
            "accountId" => text(ACCOUNT_ID),
            "apiId" | "domainPrefix" => text(self.api_id),
            "awsEndpointRequestId" => None,
            "deploymentId" => text(&place?.deployment.id),
            "domainName" => Some(format!("{}.execute-api.{REGION}.amazonaws.com", self.api_id)),
            "error.message" => Some(self.error.as_ref()?.1.clone()),
            "error.messageString" => serde_json::to_string(&self.error.as_ref()?.1).ok(),
            "error.validationErrorString" => self.validation_error.clone(),
            "error.responseType" => text(self.error.as_ref()?.0),
            "extendedRequestId" => text(&self.extended_request_id),
            "httpMethod" => text(&self.head.method),
            "identity.sourceIp" => text(self.source_ip),
            "identity.userAgent" => text(self.head.header("user-agent")?),
            "integrationLatency" | "integration.latency" => {
                Some(self.integration_latency?.as_millis().to_string())
            }
            "isCanaryRequest" => Some(place?.canary?.to_string()),
            "path" => text(&self.path.whole),
            "protocol" => text("HTTP/1.1"),
            "requestId" => text(&self.request_id),
            "requestTime" => Some(self.received.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()),
            "requestTimeEpoch" => Some(self.received.as_millisecond().to_string()),
            "resourceId" => text(&resource?.id),
            "resourcePath" => text(&resource?.path),
            "stage" => text(self.path.stage),
            "xrayTraceId" => text(self.trace_id.as_deref()?),
            _ => None,
        }
    }

    /// A stage variable as this request sees it.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.place.as_ref()?.variables.get(name).map(String::as_str)
    }

    /// What a mapping says: `'text'`, or something of the request, the stage or the context.
    pub(super) fn mapped(&self, mapping: &str) -> Option<String> {
        if let Some(text) = mapping.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
            return Some(text.to_owned());
        }
        if let Some(name) = mapping.strip_prefix("method.request.header.") {
            return self.head.header(name).map(str::to_owned);
        }
        if let Some(name) = mapping.strip_prefix("method.request.querystring.") {
            return self.query_parameter(name);
        }
        if let Some(name) = mapping.strip_prefix("method.request.path.") {
            return self.matched.as_ref()?.parameters.get(name).map(|value| (*value).to_owned());
        }
        match mapping.strip_prefix("stageVariables.") {
            Some(name) => self.variable(name).map(str::to_owned),
            None => self.get(mapping.strip_prefix("context.")?),
        }
    }

    /// What `$input.params(NAME)` stands for: a parameter of the path, the query or the headers, in this order.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        ["path", "querystring", "header"]
            .into_iter()
            .find_map(|location| self.mapped(&format!("method.request.{location}.{name}")))
    }

    fn query_parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}
