//! `callboard local status`, `prune` and `reset`: running and stopped, confirmed and not, and on what is damaged.

use crate::headless::{json, run};
use crate::project::Project;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_disk_is_told_pruned_and_emptied() {
    let project = Project::new();
    let (code, out, err) = run(&project, &["local", "status"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("there is no local cloud in") && err.contains("callboard local"), "{err}");

    let local = project.local_cloud().await;
    let deployed = json(&run(&project, &["deploy", "stage", "--yes", "--json"]).1)["deployed"].clone();
    let digest = deployed["digest"].as_str().expect("a digest").to_owned();
    let status = || json(&run(&project, &["local", "status", "--json"]).1);
    let running = status();
    assert_eq!(running["running"]["endpoint"], local.endpoint());
    assert_eq!((&running["functions"], &running["apis"]), (&1.into(), &1.into()), "{running}");
    assert!(running["blobs"]["bytes"].as_u64() > Some(1000), "{running}");
    let (_, told, _) = run(&project, &["local", "status"]);
    assert!(told.contains("runs at http://127.0.0.1:") && told.contains("1 function, "), "{told}");

    // What a function runs stays, whatever becomes of its image in the repository.
    let (code, out, err) = run(&project, &["local", "prune"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let ids = aws_sdk_ecr::types::ImageIdentifier::builder().image_digest(&digest).build();
    let ecr = project.somebody_else_at_ecr();
    ecr.batch_delete_image().repository_name("hello").image_ids(ids).send().await.expect("it is deleted");
    assert_eq!(run(&project, &["local", "prune", "--json"]).0, 0);
    let url = deployed["url"].as_str().expect("a URL");
    let http = callboard::http::client().expect("a client");
    let answer = http.get(format!("{url}/api/v0")).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);

    // Nothing goes while it runs, nor without a word of confirmation.
    let (code, _, err) = run(&project, &["local", "reset", "--yes"]);
    assert!(
        code == 1 && err.contains("a local cloud is running in") && err.contains("end that Callboard"),
        "{err}"
    );
    local.stop().await;
    assert_eq!(status()["running"], serde_json::Value::Null);
    let (code, _, err) = run(&project, &["local", "reset"]);
    assert!(code == 2 && err.contains("add --yes"), "{err}");
    assert_eq!(status()["functions"], 1);
    let (code, out, _) = run(&project, &["local", "reset", "--yes"]);
    assert!(code == 0 && out.starts_with("the local cloud is empty"), "{out}");
    let empty = status();
    assert_eq!((&empty["functions"], &empty["blobs"]["count"]), (&0.into(), &0.into()), "{empty}");
}

#[test]
fn a_damaged_file_is_named_and_only_a_reset_replaces_it() {
    let project = Project::new();
    assert_eq!(run(&project, &["status"]).0, 0);
    let file = project.settings().local_dir().join("state.redb");
    std::fs::write(&file, "garbage").expect("it is damaged");
    for command in [&["local", "status"][..], &["local", "prune"], &["status"]] {
        let (code, _, err) = run(&project, command);
        assert!(
            code == 1 && err.contains("state.redb is damaged") && err.contains("--fresh"),
            "{command:?}: {err}"
        );
    }
    assert_eq!(std::fs::read(&file).expect("it is there"), b"garbage");
    assert_eq!(run(&project, &["local", "reset", "--yes"]).0, 0);
    assert_eq!(run(&project, &["local", "status"]).0, 0);
}
