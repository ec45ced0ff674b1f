use std::path::Path;

use proptest::prelude::*;

use super::super::{EnvFiles, load};
use super::*;
use crate::settings::Settings;
use Rule::*;

const VALUE: &str = "s3cret";

fn found(text: &str) -> Vec<(Option<usize>, Rule, Severity)> {
    let examined = stage(text, Path::new(".env.stage"), StageName::Stage);
    examined.findings.iter().map(|finding| (finding.line, finding.rule, finding.severity)).collect()
}

fn errors(text: &str) -> Vec<(usize, Rule)> {
    found(text)
        .into_iter()
        .filter(|(_, _, severity)| *severity == Severity::Error)
        .map(|(line, rule, _)| (line.expect("a line"), rule))
        .collect()
}

fn warnings(text: &str) -> Vec<(usize, Rule)> {
    found(text)
        .into_iter()
        .filter(|(_, _, severity)| *severity == Severity::Warning)
        .map(|(line, rule, _)| (line.expect("a line"), rule))
        .collect()
}

#[test]
fn every_error_is_found_and_not_the_first_alone() {
    let all = "not a pair\nX=1\nAWS_REGION=eu\nENV=dev\nSOME=a$HOME\nSOME=b\nA.B=c\nGOOD=1\nDANGLES=a\\\n";
    assert_eq!(
        errors(all),
        [
            (1, NotKeyValue),
            (2, RefusedKey),
            (3, ReservedKey),
            (4, WrongEnv),
            (5, Substitution),
            (6, DuplicateKey),
            (7, RefusedKey),
            (9, NotKeyValue)
        ]
    );
    let long = format!("FIRST=1\nBIG={}\nLAST=1\n", "x".repeat(5000));
    let cases: Vec<(&str, Vec<(usize, Rule)>)> = vec![
        ("", vec![]),
        ("# nothing\n\n  # at all", vec![]),
        ("ENV=stage\n", vec![]),
        ("GOOD=1\nBAD=\"a\nNEXT=b\n", vec![(2, UnclosedQuote)]),
        ("BAD=a b\nGOOD=1\nBAD_TOO=c d\n", vec![(1, NotKeyValue), (3, NotKeyValue)]),
        ("PASS=\"${HOME}\"\n", vec![(1, Substitution)]),
        ("PASS=a\\ #$HOME\n", vec![(1, Substitution)]),
        ("PASS='$a'\nTWO=\\$b\nTHREE=c # $d\n", vec![]),
        (&long, vec![(2, Over4Kb)]),
        // dotenvy takes BB and CC for a piece of the comment of AA.
        ("AA=1  # it's\nBB=2\nCC=3 # don't\nDD=4\n", vec![(1, SwallowedLines)]),
        ("AA=# it's\nBB=2 # don't\n", vec![(1, SwallowedLines)]),
        ("AA=1 # it's\nBB=2\n", vec![]),
    ];
    for (text, expected) in cases {
        assert_eq!(errors(text), expected, "{text:?}");
    }
}

#[test]
fn every_warning_is_found_and_no_other() {
    let cases: Vec<(&str, Vec<(usize, Rule)>)> = vec![
        ("SOME_ENV=Anni\nOTHER_ENV=Raven\n# COMMENTED_OUT_ENV=Shako\n", vec![]),
        ("ONE=https://example.com/a?b=c&d=*\nTWO=\nTHREE='quoted'\nFOUR=\"a,b\"\n", vec![]),
        ("\u{feff}ONE=1\n", vec![(1, ByteOrderMark)]),
        ("# c\r\nONE=1\r\nTWO=2\r\n", vec![(1, CarriageReturn)]),
        ("ONE=1  \nTWO=2\t\nTHREE= \n", vec![(1, TrailingBlanks), (2, TrailingBlanks)]),
        ("COLOUR=#fff\nTWO= # none\n", vec![(1, ValueIsComment), (2, BreaksInScripts)]),
        ("ONE=a,b\nTWO='c d'\n", vec![(1, BreaksInScripts)]),
        ("ONE=1\nTWO=1 # why\n", vec![(2, BreaksInScripts)]),
        ("export ONE=1\n", vec![(1, BreaksInScripts)]),
        ("ONE=a\"b\"\n", vec![(1, BreaksInScripts)]),
        ("ONE=\"a\\nb\"\n", vec![(1, BreaksInScripts)]),
        ("ONE=[a]\n", vec![(1, BreaksInScripts)]),
        ("ONE=\"a\nb\"\n", vec![(1, BreaksInScripts)]),
        ("ONE='a\nTWO=b'\n", vec![(1, SwallowedLines), (1, BreaksInScripts)]),
        // A line of Base64 ends in `=` and sets nothing.
        ("KEY='-----BEGIN\nQUJD\nQQ==\n-----END'\n", vec![(1, BreaksInScripts)]),
        // While a line is not understood, nothing that may be a piece of a secret is taken for a key.
        ("no pair\nONE=a,b \n", vec![]),
    ];
    for (text, expected) in cases {
        assert_eq!(warnings(text), expected, "{text:?}");
    }
}

