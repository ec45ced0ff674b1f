//! Requests to the registry, with the password: nothing but digests ever becomes a file's name.

#![no_main]

use std::fs;
use std::sync::{Arc, LazyLock};

use arbitrary::Arbitrary;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use localcloud::blobs::Blobs;
use localcloud::registry::{Tokens, router};
use localcloud::store::{Store, StoreError};
use localcloud::world::World;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

#[derive(Debug, Arbitrary)]
struct Sent<'a> {
    method: u8,
    path: &'a str,
    media_type: Option<&'a str>,
    body: &'a [u8],
}

struct Registry {
    dir: TempDir,
    runtime: Runtime,
    router: Router,
    password: String,
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let world = Arc::new(World::load(Store::open(&dir.path().join("state.redb"), false).unwrap()).unwrap());
    world
        .change::<(), StoreError>(|state| {
            let repository = serde_json::json!({"name": "a/b", "created_ms": 0, "tag_mutability": "MUTABLE", "scan_on_push": false,
                "images": {}, "image_tags": {}, "blobs": [], "policy": null, "tags": {}});
            state.repositories.insert("a/b".to_owned(), serde_json::from_value(repository)?);
            Ok(())
        })
        .unwrap();
    let tokens = Tokens::new();
    let password = STANDARD.encode(format!("AWS:{}", tokens.issue().0));
    let router = router(world, Blobs::open(&dir.path().join("blobs")).unwrap(), tokens);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    Registry { dir, runtime, router, password }
});

fuzz_target!(|sent: Sent<'_>| {
    let registry = &*REGISTRY;
    let method = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"][usize::from(sent.method) % 6];
    let request = Request::builder().method(method).uri(format!("/v2/{}", sent.path));
    let request = request.header("authorization", format!("Basic {}", registry.password));
    let request = match sent.media_type {
        Some(media_type) => request.header("content-type", media_type),
        None => request,
    };
    // What is no URI or no header is not sent.
    let Ok(request) = request.body(Body::from(sent.body.to_vec())) else { return };
    let answer = registry.runtime.block_on(registry.router.clone().oneshot(request)).unwrap();
    assert!(answer.status().as_u16() < 500, "{}", answer.status());
    let names = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(registry.dir.path().join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let mut top = names("");
    top.sort();
    assert_eq!(top, ["blobs", "state.redb"]);
    let is_digest = |name: &String| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(names("blobs/sha256").iter().all(is_digest));
});
