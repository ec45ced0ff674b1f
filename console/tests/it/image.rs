//! Images assembled from binaries, and binaries that are refused.

use std::fs;
use std::path::PathBuf;

use callboard::domain::{Digest, Problem};
use callboard::image::{Blob, Content, Image, assemble};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The smallest thing that passes for a static executable: an ELF header that names an entry and no segments.
pub(crate) fn tiny_elf(machine: u16, kind: u16) -> Vec<u8> {
    let mut elf = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    elf.extend(kind.to_le_bytes());
    elf.extend(machine.to_le_bytes());
    elf.extend(1u32.to_le_bytes());
    elf.extend(0x40_0000u64.to_le_bytes());
    elf.extend([0; 20]);
    elf.extend(64u16.to_le_bytes());
    elf.extend([0; 10]);
    elf
}

/// Numbers of the ELF standard: `e_machine` and `e_type`.
pub(crate) const X86_64: u16 = 62;
const AARCH64: u16 = 183;
pub(crate) const EXECUTABLE: u16 = 2;
const SHARED: u16 = 3;
const OBJECT: u16 = 1;

/// The image of a binary with these bytes.
pub(crate) fn image_of(binary: &[u8], architecture: &str) -> Result<Image, Problem> {
    let folder = TempDir::new().expect("a folder");
    let path: PathBuf = folder.path().join("a-binary");
    fs::write(&path, binary).expect("a file");
    assemble(&path, architecture)
}

/// The bytes of a blob, wherever they are.
pub(crate) fn bytes(blob: &Blob) -> Vec<u8> {
    let bytes = match &blob.content {
        Content::Memory(bytes) => bytes.to_vec(),
        Content::File { path, .. } => fs::read(path).expect("the blob's file"),
    };
    assert_eq!(bytes.len() as u64, blob.size);
    bytes
}

fn tiny_image() -> Image {
    image_of(&tiny_elf(X86_64, EXECUTABLE), "x86_64").expect("an image")
}

#[test]
fn the_same_binary_gives_the_same_image_wherever_and_whenever() {
    let image = tiny_image();
    assert_eq!(image, tiny_image());
    assert_eq!(
        image.layers[1].digest.0, "sha256:adf9abcbb12804ddcd475a7ca49860e11eb71b5d3113b6c49e6869bb461d9531",
        "the bytes of a layer changed: the same source gets another digest than it had"
    );
    assert_eq!(Digest::of(&image.manifest), image.digest);
    for blob in image.layers.iter().chain([&image.config]) {
        assert_eq!(Digest::of(&bytes(blob)), blob.digest);
    }
}

#[test]
fn one_other_byte_gives_another_image_on_the_same_base() {
    let before = tiny_image();
    let mut changed = tiny_elf(X86_64, EXECUTABLE);
    changed.push(1);
    let after = image_of(&changed, "x86_64").expect("an image");
    assert_ne!(before.digest, after.digest);
    assert_ne!(before.layers[1], after.layers[1]);
    assert_eq!(before.layers[0], after.layers[0]);
}

#[test]
fn manifest_and_configuration_are_what_lambda_takes() {
    let image = tiny_image();
    let manifest: Value = serde_json::from_slice(&image.manifest).expect("JSON");
    let layers: Vec<Value> = image
        .layers
        .iter()
        .map(|layer| {
            json!({
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "digest": layer.digest.0,
                "size": layer.size,
            })
        })
        .collect();
    assert_eq!(
        manifest,
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "digest": image.config.digest.0,
                "size": image.config.size,
            },
            "layers": layers,
        })
    );
    let config: Value = serde_json::from_slice(&bytes(&image.config)).expect("JSON");
    assert_eq!(config["architecture"], "amd64");
    assert_eq!(config["os"], "linux");
    assert_eq!(config["created"], "1970-01-01T00:00:00Z");
    assert_eq!(
        config["config"],
        json!({
            "Entrypoint": ["/var/task/bootstrap"],
            "Env": [
                "PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin",
                "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
            ],
            "WorkingDir": "/var/task",
        })
    );
    let arm = image_of(&tiny_elf(AARCH64, EXECUTABLE), "arm64").expect("an image");
    let config: Value = serde_json::from_slice(&bytes(&arm.config)).expect("JSON");
    assert_eq!(config["architecture"], "arm64");
}

#[test]
fn a_binary_that_lambda_could_not_start_is_refused_with_the_reason() {
    let refused = |binary: &[u8], architecture| image_of(binary, architecture).expect_err("no image").summary;
    assert_eq!(refused(b"#!/bin/sh\n", "x86_64"), "the binary is no Linux program (ELF)");
    assert_eq!(refused(b"", "x86_64"), "the binary is no Linux program (ELF)");
    assert_eq!(
        refused(&tiny_elf(AARCH64, EXECUTABLE), "x86_64"),
        "the binary is built for arm64, the function runs on x86_64"
    );
    assert_eq!(
        refused(&tiny_elf(X86_64, EXECUTABLE), "arm64"),
        "the binary is built for x86_64, the function runs on arm64"
    );
    assert_eq!(refused(&tiny_elf(X86_64, EXECUTABLE), "riscv"), "Lambda has no architecture \"riscv\"");
    for kind in [SHARED, OBJECT] {
        assert_eq!(
            refused(&tiny_elf(X86_64, kind), "x86_64"),
            "the binary is no executable: it is a library or an object file"
        );
    }
    let missing = assemble("/nowhere/at/all".as_ref(), "x86_64").expect_err("no image");
    assert_eq!(missing.summary, "the binary /nowhere/at/all cannot be read");
}

#[test]
fn a_dynamically_linked_binary_is_refused_with_its_libraries() {
    // This test's own binary is one, unless it was itself built with `crt-static`.
    let own = std::env::current_exe().expect("a path");
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    if cfg!(target_feature = "crt-static") {
        assemble(&own, architecture).expect("an image");
        return;
    }
    let problem = assemble(&own, architecture).expect_err("no image");
    assert_eq!(problem.summary, "the binary is dynamically linked, and the image holds no libraries");
    assert!(problem.detail.contains("libc.so.6"), "{problem:?}");
    assert!(problem.detail.contains("it is started by /lib"), "{problem:?}");
    assert!(problem.hint.contains("crt-static"), "{problem:?}");
}
