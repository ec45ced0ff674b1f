use aws_sdk_ecr::types::{ImageScanningConfiguration, ImageTagMutability};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::fault::Call;
use super::{Cloud, Fault, FaultKind};
use crate::domain::{Digest, Problem, Secret};
use crate::image::Registry;

/// An image repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository {
    pub(crate) name: String,
    /// Registry host and repository, without a scheme.
    pub(crate) uri: String,
}

/// An image that a repository holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredImage {
    pub(crate) digest: Digest,
    pub(crate) tags: Vec<String>,
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
    pub(crate) async fn create_repository(&self, name: &str) -> Result<Repository, Fault> {
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
                tags: found.image_tags.unwrap_or_default(),
            })
        };
        Ok(all.into_iter().filter_map(image).collect())
    }

    /// Where and as whom images are pushed; the password is good for twelve hours.
    pub(crate) async fn registry(&self) -> Result<Registry, Problem> {
        let answer = Box::pin(self.inner.ecr.get_authorization_token().send()).await.map_err(|error| {
            self.fault(Call::new("ecr:GetAuthorizationToken", "*", "get a password for the registry"), error)
        })?;
        let unusable =
            |why: &str| Problem::new("ECR's answer for a registry password is not usable").because(why);
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
