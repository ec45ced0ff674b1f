use std::str::FromStr;

use oci_spec::image::{
    Arch, ConfigBuilder, Descriptor, Digest as OciDigest, HistoryBuilder, ImageConfigurationBuilder,
    ImageManifestBuilder, MediaType, Os, RootFsBuilder,
};

use super::layer::{AUTHORITIES, BOOTSTRAP, Layer};
use super::{Blob, Image};
use crate::domain::{Digest, Problem};

/// Lambda takes Docker's schema 2 and OCI; Docker's is what every tool of the last ten years reads.
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const IMAGE_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
pub(super) const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// When every image says it was made, so that its digest says only what is in it.
const EPOCH: &str = "1970-01-01T00:00:00Z";

/// The image configuration as JSON. `architecture` is Lambda's word for it.
pub(super) fn configuration(architecture: &str, layers: &[Layer]) -> Result<Vec<u8>, Problem> {
    let history = ["system", "service"]
        .map(|what| HistoryBuilder::default().created(EPOCH).created_by(format!("callboard: {what}")).build())
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
        .map_err(unbuilt)?;
    let run = ConfigBuilder::default()
        .env(vec![
            "PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin".to_owned(),
            format!("SSL_CERT_FILE={AUTHORITIES}"),
        ])
        .entrypoint(vec![BOOTSTRAP.to_owned()])
        .working_dir("/var/task")
        .build()
        .map_err(unbuilt)?;
    let rootfs = RootFsBuilder::default()
        .diff_ids(layers.iter().map(|layer| layer.diff_id.0.clone()).collect::<Vec<_>>())
        .build()
        .map_err(unbuilt)?;
    let configuration = ImageConfigurationBuilder::default()
        .created(EPOCH)
        .architecture(if architecture == "arm64" { Arch::ARM64 } else { Arch::Amd64 })
        .os(Os::Linux)
        .config(run)
        .rootfs(rootfs)
        .history(history)
        .build()
        .map_err(unbuilt)?;
    serde_json::to_vec(&configuration).map_err(unbuilt)
}

/// The image of a configuration and its layers, under one manifest and no index: Lambda takes no index.
pub(super) fn image(configuration: Vec<u8>, layers: Vec<Blob>) -> Result<Image, Problem> {
    let config = Blob::of(configuration, IMAGE_CONFIG);
    let manifest = manifest(&config, &layers)?;
    Ok(Image {
        digest: Digest::of(&manifest),
        manifest: manifest.into(),
        media_type: MANIFEST.to_owned(),
        config,
        layers,
    })
}

/// The manifest as JSON.
fn manifest(config: &Blob, layers: &[Blob]) -> Result<Vec<u8>, Problem> {
    let manifest = ImageManifestBuilder::default()
        .schema_version(2u32)
        .media_type(MANIFEST)
        .config(descriptor(config)?)
        .layers(layers.iter().map(descriptor).collect::<Result<Vec<_>, _>>()?)
        .build()
        .map_err(unbuilt)?;
    serde_json::to_vec(&manifest).map_err(unbuilt)
}

fn descriptor(blob: &Blob) -> Result<Descriptor, Problem> {
    let digest = OciDigest::from_str(&blob.digest.0).map_err(unbuilt)?;
    Ok(Descriptor::new(MediaType::from(blob.media_type.as_str()), blob.size, digest))
}

fn unbuilt(error: impl std::fmt::Display) -> Problem {
    Problem::new("the image's manifest cannot be written").because(error)
}
