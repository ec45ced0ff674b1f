//! Lambda.

use std::collections::HashMap;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::create_function::CreateFunctionOutput;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput as Configuration;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    Architecture, Environment, FunctionCode, ImageConfig, InvocationType, LastUpdateStatus, LogType,
    PackageType, State,
};
use localcloud::faults::SlowIam;

use crate::account::{Account, refusal, refused};
use crate::image::{self, Registry};

pub(crate) const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:hello";
/// Incompressible bytes that take an image long enough to unpack that a call made at once finds it unpacking.
const HEAVY: usize = 24 * 1024 * 1024;

fn here() -> Architecture {
    if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X8664 }
}

/// An account with a role, a repository and an image `v1` in it; the image's URI.
pub(crate) async fn prepared() -> (Account, String) {
    let account = Account::open().await;
    account.role("runner").await;
    account.ecr().create_repository().repository_name("hello").send().await.unwrap();
    image::push(&account, "hello", "v1", 0).await;
    let uri = uri(&account, "v1");
    (account, uri)
}

fn uri(account: &Account, tag: &str) -> String {
    format!("{}/hello:{tag}", account.endpoint().strip_prefix("http://").unwrap())
}

fn variables(pairs: &[(&str, &str)]) -> Environment {
    let map: HashMap<String, String> =
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Environment::builder().set_variables(Some(map)).build()
}

fn creation(
    lambda: &Client,
    uri: &str,
) -> aws_sdk_lambda::operation::create_function::builders::CreateFunctionFluentBuilder {
    lambda
        .create_function()
        .function_name("hello")
        .role("arn:aws:iam::000000000000:role/runner")
        .package_type(PackageType::Image)
        .architectures(here())
        .code(FunctionCode::builder().image_uri(uri).build())
}

pub(crate) async fn create(lambda: &Client, uri: &str) -> CreateFunctionOutput {
    creation(lambda, uri).send().await.unwrap()
}

