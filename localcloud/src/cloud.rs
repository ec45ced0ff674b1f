//! What every service works on. Cheap to clone.

use std::sync::Arc;

use crate::access::Access;
use crate::blobs::Blobs;
use crate::disk::Collector;
use crate::events::LogEvents;
use crate::faults::Faults;
use crate::functions::Functions;
use crate::gateway::Gateways;
use crate::live_tails::LiveTails;
use crate::metrics::Metrics;
use crate::queries::Queries;
use crate::registry::Tokens;
use crate::store::Store;
use crate::world::World;

#[derive(Clone)]
pub(crate) struct Cloud {
    pub(crate) world: Arc<World>,
    pub(crate) store: Store,
    pub(crate) access: Access,
    pub(crate) collector: Collector,
    pub(crate) events: LogEvents,
    pub(crate) metrics: Metrics,
    pub(crate) queries: Queries,
    pub(crate) blobs: Blobs,
    pub(crate) functions: Functions,
    pub(crate) gateways: Gateways,
    pub(crate) tokens: Tokens,
    pub(crate) faults: Faults,
    pub(crate) live_tails: LiveTails,
    /// Where the control plane and the registry listen on loopback.
    pub(crate) port: u16,
}

impl Cloud {
    /// What a repository is called in an image's name.
    pub(crate) fn repository_uri(&self, name: &str) -> String {
        format!("127.0.0.1:{}/{name}", self.port)
    }
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Cloud").field("port", &self.port).finish_non_exhaustive()
    }
}

/// The time now, in epoch milliseconds.
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A new identifier of lower-case letters and digits, at most 24 of them.
pub(crate) fn short_id(length: usize) -> String {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut rest = uuid::Uuid::new_v4().as_u128();
    (0..length)
        .map(|_| {
            let digit = DIGITS[(rest % 36) as usize];
            rest /= 36;
            char::from(digit)
        })
        .collect()
}
