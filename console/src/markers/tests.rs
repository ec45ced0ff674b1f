use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::domain::{Deployment, Digest, EnvVars, GatewayStage, Identity, Stamp, Version};
use crate::journal::{self, Entry, Outcome};

const OPS: &str = "arn:aws:iam::111111111111:user/ops";

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).expect("a time")
}

fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

fn entry(what: &str, stage: &str, at_ms: i64, took_ms: u64, outcome: Outcome, tag: Option<&str>) -> Entry {
    Entry {
        at: at(at_ms),
        what: what.to_owned(),
        stage: stage.to_owned(),
        cloud: "aws".to_owned(),
        account: "111111111111".to_owned(),
        region: "eu-west-1".to_owned(),
        who: OPS.to_owned(),
        from: None,
        to: tag.map(|tag| journal::Version { tag: Some(tag.to_owned()), digest: None, number: None }),
        outcome,
        detail: String::new(),
        took_ms,
        commands: Vec::new(),
    }
}

fn written(entries: &[Entry]) -> Vec<Trace> {
    let identity = Identity { account: "111111111111".to_owned(), arn: OPS.to_owned() };
    super::journal::traces(entries, "aws", "eu-west-1", &identity)
}

fn version(number: u64, at_ms: i64, tag: Option<&str>, letter: char) -> Version {
    Version {
        number,
        digest: Some(Digest(digest(letter))),
        env: Some(EnvVars(BTreeMap::new())),
        memory_mb: 128,
        timeout_s: 10,
        architecture: "x86_64".to_owned(),
        tracing: "PassThrough".to_owned(),
        published_at: Some(at(at_ms)),
        stamp: Stamp {
            image_tag: tag.map(str::to_owned),
            deployed_by: tag.map(|_| OPS.to_owned()),
            ..Stamp::default()
        },
        kept: false,
    }
}

fn texts(traces: &[Trace]) -> Vec<String> {
    merge(traces).into_iter().map(|marker| marker.text).collect()
}

#[test]
fn one_deploy_that_is_known_from_everywhere_is_one_marker() {
    let t = 1_800_000_000_000;
    let mut traces = written(&[entry("deploy", "stage", t, 40_000, Outcome::Done, Some("v2"))]);
    traces.extend(lambda::traces(StageName::Stage, None, &[version(7, t + 30_500, Some("v2"), 'a')]));
    let stamp = Trace {
        tag: Some("v2".to_owned()),
        digest: Some(digest('a')),
        who: Some(OPS.to_owned()),
        ..Trace::at(Some(StageName::Stage), t + 31_000, What::Release { again: false })
    };
    traces.push(stamp);
    let stage = GatewayStage {
        api_id: "abc".to_owned(),
        name: "stage".to_owned(),
        deployment_id: "q9w8e7".to_owned(),
        deployed_at: None,
        variables: BTreeMap::new(),
        url: String::new(),
    };
    let deployment =
        Deployment { id: "q9w8e7".to_owned(), description: String::new(), created_at: Some(at(t + 33_000)) };
    traces.extend(gateway::traces(&[deployment], &[(stage, Some(at(t + 34_000)))]));
    let markers = merge(&traces);
    assert_eq!(markers.len(), 1, "{markers:#?}");
    let marker = &markers[0];
    assert_eq!(marker.text, "stage deployed v2 by ops");
    assert_eq!(marker.at_ms, t + 30_500, "by the clock of AWS, as the lines around it");
    assert_eq!(
        (marker.version, marker.deployment.as_deref(), marker.releases),
        (Some(7), Some("q9w8e7"), true)
    );
    assert_eq!(marker.digest, Some(digest('a')));
}

