//! The same schedule for the tail and for `aws logs tail --follow` of the AWS CLI (version 2): a million events that are up to 45 s late.
//! What each loses is printed. `.ci/run` installs the CLI, and the feature `peers` compiles this in.

use std::collections::HashSet;
use std::process::Stdio;
use std::time::Duration;

use localcloud::account::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY};
use localcloud::faults::{Delivery, Effect, Rule};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::hostile_tail::{GROUP, Schedule, check, follow, number, write};
use crate::project::Project;

const EVENTS: usize = 1_000_000;
const LATE: Duration = Duration::from_secs(45);

/// The CLI that comes with Debian: a first version, as PyPI has it, cannot tail.
fn aws(endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("/usr/bin/aws");
    command
        .args(["--endpoint-url", endpoint, "--region", REGION])
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("PYTHONUNBUFFERED", "1")
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Reads the numbers of the events that it prints, until `done`; how many lines it printed, and the numbers.
async fn printed(mut child: Child, done: tokio::sync::watch::Receiver<bool>) -> (usize, HashSet<usize>) {
    let out = child.stdout.take().expect("its output");
    let mut lines = BufReader::new(out).lines();
    let (mut count, mut numbers) = (0, HashSet::new());
    let mut done = done;
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Ok(Some(line)) = line else { panic!("aws logs tail ended by itself") };
                if let Some(number) = number(&line) {
                    count += 1;
                    numbers.insert(number);
                }
            }
            _ = done.wait_for(|done| *done) => break,
        }
    }
    child.kill().await.expect("it ends");
    (count, numbers)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_events_beside_aws_logs_tail() {
    let project = Project::new();
    let mut options = localcloud::Options::new(project.settings().local_dir());
    options.log_budget = 1 << 30;
    let localcloud::Opened::Started(local) =
        localcloud::LocalCloud::open(options).await.expect("a local cloud")
    else {
        panic!("nobody else runs it");
    };
    let cloud = project.cloud().await;
    let late = Delivery { empty_every: Some(5), ..Delivery::late(LATE.as_millis() as u64, 11) };
    local.faults().deliver(late).expect("a delivery");
    local
        .faults()
        .set(vec![
            Rule::on("FilterLogEvents", Effect::Throttle).from_nth(40).every(25),
            Rule::on("FilterLogEvents", Effect::CutAfter).from_nth(50).every(40),
        ])
        .expect("rules");
    let start = jiff::Timestamp::now().as_millisecond();
    local.log_events().append(GROUP, "first", vec![(start - 3_600_000, "the group is there".to_owned())]);
    let follows = ["logs", "tail", GROUP, "--since", "1m", "--follow", "--format", "short"];
    let child = aws(local.endpoint(), &follows).spawn().expect("/usr/bin/aws (.ci/run installs it)");
    let (finish, done) = tokio::sync::watch::channel(false);
    let peer = tokio::spawn(printed(child, done));
    let schedule = Schedule { events: EVENTS, at_once: 1_250, every: Duration::from_millis(100) };
    let writer = write(&local, schedule);
    let brought = follow(&cloud, start, EVENTS, Duration::from_secs(300)).await;
    let times = writer.await.expect("the events are written");
    check(&brought, &times);
    finish.send_replace(true);
    let (count, numbers) = peer.await.expect("what aws printed");
    println!(
        "{EVENTS} events, each up to {} s late, every 25th call throttled, every 40th cut:",
        LATE.as_secs()
    );
    println!(
        "  callboard               {EVENTS} came, 0 lost, 0 twice, {} out of order and put in their place, in {:.0} s",
        brought.late,
        brought.took.as_secs_f64()
    );
    println!(
        "  aws logs tail --follow  {} came, {} lost, {} twice",
        numbers.len(),
        EVENTS - numbers.len(),
        count - numbers.len()
    );
    assert!(numbers.len() < EVENTS, "the schedule is meant to be hard");
    cloud.close().await;
    local.stop().await;
}
