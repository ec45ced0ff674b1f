//! `docs/iam-policy.json` is enough, and each action in it is needed: by what the console really does, as a user of the local
//! cloud with exactly that policy. The list of actions is the file's own.

use std::collections::BTreeMap;
use std::time::Duration;

use localcloud::LocalCloud;
use localcloud::access::{Asked, Decision};
use localcloud::faults::{Effect, Rule};
use portable_pty::CommandBuilder;
use serde_json::Value;

use crate::iam::{self, Variables};
use crate::project::Project;
use crate::terminal::Terminal;

const SOON: Duration = Duration::from_secs(60);

/// Something that an operator does, or that happens to what is operated.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A command.
    Run(&'static [&'static str]),
    /// A query that is stopped by Ctrl-C.
    StoppedQuery,
    /// Live Tail, which only the screen has.
    LiveTail,
    /// The service's source and its environment change.
    Source(&'static str),
    /// Somebody else sets the gateway's stage variable and the function's permission wrong.
    Misled,
}

const LIFE: &[Step] = &[
    Step::Run(&["status"]),
    Step::Run(&["plan", "stage"]),
    Step::Run(&["deploy", "stage", "--yes"]),
    Step::Run(&["promote", "--yes"]),
    Step::Run(&["logs", "both"]),
    Step::Run(&["invocations"]),
    Step::Run(&["logs", "query", "fields @message | limit 3"]),
    Step::StoppedQuery,
    Step::LiveTail,
    Step::Source("second"),
    Step::Run(&["deploy", "stage", "--yes"]),
    Step::Run(&["rollback", "stage", "--yes"]),
    Step::Misled,
    Step::Source("third"),
    Step::Run(&["deploy", "stage", "--yes"]),
    Step::Run(&["images"]),
    Step::Run(&["images", "prune", "--keep", "0", "--yes"]),
    Step::Run(&["check", "both"]),
    Step::Run(&["journal"]),
    Step::Run(&["teardown", "prod", "--logs", "--yes"]),
    Step::Run(&["teardown", "--all", "--logs", "--yes"]),
];

/// What an operator does who only looks.
const LOOKING: &[Step] = &[
    Step::Run(&["status"]),
    Step::Run(&["plan", "stage"]),
    Step::Run(&["logs", "both"]),
    Step::Run(&["invocations"]),
    Step::Run(&["logs", "query", "fields @message | limit 3"]),
    Step::StoppedQuery,
    Step::LiveTail,
    Step::Run(&["images"]),
    // The documentation is left out: what is wrong with it may lead to the function being asked.
    Step::Run(&["check", "both", "--only", "gateway,smoke,cors"]),
];

struct Operator {
    project: Project,
    local: LocalCloud,
    iam: aws_sdk_iam::Client,
    variables: Variables,
}

impl Operator {
    async fn new(project: Project) -> Operator {
        let local = project.local_cloud().await;
        let iam = iam::owner(local.endpoint());
        let variables = iam::user(&iam, "kim").await.variables(local.endpoint());
        Operator { project, local, iam, variables }
    }

    async fn may(&self, policy: &Value) {
        iam::give(&self.iam, "kim", policy).await;
    }

