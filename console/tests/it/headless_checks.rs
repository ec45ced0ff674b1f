//! `callboard check`: what it writes, where, and how it exits.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::headless::{json, run};
use crate::project::Project;

fn ill(project: &Project, name: &str) {
    project.write(".env.stage", &format!("ILL={name}\n"));
}

/// Names and attributes of every element.
fn elements(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut reader = Reader::from_str(text);
    let mut found = Vec::new();
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(tag) | Event::Empty(tag) => {
                let attribute = |one: quick_xml::events::attributes::Attribute<'_>| {
                    let name = one.key.as_ref().to_owned();
                    (
                        name,
                        one.normalized_value(quick_xml::XmlVersion::Implicit1_0)
                            .expect("a value")
                            .into_owned(),
                    )
                };
                let attributes = tag.attributes().map(|one| attribute(one.expect("an attribute"))).collect();
                found.push((tag.name().as_ref().to_owned(), attributes));
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

#[test]
fn both_stages_are_checked_reported_and_counted() {
    let project = Project::of_puppet();
    for stage in ["stage", "prod"] {
        let (code, out, err) = run(&project, &["deploy", stage, "--yes"]);
        assert_eq!(code, 0, "{out}{err}");
        // What is not there yet hides nothing of what is.
        let (code, out, err) = run(&project, &["check", "both", "--only", "smoke", "--json"]);
        assert_eq!(
            (code, json(&out).as_array().map(Vec::len)),
            (0, Some(if stage == "stage" { 1 } else { 2 }))
        );
        assert_eq!(err.contains("prod is not deployed: it was not checked"), stage == "stage", "{err}");
    }
    let (code, out, err) = run(&project, &["check", "both", "--json", "--junit", "checks.xml"]);
    assert_eq!(code, 0, "{out}{err}");
    let reports = json(&out);
    let kinds: Vec<(&str, &str)> = reports
        .as_array()
        .expect("reports")
        .iter()
        .map(|one| (one["stage"].as_str().expect("a stage"), one["kind"].as_str().expect("a kind")))
        .collect();
    let wanted = ["gateway", "smoke", "cors", "docs"];
    assert_eq!(
        kinds,
        ["stage", "prod"].iter().flat_map(|stage| wanted.map(|kind| (*stage, kind))).collect::<Vec<_>>()
    );
    let greeting = &reports[1]["checks"][1];
    assert_eq!((&greeting["name"], &greeting["verdict"]), (&"GET /api/v0".into(), &"passed".into()));
    assert!(
        greeting["connect_ms"].as_f64().is_some() && greeting["first_byte_ms"].as_f64().is_some(),
        "{greeting:#}"
    );
    assert!(greeting["dns_ms"].is_null() && greeting["tls_ms"].is_null(), "{greeting:#}");
    assert_eq!(greeting["answer"]["status"], 200);
    assert_eq!(reports[2]["checks"][0]["origin"], "https://callboard.test");

    let xml = std::fs::read_to_string(project.path().join("checks.xml")).expect("the report");
    let found = elements(&xml);
    let suites: Vec<_> = found.iter().filter(|(name, _)| name == "testsuite").collect();
    assert_eq!(suites.len(), 8, "{xml}");
    let count: usize = reports
        .as_array()
        .expect("reports")
        .iter()
        .map(|one| one["checks"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(found.iter().filter(|(name, _)| name == "testcase").count(), count);
    assert!(!found.iter().any(|(name, _)| name == "failure"), "{xml}");

    // One kind alone, and a failure that is the same for both ways to write it.
    ill(&project, "teapot");
    let (code, out, _) = run(&project, &["deploy", "stage", "--yes"]);
    assert_eq!(code, 3, "{out}");
    let (code, out, err) = run(&project, &["check", "both", "--only", "smoke", "--junit", "checks.xml"]);
    assert_eq!(code, 3, "{out}{err}");
    assert!(out.contains("stage smoke 3/4") && out.contains("prod smoke 4/4"), "{out}");
    assert!(out.contains("why: it answered 418, and the check wants a success (status)"), "{out}");
    assert!(out.contains("    curl -i http://127.0.0.1:"), "{out}");
    assert!(out.contains("    lines: callboard logs stage --filter request:"), "{out}");
    let xml = std::fs::read_to_string(project.path().join("checks.xml")).expect("the report");
    let failures: Vec<_> = elements(&xml).into_iter().filter(|(name, _)| name == "failure").collect();
    assert_eq!(failures.len(), 1, "{xml}");
    assert!(failures[0].1.contains(&("type".to_owned(), "status".to_owned())), "{xml}");

    let (code, _, err) = run(&project, &["check", "stage", "--junit", "no-such-folder/checks.xml"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("no-such-folder/checks.xml"), "{err}");
    for wrong in [["--only", "smokes"], ["--every", "soon"], ["--every", "0s"]] {
        assert_eq!(run(&project, &["check", "stage", wrong[0], wrong[1]]).0, 2, "{wrong:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_watch_writes_a_line_a_run_and_ends_with_ctrl_c() {
    let project = Project::of_puppet();
    let (code, out, err) = run(&project, &["deploy", "stage", "--yes"]);
    assert_eq!(code, 0, "{out}{err}");
    let mut child = Command::new(env!("CARGO_BIN_EXE_callboard"))
        .current_dir(project.path())
        .args(["check", "stage", "--only", "smoke", "--every", "1s", "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut runs = Vec::new();
    for _ in 0..2 {
        let report = json(&lines.next().expect("a run").expect("a line"));
        assert_eq!(report[0]["kind"], "smoke");
        runs.push(report[0]["at"].as_str().expect("a time").to_owned());
    }
    assert!(runs[0] < runs[1], "{runs:?}");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
    assert_eq!(child.wait().expect("ended").code(), Some(130));
}
