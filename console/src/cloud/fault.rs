//! From an SDK error to what an operator is told: what failed, why, what to do. Nothing in it is a secret.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::Cloud;
use crate::domain::{EnvVars, Problem, one_line};

/// What a failed call means for whoever made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// There is no such thing.
    NotFound,
    /// It is there already, or somebody else is changing it now.
    Conflict,
    /// Too many calls: later it will do.
    Throttled,
    /// It was changed since it was read.
    Moved,
    /// Another change of it is on its way: later it will do.
    Busy,
    /// IAM has not yet told Lambda of the role.
    RoleNotReady,
    /// The identity may not do this.
    Denied,
    /// The credentials are expired, wrong or not there.
    SignedOut,
    /// No answer came, or the service failed: nobody knows whether it was done.
    Unanswered,
    /// Anything else.
    Other,
}

/// A failed call.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What it means for whoever made it.
    pub kind: FaultKind,
    /// What an operator is told.
    pub problem: Problem,
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        fault.problem
    }
}

/// A call, as a message about its failure needs it.
pub(super) struct Call<'a> {
    /// IAM action, such as `lambda:GetFunction`.
    pub(super) action: &'static str,
    /// ARN of what it was about, or `*`.
    pub(super) resource: String,
    /// What was being done, as it goes on after "could not ".
    pub(super) doing: String,
    /// The environment that the call carried: its values are taken out of whatever comes back.
    pub(super) env: Option<&'a EnvVars>,
}

impl Call<'_> {
    pub(super) fn new(
        action: &'static str,
        resource: impl Into<String>,
        doing: impl Into<String>,
    ) -> Call<'static> {
        Call { action, resource: resource.into(), doing: doing.into(), env: None }
    }
}