    /// Takes a step; what it needed and what was decided, and what the program said where it failed.
    async fn take(&self, step: Step) -> (Vec<Asked>, Result<(), String>) {
        self.local.access().forget();
        let went = match step {
            Step::Run(arguments) => self.run(arguments).await,
            Step::StoppedQuery => self.stopped_query().await,
            Step::LiveTail => tokio::task::block_in_place(|| self.live_tail()),
            Step::Source(text) => {
                self.project.another_source(text);
                self.project.write(".env.stage", &format!("SOME_ENV={text}\n"));
                Ok(())
            }
            Step::Misled => {
                self.mislead().await;
                Ok(())
            }
        };
        (self.local.access().asked(), went)
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = iam::command(&self.project, &self.variables.each());
        command.args(["--cloud", "aws"]).args(arguments);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Result<(), String> {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
        let output = output.expect("the program");
        // A plan that found changes ends with 4.
        match matches!(output.status.code(), Some(0 | 4)) {
            true => Ok(()),
            false => Err(format!(
                "{:?}\n{}{}",
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            )),
        }
    }

    async fn stopped_query(&self) -> Result<(), String> {
        let held = Rule::on("logs:GetQueryResults", Effect::HoldBefore);
        self.local.faults().set(vec![held]).expect("a rule");
        let mut command = self.command(&["logs", "query", "fields @message"]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let child = command.spawn().expect("the program");
        let id = child.id().to_string();
        let mut ended = tokio::task::spawn_blocking(move || child.wait_with_output());
        let ended = tokio::select! {
            // Denied before it came so far.
            early = &mut ended => early,
            _ = self.local.faults().met() => {
                let sent = std::process::Command::new("kill").args(["-INT", &id]).status();
                assert!(sent.expect("kill runs").success());
                ended.await
            }
        };
        self.local.faults().clear();
        let ended = ended.expect("a thread").expect("an end");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        if said.contains("the query was stopped at AWS") { Ok(()) } else { Err(said) }
    }

    fn live_tail(&self) -> Result<(), String> {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_callboard"));
        command.cwd(self.project.path());
        command.args(["--cloud", "aws"]);
        command.env("TERM", "xterm-256color");
        for (name, value) in self.variables.each() {
            command.env(name, value);
        }
        let mut terminal = Terminal::start(command, 160, 45);
        terminal.until_text("● Active", SOON);
        terminal.press("l");
        terminal.until_text("hello", SOON);
        terminal.press("L");
        let asked = || self.local.access().asked();
        terminal.until("Live Tail is asked for", SOON, |_| {
            asked().iter().any(|one| one.need.action == "logs:StartLiveTail")
        });
        terminal.press("qq");
        terminal.end();
        match asked().iter().find(|one| one.decision != Decision::Allowed) {
            None => Ok(()),
            Some(one) => Err(format!("{one:?}")),
        }
    }

    async fn mislead(&self) {
        let lambda = self.project.somebody_else();
        let policy = lambda.get_policy().function_name("hello-stage").send().await.expect("a policy");
        let policy: Value = serde_json::from_str(policy.policy().expect("a policy")).expect("JSON");
        let id = policy["Statement"][0]["Sid"].as_str().expect("an id").to_owned();
        lambda.remove_permission().function_name("hello-stage").statement_id(&id).send().await.expect("gone");
        let add = lambda.add_permission().function_name("hello-stage").statement_id(&id);
        let add = add.action("lambda:InvokeFunction").principal("apigateway.amazonaws.com");
        let add = add.source_arn("arn:aws:execute-api:us-east-1:000000000000:gone/stage/*/*");
        add.send().await.expect("another");
        let gateway = self.project.somebody_else_at_the_gateway();
        let apis = gateway.get_rest_apis().send().await.expect("APIs");
        let id = apis.items()[0].id().expect("an id");
        let patch = aws_sdk_apigateway::types::PatchOperation::builder()
            .op(aws_sdk_apigateway::types::Op::Replace)
            .path("/variables/env")
            .value("wrong")
            .build();
        let update = gateway.update_stage().rest_api_id(id).stage_name("stage").patch_operations(patch);
        update.send().await.expect("misled");
    }
}

/// The statement that allows what was needed.
fn statement_of(policy: &Value, asked: &Asked) -> (String, String) {
    let action = &asked.need.action;
    let about = |sid: &str| {
        let statements = policy["Statement"].as_array().expect("statements");
        let statement = statements.iter().find(|one| one["Sid"] == *sid).expect("a statement");
        let pattern = statement["Resource"].as_str().expect("a resource");
        match pattern.strip_suffix('*') {
            Some(start) => asked.need.resource.starts_with(start),
            None => asked.need.resource == pattern,
        }
    };
    let found = iam::actions(policy).into_iter().find(|(sid, named)| named == action && about(sid));
    found.unwrap_or_else(|| panic!("no statement allows {:?}", asked.need))
}

fn denied(asked: &[Asked]) -> Vec<&Asked> {
    asked.iter().filter(|one| one.decision != Decision::Allowed).collect()
}

/// Lives it through with the whole policy; which of its actions each step was the first to need, in their order.
async fn enough(operator: &Operator, policy: &Value, life: &[Step]) -> Vec<Vec<(String, String)>> {
    operator.may(policy).await;
    let mut first = BTreeMap::new();
    let mut order = Vec::new();
    for (index, step) in life.iter().enumerate() {
        let (asked, went) = operator.take(*step).await;
        assert_eq!(denied(&asked), Vec::<&Asked>::new(), "{step:?}");
        went.unwrap_or_else(|said| panic!("{step:?}: {said}"));
        let mut of_step = Vec::new();
        for one in &asked {
            let pair = statement_of(policy, one);
            if *first.entry(pair.clone()).or_insert(index) == index && !of_step.contains(&pair) {
                of_step.push(pair);
            }
        }
        order.push(of_step);
    }
    order
}

/// Lives it through again. Before each step, each action that it is the first to need is taken out, the step is tried and
/// must meet a denial of that very action; how many that were.
async fn needed(
    operator: &Operator,
    policy: &Value,
    life: &[Step],
    order: &[Vec<(String, String)>],
) -> usize {
    let mut count = 0;
    for (step, pairs) in life.iter().zip(order) {
        for (sid, action) in pairs {
            let mut less = policy.clone();
            iam::take_out_of(&mut less, sid, action);
            operator.may(&less).await;
            let (asked, _) = operator.take(*step).await;
            let denied = denied(&asked);
            let met = !denied.is_empty() && denied.iter().all(|one| one.need.action == *action);
            assert!(met, "{step:?} without {action} of {sid}: {denied:?}");
            count += 1;
        }
        operator.may(policy).await;
        let (asked, went) = operator.take(*step).await;
        assert_eq!(denied(&asked), Vec::<&Asked>::new(), "{step:?}");
        went.unwrap_or_else(|said| panic!("{step:?}: {said}"));
    }
    count
}

/// Actions of the policy that no step needed.
fn idle(policy: &Value, order: &[Vec<(String, String)>]) -> Vec<(String, String)> {
    let mut all = iam::actions(policy);
    all.retain(|pair| !order.iter().flatten().any(|needed| needed == pair));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_least_policy_is_enough_and_each_action_in_it_is_needed() {
    let first = Project::new();
    let policy = iam::least(&first, "iam-policy.json");
    let operator = Operator::new(first).await;
    let order = enough(&operator, &policy, LIFE).await;
    assert_eq!(idle(&policy, &order), [], "nothing needs these: take them out of docs/iam-policy.json");
    let actions = iam::actions(&policy).len();
    let again = Operator::new(Project::new()).await;
    let needed = needed(&again, &policy, LIFE, &order).await;
    assert_eq!(needed, actions);
    println!(
        "docs/iam-policy.json: {} steps without one denial; {needed} of {actions} actions needed",
        LIFE.len()
    );
    again.local.stop().await;
    operator.local.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_read_only_policy_is_enough_for_looking_and_each_action_in_it_is_needed() {
    let project = Project::new();
    let policy = iam::least(&project, "iam-policy-read-only.json");
    let operator = Operator::new(project).await;
    let cloud = operator.project.cloud().await;
    operator.project.deploy(&cloud, callboard::domain::StageName::Stage).await;
    let promoted = operator.project.change(&cloud, &callboard::domain::Intent::Promote).await;
    promoted.0.expect("promoted");
    let order = enough(&operator, &policy, LOOKING).await;
    assert_eq!(
        idle(&policy, &order),
        [],
        "nothing needs these: take them out of docs/iam-policy-read-only.json"
    );
    let actions = iam::actions(&policy).len();
    let needed = needed(&operator, &policy, LOOKING, &order).await;
    assert_eq!(needed, actions);
    println!(
        "docs/iam-policy-read-only.json: {} steps without one denial; {needed} of {actions} actions needed",
        LOOKING.len()
    );
    cloud.close().await;
    operator.local.stop().await;
}
