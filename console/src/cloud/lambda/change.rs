//! Changes of functions.

use std::collections::HashMap;

use aws_sdk_lambda::types::{
    Architecture, Environment, FunctionCode, PackageType, TracingConfig, TracingMode,
};

use super::super::permit::{Permit, environment_argument};
use super::super::{Cloud, Fault, FaultKind};
use super::tags;
use crate::domain::{EnvVars, Function, Stamp};

/// A function to be created from an image.
#[derive(Debug, Clone)]
pub(crate) struct NewFunction {
    pub(crate) name: String,
    pub(crate) image_uri: String,
    pub(crate) role: String,
    pub(crate) architecture: String,
    pub(crate) limits: FunctionChange,
}

/// What is to be changed in a function's configuration; `None` is left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FunctionChange {
    pub(crate) memory_mb: Option<i32>,
    pub(crate) timeout_s: Option<i32>,
    /// X-Ray: `Active` or `PassThrough`.
    pub(crate) tracing: Option<String>,
    pub(crate) env: Option<EnvVars>,
}

impl FunctionChange {
    fn tracing_config(&self) -> Option<TracingConfig> {
        let mode = TracingMode::from(self.tracing.as_deref()?);
        Some(TracingConfig::builder().mode(mode).build())
    }

    fn arguments(&self) -> Vec<String> {
        let number = |name: &str, value: Option<i32>| {
            value.map(|value| [name.to_owned(), value.to_string()]).into_iter().flatten()
        };
        let mut words: Vec<String> =
            number("--memory-size", self.memory_mb).chain(number("--timeout", self.timeout_s)).collect();
        if let Some(mode) = &self.tracing {
            words.extend(["--tracing-config".to_owned(), format!("Mode={mode}")]);
        }
        if let Some(env) = &self.env {
            words.extend(["--environment".to_owned(), environment_argument(env)]);
        }
        words
    }
}

impl Cloud {
    /// Creates a function from an image, with its environment from the start. It is `Pending` when this returns.
    pub(crate) async fn create_function(&self, permit: &Permit<'_>, new: &NewFunction) -> Result<(), Fault> {
        let call = self
            .inner
            .lambda
            .create_function()
            .function_name(&new.name)
            .package_type(PackageType::Image)
            .code(FunctionCode::builder().image_uri(&new.image_uri).build())
            .role(&new.role)
            .architectures(Architecture::from(new.architecture.as_str()))
            .set_environment(new.limits.env.as_ref().map(environment))
            .set_memory_size(new.limits.memory_mb)
            .set_timeout(new.limits.timeout_s)
            .set_tracing_config(new.limits.tracing_config());
        Box::pin(call.send()).await.map_err(|error| {
            let mut call = self.function_call("lambda:CreateFunction", "create the function", &new.name);
            call.env = new.limits.env.as_ref();
            self.fault(call, error)
        })?;
        let code = format!("ImageUri={}", new.image_uri);
        let limits = new.limits.arguments();
        let mut words = vec!["lambda", "create-function", "--function-name", &new.name];
        words.extend(["--package-type", "Image", "--code", &code, "--role", &new.role]);
        words.extend(["--architectures", &new.architecture]);
        words.extend(limits.iter().map(String::as_str));
        permit.did(&words);
        Ok(())
    }

    /// Gives the function another image, if it still has this revision.
    pub(crate) async fn update_code(
        &self,
        permit: &Permit<'_>,
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
        let mut words = vec!["lambda", "update-function-code", "--function-name", name];
        words.extend(["--image-uri", image_uri, "--architectures", architecture]);
        permit.did(&words);
        Ok(())
    }

    /// Changes the configuration, if the function still has this revision. An environment replaces the old one whole.
    pub(crate) async fn update_configuration(
        &self,
        permit: &Permit<'_>,
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
            .set_tracing_config(change.tracing_config())
            .set_environment(change.env.as_ref().map(environment))
            .revision_id(revision);
        Box::pin(call.send()).await.map_err(|error| {
            let mut call =
                self.function_call("lambda:UpdateFunctionConfiguration", "update the configuration of", name);
            call.env = change.env.as_ref();
            self.fault(call, error)
        })?;
        let arguments = change.arguments();
        let mut words = vec!["lambda", "update-function-configuration", "--function-name", name];
        words.extend(arguments.iter().map(String::as_str));
        permit.did(&words);
        Ok(())
    }

    /// Writes a deploy's stamp into the function's tags; what is `None` is left as it is.
    pub(crate) async fn stamp_function(
        &self,
        permit: &Permit<'_>,
        function: &Function,
        stamp: &Stamp,
    ) -> Result<(), Fault> {
        let all = tags::tags_of(stamp);
        let mut pairs: Vec<String> = all.iter().map(|(key, value)| format!("{key}={value}")).collect();
        pairs.sort();
        let argument = pairs.join(",");
        let call = self.inner.lambda.tag_resource().resource(&function.arn).set_tags(Some(all));
        Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.function_call("lambda:TagResource", "tag the function", &function.name), error)
        })?;
        permit.did(&["lambda", "tag-resource", "--resource", &function.arn, "--tags", &argument]);
        Ok(())
    }

    /// Deletes the function with its versions and its policy; one that is gone already is as good.
    pub(crate) async fn delete_function(&self, permit: &Permit<'_>, name: &str) -> Result<(), Fault> {
        let call = self.inner.lambda.delete_function().function_name(name);
        let answer = Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.function_call("lambda:DeleteFunction", "delete the function", name), error)
        });
        match answer {
            Err(fault) if fault.kind == FaultKind::NotFound => return Ok(()),
            other => other?,
        };
        permit.did(&["lambda", "delete-function", "--function-name", name]);
        Ok(())
    }
}

fn environment(env: &EnvVars) -> Environment {
    let variables: HashMap<String, String> = env.0.clone().into_iter().collect();
    Environment::builder().set_variables(Some(variables)).build()
}
