//! Images for tests: the fixture's program, built once, pushed through the registry as any client would.

use std::path::PathBuf;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::account::Account;

/// A folder with the fixture's programs, for a test process that may not run the compiler.
pub(crate) const PROGRAMS: &str = "LOCALCLOUD_TEST_PROGRAMS";

/// The function of `tests/fixture`, as a static program.
pub(crate) fn program() -> &'static [u8] {
    static PROGRAM: OnceLock<Vec<u8>> = OnceLock::new();
    PROGRAM.get_or_init(|| compiled("static", "target-feature=+crt-static"))
}

/// The same, linked with the system's libraries.
pub(crate) fn dynamic_program() -> &'static [u8] {
    static PROGRAM: OnceLock<Vec<u8>> = OnceLock::new();
    PROGRAM.get_or_init(|| compiled("dynamic", "target-feature=-crt-static"))
}

fn compiled(name: &str, linkage: &str) -> Vec<u8> {
    if let Some(programs) = std::env::var_os(PROGRAMS) {
        return std::fs::read(PathBuf::from(programs).join(name)).unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let built: PathBuf = dir.path().join("function");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixture/function.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let status = std::process::Command::new(rustc)
        .args(["--edition", "2024", "-C", linkage, "-C", "strip=symbols", "-o"])
        .arg(&built)
        .arg(source)
        .status()
        .unwrap();
    assert!(status.success(), "the fixture does not build");
    std::fs::read(built).unwrap()
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// A gzipped layer with one file, and the digest of the tar in it.
fn layer(path: &str, content: &[u8], mode: u32) -> (Vec<u8>, String) {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    archive.append_data(&mut header, path, content).unwrap();
    let plain = archive.into_inner().unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    std::io::Write::write_all(&mut packed, &plain).unwrap();
    (packed.finish().unwrap(), digest(&plain))
}

/// Pushes the fixture's image, with `ballast` bytes in a layer of their own; its digest.
pub(crate) async fn push(account: &Account, repository: &str, tag: &str, ballast: usize) -> String {
    let mut layers = vec![layer("function", program(), 0o755)];
    if ballast > 0 {
        let noise: Vec<u8> = (0..ballast as u64)
            .map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u8 ^ tag.len() as u8)
            .collect();
        layers.push(layer("ballast", &noise, 0o644));
    }
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "config": { "Entrypoint": ["/function"], "Labels": { "tag": tag } },
        "rootfs": { "type": "layers", "diff_ids": layers.iter().map(|(_, diff)| diff).collect::<Vec<_>>() },
    })
    .to_string()
    .into_bytes();
    let described =
        |kind: &str, bytes: &[u8]| json!({ "mediaType": kind, "size": bytes.len(), "digest": digest(bytes) });
    let kind = "application/vnd.docker.distribution.manifest.v2+json";
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": kind,
        "config": described("application/vnd.docker.container.image.v1+json", &config),
        "layers": layers
            .iter()
            .map(|(packed, _)| described("application/vnd.docker.image.rootfs.diff.tar.gzip", packed))
            .collect::<Vec<_>>(),
    })
    .to_string();
    let registry = Registry::open(account, repository).await;
    for blob in layers.into_iter().map(|(packed, _)| packed).chain([config]) {
        registry.put_blob(blob).await;
    }
    registry.put_manifest(tag, kind, manifest.clone()).await;
    digest(manifest.as_bytes())
}

/// One repository over HTTP.
pub(crate) struct Registry {
    http: reqwest::Client,
    url: String,
    password: String,
}

impl Registry {
    pub(crate) async fn open(account: &Account, repository: &str) -> Registry {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let token = account.ecr().get_authorization_token().send().await.unwrap();
        let data = &token.authorization_data()[0];
        let decoded = STANDARD.decode(data.authorization_token().unwrap()).unwrap();
        let password = String::from_utf8(decoded).unwrap().strip_prefix("AWS:").unwrap().to_owned();
        let url = format!("{}/v2/{repository}", data.proxy_endpoint().unwrap());
        Registry { http: reqwest::Client::new(), url, password }
    }

    async fn put_blob(&self, blob: Vec<u8>) {
        let digest = digest(&blob);
        let begun = self
            .http
            .post(format!("{}/blobs/uploads/", self.url))
            .basic_auth("AWS", Some(&self.password))
            .send()
            .await
            .unwrap();
        assert_eq!(begun.status(), 202);
        let location = begun.headers()["location"].to_str().unwrap().to_owned();
        let location = match location.starts_with('/') {
            true => format!("{}{location}", self.url.split("/v2/").next().unwrap()),
            false => location,
        };
        let separator = if location.contains('?') { '&' } else { '?' };
        let done = self
            .http
            .put(format!("{location}{separator}digest={digest}"))
            .basic_auth("AWS", Some(&self.password))
            .body(blob)
            .send()
            .await
            .unwrap();
        assert_eq!(done.status(), 201);
    }

    pub(crate) async fn put_manifest(&self, tag: &str, kind: &str, manifest: String) {
        let done = self
            .http
            .put(format!("{}/manifests/{tag}", self.url))
            .basic_auth("AWS", Some(&self.password))
            .header("content-type", kind)
            .body(manifest)
            .send()
            .await
            .unwrap();
        assert_eq!(done.status(), 201, "{}", done.text().await.unwrap());
    }
}
