//! Changes of the REST API.

use aws_sdk_apigateway::config::Builder;
use aws_sdk_apigateway::config::retry::RetryConfig;
use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType, IntegrationType, Op, PatchOperation};

use super::super::permit::Permit;
use super::super::{Cloud, Fault, FaultKind};
use super::Integration;
use crate::domain::{RestApi, StageName};

// These calls make a new thing each time: when an answer is lost, the caller looks at what is there before it calls again.
fn once() -> Builder {
    Builder::new().retry_config(RetryConfig::disabled())
}

impl Cloud {
    /// Creates the REST API, regional. Nothing else is asked in here: a caller that has to repeat what failed must never
    /// make a second API.
    pub(crate) async fn create_api(&self, permit: &Permit<'_>, name: &str) -> Result<RestApi, Fault> {
        let regional = EndpointConfiguration::builder().types(EndpointType::Regional).build();
        let call = self.inner.gateway.create_rest_api().name(name).endpoint_configuration(regional);
        let made = Box::pin(call.customize().config_override(once()).send()).await.map_err(|error| {
            let doing = format!("create the REST API {name}");
            self.fault(self.gateway_call("apigateway:POST", "/restapis", doing), error)
        })?;
        let words = ["--name", name, "--endpoint-configuration", "types=REGIONAL"];
        permit.did(&[&["apigateway", "create-rest-api"], words.as_slice()].concat());
        Ok(self.located(made.id(), name, made.tags()))
    }

    /// Creates a resource below another; answers its id.
    pub(crate) async fn create_resource(
        &self,
        permit: &Permit<'_>,
        api: &RestApi,
        parent: &str,
        part: &str,
    ) -> Result<String, Fault> {
        let call =
            self.inner.gateway.create_resource().rest_api_id(&api.id).parent_id(parent).path_part(part);
        let made = Box::pin(call.send()).await.map_err(|error| {
            let path = format!("/restapis/{}/resources/{parent}", api.id);
            self.fault(
                self.gateway_call("apigateway:POST", &path, format!("create the resource /{part}")),
                error,
            )
        })?;
        let words = ["--rest-api-id", &api.id, "--parent-id", parent, "--path-part", part];
        permit.did(&[&["apigateway", "create-resource"], words.as_slice()].concat());
        Ok(made.id.unwrap_or_default())
    }

    /// Opens a method of a resource to everybody.
    pub(crate) async fn put_method(
        &self,
        permit: &Permit<'_>,
        api: &RestApi,
        resource: &str,
        method: &str,
    ) -> Result<(), Fault> {
        let call = self
            .inner
            .gateway
            .put_method()
            .rest_api_id(&api.id)
            .resource_id(resource)
            .http_method(method)
            .authorization_type("NONE");
        Box::pin(call.send()).await.map_err(|error| {
            let path = format!("/restapis/{}/resources/{resource}/methods/{method}", api.id);
            self.fault(
                self.gateway_call("apigateway:PUT", &path, format!("create the method {method}")),
                error,
            )
        })?;
        let words = ["--rest-api-id", &api.id, "--resource-id", resource, "--http-method", method];
        let rest = ["--authorization-type", "NONE"];
        permit.did(&[&["apigateway", "put-method"], words.as_slice(), &rest].concat());
        Ok(())
    }

    /// Leads a method to where `integration` says; replaces where it led before.
    pub(crate) async fn put_integration(
        &self,
        permit: &Permit<'_>,
        api: &RestApi,
        resource: &str,
        method: &str,
        integration: &Integration,
    ) -> Result<(), Fault> {
        let call = self
            .inner
            .gateway
            .put_integration()
            .rest_api_id(&api.id)
            .resource_id(resource)
            .http_method(method)
            .r#type(IntegrationType::from(integration.kind.as_str()))
            .integration_http_method(&integration.http_method)
            .uri(&integration.uri);
        Box::pin(call.send()).await.map_err(|error| {
            let path = format!("/restapis/{}/resources/{resource}/methods/{method}/integration", api.id);
            self.fault(self.gateway_call("apigateway:PUT", &path, "lead the gateway to the function"), error)
        })?;
        let words = ["--rest-api-id", &api.id, "--resource-id", resource, "--http-method", method];
        let to = ["--type", &integration.kind, "--integration-http-method", &integration.http_method];
        let uri = ["--uri", &integration.uri];
        permit.did(&[&["apigateway", "put-integration"], words.as_slice(), &to, &uri].concat());
        Ok(())
    }

