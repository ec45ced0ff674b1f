//! Pushing to the local cloud's registry, and to registries that misbehave.

use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::response::Response;
use callboard::domain::{Digest, Problem, Secret};
use callboard::http;
use callboard::image::{Image, Pushed, Registry, push};
use localcloud::blobs::Blobs;
use localcloud::registry::{Tokens, router};
use localcloud::store::{Store, StoreError};
use localcloud::world::World;
use localcloud::world::repositories::Repository;
use tempfile::TempDir;

use super::image::{EXECUTABLE, X86_64, bytes, image_of, tiny_elf};
use super::pretend::{Server, answer};

/// An image that differs by its last byte.
fn image(variant: u8) -> Image {
    let mut binary = tiny_elf(X86_64, EXECUTABLE);
    binary.extend(vec![variant; 200_000]);
    image_of(&binary, "x86_64").expect("an image")
}

/// The local cloud's registry with one repository `hello`.
struct Local {
    registry: Registry,
    blobs: Blobs,
    _server: Server,
    _folder: TempDir,
}

impl Local {
    async fn start(mutability: &str) -> Local {
        let folder = TempDir::new().expect("a folder");
        let store = Store::open(&folder.path().join("store"), false).expect("a store");
        let world = Arc::new(World::load(store).expect("a world"));
        world
            .change(|state| {
                let repository =
                    Repository { tag_mutability: mutability.to_owned(), ..Repository::new("hello", 0) };
                state.repositories.insert("hello".to_owned(), repository);
                Ok::<(), StoreError>(())
            })
            .expect("a repository");
        let blobs = Blobs::open(&folder.path().join("blobs")).expect("blobs");
        let tokens = Tokens::new();
        let (password, _) = tokens.issue();
        let server = Server::of(router(world, blobs.clone(), tokens)).await;
        let registry = Registry {
            url: server.url("").parse().expect("a URL"),
            username: "AWS".to_owned(),
            password: Secret::new(password),
        };
        Local { registry, blobs, _server: server, _folder: folder }
    }
}

async fn pushed(registry: &Registry, tag: &str, image: &Image) -> Result<Pushed, Problem> {
    push(&http::client().expect("a client"), registry, "hello", tag, image, &|_, _| ())
        .await
        .map_err(|failed| failed.problem)
}

#[tokio::test]
async fn an_image_arrives_whole_and_its_progress_is_told() {
    let local = Local::start("IMMUTABLE").await;
    let image = image(1);
    let heard = Mutex::new(Vec::new());
    let http = http::client().expect("a client");
    let told = |done, total| heard.lock().expect("heard").push((done, total));
    let pushed = push(&http, &local.registry, "hello", "first", &image, &told).await.expect("pushed");
    let blobs: Vec<_> = image.layers.iter().chain([&image.config]).collect();
    let size = blobs.iter().map(|blob| blob.size).sum::<u64>() + image.manifest.len() as u64;
    assert_eq!(
        pushed,
        Pushed { digest: image.digest.clone(), sent_bytes: size, blobs_sent: 3, blobs_reused: 0 }
    );
    for blob in blobs {
        assert_eq!(local.blobs.read(&blob.digest.0).expect("the blob"), bytes(blob));
    }
    assert_eq!(local.blobs.read(&image.digest.0).expect("the manifest"), image.manifest);
    let heard = heard.into_inner().expect("heard");
    assert!(heard.is_sorted(), "{heard:?}");
    assert!(heard.iter().all(|(done, total)| done <= total && *total == size), "{heard:?}");
    assert_eq!(heard.last(), Some(&(size, size)));
}

#[tokio::test]
async fn the_same_image_under_the_same_tag_is_not_sent_again_even_where_tags_are_immutable() {
    let local = Local::start("IMMUTABLE").await;
    let image = image(1);
    pushed(&local.registry, "first", &image).await.expect("pushed");
    let again = pushed(&local.registry, "first", &image).await.expect("found");
    assert_eq!(again, Pushed { digest: image.digest.clone(), sent_bytes: 0, blobs_sent: 0, blobs_reused: 3 });
    let renamed = pushed(&local.registry, "second", &image).await.expect("pushed");
    assert_eq!((renamed.blobs_sent, renamed.blobs_reused), (0, 3));
    assert_eq!(renamed.sent_bytes, image.manifest.len() as u64);
}

#[tokio::test]
async fn a_changed_service_is_sent_without_its_base() {
    let local = Local::start("IMMUTABLE").await;
    pushed(&local.registry, "first", &image(1)).await.expect("pushed");
    let second = pushed(&local.registry, "second", &image(2)).await.expect("pushed");
    assert_eq!((second.blobs_sent, second.blobs_reused), (2, 1));
}

#[tokio::test]
async fn a_layer_that_an_image_has_twice_is_sent_once() {
    let local = Local::start("IMMUTABLE").await;
    let mut image = image(1);
    image.layers.push(image.layers[1].clone());
    let pushed = pushed(&local.registry, "first", &image).await.expect("pushed");
    assert_eq!((pushed.blobs_sent, pushed.blobs_reused), (3, 0));
}

