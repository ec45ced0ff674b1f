//! Published versions: Lambda's own record of what ran, image and environment together, kept where the function is. They
//! cost nothing, outlive every laptop, and their values lie encrypted under the function's own KMS key.

use super::super::fault::Call;
use super::super::permit::Permit;
use super::super::{Cloud, Fault, FaultKind};
use super::{architecture_of, digest_of_code, env_of, tags, tracing_of};
use crate::domain::{Problem, Stamp, Version};

impl Cloud {
    /// The published versions of a function, newest first; none when there is no function.
    pub(crate) async fn versions(&self, name: &str) -> Result<Vec<Version>, Fault> {
        let call = self.inner.lambda.list_versions_by_function().function_name(name);
        let all = call.into_paginator().items().send().try_collect().await.map_err(|error| {
            let call: Call<'_> =
                self.function_call("lambda:ListVersionsByFunction", "list the versions of", name);
            self.fault(call, error)
        });
        let all = match all {
            Err(fault) if fault.kind == FaultKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let version = |found: aws_sdk_lambda::types::FunctionConfiguration| {
            let published_at = found.last_modified.as_deref().and_then(tags::timestamp);
            let description = found.description.unwrap_or_default();
            Some(Version {
                // `$LATEST` is in the list and has no number.
                number: found.version?.parse().ok()?,
                digest: digest_of_code(found.code_sha256.as_deref()),
                env: env_of(found.environment),
                memory_mb: found.memory_size.unwrap_or_default(),
                timeout_s: found.timeout.unwrap_or_default(),
                architecture: architecture_of(found.architectures),
                tracing: tracing_of(found.tracing_config),
                published_at,
                stamp: tags::stamp_of_description(&description, published_at),
                kept: tags::is_kept(&description),
            })
        };
        let mut versions: Vec<Version> = all.into_iter().filter_map(version).collect();
        versions.sort_by_key(|version| std::cmp::Reverse(version.number));
        Ok(versions)
    }

    /// Publishes what the function is now, if it still has this revision; answers the version's number. When nothing has
    /// changed since the last one was published, that one is answered and none is made. `kept`: it is what was there before
    /// a change, and no version held it.
    pub(crate) async fn publish_version(
        &self,
        permit: &Permit<'_>,
        name: &str,
        stamp: &Stamp,
        kept: bool,
        revision: &str,
    ) -> Result<u64, Fault> {
        let description = tags::description_of(stamp, kept);
        let call = self
            .inner
            .lambda
            .publish_version()
            .function_name(name)
            .description(&description)
            .revision_id(revision);
        let answer = Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.function_call("lambda:PublishVersion", "publish a version of", name), error)
        })?;
        permit.did(&["lambda", "publish-version", "--function-name", name, "--description", &description]);
        answer.version.and_then(|number| number.parse().ok()).ok_or_else(|| Fault {
            kind: FaultKind::Other,
            problem: Problem::new(format!("Lambda published a version of {name} and did not say which")),
        })
    }
}
