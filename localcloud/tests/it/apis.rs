//! API Gateway.

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType, IntegrationType, Op, PatchOperation};

use crate::account::{Account, refusal, refused};

const URI: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:svc-${stageVariables.env}/invocations";

fn patch(op: Op, path: &str, value: Option<&str>) -> PatchOperation {
    PatchOperation::builder().op(op).path(path).set_value(value.map(str::to_owned)).build()
}

/// An API with `ANY {proxy+}` that leads to a function; its id and its root's.
async fn proxy_api(gateway: &Client) -> (String, String) {
    let regional = EndpointConfiguration::builder().types(EndpointType::Regional).build();
    let api = gateway.create_rest_api().name("svc").endpoint_configuration(regional).send().await.unwrap();
    let (id, root) = (api.id().unwrap().to_owned(), api.root_resource_id().unwrap().to_owned());
    let proxy = gateway
        .create_resource()
        .rest_api_id(&id)
        .parent_id(&root)
        .path_part("{proxy+}")
        .send()
        .await
        .unwrap();
    let proxy = proxy.id().unwrap();
    gateway
        .put_method()
        .rest_api_id(&id)
        .resource_id(proxy)
        .http_method("ANY")
        .authorization_type("NONE")
        .send()
        .await
        .unwrap();
    let integration = gateway
        .put_integration()
        .rest_api_id(&id)
        .resource_id(proxy)
        .http_method("ANY")
        .r#type(IntegrationType::AwsProxy)
        .integration_http_method("POST")
        .uri(URI)
        .send()
        .await
        .unwrap();
    assert_eq!(integration.timeout_in_millis(), 29_000);
    assert_eq!(integration.http_method(), Some("POST"));
    assert_eq!(integration.passthrough_behavior(), Some("WHEN_NO_MATCH"));
    (id, root)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_from_creation_to_deletion() {
    let account = Account::open().await;
    let gateway = account.gateway();
    let (id, root) = proxy_api(&gateway).await;
    let got = gateway.get_rest_api().rest_api_id(&id).send().await.unwrap();
    assert_eq!(got.endpoint_configuration().unwrap().types(), [EndpointType::Regional]);
    assert!(got.created_date().is_some());
    let resources = gateway.get_resources().rest_api_id(&id).embed("methods").send().await.unwrap();
    let paths: Vec<_> = resources.items().iter().map(|one| one.path().unwrap()).collect();
    assert_eq!(paths, ["/", "/{proxy+}"]);
    assert_eq!(resources.items()[0].id(), Some(root.as_str()));
    let method = &resources.items()[1].resource_methods().unwrap()["ANY"];
    assert_eq!(method.method_integration().unwrap().uri(), Some(URI));

    let deployment = gateway
        .create_deployment()
        .rest_api_id(&id)
        .stage_name("stage")
        .variables("env", "stage")
        .description("first")
        .send()
        .await
        .unwrap();
    let first = deployment.id().unwrap();
    let stages = gateway.get_stages().rest_api_id(&id).send().await.unwrap();
    let stage = &stages.item()[0];
    assert_eq!((stage.stage_name(), stage.deployment_id()), (Some("stage"), Some(first)));
    assert_eq!(stage.variables().unwrap()["env"], "stage");

    // A later deployment moves the stage and leaves its variables alone.
    let second = gateway.create_deployment().rest_api_id(&id).stage_name("stage").send().await.unwrap();
    let stage = gateway.get_stage().rest_api_id(&id).stage_name("stage").send().await.unwrap();
    assert_eq!(stage.deployment_id(), second.id());
    assert_eq!(stage.variables().unwrap()["env"], "stage");
    let back = gateway
        .update_stage()
        .rest_api_id(&id)
        .stage_name("stage")
        .patch_operations(patch(Op::Replace, "/deploymentId", Some(first)))
        .patch_operations(patch(Op::Replace, "/variables/color", Some("blue")))
        .patch_operations(patch(Op::Remove, "/variables/env", None))
        .send()
        .await
        .unwrap();
    assert_eq!(back.deployment_id(), Some(first));
    let variables: Vec<_> = back.variables().unwrap().iter().collect();
    assert_eq!(variables, [(&"color".to_owned(), &"blue".to_owned())]);
    let active = gateway.delete_deployment().rest_api_id(&id).deployment_id(first).send().await;
    assert_eq!(
        refusal(active),
        refused(
            400,
            "BadRequestException",
            "Active stages pointing to this deployment must be moved or deleted"
        )
    );
    gateway.delete_stage().rest_api_id(&id).stage_name("stage").send().await.unwrap();
    gateway.delete_deployment().rest_api_id(&id).deployment_id(first).send().await.unwrap();
    gateway.delete_rest_api().rest_api_id(&id).send().await.unwrap();
    assert_eq!(
        refusal(gateway.get_rest_api().rest_api_id(&id).send().await),
        refused(404, "NotFoundException", format!("Invalid API identifier specified 000000000000:{id}"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn its_tags_tell_where_the_api_answers() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let account = Account::open().await;
    let gateway = account.gateway();
    let (id, _) = proxy_api(&gateway).await;
    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{id}");
    gateway.tag_resource().resource_arn(&arn).tags("team", "a").send().await.unwrap();
    let tags = gateway.get_tags().resource_arn(&arn).send().await.unwrap();
    let tags = tags.tags().unwrap();
    assert_eq!(tags["team"], "a");
    let answer = reqwest::get(format!("{}/none/x", tags["callboard:url"])).await.unwrap();
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.text().await.unwrap(), r#"{"message":"Forbidden"}"#);
    // A deploy tool compares the tags of an API with its own list: GetRestApi tells those that were set.
    let got = gateway.get_rest_api().rest_api_id(&id).send().await.unwrap();
    assert_eq!(got.tags().unwrap().keys().collect::<Vec<_>>(), ["team"]);
    // Whoever lists the APIs is told where they answer, too.
    let listed = gateway.get_rest_apis().send().await.unwrap();
    assert_eq!(listed.items()[0].tags().unwrap(), tags);
    let made = gateway.create_rest_api().name("another").send().await.unwrap();
    assert!(made.tags().unwrap()["callboard:url"].starts_with("http://127.0.0.1:"));
    gateway.untag_resource().resource_arn(&arn).tag_keys("team").send().await.unwrap();
    let tags = gateway.get_tags().resource_arn(&arn).send().await.unwrap();
    assert_eq!(tags.tags().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_are_checked_as_recorded() {
    let account = Account::open().await;
    let gateway = account.gateway();
    let (id, root) = proxy_api(&gateway).await;
    let create = |parent: &str, part: &str| {
        gateway.create_resource().rest_api_id(&id).parent_id(parent).path_part(part).send()
    };
    let bad = |message: &str| refused(400, "BadRequestException", message);
    assert_eq!(
        refusal(create(&root, "{dynamic}").await),
        bad("A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed")
    );
    assert_eq!(
        refusal(create("fake", "x").await),
        refused(404, "NotFoundException", "Invalid Resource identifier specified")
    );
    let pets = create(&root, "pets").await.unwrap();
    assert_eq!(
        refusal(create(&root, "pets").await),
        refused(
            409,
            "ConflictException",
            "Another resource with the same parent already has this name: pets"
        )
    );
    let greedy = create(pets.id().unwrap(), "{child+}").await.unwrap();
    assert_eq!(greedy.path(), Some("/pets/{child+}"));
    assert_eq!(
        refusal(create(greedy.id().unwrap(), "x").await),
        bad("Cannot create a child of a resource with a greedy path variable: {child+}")
    );
    gateway.delete_resource().rest_api_id(&id).resource_id(pets.id().unwrap()).send().await.unwrap();
    let left = gateway.get_resources().rest_api_id(&id).send().await.unwrap();
    assert_eq!(left.items().len(), 2, "what is below goes too");
}

#[tokio::test(flavor = "multi_thread")]
async fn creation_is_checked_as_recorded() {
    let account = Account::open().await;
    let gateway = account.gateway();
    let plain = gateway.create_rest_api().name("plain").send().await.unwrap();
    assert_eq!(plain.endpoint_configuration().unwrap().types(), [EndpointType::Edge]);
    let create = |types: &[&str]| {
        let types = types.iter().map(|kind| EndpointType::from(*kind)).collect();
        let endpoint = EndpointConfiguration::builder().set_types(Some(types)).build();
        gateway.create_rest_api().name("x").endpoint_configuration(endpoint).send()
    };
    let bad = |message: &str| refused(400, "BadRequestException", message);
    assert_eq!(
        refusal(create(&[]).await),
        bad("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")
    );
    assert_eq!(
        refusal(create(&["EDGE", "REGIONAL"]).await),
        bad("Cannot create an api with multiple Endpoint Types.")
    );
    assert_eq!(
        refusal(create(&["wrong"]).await),
        refused(
            400,
            "ValidationException",
            "1 validation error detected: Value '[wrong]' at 'createRestApiInput.endpointConfiguration.types' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]"
        )
    );
    let empty = gateway.create_rest_api().name("x").description("").send().await;
    assert_eq!(refusal(empty), bad("Description cannot be an empty string"));
    let id = plain.id().unwrap();
    let nothing = gateway.create_deployment().rest_api_id(id).send().await;
    assert_eq!(refusal(nothing), bad("The REST API doesn't contain any methods"));
}

#[tokio::test(flavor = "multi_thread")]
async fn integrations_and_stages_refuse_what_they_do_not_know() {
    let account = Account::open().await;
    let gateway = account.gateway();
    let (id, root) = proxy_api(&gateway).await;
    gateway
        .put_method()
        .rest_api_id(&id)
        .resource_id(&root)
        .http_method("ANY")
        .authorization_type("NONE")
        .send()
        .await
        .unwrap();
    let incomplete = gateway.create_deployment().rest_api_id(&id).stage_name("s").send().await;
    assert_eq!(refusal(incomplete), refused(400, "BadRequestException", "No integration defined for method"));
    let put = |kind: IntegrationType, uri: &str| {
        gateway
            .put_integration()
            .rest_api_id(&id)
            .resource_id(&root)
            .http_method("ANY")
            .r#type(kind)
            .integration_http_method("POST")
            .uri(uri)
            .send()
    };
    let bad = |message: &str| refused(400, "BadRequestException", message);
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    assert_eq!(
        refusal(put(IntegrationType::AwsProxy, arn).await),
        bad("AWS ARN for integration must contain path or action")
    );
    let wrong = format!("bad-arn:lambda:path/2015-03-31/functions/{arn}/invocations");
    assert_eq!(
        refusal(put(IntegrationType::AwsProxy, &wrong).await),
        bad("Invalid ARN specified in the request")
    );
    let random = format!("arn:aws:apigateway:us-east-1:lambda:path/random/value/{arn}/invocations");
    assert_eq!(
        refusal(put(IntegrationType::AwsProxy, &random).await),
        bad(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."
        )
    );
    assert_eq!(refusal(put(IntegrationType::Aws, URI).await).0, 501);
    put(IntegrationType::AwsProxy, URI).await.unwrap();
    gateway.create_deployment().rest_api_id(&id).stage_name("s").send().await.unwrap();
    let update = |operation| {
        gateway.update_stage().rest_api_id(&id).stage_name("s").patch_operations(operation).send()
    };
    let unknown = refusal(update(patch(Op::Replace, "/tags/tag1", Some("v"))).await);
    assert_eq!((unknown.0, unknown.1.as_str()), (400, "BadRequestException"));
    assert!(
        unknown.2.starts_with(
            "Invalid method setting path: /tags/tag1. Must be one of: [/deploymentId, /description, "
        ) && unknown.2.ends_with("/variables/{variable_name}, /tracingEnabled]")
    );
    let lost = refusal(update(patch(Op::Replace, "/deploymentId", Some("none"))).await);
    assert_eq!(lost, bad("Deployment id does not exist"));
    let unknown = refusal(update(patch(Op::Replace, "/*/*/throttling/else", Some("1"))).await);
    assert!(unknown.2.starts_with("Invalid method setting path: /*/*/throttling/else. Must be one of: ["));
    for path in ["/*/*/metrics/enabled", "/*/*/logging/dataTrace", "/cacheClusterEnabled"] {
        let sentence = format!(
            "Callboard's local cloud does not offer the patch path {path} in the operation UpdateStage of API Gateway"
        );
        let setting = refusal(update(patch(Op::Replace, path, Some("true"))).await);
        assert_eq!(setting, refused(501, "NotImplemented", &sentence));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_responses() {
    use aws_sdk_apigateway::types::GatewayResponseType::{Default4Xx, MissingAuthenticationToken};
    let account = Account::open().await;
    let gateway = account.gateway();
    let (id, _) = proxy_api(&gateway).await;
    let get = |kind| gateway.get_gateway_response().rest_api_id(&id).response_type(kind).send();
    let default = get(MissingAuthenticationToken).await.unwrap();
    assert_eq!((default.default_response(), default.status_code()), (true, Some("403")));
    assert_eq!(get(Default4Xx).await.unwrap().status_code(), None);
    gateway
        .put_gateway_response()
        .rest_api_id(&id)
        .response_type(Default4Xx)
        .response_parameters("gatewayresponse.header.Access-Control-Allow-Origin", "'*'")
        .send()
        .await
        .unwrap();
    let set = get(Default4Xx).await.unwrap();
    assert!(!set.default_response());
    assert_eq!(
        set.response_parameters().unwrap()["gatewayresponse.header.Access-Control-Allow-Origin"],
        "'*'"
    );
    let all = gateway.get_gateway_responses().rest_api_id(&id).send().await.unwrap();
    assert_eq!(all.items().len(), 21);
    gateway.delete_gateway_response().rest_api_id(&id).response_type(Default4Xx).send().await.unwrap();
    assert!(get(Default4Xx).await.unwrap().default_response());
}
