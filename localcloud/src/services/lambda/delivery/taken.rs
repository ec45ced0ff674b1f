//! An event as it lies on disk until it is done.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::super::target::Target;
use crate::cloud::{Cloud, now_ms};
use crate::functions::Invocation;
use crate::store::{Store, StoreError};

/// Who is called with what, and how far that has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Taken {
    pub(super) name: String,
    pub(super) qualifier: Option<String>,
    invoked_arn: String,
    /// Base64: nothing says that it is text.
    payload: String,
    client_context: Option<String>,
    trace_id: Option<String>,
    /// When it came, epoch milliseconds.
    pub(super) came_ms: i64,
    /// How many attempts have failed in the function.
    pub(super) failed: usize,
}

impl Taken {
    pub(super) fn new(target: Target, invocation: Invocation) -> Taken {
        Taken {
            name: target.name,
            qualifier: target.qualifier,
            invoked_arn: invocation.invoked_arn,
            payload: STANDARD.encode(&invocation.payload),
            client_context: invocation.client_context,
            trace_id: invocation.trace_id,
            came_ms: now_ms(),
            failed: 0,
        }
    }

    /// What the function gets; `None` when the payload is not what was written.
    pub(super) fn invocation(&self) -> Option<Invocation> {
        Some(Invocation {
            payload: STANDARD.decode(&self.payload).ok()?.into(),
            invoked_arn: self.invoked_arn.clone(),
            trace_id: self.trace_id.clone(),
            client_context: self.client_context.clone(),
            log_tail: false,
        })
    }

    /// Keeps it under its request id; durable when this is over. `false` when too many wait already.
    pub(super) async fn keep(&self, cloud: &Cloud, request_id: &str) -> Result<bool, StoreError> {
        let (bytes, id) = (serde_json::to_vec(self)?, request_id.to_owned());
        on_disk(cloud, move |store| store.keep_event(&id, &bytes)).await
    }
}

/// Forgets one that is done or given up.
pub(super) async fn forget(cloud: &Cloud, request_id: &str) -> Result<(), StoreError> {
    let id = request_id.to_owned();
    on_disk(cloud, move |store| store.forget_event(&id)).await
}

/// The disk is waited for beside what else there is to do.
async fn on_disk<T: Send + 'static>(
    cloud: &Cloud,
    work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let store = cloud.store.clone();
    let done = tokio::task::spawn_blocking(move || work(&store)).await;
    done.unwrap_or_else(|error| Err(StoreError::Log(error.to_string())))
}
