//! The calls of a change.

use aws_sdk_apigateway::types::{IntegrationType, Op, PatchOperation};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use aws_sdk_ecr::types::ImageIdentifier;
use aws_sdk_lambda::types::{Environment, FunctionCode, PackageType};
use localcloud::account;

use super::super::seen::Settings;
use super::change::Change;
use super::{At, Client, Cut, ROLE, done};
use crate::account::TRUST;
use crate::live::architecture;

impl Change {
    /// Makes the call, or the calls.
    pub(super) async fn perform(&self, client: &mut Client, at: &At) -> Result<(), Cut> {
        match self {
            Change::Push(tag, ballast) => at.registry.push(&client.name, tag, ballast).await,
            Change::DeleteImage(tag) => {
                let id = ImageIdentifier::builder().image_tag(tag).build();
                let ecr = &at.ecr;
                done(ecr.batch_delete_image().repository_name(&client.name).image_ids(id).send().await)
                    .map(drop)
            }
            Change::CreateRole(name) => {
                let role = at.iam.create_role().role_name(name);
                done(role.assume_role_policy_document(TRUST).send().await).map(drop)
            }
            Change::DeleteRole(name) => done(at.iam.delete_role().role_name(name).send().await).map(drop),
            Change::CreateGroup | Change::DeleteGroup | Change::CreateStream(_) | Change::Put(..) => {
                self.perform_on_logs(&client.name, at).await
            }
            Change::CreateApi
            | Change::DeleteApi
            | Change::CreateResource(_)
            | Change::DeleteResource(_)
            | Change::Deploy(..)
            | Change::SetVariable(..)
            | Change::MoveStage(..)
            | Change::DeleteStage(_) => self.perform_on_api(client, at).await,
            _ => self.perform_on_function(&client.name, at).await,
        }
    }

    async fn perform_on_logs(&self, group: &str, at: &At) -> Result<(), Cut> {
        let logs = &at.logs;
        match self {
            Change::CreateGroup => done(logs.create_log_group().log_group_name(group).send().await).map(drop),
            Change::DeleteGroup => done(logs.delete_log_group().log_group_name(group).send().await).map(drop),
            Change::CreateStream(stream) => {
                let create = logs.create_log_stream().log_group_name(group).log_stream_name(stream);
                done(create.send().await).map(drop)
            }
            Change::Put(stream, messages) => {
                let now = jiff::Timestamp::now().as_millisecond();
                let event =
                    |message| InputLogEvent::builder().timestamp(now).message(message).build().unwrap();
                let put = logs.put_log_events().log_group_name(group).log_stream_name(stream);
                done(put.set_log_events(Some(messages.iter().map(event).collect())).send().await).map(drop)
            }
            other => panic!("{other:?} is not about logs"),
        }
    }

    async fn perform_on_api(&self, client: &mut Client, at: &At) -> Result<(), Cut> {
        let gateway = &at.gateway;
        let ids = &mut client.ids;
        let patch = |path: String, value: &str| {
            PatchOperation::builder().op(Op::Replace).path(path).value(value).build()
        };
        match self {
            Change::CreateApi => {
                let made = done(gateway.create_rest_api().name(&client.name).send().await)?;
                ids.api = made.id().unwrap().to_owned();
                ids.root = made.root_resource_id().unwrap().to_owned();
                (ids.has_method, ids.has_integration) = (false, false);
            }
            Change::DeleteApi => drop(done(gateway.delete_rest_api().rest_api_id(&ids.api).send().await)?),
            Change::CreateResource(path) => {
                let create = gateway.create_resource().rest_api_id(&ids.api).parent_id(&ids.root);
                let made = done(create.path_part(path.trim_start_matches('/')).send().await)?;
                ids.resources.insert(path.clone(), made.id().unwrap().to_owned());
            }
            Change::DeleteResource(path) => {
                let delete =
                    gateway.delete_resource().rest_api_id(&ids.api).resource_id(&ids.resources[path]);
                done(delete.send().await)?;
            }
            Change::Deploy(stage, description) => {
                if !ids.has_method {
                    let method = gateway.put_method().rest_api_id(&ids.api).resource_id(&ids.root);
                    done(method.http_method("ANY").authorization_type("NONE").send().await)?;
                    ids.has_method = true;
                }
                if !ids.has_integration {
                    let function = account::function_arn("f");
                    let uri = format!(
                        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
                    );
                    let integration = gateway.put_integration().rest_api_id(&ids.api).resource_id(&ids.root);
                    let integration = integration.http_method("ANY").r#type(IntegrationType::AwsProxy);
                    done(integration.integration_http_method("POST").uri(uri).send().await)?;
                    ids.has_integration = true;
                }
                let deploy = gateway.create_deployment().rest_api_id(&ids.api).stage_name(stage);
                let made = done(deploy.description(description).send().await)?;
                ids.deployments.insert(description.clone(), made.id().unwrap().to_owned());
            }
            Change::SetVariable(stage, key, value) => {
                let update = gateway.update_stage().rest_api_id(&ids.api).stage_name(stage);
                done(update.patch_operations(patch(format!("/variables/{key}"), value)).send().await)?;
            }
            Change::MoveStage(stage, deployment) => {
                let update = gateway.update_stage().rest_api_id(&ids.api).stage_name(stage);
                let patch = patch("/deploymentId".to_owned(), &ids.deployments[deployment]);
                done(update.patch_operations(patch).send().await)?;
            }
            Change::DeleteStage(stage) => {
                done(gateway.delete_stage().rest_api_id(&ids.api).stage_name(stage).send().await)?;
            }
            other => panic!("{other:?} is not about an API"),
        }
        Ok(())
    }

