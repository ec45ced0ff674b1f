//! APIs as deploy tools build and change them: every update, and what it refuses.

use aws_sdk_apigateway::types::{Op, PatchOperation};

use crate::account::{Account, refusal, refused};
use crate::integrations::{MockApi, patch};

fn bad(message: &str) -> (u16, String, String) {
    refused(400, "BadRequestException", message)
}

/// What Terraform's `aws_api_gateway_*` resources call, in their order.
#[tokio::test(flavor = "multi_thread")]
async fn the_calls_of_a_deploy_tool_from_creation_to_destruction() {
    let account = Account::open().await;
    let gateway = account.gateway();
    let made = gateway.create_rest_api().name("svc").tags("team", "a").minimum_compression_size(1024);
    let made = made.disable_execute_api_endpoint(false).send().await.unwrap();
    let (id, root) = (made.id().unwrap(), made.root_resource_id().unwrap());
    let read = gateway.get_rest_api().rest_api_id(id).send().await.unwrap();
    assert_eq!(read.tags().unwrap().len(), 1, "a tag that nobody set would be drift");
    assert_eq!(read.minimum_compression_size(), Some(1024));
    let update = gateway.update_rest_api().rest_api_id(id);
    let updated = update
        .patch_operations(patch(Op::Replace, "/description", Some("the service")))
        .patch_operations(patch(Op::Add, "/binaryMediaTypes/image~1png", None))
        .patch_operations(patch(Op::Replace, "/endpointConfiguration/types/EDGE", Some("REGIONAL")))
        .patch_operations(patch(Op::Replace, "/apiKeySource", Some("AUTHORIZER")))
        .patch_operations(patch(Op::Replace, "/policy", Some("")))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (updated.description(), updated.binary_media_types()),
        (Some("the service"), &["image/png".to_owned()][..])
    );
    let resource = gateway.create_resource().rest_api_id(id).parent_id(root).path_part("items");
    let resource = resource.send().await.unwrap().id().unwrap().to_owned();
    let renamed = gateway.update_resource().rest_api_id(id).resource_id(&resource);
    let renamed =
        renamed.patch_operations(patch(Op::Replace, "/pathPart", Some("things"))).send().await.unwrap();
    assert_eq!(renamed.path(), Some("/things"));
    let method = gateway.put_method().rest_api_id(id).resource_id(&resource).http_method("GET");
    method.authorization_type("NONE").operation_name("list").send().await.unwrap();
    let uri = |name: &str| {
        format!(
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:{name}/invocations"
        )
    };
    let put = gateway.put_integration().rest_api_id(id).resource_id(&resource).http_method("GET");
    let put = put.r#type("AWS_PROXY".into()).integration_http_method("POST").uri(uri("one"));
    put.send().await.unwrap();
    let update = |path: &'static str, value: String| {
        let update = gateway.update_integration().rest_api_id(id).resource_id(&resource).http_method("GET");
        update.patch_operations(patch(Op::Replace, path, Some(&value))).send()
    };
    assert_eq!(update("/uri", uri("two")).await.unwrap().uri(), Some(uri("two").as_str()));
    assert_eq!(update("/timeoutInMillis", "5000".to_owned()).await.unwrap().timeout_in_millis(), 5000);
    assert_eq!(
        refusal(update("/timeoutInMillis", "30000".to_owned()).await),
        bad("Timeout should be between 50 ms and 29000 ms")
    );
    assert_eq!(
        refusal(update("/uri", "arn:aws:s3:::bucket".to_owned()).await),
        bad("AWS ARN for integration must contain path or action")
    );
    let unknown = refusal(update("/colour", "blue".to_owned()).await);
    assert!(
        unknown.2.starts_with(
            "Invalid patch path  '/colour' specified for op 'replace'. Must be one of: [/cacheNamespace, "
        ),
        "{unknown:?}"
    );

    let deployment = gateway.create_deployment().rest_api_id(id).send().await.unwrap();
    let deployment = deployment.id().unwrap();
    let update = gateway.update_deployment().rest_api_id(id).deployment_id(deployment);
    let updated = update.patch_operations(patch(Op::Replace, "/description", Some("first"))).send().await;
    assert_eq!(updated.unwrap().description(), Some("first"));
    let embedded = gateway.get_deployment().rest_api_id(id).deployment_id(deployment).embed("apisummary");
    let embedded = embedded.send().await.unwrap();
    let summary = &embedded.api_summary().unwrap()["/things"]["GET"];
    assert_eq!((summary.authorization_type(), summary.api_key_required()), (Some("NONE"), false));
    let stage = gateway.create_stage().rest_api_id(id).stage_name("prod").deployment_id(deployment);
    let stage = stage.variables("env", "prod").tags("team", "b").tracing_enabled(true).send().await.unwrap();
    assert!(stage.tracing_enabled());
    let update = |operations: Vec<PatchOperation>| {
        let update = gateway.update_stage().rest_api_id(id).stage_name("prod");
        update.set_patch_operations(Some(operations)).send()
    };
    let settings = ["/*/*/logging/loglevel", "/*/*/metrics/enabled", "/*/*/caching/ttlInSeconds"];
    let settings = settings.iter().zip(["OFF", "false", "60"]);
    let settings = settings.map(|(path, value)| patch(Op::Replace, path, Some(value))).collect();
    let told = update(settings).await.unwrap();
    let all = &told.method_settings().unwrap()["*/*"];
    assert_eq!((all.logging_level(), all.cache_ttl_in_seconds()), (Some("OFF"), 60));
    for (path, value) in [
        ("/*/*/logging/loglevel", "INFO"),
        ("/*/*/metrics/enabled", "true"),
        ("/cacheClusterEnabled", "true"),
        ("/clientCertificateId", "abc"),
    ] {
        let (status, _, message) = refusal(update(vec![patch(Op::Replace, path, Some(value))]).await);
        assert!(status == 501 && message.contains(path), "{message}");
    }
    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{id}/stages/prod");
    gateway.tag_resource().resource_arn(&arn).tags("more", "c").send().await.unwrap();
    gateway.untag_resource().resource_arn(&arn).tag_keys("team").send().await.unwrap();
    let tags = gateway.get_tags().resource_arn(&arn).limit(10).send().await.unwrap();
    assert_eq!(tags.tags().unwrap().keys().collect::<Vec<_>>(), ["more"]);

    gateway.delete_stage().rest_api_id(id).stage_name("prod").send().await.unwrap();
    gateway.delete_deployment().rest_api_id(id).deployment_id(deployment).send().await.unwrap();
    let delete = gateway.delete_integration().rest_api_id(id).resource_id(&resource).http_method("GET");
    delete.send().await.unwrap();
    let none =
        gateway.get_integration().rest_api_id(id).resource_id(&resource).http_method("GET").send().await;
    assert_eq!(refusal(none), refused(404, "NotFoundException", "Invalid Integration identifier specified"));
    gateway.delete_method().rest_api_id(id).resource_id(&resource).http_method("GET").send().await.unwrap();
    gateway.delete_resource().rest_api_id(id).resource_id(&resource).send().await.unwrap();
    gateway.delete_rest_api().rest_api_id(id).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_kept_and_named_ones_have_to_be_there() {
    let api = MockApi::start().await;
    let listed = api.gateway.get_models().rest_api_id(&api.id).send().await.unwrap();
    let names: Vec<_> = listed.items().iter().filter_map(|model| model.name()).collect();
    assert_eq!(names, ["Empty", "Error"]);
    let create = |name: &'static str, schema: &'static str| {
        let create = api.gateway.create_model().rest_api_id(&api.id).name(name);
        create.content_type("application/json").schema(schema).send()
    };
    assert_eq!(create("Thing", r#"{"type":"object"}"#).await.unwrap().name(), Some("Thing"));
    assert_eq!(refusal(create("Thing", "{}").await).1, "ConflictException");
    assert_eq!(refusal(create("a-b", "{}").await).1, "BadRequestException");
    assert_eq!(refusal(create("Other", "no schema").await).1, "BadRequestException");
    let refers = r#"{"items":{"$ref":"https://apigateway.amazonaws.com/restapis/x/models/NAME"}}"#;
    let unknown = "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model reference specified: NAME]";
    assert_eq!(refusal(create("Other", refers).await), bad(unknown));
    let refers = r#"{"items":{"$ref":"https://apigateway.amazonaws.com/restapis/x/models/Thing"}}"#;
    create("Things", refers).await.unwrap();
    let delete = |name| api.gateway.delete_model().rest_api_id(&api.id).model_name(name).send();
    assert_eq!(refusal(delete("Thing").await).1, "ConflictException");
    delete("Things").await.unwrap();
    let update = api.gateway.update_model().rest_api_id(&api.id).model_name("Thing");
    let updated = update.patch_operations(patch(Op::Replace, "/description", Some("a thing"))).send().await;
    assert_eq!(updated.unwrap().description(), Some("a thing"));
    let put = api.gateway.put_method().rest_api_id(&api.id).resource_id(&api.root).http_method("PUT");
    let put = put.authorization_type("NONE").request_models("application/json", "Nothing");
    assert_eq!(refusal(put.send().await), bad("Invalid model identifier specified: Nothing"));
    let respond = api.gateway.update_method_response().rest_api_id(&api.id).resource_id(&api.root);
    let names = patch(Op::Add, "/responseModels/application~1json", Some("Thing"));
    respond.http_method("GET").status_code("200").patch_operations(names).send().await.unwrap();
    let delete = || api.gateway.delete_model().rest_api_id(&api.id).model_name("Thing").send();
    assert_eq!(refusal(delete().await).1, "ConflictException");
    let respond = api.gateway.update_method_response().rest_api_id(&api.id).resource_id(&api.root);
    let unnamed = patch(Op::Remove, "/responseModels/application~1json", None);
    respond.http_method("GET").status_code("200").patch_operations(unnamed).send().await.unwrap();
    delete().await.unwrap();
    let gone = api.gateway.get_model().rest_api_id(&api.id).model_name("Thing").send().await;
    assert_eq!(refusal(gone), refused(404, "NotFoundException", "Invalid model name specified: Thing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_and_their_answers_are_checked() {
    let api = MockApi::start().await;
    let put = |name: &'static str, kind: &'static str| {
        let put = api.gateway.put_method().rest_api_id(&api.id).resource_id(&api.root).http_method(name);
        put.authorization_type(kind).send()
    };
    let options = "GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY";
    assert_eq!(
        refusal(put("WRONG", "NONE").await),
        bad(&format!("Invalid HttpMethod specified. Valid options are {options}"))
    );
    assert!(refusal(put("PUT", "CUSTOM").await).2.starts_with("Invalid authorizer ID specified."));
    let parameters = |one: &'static str, other: &'static str| {
        let put = api.gateway.put_method().rest_api_id(&api.id).resource_id(&api.root).http_method("PUT");
        put.authorization_type("NONE").request_parameters(one, true).request_parameters(other, false).send()
    };
    let (query, header) = ("method.request.querystring.a", "method.request.header.a");
    assert_eq!(
        refusal(parameters(query, header).await),
        bad("Parameter names must be unique across querystring, header and path")
    );
    assert!(
        refusal(parameters("method.request.cookie.a", query).await).2.contains("Invalid mapping expression")
    );
    let respond = |status: &'static str| {
        let put = api.gateway.put_method_response().rest_api_id(&api.id).resource_id(&api.root);
        put.http_method("GET").status_code(status).send()
    };
    respond("404").await.unwrap();
    assert_eq!(
        refusal(respond("404").await),
        refused(409, "ConflictException", "Response already exists for this resource")
    );
    let (status, code, message) = refusal(respond("999").await);
    assert_eq!((status, code.as_str()), (400, "ValidationException"));
    assert!(message.ends_with(r"Member must satisfy regular expression pattern: [1-5]\d\d"), "{message}");
    let none = api.gateway.get_method_response().rest_api_id(&api.id).resource_id(&api.root);
    let none = none.http_method("GET").status_code("500").send().await;
    assert_eq!(refusal(none), refused(404, "NotFoundException", "Invalid Response status code specified"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_takes_a_role_that_trusts_the_gateway() {
    let account = Account::open().await;
    let (gateway, iam) = (account.gateway(), account.iam());
    let role = |name: &'static str, service: &str| {
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        );
        iam.create_role().role_name(name).assume_role_policy_document(trust).send()
    };
    role("logs", "apigateway.amazonaws.com").await.unwrap();
    role("other", "lambda.amazonaws.com").await.unwrap();
    let update = |arn: &'static str| {
        gateway.update_account().patch_operations(patch(Op::Replace, "/cloudwatchRoleArn", Some(arn))).send()
    };
    for bad in ["arn:aws:iam::000000000000:role/other", "arn:aws:iam::000000000000:role/none", "logs"] {
        assert_eq!(refusal(update(bad).await).1, "BadRequestException", "{bad}");
    }
    let arn = "arn:aws:iam::000000000000:role/logs";
    assert_eq!(update(arn).await.unwrap().cloudwatch_role_arn(), Some(arn));
    let account = account.restart().await;
    let gateway = account.gateway();
    assert_eq!(gateway.get_account().send().await.unwrap().cloudwatch_role_arn(), Some(arn));
    let none = patch(Op::Replace, "/cloudwatchRoleArn", Some(""));
    let updated = gateway.update_account().patch_operations(none).send().await.unwrap();
    assert_eq!(updated.cloudwatch_role_arn(), None);
}