/// Waits as clients do, by asking, until the last change has settled.
pub(crate) async fn settled(lambda: &Client) -> Configuration {
    loop {
        let now = lambda.get_function_configuration().function_name("hello").send().await.unwrap();
        let pending = now.state() == Some(&State::Pending);
        if !pending && now.last_update_status() != Some(&LastUpdateStatus::InProgress) {
            return now;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_from_creation_to_deletion() {
    let (account, uri) = prepared().await;
    let lambda = account.lambda();
    let created = create(&lambda, &uri).await;
    assert_eq!(created.function_arn(), Some(ARN));
    assert_eq!(created.state(), Some(&State::Pending));
    assert_eq!(created.state_reason(), Some("The function is being created."));
    assert_eq!(created.state_reason_code().map(|code| code.as_str()), Some("Creating"));
    assert_eq!(created.last_update_status(), None);
    assert_eq!((created.memory_size(), created.timeout()), (Some(128), Some(3)));
    assert_eq!(created.logging_config().unwrap().log_group(), Some("/aws/lambda/hello"));
    assert!(created.last_modified().unwrap().ends_with("+0000"));

    let active = settled(&lambda).await;
    assert_eq!(active.state(), Some(&State::Active), "{:?}", active.state_reason());
    assert_eq!(active.last_update_status(), Some(&LastUpdateStatus::Successful));
    assert_ne!(active.revision_id(), created.revision_id(), "settling is a change of its own");

    let got = lambda.get_function().function_name(ARN).send().await.unwrap();
    let code = got.code().unwrap();
    assert_eq!(code.image_uri(), Some(uri.as_str()));
    let digest = format!("sha256:{}", active.code_sha256().unwrap());
    assert_eq!(code.resolved_image_uri(), Some(uri.replace(":v1", &format!("@{digest}")).as_str()));
    let qualified =
        lambda.get_function_configuration().function_name("hello").qualifier("$LATEST").send().await.unwrap();
    assert_eq!(qualified.function_arn(), Some(format!("{ARN}:$LATEST").as_str()));
    let listed = lambda.list_functions().send().await.unwrap();
    assert_eq!(listed.functions()[0].state(), None, "lists leave the state out");

    lambda.delete_function().function_name("hello").send().await.unwrap();
    let message = format!("Function not found: {ARN}");
    assert_eq!(
        refusal(lambda.get_function().function_name("hello").send().await),
        refused(404, "ResourceNotFoundException", message)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_invoked_and_its_log_is_there() {
    let (account, uri) = prepared().await;
    let lambda = account.lambda();
    create(&lambda, &uri).await;
    settled(&lambda).await;
    let answer = lambda
        .invoke()
        .function_name("hello")
        .log_type(LogType::Tail)
        .payload(Blob::new(r#"{"do":"echo"}"#))
        .send()
        .await
        .unwrap();
    assert_eq!((answer.status_code(), answer.function_error()), (200, None));
    assert_eq!(answer.executed_version(), Some("$LATEST"));
    assert_eq!(answer.payload().unwrap().as_ref(), br#"{"do":"echo"}"#);
    assert!(answer.log_result().is_some());
    let events = account.logs().filter_log_events().log_group_name("/aws/lambda/hello").send().await.unwrap();
    let messages: Vec<&str> = events.events().iter().filter_map(|event| event.message()).collect();
    assert!(messages.iter().any(|line| line.starts_with("REPORT RequestId: ")), "{messages:?}");

    let failed = lambda.invoke().function_name("hello").payload(Blob::new(r#"{"do":"error"}"#)).send().await;
    let failed = failed.unwrap();
    assert_eq!((failed.status_code(), failed.function_error()), (200, Some("Unhandled")));
    let dry = lambda.invoke().function_name("hello").invocation_type(InvocationType::DryRun).send().await;
    assert_eq!(dry.unwrap().status_code(), 204);
    let event = lambda.invoke().function_name("hello").invocation_type(InvocationType::Event).send().await;
    assert_eq!(event.unwrap().status_code(), 202);
    let (status, code, message) =
        refusal(lambda.invoke().function_name("hello").payload(Blob::new("{nonsense")).send().await);
    assert_eq!((status, code.as_str()), (400, "InvalidRequestContentException"));
    assert!(
        message.starts_with("Could not parse request body into json: Could not parse payload into json: ")
    );
    let nobody = lambda.invoke().function_name("doesnotexist").send().await;
    assert_eq!(
        refusal(nobody).2,
        "Function not found: arn:aws:lambda:us-east-1:000000000000:function:doesnotexist:$LATEST"
    );
    account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_goes_through_its_states_even_if_it_changes_nothing() {
    let (account, uri) = prepared().await;
    let lambda = account.lambda();
    create(&lambda, &uri).await;
    let before = settled(&lambda).await;
    let update = || lambda.update_function_configuration().function_name("hello").description("d").send();
    for _ in 0..2 {
        let updating = update().await.unwrap();
        assert_eq!(updating.state(), Some(&State::Active));
        assert_eq!(updating.last_update_status(), Some(&LastUpdateStatus::InProgress));
        assert_eq!(updating.last_update_status_reason(), Some("The function is being created."));
        let after = settled(&lambda).await;
        assert_eq!(after.last_update_status(), Some(&LastUpdateStatus::Successful));
        assert_ne!(after.revision_id(), updating.revision_id());
        assert_ne!(before.revision_id(), updating.revision_id());
    }
    let stale = lambda
        .update_function_code()
        .function_name("hello")
        .image_uri(&uri)
        .revision_id(before.revision_id().unwrap())
        .send()
        .await;
    assert_eq!(
        refusal(stale),
        refused(
            412,
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_is_taken_until_the_last_has_settled_and_the_old_code_serves_till_then() {
    let (account, uri_v1) = prepared().await;
    let lambda = account.lambda();
    image::push(&account, "hello", "heavy", HEAVY).await;
    let describe = || lambda.update_function_configuration().function_name("hello").description("x").send();
    let conflict = |why: &str| {
        let message = format!("The operation cannot be performed at this time. {why}");
        refused(409, "ResourceConflictException", message)
    };
    create(&lambda, &uri(&account, "heavy")).await;
    assert_eq!(
        refusal(describe().await),
        conflict("The function is currently in the following state: Pending")
    );
    assert_eq!(settled(&lambda).await.state(), Some(&State::Active));

    image::push(&account, "hello", "heavier", HEAVY + 1024).await;
    lambda
        .update_function_code()
        .function_name("hello")
        .image_uri(uri(&account, "heavier"))
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(describe().await), conflict(&format!("An update is in progress for resource: {ARN}")));
    let answer = lambda.invoke().function_name("hello").send().await.unwrap();
    assert_eq!(answer.function_error(), None, "what was Active before goes on serving");
    assert_eq!(settled(&lambda).await.last_update_status(), Some(&LastUpdateStatus::Successful));
    lambda.update_function_code().function_name("hello").image_uri(uri_v1).send().await.unwrap();
    settled(&lambda).await;
    account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn environment_and_image_overrides_are_replaced_whole() {
    let (account, uri) = prepared().await;
    let lambda = account.lambda();
    let overrides = ImageConfig::builder().command("-v").working_directory("/").build();
    creation(&lambda, &uri)
        .environment(variables(&[("ONE", "1"), ("TWO", "2")]))
        .image_config(overrides)
        .send()
        .await
        .unwrap();
    let first = settled(&lambda).await;
    assert_eq!(first.environment().unwrap().variables().unwrap().len(), 2);
    assert_eq!(first.image_config_response().unwrap().image_config().unwrap().command(), ["-v"]);
    lambda
        .update_function_configuration()
        .function_name("hello")
        .environment(variables(&[("THREE", "3")]))
        .image_config(ImageConfig::builder().build())
        .send()
        .await
        .unwrap();
    let second = settled(&lambda).await;
    let map = second.environment().unwrap().variables().unwrap();
    assert_eq!(map.iter().collect::<Vec<_>>(), [(&"THREE".to_owned(), &"3".to_owned())]);
    assert!(second.image_config_response().is_none());
    let answer = lambda.invoke().function_name("hello").payload(Blob::new(r#"{"do":"env"}"#)).send().await;
    let seen: HashMap<String, String> =
        serde_json::from_slice(answer.unwrap().payload().unwrap().as_ref()).unwrap();
    assert_eq!(seen.get("THREE").map(String::as_str), Some("3"));
    assert!(!seen.contains_key("ONE"));
    account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_at_creation() {
    let (account, uri) = prepared().await;
    let lambda = account.lambda();
    let invalid = |message: String| refused(400, "InvalidParameterValueException", message);
    let code = FunctionCode::builder().zip_file(Blob::new("x")).build();
    let zip = creation(&lambda, &uri).code(code).send().await;
    assert!(refusal(zip).2.contains("does not offer the parameter Code.ZipFile"));
    let no_role = creation(&lambda, &uri).role("arn:aws:iam::000000000000:role/nobody").send().await;
    assert_eq!(
        refusal(no_role),
        invalid("The role defined for the function cannot be assumed by Lambda.".to_owned())
    );
    let bad_role = creation(&lambda, &uri).role("r1").send().await;
    assert_eq!(
        refusal(bad_role),
        refused(
            400,
            "ValidationException",
            r"1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
        )
    );
    let none = uri.replace(":v1", ":none");
    let code = FunctionCode::builder().image_uri(&none).build();
    assert_eq!(
        refusal(creation(&lambda, &uri).code(code).send().await),
        invalid(format!("Source image {none} does not exist. Provide a valid source image."))
    );
    let both = creation(&lambda, &uri).architectures(Architecture::Arm64).architectures(Architecture::X8664);
    assert_eq!(refusal(both.send().await).1, "ValidationException");
    let reserved = creation(&lambda, &uri).environment(variables(&[("AWS_REGION", "x")])).send().await;
    assert_eq!(
        refusal(reserved).2,
        "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION"
    );
    let large = creation(&lambda, &uri).environment(variables(&[("BIG", &"x".repeat(4096))])).send().await;
    assert!(refusal(large).2.contains("exceeded the 4KB limit. String measured: {\"BIG\":\"xxx"));
    let layers =
        creation(&lambda, &uri).layers("arn:aws:lambda:us-east-1:000000000000:layer:l:1").send().await;
    assert_eq!(
        refusal(layers),
        refused(
            501,
            "NotImplemented",
            "Callboard's local cloud does not offer the parameter Layers in the operation CreateFunction of Lambda"
        )
    );
    create(&lambda, &uri).await;
    assert_eq!(
        refusal(creation(&lambda, &uri).send().await),
        refused(409, "ResourceConflictException", "Function already exist: hello")
    );
    assert_eq!(
        refusal(lambda.list_layers().send().await),
        refused(
            501,
            "NotImplemented",
            "Callboard's local cloud does not offer the operation ListLayers of Lambda"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_refused_and_a_broken_image_fails() {
    let (account, uri) = prepared().await;
    let lambda = account.lambda();
    let registry = Registry::open(&account, "hello").await;
    let kind = "application/vnd.oci.image.index.v1+json";
    let index = format!(r#"{{"schemaVersion":2,"mediaType":"{kind}","manifests":[]}}"#);
    registry.put_manifest("index", kind, index).await;
    let index_uri = uri.replace(":v1", ":index");
    let code = FunctionCode::builder().image_uri(&index_uri).build();
    assert_eq!(
        refusal(creation(&lambda, &uri).code(code).send().await),
        refused(
            400,
            "InvalidParameterValueException",
            format!(
                "The image manifest, config or layer media type for the source image {index_uri} is not supported."
            )
        )
    );
    // The entry point is not in the image.
    let overrides = ImageConfig::builder().entry_point("/nowhere").build();
    creation(&lambda, &uri).image_config(overrides).send().await.unwrap();
    let failed = settled(&lambda).await;
    assert_eq!(failed.state(), Some(&State::Failed));
    assert!(failed.state_reason().is_some_and(|reason| !reason.is_empty()));
    assert!(failed.state_reason_code().is_some());
    assert_eq!(failed.last_update_status(), Some(&LastUpdateStatus::Failed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_role_is_not_known_to_lambda_at_once() {
    let (account, uri) = prepared().await;
    account.faults().slow_iam(SlowIam { role_delay_ms: 600_000 }).unwrap();
    assert_eq!(
        refusal(creation(&account.lambda(), &uri).send().await),
        refused(
            400,
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda."
        )
    );
    account.faults().slow_iam(SlowIam::default()).unwrap();
    create(&account.lambda(), &uri).await;
    let beyond = SlowIam { role_delay_ms: 600_001 };
    assert_eq!(
        account.faults().slow_iam(beyond).unwrap_err().to_string(),
        "iam: role_delay_ms is at most 600000"
    );
}
