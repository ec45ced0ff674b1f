use std::collections::BTreeMap;

use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType, IntegrationType, Op, PatchOperation};
use jiff::Timestamp;

use super::fault::Call;
use super::{Cloud, Fault, FaultKind};
use crate::domain::{GatewayStage, Problem, RestApi, StageName};

// The most that a page of these lists may have; AWS's own default is 25.
const PAGE: i32 = 500;

/// A path of the API with its methods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) id: String,
    /// Whole path, such as `/{proxy+}`.
    pub(crate) path: String,
    pub(crate) methods: BTreeMap<String, Method>,
}

/// A method of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) authorization: String,
    pub(crate) integration: Option<Integration>,
}

/// Where a method leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Integration {
    /// Such as `AWS_PROXY`.
    pub(crate) kind: String,
    /// The method of the gateway's own call; Lambda takes `POST` only.
    pub(crate) http_method: String,
    pub(crate) uri: String,
}

/// A snapshot of the API's resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) description: String,
    pub(crate) created_at: Option<Timestamp>,
}

impl Cloud {
    fn gateway_call(&self, action: &'static str, path: &str, doing: impl Into<String>) -> Call<'static> {
        Call::new(action, format!("arn:aws:apigateway:{}::{path}", self.region()), doing)
    }

    /// The REST API of this name, if there is one. Names are not unique on AWS: two of them are a fault, for nobody could
    /// say which is meant.
    pub(crate) async fn api(&self, name: &str) -> Result<Option<RestApi>, Fault> {
        let pages = self.inner.gateway.get_rest_apis().limit(PAGE).into_paginator().items().send();
        let all = pages.try_collect().await.map_err(|error| {
            self.fault(self.gateway_call("apigateway:GET", "/restapis", "list the REST APIs"), error)
        })?;
        let named = all.into_iter().filter(|api| api.name.as_deref() == Some(name));
        let ids: Vec<String> = named.filter_map(|api| api.id).collect();
        match ids.as_slice() {
            [] => Ok(None),
            [id] => Ok(Some(self.located(id.clone(), name).await?)),
            several => Err(Fault {
                kind: FaultKind::Other,
                problem: Problem::new(format!("there are {} REST APIs called {name}", several.len()))
                    .because(several.join(", "))
                    .fix("rename or delete those that are not meant (`aws apigateway update-rest-api`)"),
            }),
        }
    }

    /// Creates the REST API, regional.
    pub(crate) async fn create_api(&self, name: &str) -> Result<RestApi, Fault> {
        let regional = EndpointConfiguration::builder().types(EndpointType::Regional).build();
        let call = self.inner.gateway.create_rest_api().name(name).endpoint_configuration(regional);
        let made = Box::pin(call.send()).await.map_err(|error| {
            let doing = format!("create the REST API {name}");
            self.fault(self.gateway_call("apigateway:POST", "/restapis", doing), error)
        })?;
        self.located(made.id.unwrap_or_default(), name).await
    }

    // Where the API's stages answer: what its tag `callboard:url` says (an API behind a domain name of its own, or one of
    // the local cloud), else the address that AWS gives every API.
    async fn located(&self, id: String, name: &str) -> Result<RestApi, Fault> {
        let url = match self.known_url(&id) {
            Some(url) => url,
            None => {
                let arn = format!("arn:aws:apigateway:{}::/restapis/{id}", self.region());
                let call = self.inner.gateway.get_tags().resource_arn(&arn);
                let answer = Box::pin(call.send()).await.map_err(|error| {
                    let doing = format!("read the tags of the REST API {name}");
                    self.fault(Call::new("apigateway:GET", arn, doing), error)
                })?;
                let tagged = answer.tags.unwrap_or_default().remove("callboard:url");
                let url = tagged
                    .unwrap_or_else(|| format!("https://{id}.execute-api.{}.amazonaws.com", self.region()));
                let url = url.trim_end_matches('/').to_owned();
                self.learn_url(&id, &url);
                url
            }
        };
        Ok(RestApi { id, name: name.to_owned(), url })
    }

    /// All resources of the API, with methods and integrations.
    pub(crate) async fn resources(&self, api: &RestApi) -> Result<Vec<Resource>, Fault> {
        let call = self.inner.gateway.get_resources().rest_api_id(&api.id).embed("methods").limit(PAGE);
        let all = call.into_paginator().items().send().try_collect().await.map_err(|error| {
            let path = format!("/restapis/{}/resources", api.id);
            let doing = format!("read the resources of the REST API {}", api.name);
            self.fault(self.gateway_call("apigateway:GET", &path, doing), error)
        })?;
        let integration = |found: aws_sdk_apigateway::types::Integration| Integration {
            kind: found.r#type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            http_method: found.http_method.unwrap_or_default(),
            uri: found.uri.unwrap_or_default(),
        };
        let method = |(name, found): (String, aws_sdk_apigateway::types::Method)| {
            let authorization = found.authorization_type.unwrap_or_default();
            (name, Method { authorization, integration: found.method_integration.map(integration) })
        };
        let resource = |found: aws_sdk_apigateway::types::Resource| Resource {
            id: found.id.unwrap_or_default(),
            path: found.path.unwrap_or_default(),
            methods: found.resource_methods.unwrap_or_default().into_iter().map(method).collect(),
        };
        Ok(all.into_iter().map(resource).collect())
    }

    /// Creates a resource below another; answers its id.
    pub(crate) async fn create_resource(
        &self,
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
        Ok(made.id.unwrap_or_default())
    }

    /// Opens a method of a resource to everybody.
    pub(crate) async fn put_method(&self, api: &RestApi, resource: &str, method: &str) -> Result<(), Fault> {
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
        Ok(())
    }

    /// Leads a method to where `integration` says; replaces where it led before.
    pub(crate) async fn put_integration(
        &self,
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
        Ok(())
    }

    /// The API's stages; those that are not called `stage` or `prod` too. Without the time of their deployment.
    pub(crate) async fn stages(&self, api: &RestApi) -> Result<Vec<GatewayStage>, Fault> {
        let answer =
            Box::pin(self.inner.gateway.get_stages().rest_api_id(&api.id).send()).await.map_err(|error| {
                let path = format!("/restapis/{}/stages", api.id);
                let doing = format!("read the stages of the REST API {}", api.name);
                self.fault(self.gateway_call("apigateway:GET", &path, doing), error)
            })?;
        let stage = |found: aws_sdk_apigateway::types::Stage| {
            let name = found.stage_name.unwrap_or_default();
            GatewayStage {
                api_id: api.id.clone(),
                url: format!("{}/{name}", api.url),
                name,
                deployment_id: found.deployment_id.unwrap_or_default(),
                deployed_at: None,
                variables: found.variables.unwrap_or_default().into_iter().collect(),
            }
        };
        Ok(answer.item.unwrap_or_default().into_iter().map(stage).collect())
    }

    /// One deployment of the API; `None` when it is gone.
    pub(crate) async fn deployment(&self, api: &RestApi, id: &str) -> Result<Option<Deployment>, Fault> {
        let call = self.inner.gateway.get_deployment().rest_api_id(&api.id).deployment_id(id);
        let answer = Box::pin(call.send()).await.map_err(|error| {
            let path = format!("/restapis/{}/deployments/{id}", api.id);
            self.fault(self.gateway_call("apigateway:GET", &path, format!("read the deployment {id}")), error)
        });
        match answer {
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
            Ok(found) => Ok(Some(Deployment {
                id: found.id.unwrap_or_default(),
                description: found.description.unwrap_or_default(),
                created_at: found.created_date.and_then(|at| Timestamp::from_second(at.secs()).ok()),
            })),
        }
    }

    /// Makes a snapshot of the API's resources and lets the stage answer with it; creates the stage if there is none, with
    /// the stage variable `env`. Answers the deployment's id.
    pub(crate) async fn create_deployment(
        &self,
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
        let made = Box::pin(call.send()).await.map_err(|error| {
            let path = format!("/restapis/{}/deployments", api.id);
            self.fault(
                self.gateway_call("apigateway:POST", &path, format!("deploy the API to {stage}")),
                error,
            )
        })?;
        Ok(made.id.unwrap_or_default())
    }

    /// Sets the stage variable `env`, which picks the function.
    pub(crate) async fn set_stage_variable(&self, api: &RestApi, stage: StageName) -> Result<(), Fault> {
        let patch =
            PatchOperation::builder().op(Op::Replace).path("/variables/env").value(stage.as_str()).build();
        let call = self
            .inner
            .gateway
            .update_stage()
            .rest_api_id(&api.id)
            .stage_name(stage.as_str())
            .patch_operations(patch);
        Box::pin(call.send()).await.map_err(|error| {
            let path = format!("/restapis/{}/stages/{stage}", api.id);
            let doing = format!("set the stage variable env of {stage}");
            self.fault(self.gateway_call("apigateway:PATCH", &path, doing), error)
        })?;
        Ok(())
    }
}
