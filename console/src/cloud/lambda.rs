use std::collections::{BTreeMap, HashMap};

use aws_sdk_lambda::types::{Architecture, Environment, FunctionCode, LastUpdateStatus, PackageType, State};

use super::fault::Call;
use super::{Cloud, Fault, FaultKind};
use crate::domain::{Digest, EnvVars, Function, FunctionState, ImageRef, Stamp, UpdateState, one_line};

/// A function to be created from an image.
#[derive(Debug, Clone)]
pub(crate) struct NewFunction {
    pub(crate) name: String,
    pub(crate) image_uri: String,
    pub(crate) role: String,
    pub(crate) architecture: String,
    pub(crate) memory_mb: Option<i32>,
    pub(crate) timeout_s: Option<i32>,
    pub(crate) env: EnvVars,
}

/// What is to be changed in a function's configuration; `None` is left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FunctionChange {
    pub(crate) memory_mb: Option<i32>,
    pub(crate) timeout_s: Option<i32>,
    pub(crate) env: Option<EnvVars>,
}

/// A statement of a function's resource policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permission {
    pub(crate) id: String,
    pub(crate) principal: Option<String>,
    pub(crate) action: String,
    /// Pattern that the caller's ARN must match; `None` lets every caller of the principal in.
    pub(crate) source_arn: Option<String>,
}

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
        let stamp = stamp_of(&tags);
        let image = image_of(code.as_ref(), found.code_sha256.as_deref(), &stamp);
        let env = match found.environment {
            Some(environment) if environment.error.is_some() => None,
            Some(environment) => Some(env_of(environment.variables)),
            None => Some(EnvVars::default()),
        };
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
            architecture: found
                .architectures
                .and_then(|all| all.into_iter().next())
                .map_or_else(|| "x86_64".to_owned(), |one| one.as_str().to_owned()),
            revision_id: found.revision_id.unwrap_or_default(),
            last_modified: found.last_modified.and_then(|text| timestamp(&text)),
            stamp,
        }))
    }

    /// Creates a function from an image. It is `Pending` when this returns.
    pub(crate) async fn create_function(&self, new: &NewFunction) -> Result<(), Fault> {
        let call = self
            .inner
            .lambda
            .create_function()
            .function_name(&new.name)
            .package_type(PackageType::Image)
            .code(FunctionCode::builder().image_uri(&new.image_uri).build())
            .role(&new.role)
            .architectures(Architecture::from(new.architecture.as_str()))
            .environment(environment(&new.env))
            .set_memory_size(new.memory_mb)
            .set_timeout(new.timeout_s);
        Box::pin(call.send()).await.map_err(|error| {
            let mut call = self.function_call("lambda:CreateFunction", "create the function", &new.name);
            call.env = Some(&new.env);
            self.fault(call, error)
        })?;
        Ok(())
    }

    /// Gives the function another image, if it still has this revision.
    pub(crate) async fn update_code(
        &self,
        name: &str,
        image_uri: &str,
        architecture: &str,
        revision: &str,
    ) -> Result<(), Fault> {
        let call = self
            .inner
            .lambda
            .update_function_code()
            .function_name(name)
            .image_uri(image_uri)
            .architectures(Architecture::from(architecture))
            .revision_id(revision);
        Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.function_call("lambda:UpdateFunctionCode", "update the code of", name), error)
        })?;
        Ok(())
    }

    /// Changes the configuration, if the function still has this revision. An environment replaces the old one whole.
    pub(crate) async fn update_configuration(
        &self,
        name: &str,
        change: &FunctionChange,
        revision: &str,
    ) -> Result<(), Fault> {
        let call = self
            .inner
            .lambda
            .update_function_configuration()
            .function_name(name)
            .set_memory_size(change.memory_mb)
            .set_timeout(change.timeout_s)
            .set_environment(change.env.as_ref().map(environment))
            .revision_id(revision);
        Box::pin(call.send()).await.map_err(|error| {
            let mut call =
                self.function_call("lambda:UpdateFunctionConfiguration", "update the configuration of", name);
            call.env = change.env.as_ref();
            self.fault(call, error)
        })?;
        Ok(())
    }

    /// Writes a deploy's stamp into the function's tags; what is `None` is left as it is.
    pub(crate) async fn stamp_function(&self, function: &Function, stamp: &Stamp) -> Result<(), Fault> {
        let tags = tags_of(stamp);
        let call = self.inner.lambda.tag_resource().resource(&function.arn).set_tags(Some(tags));
        Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.function_call("lambda:TagResource", "tag the function", &function.name), error)
        })?;
        Ok(())
    }

    /// The statements of the function's resource policy; none when it has no policy or there is no function.
    pub(crate) async fn permissions(&self, name: &str) -> Result<Vec<Permission>, Fault> {
        let answer =
            Box::pin(self.inner.lambda.get_policy().function_name(name).send()).await.map_err(|error| {
                self.fault(self.function_call("lambda:GetPolicy", "read the policy of", name), error)
            });
        match answer {
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(Vec::new()),
            Err(fault) => Err(fault),
            Ok(answer) => Ok(statements(answer.policy.as_deref().unwrap_or("{}"))),
        }
    }

    /// Lets the gateway invoke the function for what `source_arn` matches.
    pub(crate) async fn add_permission(&self, name: &str, id: &str, source_arn: &str) -> Result<(), Fault> {
        let call = self
            .inner
            .lambda
            .add_permission()
            .function_name(name)
            .statement_id(id)
            .action("lambda:InvokeFunction")
            .principal(GATEWAY)
            .source_arn(source_arn);
        Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.function_call("lambda:AddPermission", "let the gateway invoke", name), error)
        })?;
        Ok(())
    }

    /// Takes a statement out of the function's policy.
    pub(crate) async fn remove_permission(&self, name: &str, id: &str) -> Result<(), Fault> {
        let call = self.inner.lambda.remove_permission().function_name(name).statement_id(id);
        Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.function_call("lambda:RemovePermission", "take a permission from", name), error)
        })?;
        Ok(())
    }
}

