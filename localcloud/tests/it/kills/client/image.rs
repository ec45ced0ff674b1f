//! Images of a program that is too small to do anything, pushed as a client of the registry would.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use localcloud::blobs::digest_of;
use serde_json::{Value, json};

use super::{At, BASE, Cut};
use crate::live::{MANIFEST, architecture};

const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// An image in pieces: its layers, configuration and manifest.
struct Image {
    ballast: Option<Vec<u8>>,
    config: Vec<u8>,
    manifest: Vec<u8>,
}

/// A static ELF program for this machine, by its head alone. Nobody runs it.
fn program() -> Vec<u8> {
    let machine: u16 = if architecture() == "arm64" { 183 } else { 62 };
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    elf.extend(2_u16.to_le_bytes());
    elf.extend(machine.to_le_bytes());
    elf.extend(1_u32.to_le_bytes());
    for address in [0x40_0000_u64, 64, 0] {
        elf.extend(address.to_le_bytes());
    }
    elf.extend(0_u32.to_le_bytes());
    for number in [64_u16, 56, 1, 64, 0, 0] {
        elf.extend(number.to_le_bytes());
    }
    // One segment that is loaded: all of the file.
    elf.extend(1_u32.to_le_bytes());
    elf.extend(5_u32.to_le_bytes());
    for number in [0, 0x40_0000_u64, 0x40_0000, 120, 120, 4096] {
        elf.extend(number.to_le_bytes());
    }
    elf
}

fn layer(path: &str, content: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::none()));
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o755);
    tar.append_data(&mut header, path, content).unwrap();
    tar.into_inner().unwrap().finish().unwrap()
}

fn image(ballast: Option<&[u8]>) -> Image {
    let base = layer("bootstrap", &program());
    let ballast = ballast.map(|bytes| layer("ballast", bytes));
    let oci = if architecture() == "arm64" { "arm64" } else { "amd64" };
    let config = json!({"architecture": oci, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []},
        "config": {"Entrypoint": ["/bootstrap"], "Labels": {"of": ballast.as_deref().map(digest_of)}}});
    let config = config.to_string().into_bytes();
    let part = |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "size": bytes.len(), "digest": digest_of(bytes)});
    let layers: Vec<Value> = std::iter::once(&base).chain(&ballast).map(|bytes| part(LAYER, bytes)).collect();
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers,
        "config": part("application/vnd.docker.container.image.v1+json", &config)});
    Image { ballast, config, manifest: manifest.to_string().into_bytes() }
}

/// The digest of the image with that ballast.
pub(super) fn digest(ballast: &[u8]) -> String {
    digest_of(&image(Some(ballast)).manifest)
}

/// The registry, with a password for it.
pub(crate) struct Registry {
    http: reqwest::Client,
    endpoint: String,
    password: String,
}

impl Registry {
    pub(crate) async fn open(endpoint: &str, ecr: &aws_sdk_ecr::Client) -> Registry {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let token = ecr.get_authorization_token().send().await.unwrap();
        let token = STANDARD.decode(token.authorization_data()[0].authorization_token().unwrap()).unwrap();
        let password = String::from_utf8(token).unwrap().strip_prefix("AWS:").unwrap().to_owned();
        Registry { http: reqwest::Client::new(), endpoint: endpoint.to_owned(), password }
    }

    /// The image that all others stand on.
    pub(crate) async fn push_base(&self) -> Result<(), Cut> {
        self.blob(BASE, &layer("bootstrap", &program())).await?;
        let image = image(None);
        self.blob(BASE, &image.config).await?;
        self.manifest(BASE, "v1", &image.manifest).await
    }

    /// An image of the base's layer and one of its own.
    pub(super) async fn push(&self, repository: &str, tag: &str, ballast: &[u8]) -> Result<(), Cut> {
        let base = digest_of(&layer("bootstrap", &program()));
        let mounted = self
            .send("POST", &format!("/v2/{repository}/blobs/uploads/?mount={base}&from={BASE}"), b"")
            .await?;
        assert_eq!(mounted.status(), 201);
        let image = image(Some(ballast));
        for bytes in image.ballast.iter().chain([&image.config]) {
            self.blob(repository, bytes).await?;
        }
        self.manifest(repository, tag, &image.manifest).await
    }

    async fn blob(&self, repository: &str, bytes: &[u8]) -> Result<(), Cut> {
        let upload = self.send("POST", &format!("/v2/{repository}/blobs/uploads/"), b"").await?;
        assert_eq!(upload.status(), 202);
        let place = upload.headers()["location"].to_str().unwrap().to_owned();
        let put = self.send("PUT", &format!("{place}?digest={}", digest_of(bytes)), bytes).await?;
        assert_eq!(put.status(), 201);
        Ok(())
    }

    async fn manifest(&self, repository: &str, tag: &str, bytes: &[u8]) -> Result<(), Cut> {
        let put = self.send("PUT", &format!("/v2/{repository}/manifests/{tag}"), bytes).await?;
        assert_eq!(put.status(), 201);
        Ok(())
    }

    async fn send(&self, method: &str, path: &str, body: &[u8]) -> Result<reqwest::Response, Cut> {
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.endpoint));
        let request = request.basic_auth("AWS", Some(&self.password)).header("content-type", MANIFEST);
        request.body(body.to_vec()).send().await.map_err(|_| Cut)
    }

    /// What lies at that path, all of it.
    async fn get(&self, path: &str) -> Vec<u8> {
        let answer = self.send("GET", path, b"").await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().await.unwrap().to_vec()
    }
}

/// Whether each image can be pulled whole.
pub(super) async fn check(at: &At, repository: &str, images: &BTreeMap<String, String>) {
    let registry = &at.registry;
    for (tag, digest) in images {
        let manifest = registry.get(&format!("/v2/{repository}/manifests/{tag}")).await;
        assert_eq!(digest_of(&manifest), *digest);
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let layers = manifest["layers"].as_array().unwrap();
        for part in layers.iter().chain([&manifest["config"]]) {
            let digest = part["digest"].as_str().unwrap();
            let bytes = registry.get(&format!("/v2/{repository}/blobs/{digest}")).await;
            assert_eq!(digest_of(&bytes), digest);
        }
    }
}
