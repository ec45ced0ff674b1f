//! ECR.

use aws_sdk_ecr::types::{ImageIdentifier, ImageTagMutability, TagStatus};
use localcloud::blobs::digest_of;

use crate::account::{Account, refusal, refused};
use crate::image;
use crate::live::{Live, REPOSITORY, image_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_and_the_images_pushed_to_it() {
    let account = Account::open().await;
    let ecr = account.ecr();
    let created =
        ecr.create_repository().repository_name("team/hello").send().await.unwrap().repository.unwrap();
    let host = account.endpoint().strip_prefix("http://").unwrap();
    assert_eq!(created.repository_uri(), Some(format!("{host}/team/hello").as_str()));
    assert_eq!(created.repository_arn(), Some("arn:aws:ecr:us-east-1:000000000000:repository/team/hello"));
    assert_eq!(created.image_tag_mutability(), Some(&ImageTagMutability::Mutable));

    let digest = image::push(&account, "team/hello", "v1", 0).await;
    let described = ecr.describe_images().repository_name("team/hello").send().await.unwrap();
    let details = &described.image_details()[0];
    assert_eq!(details.image_digest(), Some(digest.as_str()));
    assert_eq!(details.image_tags(), ["v1"]);
    assert!(details.image_size_in_bytes().unwrap() > 100_000);
    assert_eq!(
        details.image_manifest_media_type(),
        Some("application/vnd.docker.distribution.manifest.v2+json")
    );

    let by_tag = ImageIdentifier::builder().image_tag("v1").build();
    let got = ecr
        .batch_get_image()
        .repository_name("team/hello")
        .image_ids(by_tag.clone())
        .image_ids(ImageIdentifier::builder().image_tag("none").build())
        .send()
        .await
        .unwrap();
    assert!(got.images()[0].image_manifest().unwrap().starts_with('{'));
    assert_eq!(got.failures()[0].failure_reason(), Some("Requested image not found"));

    let not_empty = ecr.delete_repository().repository_name("team/hello").send().await;
    assert_eq!(refusal(not_empty).1, "RepositoryNotEmptyException");
    let gone = ecr.batch_delete_image().repository_name("team/hello").image_ids(by_tag).send().await.unwrap();
    assert_eq!(gone.image_ids()[0].image_digest(), Some(digest.as_str()));
    assert!(ecr.list_images().repository_name("team/hello").send().await.unwrap().image_ids().is_empty());
    ecr.delete_repository().repository_name("team/hello").send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_whose_tag_moved_stays_untagged() {
    let account = Account::open().await;
    let ecr = account.ecr();
    ecr.create_repository().repository_name("hello").send().await.unwrap();
    let first = image::push(&account, "hello", "v1", 0).await;
    let second = image::push(&account, "hello", "v1", 1000).await;
    assert_ne!(first, second);
    let filter = aws_sdk_ecr::types::DescribeImagesFilter::builder().tag_status(TagStatus::Untagged).build();
    let untagged = ecr.describe_images().repository_name("hello").filter(filter).send().await.unwrap();
    let details = untagged.image_details();
    assert_eq!(details.len(), 1);
    assert_eq!(details[0].image_digest(), Some(first.as_str()));
    assert!(details[0].image_tags.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals() {
    let account = Account::open().await;
    let ecr = account.ecr();
    let nowhere = "The repository with name 'none' does not exist in the registry with id '000000000000'";
    assert_eq!(
        refusal(ecr.describe_images().repository_name("none").send().await),
        refused(400, "RepositoryNotFoundException", nowhere)
    );
    ecr.create_repository().repository_name("hello").send().await.unwrap();
    assert_eq!(
        refusal(ecr.create_repository().repository_name("hello").send().await),
        refused(
            400,
            "RepositoryAlreadyExistsException",
            "The repository with name 'hello' already exists in the registry with id '000000000000'"
        )
    );
    let missing = ImageIdentifier::builder().image_tag("v9").build();
    assert_eq!(
        refusal(ecr.describe_images().repository_name("hello").image_ids(missing).send().await),
        refused(
            400,
            "ImageNotFoundException",
            "The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist within the repository with name 'hello' in the registry with id '000000000000'"
        )
    );
    assert_eq!(
        refusal(ecr.get_repository_policy().repository_name("hello").send().await).1,
        "RepositoryPolicyNotFoundException"
    );
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    ecr.set_repository_policy().repository_name("hello").policy_text(policy).send().await.unwrap();
    let got = ecr.get_repository_policy().repository_name("hello").send().await.unwrap();
    assert_eq!(got.policy_text(), Some(policy));
    assert_eq!(
        refusal(ecr.create_repository().repository_name("Bad").send().await).1,
        "InvalidParameterException"
    );
    assert_eq!(
        refusal(ecr.start_image_scan().repository_name("hello").send().await).2,
        "Callboard's local cloud does not offer the operation StartImageScan of ECR"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_goes_with_its_last_tag_or_by_its_digest() {
    let live = Live::start().await;
    let ecr = aws_sdk_ecr::Client::new(&live.sdk);
    let image = image_of(b"not run here");
    let digest = digest_of(&image.manifest);
    for tag in ["a", "b", "c"] {
        live.push(tag, &image).await;
    }
    let by_tag = |tag: &str| ImageIdentifier::builder().image_tag(tag).build();
    let by_digest = |digest: &str| ImageIdentifier::builder().image_digest(digest).build();
    let delete = |ids: Vec<ImageIdentifier>| {
        ecr.batch_delete_image().repository_name(REPOSITORY).set_image_ids(Some(ids)).send()
    };
    let named = |ids: &[ImageIdentifier]| -> Vec<(String, String)> {
        let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
        ids.iter().map(|id| (text(id.image_tag()), text(id.image_digest()))).collect()
    };
    // One tag of three, and what is not there.
    let nowhere = digest_of(b"nowhere");
    let gone = delete(vec![by_tag("c"), by_tag("none"), by_digest(&nowhere)]).await.unwrap();
    assert_eq!(named(gone.image_ids()), [("c".to_owned(), digest.clone())]);
    let failures: Vec<_> = gone.failures().iter().map(|one| one.failure_code().unwrap().as_str()).collect();
    assert_eq!(failures, ["ImageNotFound", "ImageNotFound"]);
    let failed: Vec<ImageIdentifier> =
        gone.failures().iter().map(|failure| failure.image_id().unwrap().clone()).collect();
    assert_eq!(failed, [by_tag("none"), by_digest(&nowhere)]);
    let left = ecr.describe_images().repository_name(REPOSITORY).send().await.unwrap();
    assert_eq!(left.image_details()[0].image_tags(), ["a", "b"]);
    assert_eq!(
        live.registry("HEAD", &format!("{REPOSITORY}/manifests/c")).send().await.unwrap().status(),
        404
    );

    let gone = delete(vec![by_digest(&digest)]).await.unwrap();
    assert_eq!(named(gone.image_ids()), [("a".to_owned(), digest.clone()), ("b".to_owned(), digest.clone())]);
    assert!(ecr.list_images().repository_name(REPOSITORY).send().await.unwrap().image_ids().is_empty());
    for reference in ["a", &digest] {
        let head = live.registry("HEAD", &format!("{REPOSITORY}/manifests/{reference}")).send().await;
        assert_eq!(head.unwrap().status(), 404);
    }
    // It can come back.
    live.push("a", &image).await;
    let delete = || ecr.delete_repository().repository_name(REPOSITORY);
    assert_eq!(
        refusal(delete().send().await),
        refused(
            400,
            "RepositoryNotEmptyException",
            "The repository with name 'team/fixture' in registry with id '000000000000' cannot be deleted because it still contains images"
        )
    );
    delete().force(true).send().await.unwrap();
    assert_eq!(refusal(delete().force(true).send().await).1, "RepositoryNotFoundException");
    let head = live.registry("HEAD", &format!("{REPOSITORY}/manifests/a")).send().await.unwrap();
    assert_eq!(head.status(), 404);
}

const LIFECYCLE: &str = r#"{"rules":[{"rulePriority":1,"description":"only the newest","selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_lifecycle_policy_lets_images_expire_and_layers_and_tags_are_told() {
    let live = Live::start().await;
    let ecr = aws_sdk_ecr::Client::new(&live.sdk);
    let image = image_of(b"the first");
    live.push("a", &image).await;
    let manifest = String::from_utf8(image.manifest.clone()).unwrap();
    let put = |tag: &str| {
        ecr.put_image().repository_name(REPOSITORY).image_manifest(&manifest).image_tag(tag).send()
    };
    put("b").await.unwrap();
    let again = refusal(put("b").await);
    assert_eq!(again.1, "ImageAlreadyExistsException");
    ecr.put_image_tag_mutability()
        .repository_name(REPOSITORY)
        .image_tag_mutability("IMMUTABLE".into())
        .send()
        .await
        .unwrap();
    let other = String::from_utf8(image_of(b"another").manifest).unwrap();
    let missing =
        ecr.put_image().repository_name(REPOSITORY).image_manifest(other).image_tag("b").send().await;
    assert_eq!(refusal(missing).1, "LayersNotFoundException");
    let layers = ecr.batch_check_layer_availability().repository_name(REPOSITORY);
    let layers =
        layers.layer_digests(digest_of(b"nowhere")).layer_digests("sha256:short").send().await.unwrap();
    assert_eq!(layers.layers()[0].layer_availability().unwrap().as_str(), "UNAVAILABLE");
    assert_eq!(layers.failures()[0].failure_code().unwrap().as_str(), "InvalidLayerDigest");

    let policy = || ecr.get_lifecycle_policy().repository_name(REPOSITORY).send();
    assert_eq!(refusal(policy().await).1, "LifecyclePolicyNotFoundException");
    let set = |text: &str| {
        ecr.put_lifecycle_policy().repository_name(REPOSITORY).lifecycle_policy_text(text).send()
    };
    let wrong = refusal(set(&LIFECYCLE.replace("expire", "forget")).await);
    assert_eq!(wrong.1, "InvalidParameterException");
    let other = refusal(set(&LIFECYCLE.replace("expire", "transition")).await);
    assert!(other.2.contains("the action transition in a lifecycle policy"), "{}", other.2);
    set(LIFECYCLE).await.unwrap();
    assert_eq!(policy().await.unwrap().lifecycle_policy_text(), Some(LIFECYCLE));
    live.push("c", &image_of(b"the second")).await;
    let left = ecr.describe_images().repository_name(REPOSITORY).send().await.unwrap();
    let [only] = left.image_details() else { panic!("{left:?}") };
    assert_eq!(only.image_tags(), ["c"]);
    ecr.delete_lifecycle_policy().repository_name(REPOSITORY).send().await.unwrap();

    let arn = format!("arn:aws:ecr:us-east-1:000000000000:repository/{REPOSITORY}");
    let tag = aws_sdk_ecr::types::Tag::builder().key("team").value("a").build().unwrap();
    ecr.tag_resource().resource_arn(&arn).tags(tag).send().await.unwrap();
    assert_eq!(ecr.list_tags_for_resource().resource_arn(&arn).send().await.unwrap().tags()[0].key(), "team");
    ecr.untag_resource().resource_arn(&arn).tag_keys("team").send().await.unwrap();
    assert!(ecr.list_tags_for_resource().resource_arn(&arn).send().await.unwrap().tags().is_empty());
    let scanning = aws_sdk_ecr::types::ImageScanningConfiguration::builder().scan_on_push(true).build();
    let call = ecr.put_image_scanning_configuration().repository_name(REPOSITORY);
    call.image_scanning_configuration(scanning).send().await.unwrap();
    let described = ecr.describe_repositories().repository_names(REPOSITORY).send().await.unwrap();
    assert!(described.repositories()[0].image_scanning_configuration().unwrap().scan_on_push());
    ecr.set_repository_policy().repository_name(REPOSITORY).policy_text("{}").send().await.unwrap();
    ecr.delete_repository_policy().repository_name(REPOSITORY).send().await.unwrap();
    let gone = ecr.delete_repository_policy().repository_name(REPOSITORY).send().await;
    assert_eq!(refusal(gone).1, "RepositoryPolicyNotFoundException");
}
