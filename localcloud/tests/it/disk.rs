//! What is on disk: how much, what can go and what must stay, starting over, and files that cannot be used.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use aws_sdk_ecr::types::ImageIdentifier;
use aws_sdk_lambda::types::State;
use localcloud::disk::{self, DiskError, Held, Policy, Pruned};
use localcloud::store::StoreError;
use localcloud::{LocalCloud, OpenError, Options};
use redb::{Database, TableDefinition};
use serde_json::json;
use tempfile::TempDir;

use crate::image::program;
use crate::live::{Live, REPOSITORY, image_of};

/// The unpacked images.
fn unpacked(dir: &TempDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.path().join("images")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir() && !path.ends_with("unfinished")).collect()
}

/// As if all unpacked images had been used last so long ago.
fn unused_for(dir: &TempDir, time: Duration) {
    for path in unpacked(dir) {
        File::open(path).unwrap().set_modified(SystemTime::now() - time).unwrap();
    }
}

async fn delete_image(live: &Live, tag: &str) {
    let ecr = aws_sdk_ecr::Client::new(&live.sdk);
    let id = ImageIdentifier::builder().image_tag(tag).build();
    ecr.batch_delete_image().repository_name(REPOSITORY).image_ids(id).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_uses_goes_and_what_is_used_stays() {
    let live = Live::with_function("f", &[]).await;
    let other = image_of(&[program(), b"other"].concat());
    live.push("v2", &other).await;
    let dir = live.account.dir.path();
    let status = disk::status(dir).await.unwrap();
    assert_eq!(status.running.as_ref().unwrap().endpoint, live.account.endpoint());
    assert_eq!(status.running.as_ref().unwrap().pid, std::process::id());
    assert_eq!((status.functions, status.repositories, status.images), (1, 1, 2));
    // The two share their configuration.
    assert_eq!((status.blobs.count, status.unreferenced_blobs), (5, Held::default()));
    assert_eq!((status.unpacked.count, status.unused_unpacked), (1, Held::default()));
    assert!(status.unpacked.bytes >= program().len() as u64 && status.state_bytes > 0);
    assert_eq!(disk::prune(dir, &Policy::unused_now()).await.unwrap(), Pruned::default());

    // An image that nothing uses goes with its blobs.
    delete_image(&live, "v2").await;
    let gone = disk::prune(dir, &Policy::unused_now()).await.unwrap();
    let bytes = (other.layer.len() + other.manifest.len()) as u64;
    assert_eq!(gone.blobs, Held { count: 2, bytes });
    // It can be pushed again, for nobody believes that its blobs are there.
    live.push("v2", &other).await;

    // Of one that a function uses, its layers go: Lambda has its own copy.
    delete_image(&live, "v1").await;
    let gone = disk::prune(dir, &Policy::unused_now()).await.unwrap();
    assert_eq!(gone.blobs.count, 1);
    assert_eq!(live.invoke("f", json!({"do": "pid"})).await.error, None);

    // And the copy goes with the function, once no process runs from it.
    live.lambda().delete_function().function_name("f").send().await.unwrap();
    unused_for(&live.account.dir, Duration::from_secs(3600));
    let pruned = crate::live::until_some(|| async {
        let gone = disk::prune(dir, &Policy::unused_now()).await.unwrap();
        (gone.unpacked.count > 0).then_some(gone)
    });
    assert_eq!(pruned.await.unpacked.count, 1);
    assert_eq!(unpacked(&live.account.dir), Vec::<PathBuf>::new());
    live.account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_copy_is_made_again_when_it_is_needed() {
    let live = Live::with_function("f", &[]).await;
    unused_for(&live.account.dir, Duration::from_secs(40 * 24 * 3600));
    let dir = live.account.dir.path().to_owned();
    let gone = disk::prune(&dir, &Policy::automatic()).await.unwrap();
    assert_eq!(gone.unpacked.count, 1, "30 days are enough");
    // Its layers stay, although the image is deleted now: the function has them still.
    delete_image(&live, "v1").await;
    assert_eq!(disk::prune(&dir, &Policy::unused_now()).await.unwrap().blobs, Held::default());
    assert_eq!(live.invoke("f", json!({"do": "pid"})).await.error, None);
    assert_eq!(unpacked(&live.account.dir).len(), 1);
    live.account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_is_under_way_is_left_alone() {
    let live = Live::start().await;
    let image = image_of(b"\x7fELF, or so it says");
    live.push_blob(REPOSITORY, &image.layer).await;
    live.push_blob(REPOSITORY, &image.config).await;
    let dir = live.account.dir.path().to_owned();
    let status = disk::status(&dir).await.unwrap();
    assert_eq!(status.unreferenced_blobs.count, 2);
    assert_eq!(disk::prune(&dir, &Policy::unused_now()).await.unwrap(), Pruned::default());
    assert_eq!(live.push_manifest(REPOSITORY, "v1", &image.manifest).await.status(), 201);
    delete_image(&live, "v1").await;
    // A client that asks whether a blob is there may build on the answer.
    let digest = localcloud::blobs::digest_of(&image.layer);
    let head = live.registry("HEAD", &format!("{REPOSITORY}/blobs/{digest}")).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(disk::prune(&dir, &Policy::unused_now()).await.unwrap().blobs.count, 2);
    let head = live.registry("HEAD", &format!("{REPOSITORY}/blobs/{digest}")).send().await.unwrap();
    assert_eq!(head.status(), 200);
    live.account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_one_is_looked_at_pruned_and_reset() {
    let live = Live::with_function("f", &[]).await;
    live.push("v2", &image_of(&[program(), b"other"].concat())).await;
    let logs = aws_sdk_cloudwatchlogs::Client::new(&live.sdk);
    logs.create_log_group().log_group_name("g").send().await.unwrap();
    logs.create_log_stream().log_group_name("g").log_stream_name("s").send().await.unwrap();
    let now = jiff::Timestamp::now().as_millisecond();
    for letter in ["a", "b"] {
        let event = InputLogEvent::builder().timestamp(now).message(letter.repeat(100_000)).build().unwrap();
        logs.put_log_events()
            .log_group_name("g")
            .log_stream_name("s")
            .log_events(event)
            .send()
            .await
            .unwrap();
    }
    delete_image(&live, "v2").await;
    let dir = live.account.dir.path().to_owned();
    assert!(matches!(disk::reset(&dir).await, Err(DiskError::Running(_))));
    let running = disk::status(&dir).await.unwrap();
    let kept = live.account.stop_and_keep().await;
    let status = disk::status(&dir).await.unwrap();
    assert_eq!(status.running, None);
    let same =
        disk::Status { running: running.running.clone(), state_bytes: running.state_bytes, ..status.clone() };
    assert_eq!(same, running);
    assert_eq!(status.log_events, Held { count: 2, bytes: 200_052 });

    let policy = Policy { log_bytes: Some(150_000), ..Policy::unused_now() };
    let gone = disk::prune(&dir, &policy).await.unwrap();
    assert_eq!((gone.blobs.count, gone.log_events), (2, Held { count: 1, bytes: 100_026 }));
    assert!(gone.state_bytes > 0, "the file is smaller");
    let status = disk::status(&dir).await.unwrap();
    assert_eq!((status.log_events.count, status.unreferenced_blobs.count, status.functions), (1, 0, 1));

    assert!(disk::reset(&dir).await.unwrap() > program().len() as u64 / 4);
    let status = disk::status(&dir).await.unwrap();
    assert_eq!((status.functions, status.blobs.count, status.log_events.count), (0, 0, 0));
    drop(kept);
    assert!(matches!(disk::status(&dir).await, Err(DiskError::Nothing(_))));
}

async fn opening(dir: &Path) -> OpenError {
    LocalCloud::open(Options::new(dir)).await.map(drop).expect_err("it does not open")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_format_is_refused_and_left_as_it_is() {
    let live = Live::start().await;
    let kept = live.account.stop_and_keep().await;
    let path = kept.path().join("state.redb");
    {
        let database = Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        let documents: TableDefinition<&str, &[u8]> = TableDefinition::new("documents");
        transaction.open_table(documents).unwrap().insert("format", b"999".as_slice()).unwrap();
        transaction.commit().unwrap();
    }
    let refused = opening(kept.path()).await;
    assert!(matches!(&refused, OpenError::Store(StoreError::Format { found: 999, .. })), "{refused:?}");
    let path = path.canonicalize().unwrap();
    assert_eq!(
        refused.to_string(),
        format!(
            "{} has format 999, this program reads format 1: use the newer program, or start over with --fresh",
            path.display()
        )
    );
    assert!(matches!(
        disk::prune(kept.path(), &Policy::unused_now()).await,
        Err(DiskError::Store(StoreError::Format { .. }))
    ));
    disk::reset(kept.path()).await.unwrap();
    assert_eq!(disk::status(kept.path()).await.unwrap().repositories, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_named_and_left_as_it_is() {
    let live = Live::with_function("f", &[]).await;
    assert_eq!(live.create("g", "v1", &[]).await, State::Active);
    let kept = live.account.stop_and_keep().await;
    let path = kept.path().join("state.redb");
    let whole = fs::read(&path).unwrap();
    for damaged in [&b"this is no database"[..], &whole[..whole.len() / 2], &whole[..100], b""] {
        fs::write(&path, damaged).unwrap();
        let refused = opening(kept.path()).await;
        assert!(matches!(&refused, OpenError::Store(StoreError::Damaged { .. })), "{refused:?}");
        let (text, path) = (refused.to_string(), path.canonicalize().unwrap());
        assert!(text.starts_with(&format!("{} is damaged (", path.display())), "{text}");
        assert!(
            text.ends_with("put a copy of it from before in its place, or start over with --fresh"),
            "{text}"
        );
        assert_eq!(fs::read(&path).unwrap(), damaged, "it is as it was");
        assert!(!unpacked(&kept).is_empty(), "nothing else was touched");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(disk::status(kept.path()).await.unwrap().functions, 2);
    fs::write(&path, b"damaged again").unwrap();
    disk::reset(kept.path()).await.unwrap();
    assert_eq!(disk::status(kept.path()).await.unwrap().functions, 0);
}
