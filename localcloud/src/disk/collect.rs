//! Looking and removing, on a folder that is open: by the local cloud that runs on it, or for a moment.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::inventory::{needed_blobs, used_images};
use super::{DiskError, Held, Policy, Pruned, Running, Status, io_problem, size_of};
use crate::blobs::{Blob, Blobs};
use crate::events::{self, LogEvents};
use crate::faults::Faults;
use crate::functions::roots::{Root, Roots};
use crate::metrics::{self, Metrics};
use crate::store::{FORMAT, Store, StoreError};
use crate::world::World;

/// A folder that is open.
pub(crate) struct Ground<'a> {
    dir: PathBuf,
    store: Store,
    world: Arc<World>,
    blobs: Blobs,
    roots: Whose<'a>,
    /// The images that processes run from.
    running: HashSet<String>,
    /// Those of the local cloud that runs.
    events: Option<LogEvents>,
}

enum Whose<'a> {
    Own(Roots),
    Running(&'a Roots),
}

impl<'a> Ground<'a> {
    /// Of a local cloud that does not run.
    pub(super) fn stopped(
        dir: &Path,
        store: Store,
        world: Arc<World>,
        blobs: Blobs,
        roots: Roots,
    ) -> Ground<'a> {
        let dir = dir.to_owned();
        Ground { dir, store, world, blobs, roots: Whose::Own(roots), running: HashSet::new(), events: None }
    }

    /// Of one that runs.
    pub(super) fn running(
        (dir, store): (&Path, Store),
        world: Arc<World>,
        blobs: Blobs,
        (roots, running): (&'a Roots, HashSet<String>),
        events: LogEvents,
    ) -> Ground<'a> {
        let dir = dir.to_owned();
        Ground { dir, store, world, blobs, roots: Whose::Running(roots), running, events: Some(events) }
    }

    fn roots(&self) -> &Roots {
        match &self.roots {
            Whose::Own(roots) => roots,
            Whose::Running(roots) => roots,
        }
    }

    /// Gives the disk back what the state needs no more.
    pub(super) fn close(self) -> Result<(), StoreError> {
        let Ground { store, world, .. } = self;
        drop(world);
        store.compact()
    }

    pub(super) fn status(&self, running: Option<Running>) -> Result<Status, DiskError> {
        let state = self.world.snapshot();
        let needed = self.needed_blobs()?;
        let used = used_images(&state);
        let (mut blobs, mut unreferenced) = (Held::default(), Held::default());
        for blob in self.list_blobs()? {
            blobs.add(blob.size);
            if !needed.contains(&blob.digest) {
                unreferenced.add(blob.size);
            }
        }
        let (mut unpacked, mut unused) = (Held::default(), Held::default());
        for root in self.list_roots()? {
            unpacked.add(root.bytes);
            if !used.contains(&root.digest) {
                unused.add(root.bytes);
            }
        }
        let count = |count: usize| count as u64;
        Ok(Status {
            dir: self.dir.clone(),
            format: FORMAT,
            running,
            functions: count(state.functions.len()),
            versions: count(state.functions.values().map(|function| function.versions.len()).sum()),
            apis: count(state.apis.len()),
            repositories: count(state.repositories.len()),
            images: count(state.repositories.values().map(|repository| repository.images.len()).sum()),
            log_groups: count(state.log_groups.len()),
            blobs,
            unreferenced_blobs: unreferenced,
            unpacked,
            unused_unpacked: unused,
            log_events: held(events::stored(&self.store)?),
            metrics: held(metrics::stored(&self.store)?),
            state_bytes: size_of(&self.dir.join("state.redb"))?,
        })
    }

    pub(super) fn prune(&self, policy: &Policy) -> Result<Pruned, DiskError> {
        let unpacked = self.prune_unpacked(policy)?;
        let blobs = self.prune_blobs(policy)?;
        let log_events = self.prune_events(policy)?;
        Ok(Pruned { blobs, unpacked, log_events, state_bytes: 0 })
    }

    fn prune_unpacked(&self, policy: &Policy) -> Result<Held, DiskError> {
        let used = used_images(&self.world.snapshot());
        let mut roots = self.list_roots()?;
        roots.sort_by_key(|root| std::cmp::Reverse(root.idle()));
        let mut bytes: u64 = roots.iter().map(|root| root.bytes).sum();
        let mut gone = Held::default();
        for root in roots.iter().filter(|root| !self.running.contains(&root.digest)) {
            let referred = used.contains(&root.digest);
            let after = if referred { policy.idle_after } else { policy.unused_after };
            if root.idle() < after && bytes <= policy.unpacked_bytes {
                continue;
            }
            let removed = self.roots().collect(root, referred).map_err(|error| self.at("images", error))?;
            if removed {
                bytes -= root.bytes;
                gone.add(root.bytes);
            }
        }
        self.roots().forget_marks(&used).map_err(|error| self.at("images", error))?;
        Ok(gone)
    }

    fn prune_blobs(&self, policy: &Policy) -> Result<Held, DiskError> {
        // Nothing is taken in until the files are gone that the state no longer has.
        let _alone = self.blobs.collecting();
        let needed = self.needed_blobs()?;
        let may_go = |blob: &Blob| {
            !needed.contains(&blob.digest)
                && blob.written.elapsed().unwrap_or_default() >= policy.unreferenced_after
                && !self.blobs.is_promised(&blob.digest)
        };
        let going: Vec<Blob> = self.list_blobs()?.into_iter().filter(may_go).collect();
        if going.is_empty() {
            return Ok(Held::default());
        }
        // The state first: a file too many is collected next time, one too few would be missed.
        self.world.change::<(), StoreError>(|state| {
            for repository in state.repositories.values_mut() {
                going.iter().for_each(|blob| drop(repository.blobs.take(&blob.digest)));
            }
            Ok(())
        })?;
        let mut gone = Held::default();
        for blob in going {
            self.blobs.remove(&blob.digest).map_err(|error| self.at("blobs", error))?;
            gone.add(blob.size);
        }
        Ok(gone)
    }

    fn prune_events(&self, policy: &Policy) -> Result<Held, DiskError> {
        let Some(budget) = policy.log_bytes else { return Ok(Held::default()) };
        let gone = match &self.events {
            Some(events) => events.shrink(budget)?,
            None => {
                let dealer = Faults::new(tokio_util::sync::CancellationToken::new()).dealer();
                let metrics = Metrics::open(&self.store)?;
                let world = Arc::clone(&self.world);
                let events = LogEvents::open(&self.store, world, u64::MAX, dealer, metrics.clone())?;
                let gone = events.shrink(budget);
                events.close();
                metrics.close();
                gone?
            }
        };
        Ok(held(gone))
    }

    fn needed_blobs(&self) -> Result<HashSet<String>, DiskError> {
        needed_blobs(&self.world.snapshot(), &self.blobs, self.roots())
            .map_err(|error| self.at("blobs", error))
    }

    fn list_blobs(&self) -> Result<Vec<Blob>, DiskError> {
        self.blobs.list().map_err(|error| self.at("blobs", error))
    }

    fn list_roots(&self) -> Result<Vec<Root>, DiskError> {
        self.roots().list().map_err(|error| self.at("images", error))
    }

    fn at(&self, folder: &str, error: std::io::Error) -> DiskError {
        io_problem(&self.dir.join(folder), error)
    }
}

fn held((count, bytes): (u64, u64)) -> Held {
    Held { count, bytes }
}