/// The principal that a REST API invokes functions as.
pub(super) const GATEWAY: &str = "apigateway.amazonaws.com";

const TAG_IMAGE: &str = "callboard:image-tag";
const TAG_BY: &str = "callboard:deployed-by";
const TAG_GIT: &str = "callboard:git";
const TAG_AT: &str = "callboard:deployed-at";

impl Permission {
    /// Whether this statement lets the gateway make every call that `source_arn` (with its own `*`s) stands for.
    pub(crate) fn covers(&self, source_arn: &str) -> bool {
        self.principal.as_deref().is_none_or(|principal| principal == GATEWAY || principal == "*")
            && matches!(self.action.as_str(), "lambda:InvokeFunction" | "lambda:*" | "*")
            && self
                .source_arn
                .as_deref()
                .is_none_or(|pattern| matches(pattern.as_bytes(), source_arn.as_bytes()))
    }
}

// `*` and `?` as IAM reads them.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=text.len()).any(|skipped| matches(rest, &text[skipped..])),
        (Some((b'?', pattern)), Some((_, text))) => matches(pattern, text),
        (Some((one, pattern)), Some((other, text))) => one == other && matches(pattern, text),
        _ => false,
    }
}

fn statements(policy: &str) -> Vec<Permission> {
    let policy: serde_json::Value = serde_json::from_str(policy).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let all = policy["Statement"].as_array().cloned().unwrap_or_default();
    all.iter()
        .filter(|statement| statement["Effect"] == "Allow")
        .map(|statement| {
            let principal = &statement["Principal"];
            let conditions = statement["Condition"].as_object();
            let source = |(_, test): (&String, &serde_json::Value)| {
                let test = test.as_object()?;
                test.iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case("aws:SourceArn"))
                    .and_then(|(_, arn)| text(arn))
            };
            let source_arn = conditions.and_then(|conditions| conditions.iter().find_map(source));
            Permission {
                id: text(&statement["Sid"]).unwrap_or_default(),
                principal: text(&principal["Service"])
                    .or_else(|| text(principal))
                    .or_else(|| text(&principal["AWS"])),
                action: text(&statement["Action"]).unwrap_or_default(),
                // A condition that this program does not read must not make a statement look wider than it is.
                source_arn: source_arn.or_else(|| conditions.map(|_| String::new())),
            }
        })
        .collect()
}

