//! Archives as `docker save` writes them, and archives that are refused.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

use super::*;
use crate::domain::Digest;
use crate::image::Content;

/// What goes into an archive.
struct Written {
    tar: Builder<Vec<u8>>,
}

impl Written {
    fn new() -> Written {
        Written { tar: Builder::new(Vec::new()) }
    }

    fn file(mut self, name: &str, content: &[u8]) -> Written {
        let mut header = Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        self.tar.append_data(&mut header, name, content).expect("a file");
        self
    }

    fn link(mut self, name: &str, to: &str) -> Written {
        let mut header = Header::new_ustar();
        header.set_size(0);
        header.set_entry_type(EntryType::Symlink);
        self.tar.append_link(&mut header, name, to).expect("a link");
        self
    }

    fn json(self, name: &str, value: &Value) -> Written {
        self.file(name, value.to_string().as_bytes())
    }

    fn bytes(self) -> Vec<u8> {
        self.tar.into_inner().expect("a tar")
    }
}

fn archive(bytes: &[u8]) -> Archive {
    let archive = Archive::begin("a test".to_owned()).expect("a folder");
    std::fs::write(archive.file(), bytes).expect("a file");
    archive
}

/// A layer: a tar with one file of these bytes.
fn layer(content: &[u8]) -> Vec<u8> {
    Written::new().file("var/task/bootstrap", content).bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).expect("written");
    gzip.finish().expect("finished")
}