impl Cloud {
    /// What a failed call is to the operator.
    pub(super) fn fault<E>(&self, call: Call<'_>, error: SdkError<E, HttpResponse>) -> Fault
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        let summary = format!("could not {}", call.doing);
        let answer = match error.as_service_error() {
            Some(service) => service,
            None => return self.unanswered(summary, &error),
        };
        let failed = error.raw_response().is_some_and(|raw| raw.status().is_server_error());
        let code = answer.code().unwrap_or("an error without a code").to_owned();
        let text = without_values(answer.message().unwrap_or_default(), call.env);
        let text = one_line(&text, 800);
        let detail = if text.is_empty() { code.clone() } else { format!("{code}: {text}") };
        let problem = Problem::new(summary).because(detail);
        let (kind, hint) = match code.as_str() {
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" if !text.contains("ECR image") => {
                (FaultKind::Denied, self.denied(&call, &text))
            }
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "UnrecognizedClientException"
            | "InvalidClientTokenId" | "InvalidSignatureException" | "SignatureDoesNotMatch" => {
                (FaultKind::SignedOut, self.sign_in())
            }
            "Throttling" | "ThrottlingException" | "ThrottledException" | "TooManyRequestsException"
            | "RequestLimitExceeded" | "LimitExceededException" | "RequestThrottled" => (
                FaultKind::Throttled,
                "AWS limits how often this may be called; wait a little and try again".to_owned(),
            ),
            "PreconditionFailedException" => (
                FaultKind::Moved,
                "somebody else changed it in the meantime: look at the new plan before going on".to_owned(),
            ),
            "ResourceConflictException"
                if text.contains("update is in progress") || text.contains("following state: Pending") =>
            {
                (FaultKind::Busy, "somebody else may be changing it right now; try again".to_owned())
            }
            "ResourceConflictException" | "ConflictException" | "EntityAlreadyExists"
            | "RepositoryAlreadyExistsException" => {
                (FaultKind::Conflict, "somebody else may be changing it right now; try again".to_owned())
            }
            "ResourceNotFoundException" | "NotFoundException" | "NoSuchEntity" | "NoSuchEntityException"
            | "RepositoryNotFoundException" | "ImageNotFoundException" => (FaultKind::NotFound, String::new()),
            _ if text.contains("cannot be assumed by Lambda") => (
                FaultKind::RoleNotReady,
                "a new role takes some seconds to reach Lambda; if it stays so, look at the role's trust policy".to_owned(),
            ),
            _ if text.contains("ECR image") => (
                FaultKind::Other,
                "give the repository a policy that lets lambda.amazonaws.com do ecr:BatchGetImage and ecr:GetDownloadUrlForLayer".to_owned(),
            ),
            _ if failed => (FaultKind::Unanswered, "the service failed; try again in a minute".to_owned()),
            _ => (FaultKind::Other, String::new()),
        };
        Fault { kind, problem: problem.fix(hint) }
    }

    // AccessDenied names the action, the resource and who was denied; where it does not, the call itself tells them.
    fn denied(&self, call: &Call<'_>, text: &str) -> String {
        let word = |before: &str| {
            let rest = text.split_once(before)?.1;
            rest.split_whitespace().next().map(|word| word.trim_end_matches(['.', ',']).to_owned())
        };
        let action = word("not authorized to perform: ").unwrap_or_else(|| call.action.to_owned());
        let resource = word("on resource: ").unwrap_or_else(|| call.resource.clone());
        let identity =
            word("User: ").or_else(|| self.inner.identity.get().map(|identity| identity.arn.clone()));
        let identity = identity.unwrap_or_else(|| "the identity that calls".to_owned());
        let statement = serde_json::json!({"Effect": "Allow", "Action": action, "Resource": resource});
        format!("{identity} needs {action} on {resource}: add to its policy {statement}")
    }

    fn sign_in(&self) -> String {
        match &self.inner.profile {
            Some(profile) => format!(
                "the credentials of the profile {profile} are expired or wrong: `aws sso login --profile {profile}` signs in, where it uses SSO"
            ),
            None => "the credentials are expired or wrong: sign in again (`aws sso login`, or new keys), or name a --profile".to_owned(),
        }
    }

    // No answer came: no credentials, no connection, or no time left.
    fn unanswered<E>(&self, summary: String, error: &SdkError<E, HttpResponse>) -> Fault
    where
        E: Error + 'static,
    {
        let whole = with_causes(error);
        let lower = whole.to_lowercase();
        let chain = one_line(&whole, 400);
        let where_to = match &self.inner.profile {
            Some(profile) => format!(" --profile {profile}"),
            None => " --profile PROFILE".to_owned(),
        };
        let signed_out = |why: &str, hint: String| (FaultKind::SignedOut, why.to_owned(), hint);
        let (kind, why, hint) = if lower.contains("sso")
            && (lower.contains("token") || lower.contains("sso/cache"))
        {
            signed_out(
                "the SSO session is expired or was never opened",
                format!("run `aws sso login{where_to}`"),
            )
        } else if ["no credentials", "credential provider was not enabled", "imds"]
            .iter()
            .any(|part| lower.contains(part))
        {
            // The instance metadata service is the last that is asked: all before it had none.
            signed_out(
                "no AWS credentials were found",
                "sign in with `aws configure` or `aws sso login`, name a --profile, or operate the local cloud with --cloud local".to_owned(),
            )
        } else if lower.contains("credential") || lower.contains("identity resolver") {
            signed_out(&chain, "look at the profile in ~/.aws/config and ~/.aws/credentials".to_owned())
        } else if matches!(error, SdkError::TimeoutError(_)) || lower.contains("timed out") {
            (
                FaultKind::Unanswered,
                "no answer came in time".to_owned(),
                "look at the network, a proxy or a VPN, and try again".to_owned(),
            )
        } else if lower.contains("connection refused") || lower.contains("tcp connect error") {
            let why = "nobody listens there: the connection was refused".to_owned();
            (FaultKind::Unanswered, why, self.unreachable())
        } else {
            (FaultKind::Unanswered, chain, self.unreachable())
        };
        Fault { kind, problem: Problem::new(summary).because(why).fix(hint) }
    }

    fn unreachable(&self) -> String {
        format!(
            "look at the network and at the region ({}); the {} cloud was called",
            self.region(),
            self.kind()
        )
    }
}

// An SDK error alone says little more than "dispatch failure": what happened stands in its causes.
pub(super) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// `text` without the values of `env`. Lambda's refusal of a large environment repeats all of it after "String measured:".
fn without_values(text: &str, env: Option<&EnvVars>) -> String {
    let mut text = match text.split_once("String measured:") {
        Some((before, _)) => before.trim_end().to_owned(),
        None => text.to_owned(),
    };
    let Some(env) = env else { return text };
    // The longest first: one value may be a part of another. ENV is the stage's name and no secret; what is shorter than
    // three characters would only garble the sentence.
    let mut values: Vec<(&String, &String)> =
        env.0.iter().filter(|(key, value)| *key != "ENV" && value.len() > 2).collect();
    values.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    for (key, value) in values {
        text = text.replace(value.as_str(), &format!("[value of {key}]"));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn values_that_aws_repeats_are_taken_out() {
        let env = EnvVars(BTreeMap::from([
            ("ENV".to_owned(), "stage".to_owned()),
            ("PASS".to_owned(), "hunter2hunter2".to_owned()),
        ]));
        let large = "the environment variables you have provided exceeded the 4KB limit. String measured: {\"OTHER\":\"zzz\"}";
        assert_eq!(
            without_values(large, None),
            "the environment variables you have provided exceeded the 4KB limit."
        );
        assert_eq!(
            without_values("bad hunter2hunter2 on hello-stage", Some(&env)),
            "bad [value of PASS] on hello-stage"
        );
    }
}