    async fn perform_on_function(&self, repository: &str, at: &At) -> Result<(), Cut> {
        let lambda = &at.lambda;
        let uri = |tag: &str| format!("{}/{repository}:{tag}", at.endpoint.trim_start_matches("http://"));
        let environment = |settings: &Settings| {
            let variables = settings.environment.clone().into_iter().collect();
            Environment::builder().set_variables(Some(variables)).build()
        };
        match self {
            Change::CreateFunction(name, settings, tag) => {
                let create = lambda.create_function().function_name(name).package_type(PackageType::Image);
                let create = create.code(FunctionCode::builder().image_uri(uri(tag)).build());
                let create = create.role(account::role_arn(ROLE)).architectures(architecture().into());
                done(create.environment(environment(settings)).send().await).map(drop)
            }
            Change::DeleteFunction(name) => {
                done(lambda.delete_function().function_name(name).send().await).map(drop)
            }
            Change::Configure(name, settings) => {
                settled(lambda, name).await?;
                let update = lambda.update_function_configuration().function_name(name);
                let update = update.memory_size(settings.memory).environment(environment(settings));
                done(update.send().await).map(drop)
            }
            Change::SetCode(name, tag, _) => {
                settled(lambda, name).await?;
                let update = lambda.update_function_code().function_name(name).image_uri(uri(tag));
                done(update.send().await).map(drop)
            }
            Change::Publish(name) => {
                settled(lambda, name).await?;
                done(lambda.publish_version().function_name(name).send().await).map(drop)
            }
            Change::Tag(name, key, value) => {
                let tag = lambda.tag_resource().resource(account::function_arn(name)).tags(key, value);
                done(tag.send().await).map(drop)
            }
            Change::Untag(name, key) => {
                let untag = lambda.untag_resource().resource(account::function_arn(name)).tag_keys(key);
                done(untag.send().await).map(drop)
            }
            Change::Concurrency(name, Some(most)) => {
                let put = lambda.put_function_concurrency().function_name(name);
                done(put.reserved_concurrent_executions(*most).send().await).map(drop)
            }
            Change::Concurrency(name, None) => {
                done(lambda.delete_function_concurrency().function_name(name).send().await).map(drop)
            }
            Change::Permit(name, statement) => {
                let permit = lambda.add_permission().function_name(name).statement_id(statement);
                let permit = permit.action("lambda:InvokeFunction").principal("apigateway.amazonaws.com");
                done(permit.send().await).map(drop)
            }
            Change::Forbid(name, statement) => {
                let forbid = lambda.remove_permission().function_name(name).statement_id(statement);
                done(forbid.send().await).map(drop)
            }
            other => panic!("{other:?} is not about a function"),
        }
    }
}

/// Waits until the function can be changed again.
async fn settled(lambda: &aws_sdk_lambda::Client, name: &str) -> Result<(), Cut> {
    let mut poll = tokio::time::interval(std::time::Duration::from_millis(2));
    loop {
        poll.tick().await;
        let got = done(lambda.get_function_configuration().function_name(name).send().await)?;
        let updating = got.last_update_status().is_some_and(|status| status.as_str() == "InProgress");
        if !updating && got.state().is_some_and(|state| state.as_str() == "Active") {
            return Ok(());
        }
    }
}