    /// Makes a snapshot of the API's resources and lets the stage answer with it; creates the stage if there is none, with
    /// the stage variable `env`. Answers the deployment's id.
    pub(crate) async fn create_deployment(
        &self,
        permit: &Permit<'_>,
        api: &RestApi,
        stage: StageName,
        description: &str,
        new_stage: bool,
    ) -> Result<String, Fault> {
        let mut call = self
            .inner
            .gateway
            .create_deployment()
            .rest_api_id(&api.id)
            .stage_name(stage.as_str())
            .description(description);
        if new_stage {
            call = call.variables("env", stage.as_str());
        }
        let made = Box::pin(call.customize().config_override(once()).send()).await.map_err(|error| {
            let path = format!("/restapis/{}/deployments", api.id);
            self.fault(
                self.gateway_call("apigateway:POST", &path, format!("deploy the API to {stage}")),
                error,
            )
        })?;
        let words = ["--rest-api-id", &api.id, "--stage-name", stage.as_str(), "--description", description];
        let variables = format!("env={stage}");
        let rest: &[&str] = if new_stage { &["--variables", &variables] } else { &[] };
        permit.did(&[&["apigateway", "create-deployment"], words.as_slice(), rest].concat());
        Ok(made.id.unwrap_or_default())
    }

    /// Sets the stage variable `env`, which picks the function.
    pub(crate) async fn set_stage_variable(
        &self,
        permit: &Permit<'_>,
        api: &RestApi,
        stage: StageName,
    ) -> Result<(), Fault> {
        let doing = format!("set the stage variable env of {stage}");
        self.patch_stage(permit, api, stage, "/variables/env", stage.as_str(), doing).await
    }

    /// Lets the stage answer with another deployment of the API.
    pub(crate) async fn set_stage_deployment(
        &self,
        permit: &Permit<'_>,
        api: &RestApi,
        stage: StageName,
        deployment: &str,
    ) -> Result<(), Fault> {
        let doing = format!("let {stage} answer with the deployment {deployment}");
        self.patch_stage(permit, api, stage, "/deploymentId", deployment, doing).await
    }

    async fn patch_stage(
        &self,
        permit: &Permit<'_>,
        api: &RestApi,
        stage: StageName,
        path: &str,
        value: &str,
        doing: String,
    ) -> Result<(), Fault> {
        let patch = PatchOperation::builder().op(Op::Replace).path(path).value(value).build();
        let call = self.inner.gateway.update_stage().rest_api_id(&api.id).stage_name(stage.as_str());
        Box::pin(call.patch_operations(patch).send()).await.map_err(|error| {
            let path = format!("/restapis/{}/stages/{stage}", api.id);
            self.fault(self.gateway_call("apigateway:PATCH", &path, doing), error)
        })?;
        let words = ["--rest-api-id", &api.id, "--stage-name", stage.as_str(), "--patch-operations"];
        let patch = format!("op=replace,path={path},value={value}");
        permit.did(&[&["apigateway", "update-stage"], words.as_slice(), &[&patch]].concat());
        Ok(())
    }

    /// Deletes a stage of the API; one that is gone already is as good.
    pub(crate) async fn delete_stage(
        &self,
        permit: &Permit<'_>,
        api: &RestApi,
        stage: StageName,
    ) -> Result<(), Fault> {
        let call = self.inner.gateway.delete_stage().rest_api_id(&api.id).stage_name(stage.as_str());
        let answer = Box::pin(call.send()).await.map_err(|error| {
            let path = format!("/restapis/{}/stages/{stage}", api.id);
            let doing = format!("delete the gateway's stage {stage}");
            self.fault(self.gateway_call("apigateway:DELETE", &path, doing), error)
        });
        match answer {
            Err(fault) if fault.kind == FaultKind::NotFound => return Ok(()),
            other => other?,
        };
        let words = ["--rest-api-id", &api.id, "--stage-name", stage.as_str()];
        permit.did(&[&["apigateway", "delete-stage"], words.as_slice()].concat());
        Ok(())
    }

    /// Deletes the API with all that is in it; one that is gone already is as good.
    pub(crate) async fn delete_api(&self, permit: &Permit<'_>, api: &RestApi) -> Result<(), Fault> {
        let call = self.inner.gateway.delete_rest_api().rest_api_id(&api.id);
        let answer = Box::pin(call.send()).await.map_err(|error| {
            let path = format!("/restapis/{}", api.id);
            let doing = format!("delete the REST API {}", api.name);
            self.fault(self.gateway_call("apigateway:DELETE", &path, doing), error)
        });
        match answer {
            Err(fault) if fault.kind == FaultKind::NotFound => return Ok(()),
            other => other?,
        };
        permit.did(&["apigateway", "delete-rest-api", "--rest-api-id", &api.id]);
        Ok(())
    }
}