#[test]
fn what_is_no_environment_file_is_not_told_line_by_line() {
    let text = "A.B=1 \n".repeat(20_000);
    let findings = stage(&text, Path::new(".env.stage"), StageName::Stage).findings;
    assert_eq!(findings.len(), MOST);
    assert!(findings.iter().all(|finding| finding.severity == Severity::Error), "errors go first");
    assert_eq!(local(&"no pair\n".repeat(20_000), Path::new(".env")).len(), MOST);
}

#[test]
fn what_breaks_in_a_script_is_named_by_line_and_key() {
    let text = "AA=a,b\nBB='c d'\nexport CC=1\nDD=\"x\\ny\"\nEE=1 # e\nFF=g h\n";
    let text = text.replace("FF=g h", "FF='g h'");
    let examined = stage(&text, Path::new(".env.stage"), StageName::Stage);
    let [finding] = examined.findings.as_slice() else { panic!("{:?}", examined.findings) };
    for part in [
        "a comma in line 1 (AA)",
        "a blank in line 2 (BB)",
        "`export` in line 3 (CC)",
        "a backslash in line 4 (DD)",
        "and in 2 more lines",
    ] {
        assert!(finding.what.contains(part), "{part}: {}", finding.what);
    }
}

#[test]
fn a_local_file_is_for_this_machine() {
    let rules = |text: &str| -> Vec<(Option<usize>, Rule)> {
        let findings = local(text, Path::new(".env"));
        assert!(findings.iter().all(|finding| finding.severity == Severity::Warning));
        findings.iter().map(|finding| (finding.line, finding.rule)).collect()
    };
    assert_eq!(rules("SOME_ENV=a,b\nHOME_OF=$HOME\nX=1\n"), []);
    assert_eq!(rules("SOME_ENV=1\nENV=dev\n"), [(Some(2), EnvInLocalFile)]);
    assert_eq!(rules("export ENV='dev'\nno pair\n"), [(Some(1), EnvInLocalFile), (Some(2), NotKeyValue)]);
}

struct Project(tempfile::TempDir);

impl Project {
    fn new(files: &[(&str, &[u8])]) -> Project {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("service")).expect("a folder");
        let toml = "name = \"hello\"\n[build]\nservice_dir = \"service\"\npackage = \"service\"\n";
        std::fs::write(dir.path().join("callboard.toml"), toml).expect("settings");
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).expect("a file");
        }
        Project(dir)
    }

    fn settings(&self) -> Settings {
        Settings::load(&self.0.path().join("callboard.toml")).expect("settings")
    }

    fn found(&self) -> Vec<(String, Rule, Severity)> {
        let findings = super::super::lint_project(&self.settings());
        findings.iter().map(|finding| (finding.place(), finding.rule, finding.severity)).collect()
    }
}

