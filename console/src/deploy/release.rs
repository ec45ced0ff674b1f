//! Gives a stage an image, an environment or both: a deploy, a promotion, a roll back.

use super::apply::{Deployed, Finish};
use super::history::{Before, Label, Target};
use super::plan::{ImagePlan, Release};
use super::steps::{Context, Steps};
use super::world::World;
use super::{build, function, gateway, history, push, role, verify};
use crate::domain::{Digest, ImageRef, Intent, Parts, Problem, StepId};

// The image that the function is to run: where it lies, and what people call it.
struct Chosen {
    uri: String,
    digest: Digest,
    label: Label,
}

pub(super) async fn run(
    context: &Context<'_>,
    release: &Release,
    finish: &mut Finish,
) -> Result<Deployed, Problem> {
    let steps = Steps::new(context);
    let world = &steps.run(StepId::Identity, super::apply::identity(context)).await?;
    let chosen = &image(context, &steps, world, release).await?;
    let role = if release.whole {
        steps.run(StepId::Role, role::step(context, world)).await?
    } else {
        String::new()
    };
    let name = &release.function_name;
    let target = Target { digest: &chosen.digest, env: release.configuration.env.as_ref() };
    let Before { function: kept, version } =
        steps.run(StepId::Keep, history::keep(context, world, name, &target)).await?;
    let stage = context.plan.stage();
    finish.back = version.map(|number| Intent::RollBack {
        stage,
        to: crate::domain::Target::Version(number),
        parts: Parts::Both,
    });
    let wanted = &release.image;
    let mut now = kept.clone();
    if *wanted != ImagePlan::Keep {
        let code = function::code(context, release, kept.clone(), &role, &chosen.uri, &chosen.digest);
        steps.run(StepId::FunctionCode, code).await?;
        finish.touched |= steps.changed(&[StepId::FunctionCode]);
        finish.given = Some(ImageRef {
            repository_uri: String::new(),
            tag: Some(chosen.label.tag.clone()),
            digest: Some(chosen.digest.clone()),
        });
        let wait = function::wait(context, release, kept.as_ref(), &chosen.digest);
        now = Some(steps.run(StepId::WaitForCode, wait).await?);
    }
    if let Some(now) = now.filter(|_| release.whole || release.configuration.env.is_some()) {
        steps.run(StepId::Configuration, function::configuration(context, release, &now)).await?;
    }
    let changed = steps.changed(&[StepId::FunctionCode, StepId::Configuration]);
    finish.touched |= changed;
    let settled = function::finish(context, release, &chosen.digest);
    let settled = &steps.run(StepId::WaitForConfiguration, settled).await?;
    let recorded =
        steps.run(StepId::Record, history::record(context, settled, &chosen.label, changed)).await?;
    finish.version = Some(recorded);
    let url = if release.whole {
        Some(joined(context, &steps, world, name).await?)
    } else {
        world.stage.as_ref().map(|stage| stage.url.clone())
    };
    let (smoke, cors) = match &url {
        None => (None, None),
        Some(url) => {
            let spreading = steps.changed(&[StepId::Permission, StepId::Deployment]);
            let smoke = steps.run(StepId::Smoke, verify::smoke(context, url, spreading)).await?;
            (Some(smoke), Some(steps.run(StepId::Cors, verify::cors(context, url)).await?))
        }
    };
    Ok(Deployed {
        stage: context.plan.stage(),
        tag: chosen.label.tag.clone(),
        digest: chosen.digest.clone(),
        url,
        smoke,
        cors,
    })
}

