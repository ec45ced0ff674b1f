//! The gateway in front of an alias.

use aws_sdk_apigateway::types::IntegrationType;

use crate::aliases::with_versions;

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_calls_an_alias_that_lets_it() {
    let live = with_versions().await;
    let lambda = live.lambda();
    lambda.create_alias().function_name("f").name("live").function_version("2").send().await.unwrap();
    let gateway = live.account.gateway();
    let id = gateway.create_rest_api().name("api").send().await.unwrap().id.unwrap();
    let root = gateway.get_resources().rest_api_id(&id).send().await.unwrap();
    let root = root.items()[0].id().unwrap();
    let method = gateway.put_method().rest_api_id(&id).resource_id(root).http_method("ANY");
    method.authorization_type("NONE").send().await.unwrap();
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}:live/invocations");
    let integration = gateway.put_integration().rest_api_id(&id).resource_id(root).http_method("ANY");
    let integration = integration.r#type(IntegrationType::AwsProxy).integration_http_method("POST");
    integration.uri(uri).send().await.unwrap();
    gateway.create_deployment().rest_api_id(&id).stage_name("s").send().await.unwrap();
    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{id}");
    let told = gateway.get_tags().resource_arn(arn).send().await.unwrap();
    let url = format!("{}/s", told.tags().unwrap()["callboard:url"]);

    let permit = |qualifier: Option<&str>| {
        let add =
            lambda.add_permission().function_name("f").statement_id("g").action("lambda:InvokeFunction");
        add.principal("apigateway.amazonaws.com").set_qualifier(qualifier.map(str::to_owned)).send()
    };
    permit(None).await.unwrap();
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 500, "the function's policy is not the alias's");
    permit(Some("live")).await.unwrap();
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 200);
    assert!(live.log("f").await.iter().any(|line| line.ends_with(" Version: 2\n")));
    lambda.delete_alias().function_name("f").name("live").send().await.unwrap();
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 500);
}
