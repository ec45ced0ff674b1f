//! From an image in a repository to a program that can be started here, or the reason why not.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oci_spec::image::{ImageConfiguration, ImageManifest};

use super::executable;
use super::roots::Roots;
use super::sandbox::Isolation;
use super::unpack::{resolve, unpack};
use super::{FUNCTION_PATH, ImageProblem};
use crate::blobs::Blobs;
use crate::world::World;
use crate::world::functions::Configuration;

/// What a layer must be: Lambda takes gzipped tar only.
const LAYER_TYPES: [&str; 2] =
    ["application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.oci.image.layer.v1.tar+gzip"];

/// The images, in the registry and unpacked.
pub(super) struct Images {
    world: Arc<World>,
    blobs: Blobs,
    roots: Arc<Roots>,
}

/// What is started for an execution environment.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// The unpacked image.
    pub(super) root: PathBuf,
    /// The entry point's file: inside the image if that is to be its root, else on the host.
    pub(super) executable: PathBuf,
    /// The entry point as the image names it.
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
    /// WORKDIR, likewise.
    pub(super) working_directory: PathBuf,
    /// ENV.
    pub(super) environment: BTreeMap<String, String>,
    /// Whether the image is to be its root.
    pub(super) isolated: bool,
}

impl Images {
    pub(super) fn new(world: Arc<World>, blobs: Blobs, roots: Arc<Roots>) -> Images {
        Images { world, blobs, roots }
    }

    /// The program of a configuration; the image is unpacked if it is not yet. Blocks.
    pub(super) fn program(
        &self,
        configuration: &Configuration,
        isolation: &Isolation,
    ) -> Result<Program, ImageProblem> {
        let _kept = self.roots.hold(&configuration.digest);
        let manifest = self.manifest(configuration)?;
        let config = self.blob(configuration, manifest.config().digest().as_ref())?;
        let config = ImageConfiguration::from_reader(config.as_slice())
            .map_err(|error| invalid(format!("The image's configuration cannot be read: {error}")))?;
        check_architecture(configuration, &config)?;
        let root = self.root(configuration, &manifest)?;
        isolation.prepare(&root).map_err(failed)?;
        program(configuration, &config, root, isolation)
    }

    fn manifest(&self, configuration: &Configuration) -> Result<ImageManifest, ImageProblem> {
        // Lambda runs its own copy: an image that is deleted from its repository runs on where it was unpacked before.
        if !self.roots.has_copy(&configuration.digest) {
            let state = self.world.snapshot();
            let image = state
                .repositories
                .get(&configuration.repository)
                .and_then(|repository| repository.images.get(&configuration.digest))
                .ok_or_else(|| deleted(configuration))?;
            // An index has no configuration of its own.
            if image.artifact_media_type.is_none() {
                return Err(unsupported(configuration));
            }
        }
        let bytes = self.blob(configuration, &configuration.digest)?;
        let manifest =
            ImageManifest::from_reader(bytes.as_slice()).map_err(|_| unsupported(configuration))?;
        let supported = |media_type: &str| LAYER_TYPES.contains(&media_type);
        if manifest.layers().iter().all(|layer| supported(layer.media_type().as_ref())) {
            Ok(manifest)
        } else {
            Err(unsupported(configuration))
        }
    }

    fn blob(&self, configuration: &Configuration, digest: &str) -> Result<Vec<u8>, ImageProblem> {
        self.blobs.read(digest).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => deleted(configuration),
            _ => failed(error),
        })
    }

    /// The folder with the unpacked layers. It appears whole or not at all.
    fn root(&self, configuration: &Configuration, manifest: &ImageManifest) -> Result<PathBuf, ImageProblem> {
        let root = self.roots.path(&configuration.digest).ok_or_else(|| deleted(configuration))?;
        if root.is_dir() {
            return Ok(root);
        }
        let layers: Option<Vec<PathBuf>> =
            manifest.layers().iter().map(|layer| self.blobs.path(layer.digest().as_ref())).collect();
        let layers = layers.ok_or_else(|| deleted(configuration))?;
        fs::create_dir_all(self.roots.unfinished()).map_err(failed)?;
        let unfinished = tempfile::tempdir_in(self.roots.unfinished()).map_err(failed)?;
        unpack(&layers, unfinished.path())
            .map_err(|problem| invalid(format!("A layer cannot be unpacked: {problem}")))?;
        fs::set_permissions(unfinished.path(), fs::Permissions::from_mode(0o755)).map_err(failed)?;
        match fs::rename(unfinished.path(), &root) {
            // Somebody else was faster.
            Err(_) if root.is_dir() => Ok(root),
            Err(error) => Err(failed(error)),
            Ok(()) => Ok(root),
        }
    }
}

