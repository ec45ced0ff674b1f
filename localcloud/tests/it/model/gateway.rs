//! An API: its resources and methods, deployments as unchangeable snapshots, stages with a variable, and what the data plane answers
//! by the deployment that a stage stands on.

mod plain;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::{IntegrationType, Op, PatchOperation};
use localcloud::account::function_arn;
use plain::{Api, Change, Model, PROBES, STAGES, Target, parent_of};
use proptest_state_machine::{StateMachineTest, prop_state_machine};
use serde_json::Value;

use super::{Outcome, SHARED, config, outcome};

/// The real one.
struct Real {
    id: String,
    url: String,
    /// The ids of the resources by path, and of the deployments in their order.
    resources: BTreeMap<&'static str, String>,
    deployments: Vec<String>,
}

fn sdk() -> aws_sdk_apigateway::Client {
    aws_sdk_apigateway::Client::new(&SHARED.live.sdk)
}

impl Real {
    async fn create() -> Real {
        let made = sdk().create_rest_api().name(format!("m{}", SHARED.new_sequence())).send().await.unwrap();
        let id = made.id().unwrap().to_owned();
        let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{id}");
        let tags = sdk().get_tags().resource_arn(arn).send().await.unwrap();
        let url = tags.tags().unwrap()["callboard:url"].clone();
        let root = made.root_resource_id().unwrap().to_owned();
        Real { id, url, resources: BTreeMap::from([("/", root)]), deployments: Vec::new() }
    }

    async fn call(&mut self, change: Change) -> Outcome {
        let sdk = sdk();
        let patch = |op: Op, path: &str, value: Option<&str>| {
            PatchOperation::builder().op(op).path(path).set_value(value.map(str::to_owned)).build()
        };
        let update = |stage: &str, patch: PatchOperation| {
            sdk.update_stage().rest_api_id(&self.id).stage_name(stage).patch_operations(patch).send()
        };
        match change {
            Change::CreateResource(path) => {
                let (_, part) = path.rsplit_once('/').unwrap();
                let create = sdk.create_resource().rest_api_id(&self.id).path_part(part);
                let made = create.parent_id(&self.resources[parent_of(path)]).send().await;
                if let Ok(made) = &made {
                    assert_eq!(made.path(), Some(path));
                    self.resources.insert(path, made.id().unwrap().to_owned());
                }
                outcome(made)
            }
            Change::DeleteResource(path) => {
                let delete = sdk.delete_resource().rest_api_id(&self.id).resource_id(&self.resources[path]);
                outcome(delete.send().await)
            }
            Change::PutMethod(path, method, target) => {
                let resource = &self.resources[path];
                let put = sdk.put_method().rest_api_id(&self.id).resource_id(resource).http_method(method);
                let put = outcome(put.authorization_type("NONE").send().await);
                if put != Outcome::Done {
                    return put;
                }
                let name = match target {
                    Target::Echo => "echo",
                    Target::Shut => "shut",
                    Target::Variable => "${stageVariables.name}",
                };
                let function = function_arn(name);
                let uri = format!(
                    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
                );
                let integration = sdk.put_integration().rest_api_id(&self.id).resource_id(resource).uri(uri);
                let integration = integration.http_method(method).r#type(IntegrationType::AwsProxy);
                outcome(integration.integration_http_method("POST").send().await)
            }
            Change::DeleteMethod(path, method) => {
                let delete = sdk.delete_method().rest_api_id(&self.id).resource_id(&self.resources[path]);
                outcome(delete.http_method(method).send().await)
            }
            Change::Deploy(stage) => {
                let made = sdk.create_deployment().rest_api_id(&self.id).stage_name(stage).send().await;
                if let Ok(made) = &made {
                    self.deployments.push(made.id().unwrap().to_owned());
                }
                outcome(made)
            }
            Change::MoveStage(stage, to) => {
                outcome(update(stage, patch(Op::Replace, "/deploymentId", Some(&self.deployments[to]))).await)
            }
            Change::DeleteDeployment(deployment) => {
                let delete = sdk.delete_deployment().rest_api_id(&self.id);
                outcome(delete.deployment_id(&self.deployments[deployment]).send().await)
            }
            Change::SetVariable(stage, Some(name)) => {
                outcome(update(stage, patch(Op::Replace, "/variables/name", Some(name))).await)
            }
            Change::SetVariable(stage, None) => {
                outcome(update(stage, patch(Op::Remove, "/variables/name", None)).await)
            }
            Change::DeleteStage(stage) => {
                outcome(sdk.delete_stage().rest_api_id(&self.id).stage_name(stage).send().await)
            }
        }
    }