#[test]
fn a_project_is_linted_whole() {
    let project = Project::new(&[
        (".env.stage", b"ONE=1\nTWO=2\nFOUR=4\nENV=stage\n"),
        (".env.prod", b"ONE=1\n# TWO=\nTHREE=3\nAWS_REGION=x\n"),
        (".env", b"ENV=dev\n"),
        ("service/.env", b"A=1\nENV=dev\n"),
    ]);
    let expected = [
        // That THREE is missing; what nobody can set is not.
        (".env.stage", MissingInOneStage, Severity::Warning),
        (".env.prod:4", ReservedKey, Severity::Error),
        (".env.prod", MissingInOneStage, Severity::Warning),
        (".env:1", EnvInLocalFile, Severity::Warning),
        ("service/.env:2", EnvInLocalFile, Severity::Warning),
    ];
    let expected: Vec<_> =
        expected.iter().map(|(place, rule, severity)| (place.to_string(), *rule, *severity)).collect();
    assert_eq!(project.found(), expected);

    let files = EnvFiles::read(&project.settings());
    let of = |stage| files.warnings_of(stage).iter().map(Finding::place).collect::<Vec<_>>();
    assert_eq!(of(StageName::Stage), [".env.stage", ".env:1", "service/.env:2"]);
    assert_eq!(of(StageName::Prod), [".env.prod", ".env:1", "service/.env:2"]);
    let prod = files.warnings_of(StageName::Prod);
    assert!(prod[0].what.contains("FOUR is not set here, and .env.stage:3 sets it"), "{}", prod[0].what);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let project = Project::new(&[(".env.prod", b"ONE=1\nTWO=\xff\n"), (".env", b"\xff")]);
    std::fs::create_dir(project.0.path().join("service/.env")).expect("a folder");
    assert_eq!(
        project.found(),
        [
            (".env.stage".to_owned(), FileMissing, Severity::Error),
            (".env.prod:2".to_owned(), NotUtf8, Severity::Error),
            (".env:1".to_owned(), NotUtf8, Severity::Warning),
            ("service/.env".to_owned(), FileUnreadable, Severity::Warning),
        ]
    );
    let settings = project.settings();
    for stage in StageName::ALL {
        let problem = load(settings.env_file(stage), stage).expect_err("it cannot be read");
        assert!(problem.summary.ends_with("cannot be read"), "{problem}");
        assert!(EnvFiles::read(&settings).of(stage).env.is_err());
    }
}

#[test]
fn this_repositorys_own_files_are_clean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../callboard.toml");
    assert_eq!(super::super::lint_project(&Settings::load(&root).expect("settings")), []);
}

fn line() -> impl Strategy<Value = String> {
    let keys = prop_oneof!["[A-C]{1,2}", Just("ENV".to_owned()), Just("AWS_REGION".to_owned()), "[_.A-C]{2}"];
    let values = prop_oneof![
        Just(VALUE.to_owned()),
        Just(format!("'{VALUE}'")),
        Just(format!("\"{VALUE}")),
        Just(format!("'{VALUE}")),
        Just(format!("{VALUE}  # it's")),
        Just(format!("{VALUE},{VALUE} ")),
        Just(format!("{VALUE}${VALUE}")),
        Just(format!("#{VALUE}")),
        Just(format!("{VALUE}\\")),
        Just(format!("\"{VALUE} {VALUE}\"\r")),
        Just("stage".to_owned()),
        Just(VALUE.repeat(800)),
        "[ \\t'\"\\\\$#=,a]{0,8}".prop_map(|rest| format!("{VALUE}{rest}")),
    ];
    prop_oneof![
        (keys, values).prop_map(|(key, value)| format!("{key}={value}")),
        Just(format!("{VALUE} {VALUE}")),
        Just(format!("# {VALUE}")),
        Just(String::new()),
    ]
}

proptest! {
    /// Whatever stands in a file: nothing panics, no value is told, and a deploy is refused exactly when there is an error.
    #[test]
    fn a_deploy_is_refused_for_errors_and_for_nothing_else(lines in proptest::collection::vec(line(), 0..12)) {
        let text = lines.join("\n");
        for name in StageName::ALL {
            let examined = stage(&text, Path::new(".env"), name);
            let wrong = examined.findings.iter().any(|finding| finding.severity == Severity::Error);
            prop_assert_eq!(super::super::parse(&text, Path::new(".env"), name).is_err(), wrong);
            let local = local(&text, Path::new(".env"));
            for finding in examined.findings.iter().chain(&local) {
                prop_assert!(!format!("{finding:?}").contains(VALUE), "{:?}", finding);
                prop_assert!(!finding.fix.is_empty());
            }
            if let Some(parsed) = &examined.parsed {
                let side = |name: &str| Side { stage: StageName::Stage, path: name.into(), parsed };
                prop_assert_eq!(pair(&side("a"), &side("b")), vec![], "a file lacks nothing that it has itself");
            }
        }
    }

    #[test]
    fn any_text_can_be_linted(text in "\\PC{0,60}|[A-C=\\n\\r '\"\\\\#$.]{0,60}") {
        let examined = stage(&text, Path::new(".env"), StageName::Prod);
        prop_assert!(examined.findings.iter().all(|finding| finding.line.is_some_and(|line| line > 0)));
        local(&text, Path::new(".env"));
    }
}
