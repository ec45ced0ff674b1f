//! The local cloud's own collecting, in the background.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::collect::Ground;
use super::{DiskError, Policy, Pruned, Running, Status};
use crate::blobs::Blobs;
use crate::events::LogEvents;
use crate::functions::Functions;
use crate::store::Store;
use crate::world::World;

/// Looks and collects for a local cloud that runs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Collector {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    store: Store,
    world: Arc<World>,
    blobs: Blobs,
    functions: Functions,
    events: LogEvents,
    endpoint: String,
    /// Somebody is about to collect.
    asked: AtomicBool,
}

impl Collector {
    pub(crate) fn new(
        (dir, store): (PathBuf, Store),
        world: Arc<World>,
        blobs: Blobs,
        functions: Functions,
        events: LogEvents,
        port: u16,
    ) -> Collector {
        let endpoint = format!("http://127.0.0.1:{port}");
        let asked = AtomicBool::new(false);
        Collector { inner: Arc::new(Inner { dir, store, world, blobs, functions, events, endpoint, asked }) }
    }

    /// Collects what is due by [`Policy::automatic`], in the background.
    pub(crate) fn collect_soon(&self) {
        if self.inner.asked.swap(true, Ordering::AcqRel) {
            return;
        }
        let collector = self.clone();
        tokio::task::spawn_blocking(move || {
            // What is deleted from now on is for the next one.
            collector.inner.asked.store(false, Ordering::Release);
            match collector.prune(&Policy::automatic()) {
                Ok(pruned) if pruned != Pruned::default() => tracing::info!(?pruned, "collected"),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "what nothing uses could not be collected"),
            }
        });
    }

    /// Blocks.
    pub(super) fn status(&self) -> Result<Status, DiskError> {
        let running = Running { endpoint: self.inner.endpoint.clone(), pid: std::process::id() };
        self.ground().status(Some(running))
    }

    /// Blocks.
    pub(super) fn prune(&self, policy: &Policy) -> Result<Pruned, DiskError> {
        self.ground().prune(policy)
    }

    fn ground(&self) -> Ground<'_> {
        let inner = &self.inner;
        Ground::running(
            (&inner.dir, inner.store.clone()),
            Arc::clone(&inner.world),
            inner.blobs.clone(),
            (inner.functions.roots(), inner.functions.running_images()),
            inner.events.clone(),
        )
    }
}
