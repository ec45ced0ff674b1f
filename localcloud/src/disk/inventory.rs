//! What refers to what: which blobs and unpacked images are needed.

use std::collections::HashSet;
use std::io;

use oci_spec::image::ImageManifest;

use crate::blobs::Blobs;
use crate::functions::roots::Roots;
use crate::world::State;
use crate::world::functions::Function;

/// The images that functions and versions refer to, by digest.
pub(super) fn used_images(state: &State) -> HashSet<String> {
    let of = |function: &Function| {
        let versions = function.versions.values().map(|version| &version.configuration);
        let all = std::iter::once(&function.configuration).chain(&function.live).chain(versions);
        all.map(|configuration| configuration.digest.clone()).collect::<Vec<_>>()
    };
    state.functions.values().flat_map(of).collect()
}

/// The blobs that are needed. Of an image in a repository all are. Of one that only functions use, its manifest and
/// configuration, and its layers as long as it is not unpacked.
pub(super) fn needed_blobs(state: &State, blobs: &Blobs, roots: &Roots) -> io::Result<HashSet<String>> {
    let mut needed = HashSet::new();
    for digest in state.repositories.values().flat_map(|repository| repository.images.keys()) {
        need(digest, true, blobs, &mut needed)?;
    }
    for digest in used_images(state) {
        let unpacked = roots.path(&digest).is_some_and(|path| path.is_dir());
        need(&digest, !unpacked, blobs, &mut needed)?;
    }
    Ok(needed)
}

fn need(digest: &str, with_layers: bool, blobs: &Blobs, needed: &mut HashSet<String>) -> io::Result<()> {
    needed.insert(digest.to_owned());
    let bytes = match blobs.read(digest) {
        Ok(bytes) => bytes,
        // A function's image may be gone altogether.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    // An index refers to manifests, which are images of the repository themselves.
    if let Ok(manifest) = ImageManifest::from_reader(bytes.as_slice()) {
        needed.insert(manifest.config().digest().to_string());
        if with_layers {
            needed.extend(manifest.layers().iter().map(|layer| layer.digest().to_string()));
        }
    }
    Ok(())
}