#[tokio::test]
async fn a_tag_is_never_moved_not_even_where_the_registry_would() {
    let local = Local::start("MUTABLE").await;
    pushed(&local.registry, "first", &image(1)).await.expect("pushed");
    let problem = pushed(&local.registry, "first", &image(2)).await.expect_err("refused");
    assert_eq!(problem.summary, "the tag first already holds another image");
    assert!(problem.detail.contains(&image(1).digest.0) && problem.detail.contains(&image(2).digest.0));
}

#[tokio::test]
async fn what_the_registry_refuses_is_explained() {
    let local = Local::start("IMMUTABLE").await;
    let http = http::client().expect("a client");
    let unknown = push(&http, &local.registry, "other", "tag", &image(1), &|_, _| ()).await;
    let problem = unknown.expect_err("refused").problem;
    assert_eq!(problem.summary, "the registry takes no upload");
    assert!(problem.detail.contains("NAME_UNKNOWN"), "{problem:?}");
    assert!(problem.hint.contains("there is no repository \"other\""), "{problem:?}");

    let stranger = Registry { password: Secret::new("not-the-token"), ..local.registry.clone() };
    let problem = pushed(&stranger, "tag", &image(1)).await.expect_err("refused");
    assert!(problem.hint.contains("has expired"), "{problem:?}");
    assert!(!format!("{stranger:?} {problem:?}").contains("not-the-token"));
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_named() {
    let gone = Server::of(axum::Router::new()).await;
    let url = gone.url("");
    gone.stop().await;
    let registry = Registry {
        url: url.parse().expect("a URL"),
        username: "AWS".to_owned(),
        password: Secret::new("secret"),
    };
    let problem = pushed(&registry, "tag", &image(1)).await.expect_err("no registry");
    assert_eq!(problem.summary, format!("the registry {url} cannot be reached"));
    assert!(problem.detail.contains("Connection refused"), "{problem:?}");
}

/// A registry that is asked for nothing but what `answer` makes of each request.
async fn odd(answer: impl Fn(&Request) -> Response + Clone + Send + Sync + 'static) -> (Server, Registry) {
    let server = Server::answering(answer).await;
    let url = server.url("").parse().expect("a URL");
    (server, Registry { url, username: "AWS".to_owned(), password: Secret::new("secret") })
}

#[tokio::test]
async fn credentials_go_to_the_registry_and_nowhere_else() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let elsewhere = seen.clone();
    let (storage, storage_registry) = odd(move |request| {
        elsewhere.lock().expect("seen").push(request.headers().get("authorization").cloned());
        answer(201, &[], "")
    })
    .await;
    let place = storage_registry.url.join("/store?signed=yes").expect("a URL").to_string();
    let image = image(1);
    let digest = image.digest.0.clone();
    let (_server, registry) = odd(move |request| {
        assert!(request.headers().contains_key("authorization"));
        match request.method().as_str() {
            "HEAD" => answer(404, &[], ""),
            "POST" => answer(202, &[("location", &place)], ""),
            _ => answer(201, &[("docker-content-digest", &digest)], ""),
        }
    })
    .await;
    pushed(&registry, "tag", &image).await.expect("pushed");
    assert_eq!(*seen.lock().expect("seen"), [None, None, None]);
    drop(storage);
}

#[tokio::test]
async fn a_registry_that_holds_something_else_in_the_end_is_found_out() {
    for named in [Some(Digest::of(b"something else").0), None] {
        let (_server, registry) = odd(move |request| match request.method().as_str() {
            "HEAD" => answer(404, &[], ""),
            "POST" => answer(202, &[("location", "/v2/hello/blobs/uploads/1")], ""),
            _ => match &named {
                Some(digest) => answer(201, &[("docker-content-digest", digest)], ""),
                None => answer(201, &[], ""),
            },
        })
        .await;
        let problem = pushed(&registry, "tag", &image(1)).await.expect_err("found out");
        assert_eq!(problem.summary, "the registry holds another image than the one that was pushed");
    }
}

#[tokio::test]
async fn a_tag_without_a_digest_header_is_hashed() {
    let image = image(1);
    let manifest = String::from_utf8(image.manifest.to_vec()).expect("text");
    let (_server, registry) = odd(move |_| answer(200, &[], &manifest)).await;
    assert_eq!(pushed(&registry, "tag", &image).await.expect("found").blobs_sent, 0);
}

#[tokio::test]
async fn foreign_errors_are_harmless_and_have_a_hint() {
    for (status, body, hint) in [
        (413, "<html>\u{1b}[2Jtoo large</html>", "limits the size of a layer"),
        (429, "", "throttling"),
        (403, r#"{"errors":[{"code":"DENIED","message":"no"}]}"#, "ecr:PutImage"),
        (500, "", "the registry failed"),
        (400, r#"{"errors":[{"code":"TAG_INVALID","message":"the tag exists"}]}"#, "immutable"),
    ] {
        let (_server, registry) = odd(move |request| match request.method().as_str() {
            "HEAD" => answer(404, &[], ""),
            _ => answer(status, &[], body),
        })
        .await;
        let problem = pushed(&registry, "tag", &image(1)).await.expect_err("refused");
        assert!(problem.hint.contains(hint), "{problem:?}");
        assert!(problem.detail.contains(&status.to_string()), "{problem:?}");
        assert!(!problem.detail.contains('\u{1b}'), "{problem:?}");
    }
}
