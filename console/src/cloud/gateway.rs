//! The REST API as API Gateway tells about it.

mod change;
mod responses;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::fault::Call;
use super::{Cloud, Fault, FaultKind};
use crate::domain::{Deployment, GatewayStage, Problem, RestApi, one_line};

pub(crate) use responses::ErrorResponse;

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
    /// Whether a key is asked for.
    pub(crate) key_required: bool,
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
        let named: Vec<_> = all.into_iter().filter(|api| api.name.as_deref() == Some(name)).collect();
        match named.as_slice() {
            [] => Ok(None),
            [api] => Ok(Some(self.located(api.id(), name, api.tags()))),
            several => Err(Fault {
                kind: FaultKind::Other,
                problem: Problem::new(format!("there are {} REST APIs called {name}", several.len()))
                    .because(several.iter().filter_map(|api| api.id()).collect::<Vec<_>>().join(", "))
                    .fix("rename or delete those that are not meant (`aws apigateway update-rest-api`)"),
            }),
        }
    }

    // Where the API's stages answer: what its tag `callboard:url` says (an API behind a domain name of its own, or one of
    // the local cloud), else the address that AWS gives every API. The tags come with the API: GetTags would need a leave
    // of its own, which not everybody has who may see the API.
    fn located(&self, id: Option<&str>, name: &str, tags: Option<&HashMap<String, String>>) -> RestApi {
        let id = id.unwrap_or_default().to_owned();
        let tagged = tags.and_then(|tags| tags.get("callboard:url"));
        let url =
            tagged.map_or_else(|| address(&id, self.region()), |url| url.trim_end_matches('/').to_owned());
        RestApi { id, name: name.to_owned(), url }
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
            let integration = found.method_integration.map(integration);
            (
                name,
                Method {
                    authorization,
                    key_required: found.api_key_required.unwrap_or_default(),
                    integration,
                },
            )
        };
        let resource = |found: aws_sdk_apigateway::types::Resource| Resource {
            id: found.id.unwrap_or_default(),
            path: found.path.unwrap_or_default(),
            methods: found.resource_methods.unwrap_or_default().into_iter().map(method).collect(),
        };
        Ok(all.into_iter().map(resource).collect())
    }

    /// The API's stages; those that are not called `stage` or `prod` too. Without the time of their deployment.
    pub(crate) async fn stages(&self, api: &RestApi) -> Result<Vec<GatewayStage>, Fault> {
        let stages = self.stages_with_times(api).await?;
        Ok(stages.into_iter().map(|(stage, _)| stage).collect())
    }

    /// The same, each with when it was last changed.
    pub(crate) async fn stages_with_times(
        &self,
        api: &RestApi,
    ) -> Result<Vec<(GatewayStage, Option<Timestamp>)>, Fault> {
        let answer =
            Box::pin(self.inner.gateway.get_stages().rest_api_id(&api.id).send()).await.map_err(|error| {
                let path = format!("/restapis/{}/stages", api.id);
                let doing = format!("read the stages of the REST API {}", api.name);
                self.fault(self.gateway_call("apigateway:GET", &path, doing), error)
            })?;
        let stage = |found: aws_sdk_apigateway::types::Stage| {
            let name = found.stage_name.unwrap_or_default();
            let updated_at = found.last_updated_date.and_then(|at| Timestamp::from_second(at.secs()).ok());
            let stage = GatewayStage {
                api_id: api.id.clone(),
                url: match self.inner.addresses.get(name.as_str()) {
                    Some(address) => address.clone(),
                    None => format!("{}/{name}", api.url),
                },
                name,
                deployment_id: found.deployment_id.unwrap_or_default(),
                deployed_at: None,
                variables: found.variables.unwrap_or_default().into_iter().collect(),
            };
            (stage, updated_at)
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
                description: one_line(&found.description.unwrap_or_default(), 1024),
                created_at: found.created_date.and_then(|at| Timestamp::from_second(at.secs()).ok()),
            })),
        }
    }

    /// All deployments of the API, newest first.
    pub(crate) async fn deployments(&self, api: &RestApi) -> Result<Vec<Deployment>, Fault> {
        let call = self.inner.gateway.get_deployments().rest_api_id(&api.id).limit(PAGE);
        let all = call.into_paginator().items().send().try_collect().await.map_err(|error| {
            let path = format!("/restapis/{}/deployments", api.id);
            let doing = format!("list the deployments of the REST API {}", api.name);
            self.fault(self.gateway_call("apigateway:GET", &path, doing), error)
        })?;
        let deployment = |found: aws_sdk_apigateway::types::Deployment| Deployment {
            id: found.id.unwrap_or_default(),
            description: one_line(&found.description.unwrap_or_default(), 1024),
            created_at: found.created_date.and_then(|at| Timestamp::from_second(at.secs()).ok()),
        };
        let mut all: Vec<Deployment> = all.into_iter().map(deployment).collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.created_at));
        Ok(all)
    }
}

// AWS in China has a domain of its own.
fn address(id: &str, region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{id}.execute-api.{region}.{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_answers_in_the_domain_of_its_partition() {
        assert_eq!(address("abc123", "eu-west-1"), "https://abc123.execute-api.eu-west-1.amazonaws.com");
        assert_eq!(address("abc123", "cn-north-1"), "https://abc123.execute-api.cn-north-1.amazonaws.com.cn");
    }
}
