//! The program's changes besides a plain deploy: their exit codes, their documents, and that nothing is done unconfirmed.

use aws_sdk_apigateway::types::{Op, PatchOperation};
use localcloud::faults::{Effect, Rule};
use serde_json::{Value, json};

use crate::headless::{json, run};
use crate::project::{Project, SECRET};

// The document of a command that ends with this code.
fn answer(project: &Project, code: i32, arguments: &[&str]) -> Value {
    let (got, out, err) = run(project, arguments);
    assert_eq!(got, code, "{arguments:?}: {out}{err}");
    assert!(!format!("{out}{err}").contains(SECRET));
    json(&out)
}

fn status(project: &Project, stage: &str) -> Value {
    answer(project, 0, &["status", "--json"])["stages"][stage].clone()
}

// The change is told and not done, with --dry-run and when nobody can be asked. Answers what would be done.
fn only_told(project: &Project, arguments: &[&str]) -> Value {
    let (before, images) = (everything(project), answer(project, 0, &["images", "--json"]));
    let plan = answer(project, 4, &[arguments, &["--dry-run", "--json"]].concat());
    let (code, out, err) = run(project, arguments);
    assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
    assert!(err.contains("add --yes"), "{err}");
    assert_eq!((everything(project), answer(project, 0, &["images", "--json"])), (before, images));
    plan
}

// What a change would alter. CloudWatch's figures are left out: their minutes move on with the clock.
fn everything(project: &Project) -> Value {
    let mut status = answer(project, 0, &["status", "--json"]);
    for stage in ["stage", "prod"] {
        status["stages"][stage].as_object_mut().expect("a stage").remove("metrics").expect("its figures");
    }
    json!([status, answer(project, 0, &["journal", "--json"])])
}

fn nothing_to_do(project: &Project, arguments: &[&str]) {
    let plan = answer(project, 0, &[arguments, &["--dry-run", "--json"]].concat());
    let changes = plan["changes"].as_array().expect("changes");
    assert!(changes.iter().all(|change| change["action"] == "unchanged"), "{plan}");
}

