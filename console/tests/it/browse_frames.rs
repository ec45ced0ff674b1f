//! The screens that a roll back starts from, and the palette.

use callboard::app::{Action, Answer, App, Effect, Event, Motion, Query, ScreenName};
use callboard::domain::{
    Deployment, Digest, GatewayStage, GatewayView, HeldBy, ImageRow, Intent, Parts, Problem, RestApi,
    StageName, StoredImage, Target,
};

use crate::frames::{NARROW, WIDE, deployed, frame, now};

fn image(tag: &str, hex: char, runs: &[StageName], versions: &[(StageName, u64)]) -> ImageRow {
    ImageRow {
        image: StoredImage {
            digest: Digest(format!("sha256:{}", hex.to_string().repeat(64))),
            tags: vec![tag.to_owned()],
            pushed_at: "2026-11-22T11:00:00Z".parse().ok(),
            size: Some(3_540_000),
        },
        runs: runs.to_vec(),
        versions: versions
            .iter()
            .map(|(stage, version)| HeldBy { stage: *stage, version: *version })
            .collect(),
        git: Some("1a2b3c4+".to_owned()),
    }
}

fn rows() -> Vec<ImageRow> {
    use StageName::{Prod, Stage};
    vec![
        image("20261122_110000", 'a', &[Stage], &[(Stage, 7)]),
        image("20261121_181202", 'b', &[Prod], &[(Stage, 6), (Prod, 3)]),
        image("20261120_090000", 'c', &[], &[]),
    ]
}

fn view() -> GatewayView {
    let stage = |name: &str, deployment: &str| GatewayStage {
        api_id: "abcdefghij".to_owned(),
        name: name.to_owned(),
        deployment_id: deployment.to_owned(),
        deployed_at: None,
        variables: [("env".to_owned(), name.to_owned())].into(),
        url: format!("http://127.0.0.1:4567/{name}"),
    };
    let deployment = |id: &str, at: &str| Deployment {
        id: id.to_owned(),
        description: "callboard resources d5ab3fd87f134555".to_owned(),
        created_at: at.parse().ok(),
    };
    GatewayView {
        api: Some(RestApi {
            id: "abcdefghij".to_owned(),
            name: "hello".to_owned(),
            url: "http://127.0.0.1:4567".to_owned(),
        }),
        stages: vec![stage("prod", "q9w8e7"), stage("stage", "x1y2z3")],
        deployments: vec![
            deployment("x1y2z3", "2026-11-22T11:59:00Z"),
            deployment("q9w8e7", "2026-11-21T18:12:00Z"),
        ],
    }
}

fn answered(app: &mut App, effects: &[Effect], answer: Answer) {
    let [Effect::Read(ticket, query)] = effects else { panic!("{effects:?}") };
    app.hear(Event::Answered { ticket: *ticket, query: query.clone(), answer }, now());
}

fn planned(effects: &[Effect]) -> Intent {
    match effects {
        [Effect::Read(_, Query::Plan(intent))] => intent.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn images_loading_ready_empty_failed_and_narrow() {
    let mut app = deployed(WIDE);
    let effects = app.act(Action::Open(ScreenName::Images), now());
    insta::assert_snapshot!("images_loading", frame(&app));
    answered(&mut app, &effects, Answer::Images(Ok(rows())));
    app.act(Action::Move(Motion::Down), now());
    insta::assert_snapshot!("images_wide", frame(&app));

    let mut app = deployed(NARROW);
    let effects = app.act(Action::Open(ScreenName::Images), now());
    answered(&mut app, &effects, Answer::Images(Ok(rows())));
    app.act(Action::NextFocus, now());
    app.act(Action::Move(Motion::Bottom), now());
    insta::assert_snapshot!("images_narrow", frame(&app));

    let effects = app.act(Action::Refresh, now());
    answered(&mut app, &effects, Answer::Images(Ok(Vec::new())));
    insta::assert_snapshot!("images_empty", frame(&app));
    let effects = app.act(Action::Refresh, now());
    let problem = Problem::new("could not list the images of hello")
        .because("AccessDeniedException")
        .fix("arn:aws:iam::1:user/ops needs ecr:DescribeImages");
    answered(&mut app, &effects, Answer::Images(Err(problem)));
    insta::assert_snapshot!("images_failed", frame(&app));
}

#[test]
fn a_roll_back_starts_from_the_selected_image() {
    let mut app = deployed(NARROW);
    let effects = app.act(Action::Open(ScreenName::Images), now());
    answered(&mut app, &effects, Answer::Images(Ok(rows())));
    app.act(Action::Move(Motion::Down), now());
    let stage = StageName::Stage;
    let both = Intent::RollBack { stage, to: Target::Version(6), parts: Parts::Both };
    assert_eq!(planned(&app.act(Action::RollBack, now())), both);
    // Another way to do it, around.
    for parts in [Parts::Image, Parts::Env, Parts::Both] {
        let other = Intent::RollBack { stage, to: Target::Version(6), parts };
        assert_eq!(planned(&app.act(Action::Option, now())), other);
    }
    app.act(Action::Escape, now());
    // Nobody knows the environment of an image that no version holds.
    app.act(Action::Move(Motion::Down), now());
    let digest = rows()[2].image.digest.0.clone();
    let image = Intent::RollBack { stage, to: Target::Image(digest), parts: Parts::Image };
    assert_eq!(planned(&app.act(Action::RollBack, now())), image);
}

#[test]
fn the_gateway_and_its_deployments() {
    for (name, size) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut app = deployed(size);
        let effects = app.act(Action::Open(ScreenName::Gateway), now());
        answered(&mut app, &effects, Answer::Gateway(Ok(view())));
        app.act(Action::Move(Motion::Down), now());
        insta::assert_snapshot!(format!("gateway_{name}"), frame(&app));
        let deployment = Some("q9w8e7".to_owned());
        let intent = Intent::RollBackGateway { stage: StageName::Stage, deployment };
        assert_eq!(planned(&app.act(Action::RollBack, now())), intent);
    }
    let mut app = deployed(NARROW);
    let effects = app.act(Action::Open(ScreenName::Gateway), now());
    let nothing = GatewayView { api: None, stages: Vec::new(), deployments: Vec::new() };
    answered(&mut app, &effects, Answer::Gateway(Ok(nothing)));
    insta::assert_snapshot!("gateway_empty", frame(&app));
}

#[test]
fn the_palette_finds_what_has_no_key() {
    for (name, size) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut app = deployed(size);
        app.act(Action::Palette, now());
        insta::assert_snapshot!(format!("palette_{name}"), frame(&app));
        for character in "tear down prod".chars() {
            app.act(Action::Type(character), now());
        }
        let intent = Intent::TearDown { stage: Some(StageName::Prod), logs: false };
        assert_eq!(planned(&app.act(Action::Submit, now())), intent);
    }
}