fn check_architecture(
    configuration: &Configuration,
    config: &ImageConfiguration,
) -> Result<(), ImageProblem> {
    let of_image = match config.architecture().to_string().as_str() {
        "amd64" => "x86_64".to_owned(),
        other => other.to_owned(),
    };
    let of_host = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    };
    let system = config.os().to_string();
    let wanted = &configuration.architecture;
    if of_image != *wanted {
        return Err(invalid(format!("The image is built for {of_image}, the function is set to {wanted}.")));
    }
    if system != std::env::consts::OS || of_image != of_host {
        return Err(invalid(format!(
            "The image is built for {system} on {of_image}. The local cloud runs it as a process of this machine, \
             which is {} on {of_host}.",
            std::env::consts::OS
        )));
    }
    Ok(())
}

fn program(
    configuration: &Configuration,
    image: &ImageConfiguration,
    root: PathBuf,
    isolation: &Isolation,
) -> Result<Program, ImageProblem> {
    let image = image.config().clone().unwrap_or_default();
    let own = configuration.image_config.clone().unwrap_or_default();
    // As Docker: a new ENTRYPOINT also takes the image's CMD away.
    let replaced = own.entry_point.is_some();
    let mut command = own.entry_point.or_else(|| image.entrypoint().clone()).unwrap_or_default();
    command.extend(
        own.command.or_else(|| if replaced { None } else { image.cmd().clone() }).unwrap_or_default(),
    );
    let mut command = command.into_iter();
    let name = command
        .next()
        .filter(|name| !name.is_empty())
        .ok_or_else(|| invalid("The image has neither ENTRYPOINT nor CMD.".to_owned()))?;
    let environment: BTreeMap<String, String> = image
        .env()
        .iter()
        .flatten()
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let directory = own
        .working_directory
        .or_else(|| image.working_dir().clone())
        .filter(|directory| !directory.is_empty());
    let directory = directory.as_deref().unwrap_or("/");
    let working_directory = resolve(&root, Path::new(directory), true).map_err(failed)?;
    if !working_directory.is_dir() {
        return Err(invalid(format!("The image's WORKDIR {directory} does not exist in it.")));
    }
    let path = environment.get("PATH").map_or(FUNCTION_PATH, String::as_str);
    let executable = find(&root, directory, path, &name)
        .ok_or_else(|| invalid(format!("The image's entry point {name} does not exist in it.")))?;
    let mode = fs::metadata(&executable).map_err(failed)?.permissions().mode();
    if mode & 0o111 == 0 {
        return Err(invalid(format!("The image's entry point {name} is not executable.")));
    }
    executable::check(&executable, &configuration.architecture, isolation.refusal())
        .map_err(|reason| invalid(format!("The image's entry point {name} {reason}")))?;
    let isolated = isolation.refusal().is_none();
    let seen = |path: PathBuf| match (isolated, path.strip_prefix(&root)) {
        (true, Ok(inside)) => Path::new("/").join(inside),
        _ => path,
    };
    let (executable, working_directory) = (seen(executable), seen(working_directory));
    let arguments = command.collect();
    Ok(Program { root, executable, name, arguments, working_directory, environment, isolated })
}

/// The entry point's file: by path, or by name in one of the folders of `PATH`, all of them inside the image.
fn find(root: &Path, directory: &str, path: &str, name: &str) -> Option<PathBuf> {
    let candidates: Vec<PathBuf> = if name.contains('/') {
        vec![Path::new(directory).join(name)]
    } else {
        path.split(':').map(|folder| Path::new(folder).join(name)).collect()
    };
    candidates
        .iter()
        .filter_map(|candidate| resolve(root, candidate, true).ok())
        .find(|candidate| candidate.is_file())
}

fn invalid(message: String) -> ImageProblem {
    ImageProblem { code: "InvalidImage".to_owned(), message }
}

pub(super) fn failed(error: io::Error) -> ImageProblem {
    ImageProblem { code: "InternalError".to_owned(), message: format!("The local cloud failed: {error}") }
}

fn deleted(configuration: &Configuration) -> ImageProblem {
    let message = format!("Source image {} does not exist.", configuration.image_uri);
    ImageProblem { code: "ImageDeleted".to_owned(), message }
}

/// AWS's own sentence.
fn unsupported(configuration: &Configuration) -> ImageProblem {
    invalid(format!(
        "The image manifest, config or layer media type for the source image {} is not supported.",
        configuration.image_uri
    ))
}