fn deleted(plan: &Value) -> Vec<&str> {
    let changes = plan["changes"].as_array().expect("changes");
    let gone = changes.iter().filter(|change| change["action"] == "delete");
    gone.filter_map(|change| change["resource"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn promote_and_roll_back_by_command() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let (code, out, err) = run(&project, &["promote", "--yes", "--json"]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("deploy stage first"), "{err}");
    let first = answer(&project, 0, &["deploy", "stage", "--yes", "--json"])["deployed"]["digest"].clone();

    let plan = only_told(&project, &["promote"]);
    assert_eq!((&plan["intent"], &plan["stage"]), (&json!({"what": "promote"}), &json!("prod")));
    assert_eq!((&plan["source"], &plan["blocked"]), (&Value::Null, &Value::Null));
    let promoted = answer(&project, 0, &["promote", "--yes", "--json"]);
    assert_eq!(promoted["deployed"]["digest"], first);
    assert_eq!((&promoted["problem"], &promoted["rolled_back"]), (&Value::Null, &Value::Null));
    nothing_to_do(&project, &["promote"]);
    let (code, _, err) = run(&project, &["rollback", "prod", "--yes"]);
    assert_eq!(code, 1, "prod ran nothing before");
    assert!(err.contains("nothing is known that prod ran before"), "{err}");

    project.another_source("here");
    project.write(".env.stage", "SOME_ENV=second\nMORE=1\n");
    let second = answer(&project, 0, &["deploy", "stage", "--yes", "--json"])["deployed"]["digest"].clone();
    assert_ne!(first, second);
    let runs = |digest: &Value, keys: &[&str]| {
        let stage = status(&project, "stage");
        assert_eq!(&stage["image_digest"], digest);
        let found = stage["env"]["keys"].as_array().expect("keys").iter();
        let found = found.filter(|key| key["state"] != "only_in_file").filter_map(|key| key["key"].as_str());
        assert_eq!(found.collect::<Vec<_>>(), keys);
    };
    let (old, new) = (["ENV", "PASSWORD", "SOME_ENV"], ["ENV", "MORE", "SOME_ENV"]);
    let plan = only_told(&project, &["rollback", "stage"]);
    let intent = json!({"what": "roll_back", "stage": "stage", "to": "previous", "parts": "both"});
    assert_eq!(plan["intent"], intent);
    let rolled = answer(&project, 0, &["rollback", "stage", "--yes", "--json"]);
    assert_eq!(rolled["deployed"]["digest"], first);
    runs(&first, &old);
    only_told(&project, &["rollback", "stage", "--image-only"]);
    assert_eq!(run(&project, &["rollback", "stage", "--image-only", "--yes"]).0, 0);
    runs(&second, &old);
    only_told(&project, &["rollback", "stage", "--env-only"]);
    assert_eq!(run(&project, &["rollback", "stage", "--env-only", "--yes"]).0, 0);
    runs(&second, &new);
    assert_eq!(run(&project, &["rollback", "stage", "--to", "1", "--yes"]).0, 0);
    runs(&first, &old);
    nothing_to_do(&project, &["rollback", "stage", "--to", "1"]);
    assert_eq!(run(&project, &["rollback", "stage", "--image-only", "--env-only", "--yes"]).0, 2);

    let commands = run(&project, &["journal", "--limit", "1", "--commands"]).1;
    assert!(
        commands.contains("\n  $ aws lambda update-function-code --function-name hello-stage "),
        "{commands}"
    );
    assert!(commands.contains("PASSWORD=…"), "{commands}");
    local.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_is_rolled_back_by_command() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let (code, _, err) = run(&project, &["rollback", "stage", "--gateway", "--yes"]);
    assert_eq!(code, 1);
    assert!(err.contains("callboard deploy stage"), "{err}");
    assert_eq!(run(&project, &["deploy", "stage", "--yes"]).0, 0);
    // Prod's own, made in between, is not what stage answered with before.
    assert_eq!(run(&project, &["promote", "--yes"]).0, 0);
    let ours = status(&project, "stage")["gateway_deployment"].clone();
    let gateway = project.somebody_else_at_the_gateway();
    let apis = gateway.get_rest_apis().send().await.expect("APIs");
    let api = apis.items()[0].id().expect("an id");
    let made = gateway.create_deployment().rest_api_id(api).stage_name("stage").send().await;
    let theirs = made.expect("a deployment").id.expect("an id");
    let gone = PatchOperation::builder().op(Op::Remove).path("/variables/env").build();
    let change = gateway.update_stage().rest_api_id(api).stage_name("stage").patch_operations(gone);
    change.send().await.expect("a stage without its variable");
    assert_eq!(status(&project, "stage")["gateway_deployment"], theirs);

    let plan = only_told(&project, &["rollback", "stage", "--gateway"]);
    assert_eq!(plan["intent"], json!({"what": "roll_back_gateway", "stage": "stage", "deployment": null}));
    let detail = plan["changes"][0]["detail"].as_str().expect("a detail");
    assert!(detail.ends_with("; env unset → stage"), "{detail}");
    let rolled = answer(&project, 0, &["rollback", "stage", "--gateway", "--yes", "--json"]);
    assert_eq!(rolled["deployed"]["green"], true, "{rolled}");
    assert_eq!(status(&project, "stage")["gateway_deployment"], ours);
    assert_eq!(run(&project, &["rollback", "stage", "--gateway", "--to", &theirs, "--yes"]).0, 0);
    assert_eq!(status(&project, "stage")["gateway_deployment"], theirs);
    nothing_to_do(&project, &["rollback", "stage", "--gateway", "--to", &theirs]);
    local.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_listed_and_pruned_by_command() {
    let project = Project::new();
    let local = project.local_cloud().await;
    assert_eq!(run(&project, &["images"]).1, "the repository hello holds no images\n");
    let (code, _, err) = run(&project, &["images", "prune", "--keep", "1", "--yes"]);
    assert_eq!(code, 1);
    assert!(err.contains("there is no repository hello"), "{err}");
    for number in 0..3 {
        project.another_source(&format!("here {number}"));
        assert_eq!(run(&project, &["deploy", "stage", "--yes"]).0, 0);
    }
    let rows = answer(&project, 0, &["images", "--json"]);
    assert_eq!((&rows[0]["runs"], &rows[1]["runs"]), (&json!(["stage"]), &json!([])));
    assert_eq!(rows[2]["versions"], json!([{"stage": "stage", "version": 1}]));
    assert!(run(&project, &["images"]).1.lines().next().is_some_and(|line| line.ends_with("stage runs it")));

    // The newest runs and the second ran before it: only the third can go.
    nothing_to_do(&project, &["images", "prune", "--keep", "3"]);
    let plan = only_told(&project, &["images", "prune", "--keep", "0"]);
    let oldest = format!("image {}", rows[2]["tags"][0].as_str().expect("a tag"));
    assert_eq!(deleted(&plan), [oldest]);
    let pruned = answer(&project, 0, &["images", "prune", "--keep", "0", "--yes", "--json"]);
    assert_eq!((&pruned["deployed"], &pruned["plan"]["stage"]), (&Value::Null, &json!("both")));
    assert_eq!(answer(&project, 0, &["images", "--json"]), json!([rows[0], rows[1]]));
    nothing_to_do(&project, &["images", "prune", "--keep", "0"]);
    local.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_are_torn_down_by_command() {
    let project = Project::new();
    let local = project.local_cloud().await;
    nothing_to_do(&project, &["teardown", "--all"]);
    assert_eq!(run(&project, &["teardown", "--yes"]).0, 2, "a stage, or all");
    assert_eq!(run(&project, &["teardown", "stage", "--all", "--yes"]).0, 2);
    for arguments in [["deploy", "stage", "--yes"].as_slice(), &["promote", "--yes"]] {
        assert_eq!(run(&project, arguments).0, 0);
    }
    assert_eq!(run(&project, &["--read-only", "teardown", "stage", "--yes"]).0, 1);

    assert_eq!(
        deleted(&only_told(&project, &["teardown", "stage"])),
        ["gateway stage stage", "function hello-stage"]
    );
    let torn = answer(&project, 0, &["teardown", "stage", "--yes", "--json"]);
    assert_eq!(torn["steps"].as_array().map(Vec::len), Some(3), "the log group stays: {torn}");
    assert_eq!(status(&project, "stage")["deployed"], false);
    assert_eq!(run(&project, &["check", "prod"]).0, 0, "prod answers");
    nothing_to_do(&project, &["teardown", "stage"]);
    let plan = answer(&project, 4, &["teardown", "stage", "--logs", "--dry-run", "--json"]);
    assert_eq!(deleted(&plan), ["log group /aws/lambda/hello-stage"]);

    // With the last stage goes what the stages shared.
    let plan = only_told(&project, &["teardown", "prod"]);
    let shared = ["API hello", "role hello-lambda-ex", "repository hello"];
    assert_eq!(deleted(&plan), [["gateway stage prod", "function hello-prod"].as_slice(), &shared].concat());
    assert_eq!(run(&project, &["teardown", "prod", "--yes"]).0, 0);
    nothing_to_do(&project, &["teardown", "--all"]);

    for arguments in [["deploy", "stage", "--yes"].as_slice(), &["promote", "--yes"]] {
        assert_eq!(run(&project, arguments).0, 0);
    }
    assert_eq!(deleted(&only_told(&project, &["teardown", "--all", "--logs"])).len(), 9);
    let torn = answer(&project, 0, &["teardown", "--all", "--logs", "--yes", "--json"]);
    assert_eq!((&torn["deployed"], &torn["problem"]), (&Value::Null, &Value::Null));
    assert_eq!(torn["plan"]["intent"], json!({"what": "tear_down", "stage": null, "logs": true}));
    nothing_to_do(&project, &["teardown", "--all", "--logs"]);
    local.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_that_goes_wrong_is_rolled_back() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let good = std::fs::read_to_string(project.path().join("service/src/main.rs")).expect("the source");
    let broken = good.replace("env(\"ENV\")", "\"elsewhere\"");
    let deploy = ["deploy", "stage", "--yes", "--rollback-on-failure", "--json"];

    // Nothing ran before: what failed stays, so that it can be looked at.
    project.write("service/src/main.rs", &broken);
    let (code, out, err) = run(&project, &deploy);
    assert_eq!(code, 3, "{out}{err}");
    assert!(err.contains("there is nothing to roll back"), "{err}");
    assert_eq!(json(&out)["rolled_back"], Value::Null);

    project.write("service/src/main.rs", &good);
    let first = answer(&project, 0, &deploy);
    assert_eq!(first["rolled_back"], Value::Null);
    let first = first["deployed"]["digest"].clone();
    project.write("service/src/main.rs", &broken);
    project.write(".env.stage", "SOME_ENV=second\n");
    let failed = answer(&project, 3, &deploy);
    assert_eq!((&failed["deployed"]["green"], &failed["problem"]), (&json!(false), &Value::Null));
    let back = &failed["rolled_back"];
    assert_eq!((&back["deployed"]["green"], &back["problem"]), (&json!(true), &Value::Null), "{failed}");
    assert_eq!(back["deployed"]["digest"], first);
    let stage = status(&project, "stage");
    assert_eq!(stage["image_digest"], first);
    let password = json!({"key": "PASSWORD", "state": "only_deployed"});
    assert!(
        stage["env"]["keys"].as_array().expect("keys").contains(&password),
        "its environment too: {stage}"
    );
    let journal = answer(&project, 0, &["journal", "--limit", "2", "--json"]);
    assert_eq!((&journal[0]["what"], &journal[0]["outcome"]), (&json!("deploy"), &json!("checks_failed")));
    assert_eq!((&journal[1]["what"], &journal[1]["outcome"]), (&json!("roll back"), &json!("done")));
    assert_eq!(run(&project, &["check", "stage"]).0, 0);

    // A step that fails once the image was changed is taken back as well, and is still a failure.
    project.another_source("there");
    let refused = Effect::Error {
        status: 400,
        code: "InvalidParameterValueException".to_owned(),
        message: "no".to_owned(),
    };
    let rule = Rule::on("lambda:UpdateFunctionConfiguration", refused).times(1);
    local.faults().set(vec![rule]).expect("a rule");
    let failed = answer(&project, 1, &deploy);
    assert_eq!(failed["deployed"], Value::Null);
    assert!(
        failed["problem"]["summary"].as_str().is_some_and(|text| text.contains("configuration")),
        "{failed}"
    );
    assert_eq!(failed["rolled_back"]["deployed"]["digest"], first);
    assert_eq!(failed["rolled_back"]["deployed"]["green"], true);
    local.stop().await;
}