fn configuration(layers: &[&[u8]]) -> Value {
    let diff_ids: Vec<String> = layers.iter().map(|layer| Digest::of(layer).0).collect();
    json!({
        "architecture": "amd64", "os": "linux", "created": "2026-11-22T12:03:01Z",
        "config": {"Entrypoint": ["/var/task/bootstrap"], "Cmd": null, "Env": ["A=b"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    })
}

/// An archive with this configuration and these layers, as they lie in it.
fn image(configuration: &Value, layers: &[&[u8]]) -> Vec<u8> {
    let names: Vec<String> = (0..layers.len()).map(|number| format!("{number}/layer.tar")).collect();
    let mut written = Written::new().json("config.json", configuration);
    for (name, layer) in names.iter().zip(layers) {
        written = written.file(name, layer);
    }
    written
        .json("manifest.json", &json!([{"Config": "config.json", "RepoTags": null, "Layers": names}]))
        .bytes()
}

async fn read(bytes: &[u8]) -> Result<Image, Problem> {
    read_archive(archive(bytes), "x86_64", &|_| ()).await
}

async fn refused(bytes: &[u8]) -> Problem {
    read(bytes).await.expect_err("it is refused")
}

fn file_of(image: &Image, layer: usize) -> &Path {
    match &image.layers[layer].content {
        Content::File { path, .. } => path,
        Content::Memory(_) => panic!("a layer is in memory"),
    }
}

#[tokio::test]
async fn an_archive_becomes_one_image_with_gzipped_layers_that_go_with_it() {
    let (first, second) = (layer(&[1; 100_000]), layer(b"the service"));
    let kept = gzip(&second);
    let bytes = image(&configuration(&[&first, &second]), &[&first, &kept]);
    let read_from = archive(&bytes);
    let folder = read_from.folder.path().to_owned();
    let heard = std::sync::Mutex::new(Vec::new());
    let image = read_archive(read_from, "x86_64", &|line| heard.lock().expect("heard").push(line)).await;
    let image = image.expect("an image");
    let manifest: Value = serde_json::from_slice(&image.manifest).expect("JSON");
    assert_eq!(manifest["mediaType"], "application/vnd.docker.distribution.manifest.v2+json");
    assert_eq!(manifest["layers"][1]["digest"], image.layers[1].digest.0);
    assert_eq!(Digest::of(&image.manifest), image.digest);
    assert_eq!(heard.lock().expect("heard").len(), 2);

    let mut plain = Vec::new();
    GzDecoder::new(File::open(file_of(&image, 0)).expect("a file")).read_to_end(&mut plain).expect("gzip");
    assert_eq!(plain, first);
    assert_eq!(std::fs::read(file_of(&image, 1)).expect("a file"), kept, "what is gzipped is kept");
    for (index, blob) in image.layers.iter().enumerate() {
        let sent = std::fs::read(file_of(&image, index)).expect("a file");
        assert_eq!((Digest::of(&sent), sent.len() as u64), (blob.digest.clone(), blob.size));
    }
    assert_eq!(read(&bytes).await.expect("an image"), image, "the same archive gives the same image");

    assert!(!folder.join("image.tar").exists() && folder.exists());
    drop(image);
    assert!(!folder.exists(), "the layers stay behind");
}

#[tokio::test]
async fn a_layer_that_is_there_twice_is_a_link_to_the_first() {
    let one = layer(b"one");
    let names = ["a/layer.tar", "b/layer.tar"];
    let bytes = Written::new()
        .json("config.json", &configuration(&[&one, &one]))
        .file("a/layer.tar", &one)
        .link("b/layer.tar", "../a/layer.tar")
        .json("manifest.json", &json!([{"Config": "config.json", "Layers": names}]))
        .bytes();
    let image = read(&bytes).await.expect("an image");
    assert_eq!(image.layers[0], image.layers[1]);
}

#[tokio::test]
async fn what_lambda_would_refuse_is_refused_before_the_push() {
    let one = layer(b"one");
    let change = |pointer: &str, value: Value| {
        let mut changed = configuration(&[&one]);
        *changed.pointer_mut(pointer).expect("a member") = value;
        image(&changed, &[&one])
    };
    let problem = refused(&change("/architecture", json!("arm64"))).await;
    assert_eq!(problem.summary, "the image is built for linux/arm64, the function runs on linux/amd64");
    let problem = refused(&change("/os", json!("windows"))).await;
    assert!(problem.summary.contains("windows/amd64"), "{problem}");
    for nothing in [json!(null), json!([])] {
        let problem = refused(&change("/config/Entrypoint", nothing)).await;
        assert_eq!(problem.summary, "the image does not say what to run");
    }
    let by_cmd = change("/config", json!({"Entrypoint": null, "Cmd": ["/var/task/bootstrap"]}));
    read(&by_cmd).await.expect("CMD alone will do");

    let many = vec![one.as_slice(); 128];
    let problem = refused(&image(&configuration(&many), &many)).await;
    assert_eq!(problem.summary, "the image has 128 layers, and Lambda takes 127");

    let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0];
    let problem = refused(&image(&configuration(&[&zstd]), &[&zstd])).await;
    assert_eq!(problem.summary, "a layer of the image is compressed with zstd");

    let listed = json!({"Config": "config.json", "Layers": []});
    let two = Written::new().json("manifest.json", &json!([listed, listed])).bytes();
    let problem = refused(&two).await;
    assert_eq!(problem.summary, "the container tool's archive holds 2 images");
    assert!(problem.hint.contains("--provenance=false"), "{problem}");
    let none = Written::new().json("manifest.json", &json!([])).bytes();
    assert_eq!(refused(&none).await.summary, "the container tool's archive holds no image");
}

#[tokio::test]
async fn more_than_ten_gigabytes_are_refused_without_being_read() {
    let names = ["large"];
    let mut bytes = Written::new()
        .json("config.json", &configuration(&[b"large"]))
        .json("manifest.json", &json!([{"Config": "config.json", "Layers": names}]))
        .bytes();
    // Not the end of it yet: the two empty blocks come after the large file, which is a hole in the disk.
    bytes.truncate(bytes.len() - 1024);
    let mut header = Header::new_gnu();
    header.set_path("large").expect("a name");
    header.set_size(LIMIT + 1);
    header.set_cksum();
    bytes.extend(header.as_bytes());
    let large = archive(&bytes);
    let length = bytes.len() as u64 + LIMIT + 2048;
    File::options().write(true).open(large.file()).and_then(|file| file.set_len(length)).expect("a hole");
    let problem = read_archive(large, "x86_64", &|_| ()).await.expect_err("it is refused");
    assert_eq!(problem.summary, "the image is larger than Lambda takes");
}

#[test]
fn a_small_layer_that_unpacks_to_more_than_there_is_room_for_is_refused() {
    let folder = Arc::new(tempfile::tempdir().expect("a folder"));
    let bomb = gzip(&vec![0; 1_000_000]);
    let stop = CancellationToken::new();
    let packed = layers::pack(bomb.as_slice(), 999_999, "bomb", &folder, &stop);
    assert_eq!(packed.err().expect("it is refused").summary, "the image is larger than Lambda takes");
    assert_eq!(
        layers::pack(bomb.as_slice(), 1_000_000, "fits", &folder, &stop).expect("it fits").size,
        1_000_000
    );
    stop.cancel();
    let stopped = layers::pack(bomb.as_slice(), 1_000_000, "late", &folder, &stop).err().expect("stopped");
    assert_eq!(stopped.detail, "stopped");
}

#[tokio::test]
async fn a_damaged_archive_is_refused_wherever_it_is_damaged() {
    let one = layer(&[7; 50_000]);
    let whole = image(&configuration(&[&one]), &[&one]);
    for length in (0..whole.len() - 1024).step_by(512) {
        let problem = refused(&whole[..length]).await;
        assert_eq!(problem.summary, "the container tool's archive cannot be read", "at {length}");
    }
    let mut flipped = whole.clone();
    let place = flipped.windows(100).position(|window| window == [7; 100]).expect("the layer");
    flipped[place] ^= 1;
    assert!(refused(&flipped).await.detail.starts_with("layer 1 hashes to "));

    let lies = image(&configuration(&[&one, &one]), &[&one]);
    assert!(refused(&lies).await.detail.contains("1 layers, and hashes of 2"));
    let twice = Written::new().json("manifest.json", &json!([])).json("manifest.json", &json!([])).bytes();
    assert_eq!(refused(&twice).await.detail, "manifest.json is in it twice");
    assert_eq!(refused(b"no tar at all").await.summary, "the container tool's archive cannot be read");
}

#[tokio::test]
async fn a_name_reaches_nothing_outside_the_archive() {
    for name in ["../../../../etc/hostname", "/etc/hostname", "loop", "out"] {
        let bytes = Written::new()
            .link("loop", "loop")
            .link("out", "/etc/hostname")
            .json("manifest.json", &json!([{"Config": name, "Layers": []}]))
            .bytes();
        let problem = refused(&bytes).await;
        assert_eq!(problem.detail, format!("{name} is not in it"));
    }
}