#[test]
fn each_change_of_the_journal_says_how_it_ended() {
    let minute = 60_000;
    let failed = Entry {
        detail: "AccessDenied password=hunter2\u{1b}[2J".to_owned(),
        ..entry("promote", "prod", 20 * minute, 5_000, Outcome::Failed, None)
    };
    let checked = Entry {
        detail: "smoke 5/6".to_owned(),
        ..entry("deploy", "prod", 30 * minute, 5_000, Outcome::ChecksFailed, Some("v3"))
    };
    let elsewhere = Entry {
        region: "us-east-1".to_owned(),
        ..entry("deploy", "prod", 31 * minute, 0, Outcome::Done, Some("v9"))
    };
    let entries = [
        entry("promote", "prod", 0, 5_000, Outcome::Done, Some("v1")),
        entry("roll back (image only)", "prod", 10 * minute, 5_000, Outcome::Done, Some("v0")),
        failed,
        checked,
        elsewhere,
        entry("roll back gateway", "prod", 40 * minute, 1_000, Outcome::Done, None),
        entry("prune images", "both", 41 * minute, 1_000, Outcome::Done, None),
        entry("tear down", "both", 50 * minute, 1_000, Outcome::Done, None),
        entry("deploy", "stage", 60 * minute, 0, Outcome::Begun, None),
    ];
    insta::assert_snapshot!(texts(&written(&entries)).join("\n"), @r"
    prod deployed v1 by ops (promoted)
    prod rolled back to v0 by ops (image only)
    promote of prod by ops failed: AccessDenied password=••••••••
    prod deployed v3 by ops, checks failed: smoke 5/6
    gateway of prod rolled back by ops
    stage torn down by ops
    prod torn down by ops
    deploy of stage begun by ops, not ended
    ");
}

#[test]
fn what_others_did_shows_by_what_it_left_at_aws() {
    let hour = 3_600_000;
    let kept = Version { kept: true, ..version(4, 4 * hour, Some("v1"), 'c') };
    let versions = [
        version(1, hour, Some("v1"), 'a'),
        version(2, 2 * hour, Some("v2"), 'b'),
        version(3, 3 * hour, Some("v1"), 'a'),
        kept,
        version(5, 4 * hour + 9_000, Some("v3"), 'd'),
        version(6, 5 * hour, None, 'e'),
    ];
    let stage = |name: &str, id: &str| GatewayStage {
        api_id: "abc".to_owned(),
        name: name.to_owned(),
        deployment_id: id.to_owned(),
        deployed_at: None,
        variables: BTreeMap::new(),
        url: String::new(),
    };
    let made = |id: &str, at_ms: i64| Deployment {
        id: id.to_owned(),
        description: String::new(),
        created_at: Some(at(at_ms)),
    };
    let mut traces = lambda::traces(StageName::Prod, None, &versions);
    let stages = [(stage("prod", "old"), Some(at(7 * hour))), (stage("blue", "theirs"), None)];
    traces.extend(gateway::traces(
        &[made("old", 6 * hour), made("new", 6 * hour + 500_000), made("theirs", 0)],
        &stages,
    ));
    insta::assert_snapshot!(texts(&traces).join("\n"), @r"
    prod deployed v1 by ops
    prod deployed v2 by ops
    prod rolled back to v1 by ops
    prod was as no finished change had left it: kept as version 4
    prod deployed v3 by ops
    prod: version 6 published outside of Callboard
    gateway of prod answers with dep old
    gateway: dep new made; no stage answers with it now
    gateway of prod changed, answers with dep old
    ");
}

#[test]
fn a_change_past_callboard_shows_and_one_on_its_way_from_here_does_not() {
    let t = 1_800_000_000_000;
    let drifted = Trace::at(Some(StageName::Stage), t + 200_000, What::Drifted);
    let begun = written(&[entry("deploy", "stage", t, 0, Outcome::Begun, None)]);
    assert_eq!(
        texts(std::slice::from_ref(&drifted)),
        ["stage changed outside of Callboard, or by a change that has not ended"]
    );
    let both: Vec<Trace> = begun.iter().cloned().chain([drifted.clone()]).collect();
    assert_eq!(texts(&both), ["deploy of stage begun by ops, not ended"]);
    let done = written(&[entry("deploy", "stage", t + 190_000, 5_000, Outcome::Done, Some("v1"))]);
    let both: Vec<Trace> = done.into_iter().chain([drifted]).collect();
    assert_eq!(texts(&both).len(), 2, "somebody was quick");
}

#[test]
fn what_a_source_told_stays_while_it_cannot_be_asked() {
    let mut known = Known::default();
    let traces = written(&[entry("deploy", "stage", 0, 0, Outcome::Done, Some("v1"))]);
    assert!(known.take(vec![(Source::Journal, Ok(traces.clone()))]));
    assert!(!known.take(vec![(Source::Journal, Ok(traces))]), "nothing of it is new");
    assert!(!known.take(vec![(Source::Journal, Err(Problem::new("the disk is gone")))]));
    assert_eq!(known.markers().len(), 1);
    assert!(known.problem().is_some());
    assert!(known.take(vec![(Source::Journal, Ok(Vec::new()))]));
    assert!(known.problem().is_none() && known.markers().is_empty());
}

/// A deploy as it was, and which of its traces are known.
#[derive(Debug, Clone)]
struct Deploy {
    prod: bool,
    image: usize,
    gap_s: i64,
    took_ms: u64,
    seen: [bool; 4],
    jitter_ms: [i64; 3],
}

fn deploys() -> impl Strategy<Value = Vec<Deploy>> {
    let seen =
        any::<[bool; 4]>().prop_filter("known from somewhere", |seen| seen[..3].iter().any(|seen| *seen));
    let jitter = [-20_000i64..20_000, -20_000i64..20_000, -20_000i64..20_000];
    let one = (any::<bool>(), 0usize..3, 0i64..5_000, 0u64..600_000, seen, jitter);
    let one = one.prop_map(|(prod, image, gap_s, took_ms, seen, jitter_ms)| Deploy {
        prod,
        image,
        gap_s,
        took_ms,
        seen,
        jitter_ms,
    });
    proptest::collection::vec(one, 1..12)
}

proptest! {
    /// However a deploy is known, it is one marker, and however near two lie, they are two where anything tells them apart.
    #[test]
    fn as_many_markers_as_there_were_deploys(deploys in deploys(), seed in any::<u64>()) {
        let mut traces = Vec::new();
        let mut t = 1_800_000_000_000i64;
        let mut last: Option<(bool, usize)> = None;
        for (number, deploy) in deploys.iter().enumerate() {
            let stage = if deploy.prod { StageName::Prod } else { StageName::Stage };
            // The same image again on the same stage: only time tells them apart, so let there be some.
            let same = last == Some((deploy.prod, deploy.image));
            t += deploy.gap_s * 1000 + if same { 300_000 } else { 130_000 };
            last = Some((deploy.prod, deploy.image));
            let tag = format!("v{}", deploy.image);
            let begun = t;
            t += deploy.took_ms as i64;
            let [in_journal, by_version, by_stamp, by_gateway] = deploy.seen;
            if in_journal {
                traces.extend(written(&[entry("deploy", stage.as_str(), begun, deploy.took_ms, Outcome::Done, Some(&tag))]));
            }
            let trace = |jitter: usize, what| Trace::at(Some(stage), t + deploy.jitter_ms[jitter], what);
            let release = |trace: Trace| Trace { tag: Some(tag.clone()), who: Some(OPS.to_owned()), ..trace };
            if by_version {
                traces.push(Trace { version: Some(number as u64), ..release(trace(0, What::Release { again: false })) });
            }
            if by_stamp {
                traces.push(release(trace(1, What::Release { again: false })));
            }
            if by_gateway {
                traces.push(Trace { deployment: Some(format!("d{number}")), ..trace(2, What::Deployed) });
            }
        }
        let markers = merge(&traces);
        prop_assert_eq!(markers.len(), deploys.len(), "{:#?}", &markers);
        for (marker, deploy) in markers.iter().zip(&deploys) {
            let text = format!("{} deployed v{} by ops", if deploy.prod { "prod" } else { "stage" }, deploy.image);
            prop_assert_eq!(&marker.text, &text);
        }
        // In whatever order, and however often they are told.
        let mut mixed: Vec<Trace> = traces.iter().chain(&traces).cloned().collect();
        let mut state = seed | 1;
        for index in (1..mixed.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            mixed.swap(index, (state >> 33) as usize % (index + 1));
        }
        prop_assert_eq!(merge(&mixed), markers);
    }
}

#[test]
fn only_the_newest_are_kept() {
    let entries: Vec<Entry> = (0..MOST as i64 + 20)
        .map(|index| entry("deploy", "stage", index * 200_000, 0, Outcome::Done, Some("v1")))
        .collect();
    let markers = merge(&written(&entries));
    assert_eq!((markers.len(), markers[0].at_ms), (MOST, 20 * 200_000));
}