fn environment(env: &EnvVars) -> Environment {
    let variables: HashMap<String, String> = env.0.clone().into_iter().collect();
    Environment::builder().set_variables(Some(variables)).build()
}

fn env_of(variables: Option<HashMap<String, String>>) -> EnvVars {
    EnvVars(variables.unwrap_or_default().into_iter().collect::<BTreeMap<_, _>>())
}

fn image_of(
    code: Option<&aws_sdk_lambda::types::FunctionCodeLocation>,
    sha256: Option<&str>,
    stamp: &Stamp,
) -> ImageRef {
    let given = code.and_then(|code| code.image_uri.as_deref()).unwrap_or_default();
    let pinned = code.and_then(|code| code.resolved_image_uri.as_deref()).unwrap_or(given);
    let digest = pinned.split_once('@').map(|(_, digest)| digest.to_owned()).or_else(|| {
        let hex =
            sha256.filter(|text| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        Some(format!("sha256:{hex}"))
    });
    let (repository_uri, tag) = match given.split_once('@') {
        Some((uri, _)) => (uri, None),
        // A colon before the last slash belongs to the registry's port.
        None => match given.rsplit_once(':') {
            Some((uri, tag)) if !tag.contains('/') => (uri, Some(tag.to_owned())),
            _ => (given, None),
        },
    };
    ImageRef {
        repository_uri: repository_uri.to_owned(),
        tag: tag.or_else(|| stamp.image_tag.clone()),
        digest: digest.map(Digest),
    }
}

fn stamp_of(tags: &HashMap<String, String>) -> Stamp {
    let tag = |name: &str| tags.get(name).map(|value| one_line(value, 300));
    Stamp {
        image_tag: tag(TAG_IMAGE),
        deployed_by: tag(TAG_BY),
        git: tag(TAG_GIT),
        deployed_at: tags.get(TAG_AT).and_then(|text| timestamp(text)),
    }
}

fn tags_of(stamp: &Stamp) -> HashMap<String, String> {
    let at = stamp.deployed_at.map(|at| at.to_string());
    [(TAG_IMAGE, &stamp.image_tag), (TAG_BY, &stamp.deployed_by), (TAG_GIT, &stamp.git), (TAG_AT, &at)]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), taggable(value.as_deref()?))))
        .collect()
}

// Tag values hold letters, digits, blanks and + - = . _ : / @, 256 characters at most; the rest is refused by AWS.
fn taggable(value: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "+-=._:/@".contains(c);
    value.chars().map(|c| if allowed(c) { c } else { '_' }).take(256).collect()
}

// Lambda writes its times as `2026-11-22T12:03:01.000+0000`.
fn timestamp(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok().or_else(|| jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_statement_covers_a_narrower_call() {
        let policy = r#"{"Version":"2012-10-17","Statement":[
            {"Sid":"own","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction",
             "Resource":"arn:f","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:r:1:api/stage/*/*"}}},
            {"Sid":"wide","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction",
             "Resource":"arn:f","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:r:1:api/*/*"}}},
            {"Sid":"account","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction",
             "Resource":"arn:f","Condition":{"StringEquals":{"AWS:SourceAccount":"1"}}}]}"#;
        let covering = |arn: &str| -> Vec<String> {
            statements(policy).into_iter().filter(|one| one.covers(arn)).map(|one| one.id).collect()
        };
        assert_eq!(covering("arn:aws:execute-api:r:1:api/stage/*/*"), ["own", "wide"]);
        assert_eq!(covering("arn:aws:execute-api:r:1:api/prod/*/*"), ["wide"]);
        assert!(covering("arn:aws:execute-api:r:1:other/prod/*/*").is_empty());
    }

    #[test]
    fn times_and_tags_as_aws_writes_them() {
        assert_eq!(
            timestamp("2026-11-22T12:03:01.000+0000").map(|at| at.to_string()),
            Some("2026-11-22T12:03:01Z".to_owned())
        );
        assert_eq!(taggable("arn:aws:iam::1:user/o'ps+x"), "arn:aws:iam::1:user/o_ps+x");
    }
}