async fn image(
    context: &Context<'_>,
    steps: &Steps<'_>,
    world: &World,
    release: &Release,
) -> Result<Chosen, Problem> {
    match &release.image {
        ImagePlan::Build(source) => {
            let built = steps.run(StepId::Build, build::binary(context, release.architecture)).await?;
            let image = &steps.run(StepId::Image, build::image(context, built, release.architecture)).await?;
            let repository = &steps.run(StepId::Repository, push::repository(context, world)).await?;
            let tag = steps.run(StepId::Push, push::image(context, world, repository, image)).await?;
            let uri = format!("{}@{}", repository.uri, image.digest);
            Ok(Chosen { uri, digest: image.digest.clone(), label: Label { tag, git: source.stamp() } })
        }
        ImagePlan::Stored(stored) => {
            let repository = if release.whole {
                steps.run(StepId::Repository, push::repository(context, world)).await?
            } else {
                world.repository.clone().ok_or_else(|| {
                    Problem::new(format!("the repository {} is gone", context.settings.build.image))
                })?
            };
            let uri = format!("{}@{}", repository.uri, stored.digest);
            let label = Label { tag: stored.tag.clone(), git: stored.git.clone() };
            Ok(Chosen { uri, digest: stored.digest.clone(), label })
        }
        ImagePlan::Keep => {
            let gone = || Problem::new(format!("the function {} is gone", release.function_name));
            let function = world.function.as_ref().ok_or_else(gone)?;
            let digest = function.image.digest.clone().ok_or_else(|| {
                Problem::new(format!("Lambda does not say which image {} runs", release.function_name))
            })?;
            let tag = function.image.tag.clone().unwrap_or_else(|| digest.short().to_owned());
            let label = Label { tag, git: function.stamp.git.clone() };
            Ok(Chosen { uri: String::new(), digest, label })
        }
    }
}

// The gateway, so that it leads to the function; answers where the stage can be called.
async fn joined(
    context: &Context<'_>,
    steps: &Steps<'_>,
    world: &World,
    name: &str,
) -> Result<String, Problem> {
    let api = &steps.run(StepId::Api, gateway::api(context, world)).await?;
    let resources = steps.run(StepId::Resources, gateway::resources(context, world, api)).await?;
    let resources =
        &steps.run(StepId::Integration, gateway::integration(context, world, api, resources)).await?;
    let responses = match context.settings.cors_on_errors {
        true => steps.run(StepId::ErrorResponses, gateway::error_responses(context, world, api)).await?,
        false => world.responses.clone(),
    };
    steps.run(StepId::Permission, gateway::permission(context, world, name, api)).await?;
    let stage = steps
        .run(StepId::Deployment, gateway::deployment(context, world, api, resources, &responses))
        .await?;
    Ok(stage.url)
}

/// Lets the gateway's stage answer with an earlier deployment, and checks it.
pub(super) async fn roll_back_gateway(
    context: &Context<'_>,
    deployment: &str,
    finish: &mut Finish,
) -> Result<Deployed, Problem> {
    let steps = Steps::new(context);
    let world = &steps.run(StepId::Identity, super::apply::identity(context)).await?;
    finish.back = world.stage.as_ref().map(|now| Intent::RollBackGateway {
        stage: context.plan.stage(),
        deployment: Some(now.deployment_id.clone()),
    });
    let stage = &steps.run(StepId::Deployment, gateway::roll_back(context, world, deployment)).await?;
    let spreading = steps.changed(&[StepId::Deployment]);
    finish.touched = spreading;
    let smoke = steps.run(StepId::Smoke, verify::smoke(context, &stage.url, spreading)).await?;
    let cors = steps.run(StepId::Cors, verify::cors(context, &stage.url)).await?;
    let unknown = || Digest("unknown".to_owned());
    let image = world.function.as_ref().map(|function| &function.image);
    let digest = image.and_then(|image| image.digest.clone()).unwrap_or_else(unknown);
    let tag = image.and_then(|image| image.tag.clone()).unwrap_or_else(|| digest.short().to_owned());
    Ok(Deployed {
        stage: context.plan.stage(),
        tag,
        digest,
        url: Some(stage.url.clone()),
        smoke: Some(smoke),
        cors: Some(cors),
    })
}