    async fn check(&self, model: &Api) {
        let found =
            sdk().get_resources().rest_api_id(&self.id).embed("methods").limit(500).send().await.unwrap();
        let resources: BTreeMap<String, BTreeSet<String>> = found
            .items()
            .iter()
            .map(|resource| {
                let methods = resource.resource_methods().into_iter().flatten();
                (resource.path().unwrap().to_owned(), methods.map(|(name, _)| name.clone()).collect())
            })
            .collect();
        let expected = model.resources.iter().map(|(path, methods)| {
            ((*path).to_owned(), methods.keys().map(|name| (*name).to_owned()).collect())
        });
        assert_eq!(resources, expected.collect());
        let found = sdk().get_stages().rest_api_id(&self.id).send().await.unwrap();
        let stages: BTreeMap<String, (String, Option<String>)> = found
            .item()
            .iter()
            .map(|stage| {
                let variable = stage.variables().and_then(|variables| variables.get("name")).cloned();
                (
                    stage.stage_name().unwrap().to_owned(),
                    (stage.deployment_id().unwrap().to_owned(), variable),
                )
            })
            .collect();
        let expected = model.stages.iter().map(|(name, stage)| {
            (
                (*name).to_owned(),
                (self.deployments[stage.deployment].clone(), stage.variable.map(str::to_owned)),
            )
        });
        assert_eq!(stages, expected.collect());
    }

    /// Asks the data plane for everything.
    async fn probe(&self, model: &Api) {
        for stage in STAGES {
            for (path, probe) in PROBES {
                for method in ["GET", "POST"] {
                    let url = format!("{}/{stage}{path}", self.url);
                    let answer = SHARED.live.http.request(method.parse().unwrap(), url).send().await.unwrap();
                    let (status, body) = (answer.status().as_u16(), answer.text().await.unwrap());
                    let (expected, through) = model.answer(stage, method, probe);
                    assert_eq!(status, expected, "{method} {path} of {stage}: {body}");
                    if let Some((resource, deployment)) = through {
                        let event: Value = serde_json::from_str(&body).unwrap();
                        assert_eq!(event["resource"], resource);
                        assert_eq!(event["path"], path);
                        assert_eq!(
                            event["requestContext"]["deploymentId"],
                            self.deployments[deployment].as_str()
                        );
                        let variable = model.stages[stage].variable;
                        assert_eq!(event["stageVariables"]["name"].as_str(), variable);
                    }
                }
            }
        }
    }
}

impl StateMachineTest for Real {
    type SystemUnderTest = Real;
    type Reference = Model;

    fn init_test(_: &Api) -> Real {
        SHARED.runtime.block_on(Real::create())
    }

    fn apply(mut real: Real, model: &Api, change: Change) -> Real {
        // A stage that has moved, or is new or gone, answers otherwise.
        let moves = !matches!(change, Change::CreateResource(_) | Change::DeleteResource(_));
        SHARED.runtime.block_on(async {
            assert_eq!(real.call(change).await, model.last);
            if moves && !model.stages.is_empty() {
                real.probe(model).await;
            }
        });
        real
    }

    fn check_invariants(real: &Real, model: &Api) {
        SHARED.runtime.block_on(real.check(model));
    }

    fn teardown(real: Real, model: Api) {
        SHARED.runtime.block_on(async {
            real.probe(&model).await;
            sdk().delete_rest_api().rest_api_id(&real.id).send().await.unwrap();
        });
    }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn an_api_answers_as_the_model_says(sequential 1..24 => Real);
}
