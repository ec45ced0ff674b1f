//! A service on the local cloud that can be made ill, and the gateway before it; what the checks find.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::{Op, PatchOperation};
use aws_sdk_lambda::types::Environment;
use callboard::checks;
use callboard::cloud::Cloud;
use callboard::domain::{CheckKind, Diagnosis, Report, StageName};
use callboard::settings::Settings;

use super::project::Project;

const URI: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:";

pub(crate) struct Patient {
    pub(crate) project: Project,
    pub(crate) cloud: Cloud,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) gateway: aws_sdk_apigateway::Client,
    /// The REST API's id.
    pub(crate) api: String,
    /// Where `stage` answers.
    pub(crate) url: String,
}

impl Patient {
    /// Both stages deployed, and well.
    pub(crate) async fn admit() -> Patient {
        let project = Project::of_puppet();
        let cloud = project.cloud().await;
        for stage in StageName::ALL {
            Box::pin(project.deploy(&cloud, stage)).await;
        }
        let lambda = project.somebody_else();
        let gateway = project.somebody_else_at_the_gateway();
        let apis = gateway.get_rest_apis().send().await.expect("the APIs");
        let api = apis.items()[0].id().expect("an id").to_owned();
        let url = cloud.stage_url(StageName::Stage).await.expect("read").expect("a stage");
        Patient { project, cloud, lambda, gateway, api, url }
    }

    /// The project's settings with more behind them.
    pub(crate) fn settings(&self, more: &str) -> Settings {
        self.project.write("with.toml", &Project::puppets_settings(more));
        Settings::load(&self.project.path().join("with.toml")).unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// The function's whole environment.
    pub(crate) async fn environment(&self, variables: &[(&str, &str)]) {
        let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let environment = Environment::builder().set_variables(Some(variables)).build();
        let call = self.lambda.update_function_configuration().function_name("hello-stage");
        call.environment(environment).send().await.expect("an update");
        self.settled().await;
    }

    /// Until the function runs what it was last given.
    pub(crate) async fn settled(&self) {
        loop {
            let found = self.lambda.get_function_configuration().function_name("hello-stage").send().await;
            let status = found.expect("the function").last_update_status().cloned();
            if status.is_none_or(|status| status.as_str() != "InProgress") {
                return;
            }
        }
    }

    pub(crate) async fn ill(&self, name: &str) {
        self.environment(&[("ENV", "stage"), ("ILL", name)]).await;
    }

    /// As a deploy makes it, by a deploy.
    pub(crate) async fn cured(&self) {
        let deploy = self.project.deploy(&self.cloud, StageName::Stage);
        let (deployed, told) = Box::pin(deploy).await;
        assert!(deployed.green(), "{:#?}", told.all());
    }

    /// Everything that the checks find, by name.
    pub(crate) async fn diagnosed(&self, settings: &Settings, url: Option<&str>) -> BTreeSet<Diagnosis> {
        let reports = self.reports(settings, url).await;
        let all = reports.iter().flat_map(|report| &report.checks);
        all.filter_map(|check| check.verdict.fault()).map(|fault| fault.diagnosis).collect()
    }

    /// The same at the stage's own URL.
    pub(crate) async fn found(&self, settings: &Settings) -> BTreeSet<Diagnosis> {
        Box::pin(self.diagnosed(settings, Some(&self.url))).await
    }

    pub(crate) async fn reports(&self, settings: &Settings, url: Option<&str>) -> Vec<Report> {
        let run = checks::run(&self.cloud, settings, StageName::Stage, url, &CheckKind::ALL);
        Box::pin(run).await.expect("a run")
    }

    /// The id of the resource with this path.
    pub(crate) async fn resource(&self, path: &str) -> String {
        let found = self.gateway.get_resources().rest_api_id(&self.api).send().await.expect("the resources");
        let found = found.items().iter().find(|one| one.path() == Some(path));
        found.and_then(|one| one.id()).unwrap_or_else(|| panic!("{path}")).to_owned()
    }

    pub(crate) async fn put_method(&self, resource: &str, method: &str, authorization: &str, key: bool) {
        let call = self.gateway.put_method().rest_api_id(&self.api).resource_id(resource).http_method(method);
        call.authorization_type(authorization).api_key_required(key).send().await.expect("a method");
    }

    pub(crate) async fn delete_method(&self, resource: &str, method: &str) {
        let call = self.gateway.delete_method().rest_api_id(&self.api).resource_id(resource);
        call.http_method(method).send().await.expect("deleted");
    }

    /// Leads a method of a resource to a function.
    pub(crate) async fn lead(&self, resource: &str, method: &str, function: &str, by: &str, timeout_ms: i32) {
        let call = self.gateway.put_integration().rest_api_id(&self.api).resource_id(resource);
        call.http_method(method)
            .r#type(aws_sdk_apigateway::types::IntegrationType::AwsProxy)
            .integration_http_method(by)
            .timeout_in_millis(timeout_ms)
            .uri(format!("{URI}{function}/invocations"))
            .send()
            .await
            .expect("an integration");
    }

    /// Lets the stage answer with the resources as they are, as somebody would by hand.
    pub(crate) async fn deploy_by_hand(&self) {
        let call = self.gateway.create_deployment().rest_api_id(&self.api).stage_name("stage");
        call.description("by hand").send().await.expect("a deployment");
    }

    pub(crate) async fn patch_stage(&self, op: Op, path: &str, value: Option<&str>) {
        let patch = PatchOperation::builder().op(op).path(path).set_value(value.map(str::to_owned)).build();
        let call = self.gateway.update_stage().rest_api_id(&self.api).stage_name("stage");
        call.patch_operations(patch).send().await.expect("a patch");
    }

    /// The statements of the function's policy, by id.
    pub(crate) async fn forbid(&self) {
        let policy = self.lambda.get_policy().function_name("hello-stage").send().await.expect("a policy");
        let policy: serde_json::Value =
            serde_json::from_str(policy.policy().expect("a policy")).expect("JSON");
        let ids: BTreeMap<String, ()> = policy["Statement"]
            .as_array()
            .expect("statements")
            .iter()
            .map(|one| (one["Sid"].as_str().expect("an id").to_owned(), ()))
            .collect();
        for id in ids.keys() {
            let call = self.lambda.remove_permission().function_name("hello-stage").statement_id(id);
            call.send().await.expect("removed");
        }
    }

    pub(crate) async fn permit(&self, source: &str) {
        let arn = format!("arn:aws:execute-api:us-east-1:000000000000:{}/{source}", self.api);
        let call = self.lambda.add_permission().function_name("hello-stage").statement_id("by-hand");
        call.action("lambda:InvokeFunction")
            .principal("apigateway.amazonaws.com")
            .source_arn(arn)
            .send()
            .await
            .expect("a permission");
    }
}
