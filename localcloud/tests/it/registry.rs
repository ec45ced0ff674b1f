//! The registry as a client of the OCI distribution protocol sees it.

use localcloud::blobs::digest_of;
use serde_json::Value;

use crate::live::{Live, MANIFEST, REPOSITORY, image_of};

async fn code(response: reqwest::Response) -> (u16, String, String) {
    let status = response.status().as_u16();
    let errors: Value = response.json().await.unwrap();
    let error = &errors["errors"][0];
    (status, error["code"].as_str().unwrap().to_owned(), error["message"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn what_was_pushed_can_be_pulled() {
    let live = Live::start().await;
    let image = image_of(b"not run here");
    live.push("v1", &image).await;

    let digest = digest_of(&image.manifest);
    for reference in ["v1", &digest] {
        let head =
            live.registry("HEAD", &format!("{REPOSITORY}/manifests/{reference}")).send().await.unwrap();
        assert_eq!(head.headers()["docker-content-digest"], digest.as_str());
        assert_eq!(head.headers()["content-length"], image.manifest.len().to_string().as_str());
        let got = live.registry("GET", &format!("{REPOSITORY}/manifests/{reference}")).send().await.unwrap();
        assert_eq!(got.headers()["content-type"], MANIFEST);
        assert_eq!(got.bytes().await.unwrap(), image.manifest);
    }
    let blob = live.registry("GET", &format!("{REPOSITORY}/blobs/{}", digest_of(&image.layer)));
    assert_eq!(blob.send().await.unwrap().bytes().await.unwrap(), image.layer);
    let tags: Value =
        live.registry("GET", &format!("{REPOSITORY}/tags/list")).send().await.unwrap().json().await.unwrap();
    assert_eq!(tags, serde_json::json!({"name": REPOSITORY, "tags": ["v1"]}));
}

#[tokio::test]
async fn only_a_token_opens_it() {
    let live = Live::start().await;
    let url = format!("{}/v2/", live.account.endpoint());
    for request in [
        live.http.get(&url),
        live.http.get(&url).basic_auth("AWS", Some("guess")),
        live.http.get(&url).basic_auth("somebody", Some(&live.password)),
        live.http.get(&url).bearer_auth(&live.password),
    ] {
        let answer = request.send().await.unwrap();
        assert!(answer.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic realm="));
        assert_eq!(code(answer).await.0, 401);
    }
    assert_eq!(live.registry("GET", "").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_repository_is_not_made_by_pushing_to_it() {
    let live = Live::start().await;
    let answer = live.registry("POST", "other/blobs/uploads/").send().await.unwrap();
    let (status, code, message) = code(answer).await;
    assert_eq!((status, code.as_str()), (404, "NAME_UNKNOWN"));
    assert_eq!(
        message,
        "The repository with name 'other' does not exist in the registry with id '000000000000'"
    );
}

#[tokio::test]
async fn chunks_after_the_first_are_lost_as_on_ecr() {
    let live = Live::start().await;
    let upload = live.registry("POST", &format!("{REPOSITORY}/blobs/uploads/")).send().await.unwrap();
    let place = upload.headers()["location"].to_str().unwrap().to_owned();
    for chunk in ["one", "two"] {
        let patched = live.registry("PATCH", &place).body(chunk).send().await.unwrap();
        assert_eq!(patched.status(), 201);
        assert_eq!(patched.headers()["range"], "0-2");
    }
    let put = live.registry("PUT", &format!("{place}?digest={}", digest_of(b"onetwo"))).send().await.unwrap();
    let (status, code, _) = code(put).await;
    assert_eq!((status, code.as_str()), (400, "DIGEST_INVALID"));
}

#[tokio::test]
async fn a_manifest_needs_its_blobs_in_the_same_repository() {
    let live = Live::start().await;
    let image = image_of(b"not run here");
    live.push_blob(REPOSITORY, &image.config).await;
    let (status, code_text, _) = code(live.push_manifest(REPOSITORY, "v1", &image.manifest).await).await;
    assert_eq!((status, code_text.as_str()), (400, "MANIFEST_BLOB_UNKNOWN"));

    aws_sdk_ecr::Client::new(&live.sdk).create_repository().repository_name("other").send().await.unwrap();
    live.push_blob("other", &image.layer).await;
    let mount = |digest: String| {
        live.registry("POST", &format!("{REPOSITORY}/blobs/uploads/?mount={digest}&from=other")).send()
    };
    assert_eq!(mount(digest_of(b"nobody has this")).await.unwrap().status(), 202);
    assert_eq!(mount(digest_of(&image.layer)).await.unwrap().status(), 201);
    let put = live.push_manifest(REPOSITORY, "v1", &image.manifest).await;
    assert_eq!(put.status(), 201);
    assert!(put.headers().get("location").is_none(), "ECR tells no Location");
}

#[tokio::test]
async fn an_immutable_tag_cannot_even_be_set_to_what_it_is() {
    let live = Live::start().await;
    let image = image_of(b"not run here");
    live.push("v1", &image).await;
    aws_sdk_ecr::Client::new(&live.sdk)
        .put_image_tag_mutability()
        .repository_name(REPOSITORY)
        .image_tag_mutability("IMMUTABLE".into())
        .send()
        .await
        .unwrap();
    let (status, code, message) = code(live.push_manifest(REPOSITORY, "v1", &image.manifest).await).await;
    assert_eq!((status, code.as_str()), (400, "TAG_INVALID"));
    assert_eq!(
        message,
        "The image tag 'v1' already exists in the 'team/fixture' repository and cannot be overwritten because the \
         repository is immutable."
    );
    assert_eq!(live.push_manifest(REPOSITORY, "v2", &image.manifest).await.status(), 201);
}

#[tokio::test]
async fn what_is_not_offered_is_refused_by_name() {
    let live = Live::start().await;
    for (method, path) in
        [("GET", "_catalog"), ("DELETE", "team/fixture/manifests/v1"), ("GET", "x/referrers/y")]
    {
        let (status, code, message) = code(live.registry(method, path).send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), (405, "UNSUPPORTED"));
        assert!(message.contains(path), "{message}");
    }
}
