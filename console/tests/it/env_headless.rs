//! `callboard env`, and the warnings of `callboard plan`.

use crate::headless::{json, run};
use crate::project::{Project, SECRET};

#[test]
fn files_against_functions_with_their_exit_codes() {
    let project = Project::new();
    // Before anything is deployed.
    let (code, out, err) = run(&project, &["env"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert_eq!(
        out,
        "stage: nothing is deployed; .env.stage has 3 keys\n  \
           + ENV       ••••  a deploy adds it\n  \
           + PASSWORD  ••••  a deploy adds it\n  \
           + SOME_ENV  ••••  a deploy adds it\n\
         prod: nothing is deployed; .env.prod has 2 keys\n  \
           + ENV       ••••  a deploy adds it\n  \
           + SOME_ENV  ••••  a deploy adds it\n\
         warning .env.prod missing-in-one-stage: PASSWORD is not set here, and .env.stage:2 sets it: prod runs without it \
         (fix: set it here too, or write `# PASSWORD=` here if it is left out on purpose)\n"
    );
    assert_eq!(
        run(&project, &["env", "stage"]).1.lines().count(),
        4,
        "what is wrong with prod's file is prod's"
    );

    let (code, out, err) = run(&project, &["deploy", "stage", "--yes"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, _) = run(&project, &["env", "stage"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("stage: hello-stage is in step with .env.stage, 3 keys\n"), "{out}");

    project.write(".env.stage", &format!("SOME_ENV=other {SECRET}\nADDED=1\n").replace("other ", "other"));
    let (code, out, _) = run(&project, &["env", "stage"]);
    assert_eq!(code, 4, "{out}");
    assert_eq!(
        out,
        "stage: hello-stage differs from .env.stage: 1 to delete, 1 to change, 1 to add\n  \
           + ADDED     ••••  a deploy adds it\n  \
           = ENV       ••••\n  \
           - PASSWORD  ••••  a deploy DELETES it\n  \
           ~ SOME_ENV  •••• → ••••\n"
    );
    let (code, out, _) = run(&project, &["env", "both", "--json"]);
    assert_eq!(code, 4, "{out}");
    assert!(!out.contains(SECRET), "{out}");
    let answer = json(&out);
    let stage = &answer["stages"]["stage"];
    assert_eq!((&stage["deployed"], &stage["in_step"]), (&true.into(), &false.into()));
    assert_eq!(stage["keys"][2]["key"], "PASSWORD");
    assert_eq!(stage["keys"][2]["state"], "only_deployed");
    assert!(stage["keys"][2]["deployed"].is_null());
    assert_eq!(answer["stages"]["prod"]["deployed"], false);
    assert!(answer["stages"]["prod"]["in_step"].is_null());
    assert_eq!(answer["findings"][0]["rule"], "missing-in-one-stage");

    let (code, out, _) = run(&project, &["env", "stage", "--reveal"]);
    assert_eq!(code, 4);
    assert!(out.contains(&format!("- PASSWORD  {SECRET}  a deploy DELETES it")), "{out}");
    assert!(out.contains(&format!("~ SOME_ENV  some → other{SECRET}")), "{out}");
    let (_, out, _) = run(&project, &["env", "stage", "--reveal", "--json"]);
    let keys = &json(&out)["stages"]["stage"]["keys"];
    assert_eq!((&keys[2]["file"], &keys[2]["deployed"]), (&serde_json::Value::Null, &SECRET.into()));
}

#[test]
fn an_error_in_a_file_is_exit_code_one_and_names_every_line() {
    let project = Project::new();
    project.write(".env.stage", &format!("SOME_ENV={SECRET}\nno pair\nAWS_REGION={SECRET}\nX={SECRET}\n"));
    let (code, out, err) = run(&project, &["env"]);
    assert_eq!(code, 1, "{out}");
    for place in [
        "error .env.stage:2 not-key-value: ",
        "error .env.stage:3 reserved-key: ",
        "error .env.stage:4 refused-key: ",
    ] {
        assert!(out.contains(place), "{out}");
    }
    assert!(err.contains(".env.stage:2 cannot be deployed"), "{err}");
    assert!(!format!("{out}{err}").contains(SECRET));
    let (code, out, _) = run(&project, &["env", "prod"]);
    assert_eq!(code, 0, "{out}");
    let (code, out, _) = run(&project, &["env", "stage", "--json"]);
    assert_eq!(code, 1, "{out}");
    assert_eq!(json(&out)["findings"].as_array().map(Vec::len), Some(3));
    assert_eq!(json(&out)["findings"][0]["line"], 2);
}

#[test]
fn the_files_are_linted_where_no_cloud_answers() {
    let project = Project::new();
    project.write(".env", "ENV=dev\n");
    // A local cloud whose folder is a file cannot be opened.
    project.write(".callboard", "");
    let (code, out, err) = run(&project, &["env", "prod"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.starts_with("prod: .env.prod has 2 keys; what is deployed is not known\n"), "{out}");
    assert!(out.contains("warning .env:1 env-in-local-file: ENV is set"), "{out}");
    assert!(!err.is_empty());
    let (code, out, _) = run(&project, &["env", "prod", "--json"]);
    assert_eq!(code, 1);
    assert!(json(&out)["problem"]["summary"].is_string(), "{out}");
}

#[test]
fn a_plan_shows_the_warnings_of_its_stage() {
    let project = Project::new();
    project.write(".env", "ENV=dev\n");
    let (code, out, err) = run(&project, &["plan", "prod"]);
    assert_eq!(code, 4, "{out}{err}");
    assert!(out.contains("\nwarning .env.prod missing-in-one-stage: PASSWORD"), "{out}");
    assert!(out.contains("\nwarning .env:1 env-in-local-file: "), "{out}");
    let (_, out, _) = run(&project, &["plan", "stage", "--json"]);
    let warnings = json(&out)["warnings"].clone();
    assert_eq!(warnings.as_array().map(Vec::len), Some(1), "{warnings}");
    assert_eq!(warnings[0]["rule"], "env-in-local-file");
}
