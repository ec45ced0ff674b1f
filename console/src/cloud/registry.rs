//! The image repository: ECR's own API, and the registry behind it.

use aws_sdk_ecr::types::{ImageIdentifier, ImageScanningConfiguration, ImageTagMutability};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use jiff::Timestamp;

use super::fault::Call;
use super::permit::Permit;
use super::{Cloud, Fault, FaultKind};
use crate::domain::{Digest, Problem, Secret, StoredImage, one_line};
use crate::image::{self, Image, Pushed, Registry};

/// An image repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository {
    pub(crate) name: String,
    /// Registry host and repository, without a scheme.
    pub(crate) uri: String,
}

impl Cloud {
    fn repository_call(&self, action: &'static str, doing: &str, name: &str) -> Call<'static> {
        let account = self.inner.identity.get().map_or("*", |identity| identity.account.as_str());
        let arn = format!("arn:aws:ecr:{}:{account}:repository/{name}", self.region());
        Call::new(action, arn, format!("{doing} {name}"))
    }

    /// The repository of this name, if there is one.
    pub(crate) async fn repository(&self, name: &str) -> Result<Option<Repository>, Fault> {
        let call = self.inner.ecr.describe_repositories().repository_names(name);
        let answer = Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.repository_call("ecr:DescribeRepositories", "read the repository", name), error)
        });
        match answer {
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
            Ok(answer) => Ok(answer.repositories.unwrap_or_default().into_iter().next().map(repository)),
        }
    }

    /// Creates the repository: images are scanned when pushed, and tags can be moved.
    pub(crate) async fn create_repository(
        &self,
        permit: &Permit<'_>,
        name: &str,
    ) -> Result<Repository, Fault> {
        let call = self
            .inner
            .ecr
            .create_repository()
            .repository_name(name)
            .image_tag_mutability(ImageTagMutability::Mutable)
            .image_scanning_configuration(ImageScanningConfiguration::builder().scan_on_push(true).build());
        let answer = Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.repository_call("ecr:CreateRepository", "create the repository", name), error)
        })?;
        let words = ["--repository-name", name, "--image-scanning-configuration", "scanOnPush=true"];
        permit.did(&[&["ecr", "create-repository"], words.as_slice()].concat());
        let none = || Fault {
            kind: FaultKind::Other,
            problem: Problem::new(format!("ECR created the repository {name} and did not say where")),
        };
        answer.repository.map(repository).ok_or_else(none)
    }

    /// Every image of the repository; none when there is no repository.
    pub(crate) async fn images(&self, repository: &str) -> Result<Vec<StoredImage>, Fault> {
        let call = self.inner.ecr.describe_images().repository_name(repository);
        let all = call.into_paginator().items().send().try_collect().await.map_err(|error| {
            self.fault(self.repository_call("ecr:DescribeImages", "list the images of", repository), error)
        });
        let all = match all {
            Err(fault) if fault.kind == FaultKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let image = |found: aws_sdk_ecr::types::ImageDetail| {
            Some(StoredImage {
                digest: Digest(found.image_digest?),
                tags: found.image_tags.unwrap_or_default().iter().map(|tag| one_line(tag, 300)).collect(),
                pushed_at: found.image_pushed_at.and_then(|at| Timestamp::from_second(at.secs()).ok()),
                size: found.image_size_in_bytes.and_then(|size| u64::try_from(size).ok()),
            })
        };
        let mut images: Vec<StoredImage> = all.into_iter().filter_map(image).collect();
        images.sort_by(|one, other| (other.pushed_at, other.name()).cmp(&(one.pushed_at, one.name())));
        Ok(images)
    }

    /// Deletes images by their digests, with all their tags. Those that are gone already are as good.
    pub(crate) async fn delete_images(
        &self,
        permit: &Permit<'_>,
        repository: &str,
        digests: &[Digest],
    ) -> Result<(), Fault> {
        let id = |digest: &Digest| ImageIdentifier::builder().image_digest(&digest.0).build();
        let call = self.inner.ecr.batch_delete_image().repository_name(repository);
        let call = call.set_image_ids(Some(digests.iter().map(id).collect()));
        let answer = Box::pin(call.send()).await.map_err(|error| {
            let call = self.repository_call("ecr:BatchDeleteImage", "delete images of", repository);
            self.fault(call, error)
        })?;
        let mut words = vec!["ecr", "batch-delete-image", "--repository-name", repository, "--image-ids"];
        let ids: Vec<String> = digests.iter().map(|digest| format!("imageDigest={digest}")).collect();
        words.extend(ids.iter().map(String::as_str));
        permit.did(&words);
        let refused: Vec<String> = answer
            .failures
            .unwrap_or_default()
            .into_iter()
            .filter(|failure| {
                failure.failure_code != Some(aws_sdk_ecr::types::ImageFailureCode::ImageNotFound)
            })
            .map(|failure| one_line(&failure.failure_reason.unwrap_or_default(), 200))
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        Err(Fault {
            kind: FaultKind::Other,
            problem: Problem::new(format!("{} images were not deleted", refused.len()))
                .because(refused.join("; ")),
        })
    }

    /// Deletes the repository with its images; one that is gone already is as good.
    pub(crate) async fn delete_repository(&self, permit: &Permit<'_>, name: &str) -> Result<(), Fault> {
        let call = self.inner.ecr.delete_repository().repository_name(name).force(true);
        let answer = Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.repository_call("ecr:DeleteRepository", "delete the repository", name), error)
        });
        match answer {
            Err(fault) if fault.kind == FaultKind::NotFound => return Ok(()),
            other => other?,
        };
        permit.did(&["ecr", "delete-repository", "--repository-name", name, "--force"]);
        Ok(())
    }

    /// Pushes an image under a tag that the repository does not have yet. `progress` hears bytes sent and to be sent.
    pub(crate) async fn push_image(
        &self,
        permit: &Permit<'_>,
        repository: &Repository,
        tag: &str,
        image: &Image,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<Pushed, Fault> {
        let registry = self.registry().await?;
        let pushed = image::push(self.http(), &registry, &repository.name, tag, image, progress).await;
        let pushed = pushed.map_err(|failed| Fault {
            kind: if failed.throttled { FaultKind::Throttled } else { FaultKind::Other },
            problem: match failed.denied {
                true => failed.problem.fix(self.push_statement(&repository.name)),
                false => failed.problem,
            },
        })?;
        // No `aws` command pushes an image; this one says what is there afterwards.
        let id = format!("imageTag={tag}");
        permit.did(&["ecr", "describe-images", "--repository-name", &repository.name, "--image-ids", &id]);
        Ok(pushed)
    }

    // What a registry that says no does not say: who needs what on which repository.
    fn push_statement(&self, repository: &str) -> String {
        const ACTIONS: [&str; 6] = [
            "ecr:BatchCheckLayerAvailability",
            "ecr:InitiateLayerUpload",
            "ecr:UploadLayerPart",
            "ecr:CompleteLayerUpload",
            "ecr:BatchGetImage",
            "ecr:PutImage",
        ];
        let resource = self.repository_call("ecr:PutImage", "push to", repository).resource;
        let who = self.inner.identity.get().map_or("the identity that calls", |who| who.arn.as_str());
        let statement = serde_json::json!({"Effect": "Allow", "Action": ACTIONS, "Resource": resource});
        format!("{who} needs the leave to push to {resource}: add to its policy {statement}")
    }

    /// Where and as whom images are pushed; the password is good for twelve hours.
    async fn registry(&self) -> Result<Registry, Fault> {
        let answer = Box::pin(self.inner.ecr.get_authorization_token().send()).await.map_err(|error| {
            self.fault(Call::new("ecr:GetAuthorizationToken", "*", "get a password for the registry"), error)
        })?;
        let unusable = |why: &str| Fault {
            kind: FaultKind::Other,
            problem: Problem::new("ECR's answer for a registry password is not usable").because(why),
        };
        let data = answer.authorization_data.unwrap_or_default().into_iter().next();
        let data = data.ok_or_else(|| unusable("it is empty"))?;
        let url = data
            .proxy_endpoint
            .unwrap_or_default()
            .parse()
            .map_err(|_| unusable("the endpoint is no URL"))?;
        let token = STANDARD
            .decode(data.authorization_token.unwrap_or_default())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| unusable("the token is not base64"))?;
        let (username, password) =
            token.split_once(':').ok_or_else(|| unusable("the token has no user name"))?;
        Ok(Registry { url, username: username.to_owned(), password: Secret::new(password) })
    }
}

fn repository(found: aws_sdk_ecr::types::Repository) -> Repository {
    Repository {
        name: found.repository_name.unwrap_or_default(),
        uri: found.repository_uri.unwrap_or_default(),
    }
}
