//! The account that is operated: AWS, or the one on this machine's loopback. SDK types stop in here.
//!
//! The two kinds differ in the `SdkConfig` that [`connect`](Cloud::connect) makes and in nothing else.
//!
//! Each call of the SDK is boxed: its future is some kilobytes, an unoptimised build copies it into every frame above it, and
//! a deploy that awaits dozens of them would overflow a thread's 2 MB of stack.

mod connect;
mod fault;
mod gateway;
mod identity;
mod insights;
mod inventory;
mod lambda;
mod live_tail;
mod log_events;
mod logs;
mod metrics;
mod overview;
mod permit;
mod profile;
mod quota;
mod registry;
mod roles;
mod simulate;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::checks::Dialer;
use crate::domain::Identity;

#[cfg(test)]
pub(crate) use gateway::Method;
pub(crate) use gateway::{ErrorResponse, Integration, Resource};
pub(crate) use insights::{InsightsQuery, NotStarted, QueryFigures, QueryMistake, QueryPage, QueryState};
pub(crate) use lambda::{FunctionChange, Invoked, NewFunction, Permission};
pub(crate) use live_tail::LiveTail;
pub(crate) use permit::Permit;
pub(crate) use profile::Profile;
pub(crate) use registry::Repository;
pub(crate) use roles::Role;

pub use crate::settings::CloudKind;
pub use fault::{Fault, FaultKind};
pub use logs::{LogEvent, LogPage, LogRange};

/// Which cloud the operator asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Local or AWS.
    pub kind: CloudKind,
    /// Profile of the AWS configuration, where one was named.
    pub profile: Option<String>,
    /// Region, where one was named.
    pub region: Option<String>,
    /// Start the local cloud empty.
    pub fresh: bool,
}

/// A connected cloud: clients that share one HTTP client, and the service's name. Cheap to clone.
#[derive(Clone)]
pub struct Cloud {
    inner: Arc<Inner>,
}

struct Inner {
    kind: CloudKind,
    region: String,
    profile: Option<String>,
    service: String,
    /// Where stages answer that are called under another name than the API's.
    addresses: BTreeMap<&'static str, String>,
    lambda: aws_sdk_lambda::Client,
    gateway: aws_sdk_apigateway::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    log_reads: quota::Turns,
    cloudwatch: aws_sdk_cloudwatch::Client,
    ecr: aws_sdk_ecr::Client,
    iam: aws_sdk_iam::Client,
    sts: aws_sdk_sts::Client,
    http: reqwest::Client,
    dialer: Dialer,
    identity: OnceCell<Identity>,
    embedded: Mutex<connect::Embedded>,
}

impl fmt::Debug for Cloud {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Cloud")
            .field("kind", &self.inner.kind)
            .field("region", &self.inner.region)
            .field("service", &self.inner.service)
            .finish_non_exhaustive()
    }
}

impl Cloud {
    /// Local or AWS.
    pub fn kind(&self) -> CloudKind {
        self.inner.kind
    }

    /// The region that every call goes to.
    pub fn region(&self) -> &str {
        &self.inner.region
    }

    /// The client for what is not an AWS API: the registry.
    pub fn http(&self) -> &reqwest::Client {
        &self.inner.http
    }

    /// What asks the deployed service itself.
    pub fn dialer(&self) -> &Dialer {
        &self.inner.dialer
    }

    /// Stops the embedded local cloud, if this process started it; otherwise there is nothing to close.
    pub async fn close(self) {
        let embedded = self.inner.embedded.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(embedded) = embedded {
            connect::stop(embedded).await;
        }
    }
}
