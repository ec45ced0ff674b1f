//! Functions as Lambda tells about them.

mod change;
mod invoke;
mod permissions;
mod tags;
mod versions;

use std::collections::{BTreeMap, HashMap};

use aws_sdk_lambda::types::{
    EnvironmentResponse, FunctionCodeLocation, LastUpdateStatus, State, TracingConfigResponse,
};

use super::fault::Call;
use super::{Cloud, Fault, FaultKind};
use crate::domain::{Digest, EnvVars, Function, FunctionState, ImageRef, UpdateState, one_line};

pub(crate) use change::{FunctionChange, NewFunction};
pub(crate) use invoke::Invoked;
pub(crate) use permissions::Permission;

impl Cloud {
    fn function_arn(&self, name: &str) -> String {
        let account = self.inner.identity.get().map_or("*", |identity| identity.account.as_str());
        format!("arn:aws:lambda:{}:{account}:function:{name}", self.region())
    }

    fn function_call(&self, action: &'static str, doing: &str, name: &str) -> Call<'static> {
        Call::new(action, self.function_arn(name), format!("{doing} {name}"))
    }

    /// The function, its configuration, image and stamp; `None` when there is none of that name.
    pub(crate) async fn function(&self, name: &str) -> Result<Option<Function>, Fault> {
        let answer =
            Box::pin(self.inner.lambda.get_function().function_name(name).send()).await.map_err(|error| {
                self.fault(self.function_call("lambda:GetFunction", "read the function", name), error)
            });
        let answer = match answer {
            Err(fault) if fault.kind == FaultKind::NotFound => return Ok(None),
            other => other?,
        };
        let tags = answer.tags.unwrap_or_default();
        let code = answer.code;
        let Some(found) = answer.configuration else { return Ok(None) };
        let mut image = image_of(code.as_ref(), found.code_sha256.as_deref());
        // A stamp that is about another image would lie about this one.
        let stamp =
            Some(tags::stamp_of(&tags)).filter(|stamp| stamp.digest == image.digest).unwrap_or_default();
        image.tag = image.tag.or_else(|| stamp.image_tag.clone());
        let env = env_of(found.environment);
        Ok(Some(Function {
            name: name.to_owned(),
            arn: found.function_arn.unwrap_or_default(),
            state: match found.state {
                Some(State::Pending) => FunctionState::Pending,
                // A control plane that says no state has only functions that are ready.
                Some(State::Active) | None => FunctionState::Active,
                Some(State::Inactive) => FunctionState::Inactive,
                Some(State::Failed) => FunctionState::Failed,
                Some(other) => FunctionState::Other(one_line(other.as_str(), 60)),
            },
            state_reason: found.state_reason.map(|reason| one_line(&reason, 400)),
            update: match found.last_update_status {
                Some(LastUpdateStatus::InProgress) => UpdateState::InProgress,
                Some(LastUpdateStatus::Successful) => UpdateState::Successful,
                Some(LastUpdateStatus::Failed) => UpdateState::Failed,
                Some(other) => UpdateState::Other(one_line(other.as_str(), 60)),
                None => UpdateState::Other(String::new()),
            },
            update_reason: found.last_update_status_reason.map(|reason| one_line(&reason, 400)),
            image,
            env,
            role: found.role.unwrap_or_default(),
            memory_mb: found.memory_size.unwrap_or_default(),
            timeout_s: found.timeout.unwrap_or_default(),
            architecture: architecture_of(found.architectures),
            tracing: tracing_of(found.tracing_config),
            revision_id: found.revision_id.unwrap_or_default(),
            last_modified: found.last_modified.and_then(|text| tags::timestamp(&text)),
            stamp,
        }))
    }
}

// `None` when AWS could not decrypt it.
fn env_of(found: Option<EnvironmentResponse>) -> Option<EnvVars> {
    match found {
        Some(environment) if environment.error.is_some() => None,
        Some(environment) => {
            let variables: HashMap<String, String> = environment.variables.unwrap_or_default();
            Some(EnvVars(variables.into_iter().collect::<BTreeMap<_, _>>()))
        }
        None => Some(EnvVars::default()),
    }
}

fn architecture_of(found: Option<Vec<aws_sdk_lambda::types::Architecture>>) -> String {
    let first = found.and_then(|all| all.into_iter().next());
    first.map_or_else(|| "x86_64".to_owned(), |one| one.as_str().to_owned())
}

fn tracing_of(found: Option<TracingConfigResponse>) -> String {
    let mode = found.and_then(|tracing| tracing.mode);
    mode.map_or_else(|| "PassThrough".to_owned(), |mode| mode.as_str().to_owned())
}

// An image function's CodeSha256 is its manifest's digest in hexadecimal.
fn digest_of_code(sha256: Option<&str>) -> Option<Digest> {
    let hex = sha256.filter(|text| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some(Digest(format!("sha256:{hex}")))
}

fn image_of(code: Option<&FunctionCodeLocation>, sha256: Option<&str>) -> ImageRef {
    let given = code.and_then(|code| code.image_uri.as_deref()).unwrap_or_default();
    let pinned = code.and_then(|code| code.resolved_image_uri.as_deref()).unwrap_or(given);
    // Behind the last `@`: only there can a digest stand.
    let digest = pinned.rsplit_once('@').map(|(_, digest)| Digest(digest.to_owned()));
    let digest = digest.or_else(|| digest_of_code(sha256));
    let (repository_uri, tag) = match given.split_once('@') {
        Some((uri, _)) => (uri, None),
        // A colon before the last slash belongs to the registry's port.
        None => match given.rsplit_once(':') {
            Some((uri, tag)) if !tag.contains('/') => (uri, Some(tag.to_owned())),
            _ => (given, None),
        },
    };
    ImageRef { repository_uri: repository_uri.to_owned(), tag, digest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(given: &str, pinned: Option<&str>, sha256: Option<&str>) -> ImageRef {
        let code = FunctionCodeLocation::builder().image_uri(given);
        let code = code.set_resolved_image_uri(pinned.map(str::to_owned)).build();
        image_of(Some(&code), sha256)
    }

    #[test]
    fn the_image_is_what_the_function_was_pinned_to() {
        let (hex, uri) = ("ab".repeat(32), "127.0.0.1:5000/hello");
        let digest = Some(Digest(format!("sha256:{hex}")));
        let by_digest = format!("{uri}@sha256:{hex}");
        let tagged = image(&format!("{uri}:v1"), Some(&by_digest), None);
        assert_eq!((&tagged.digest, tagged.tag.as_deref()), (&digest, Some("v1")));
        assert_eq!(tagged.repository_uri, uri);
        // Without what it was resolved to, Lambda's hash of the code says it.
        assert_eq!(image(&format!("{uri}:v1"), None, Some(&hex)).digest, digest);
        assert_eq!(image(&by_digest, None, None).digest, digest);
        // A control plane that puts the digest behind an address that has one already.
        let twice = format!("{uri}@sha256@sha256:{hex}");
        let twice = image(&by_digest, Some(&twice), None);
        assert_eq!((twice.digest, twice.tag), (digest, None));
        assert_eq!(image(uri, None, None).digest, None);
    }
}
