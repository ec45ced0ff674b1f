//! The role that the functions run under: `NAME-lambda-ex`, with what AWS's own policies give for logs and X-Ray.

use super::steps::{Context, Ended};
use super::world::World;
use super::{patience, routes, world};
use crate::cloud::{FaultKind, Role};
use crate::domain::{Problem, StepId, StepResult};

/// AWS's own policies that the role has.
pub(super) const POLICY_NAMES: [&str; 2] =
    ["service-role/AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess"];

/// What there is to do.
pub(super) enum RolePlan {
    /// There is no role.
    Create,
    /// These policies are not attached.
    Attach(Vec<&'static str>),
    /// It is right.
    Keep,
    /// The function is there and runs under another role, which is left to it.
    Other(String),
}

/// What there is to do about the role. A role of that name that Lambda may not take on is somebody else's: a Problem.
pub(super) fn plan(name: &str, world: &World) -> Result<RolePlan, Problem> {
    if let Some(function) = &world.function
        && function.role.rsplit('/').next() != Some(name)
    {
        return Ok(RolePlan::Other(function.role.clone()));
    }
    let Some(role) = &world.role else { return Ok(RolePlan::Create) };
    trusted(role)?;
    let missing = missing(role, world);
    Ok(if missing.is_empty() { RolePlan::Keep } else { RolePlan::Attach(missing) })
}

fn missing(role: &Role, world: &World) -> Vec<&'static str> {
    let attached = |name: &&str| role.policies.contains(&routes::managed_policy(&world.identity, name));
    POLICY_NAMES.into_iter().filter(|name| !attached(name)).collect()
}

fn trusted(role: &Role) -> Result<(), Problem> {
    if role.trusts_lambda {
        return Ok(());
    }
    Err(Problem::new(format!("the role {} is there, but Lambda may not take it on", role.name))
        .because("its trust policy does not let lambda.amazonaws.com do sts:AssumeRole")
        .fix("add that to its trust policy, or rename the service in callboard.toml if the role is somebody else's"))
}

/// Makes the role so; answers its ARN.
pub(super) async fn step(context: &Context<'_>, world: &World) -> Result<Ended<String>, Problem> {
    let name = world::role_name(context.settings);
    let cloud = context.cloud;
    match plan(&name, world)? {
        RolePlan::Other(arn) => {
            let detail = format!("{name} is not used: the function runs under {arn}");
            Ok(Ended::new(arn, StepResult::Unchanged, detail))
        }
        RolePlan::Keep => {
            let arn = world.role.as_ref().map(|role| role.arn.clone()).unwrap_or_default();
            Ok(Ended::new(arn, StepResult::Unchanged, name))
        }
        RolePlan::Attach(missing) => {
            let arn = world.role.as_ref().map(|role| role.arn.clone()).unwrap_or_default();
            attach(context, world, &name, &missing).await?;
            Ok(Ended::new(arn, StepResult::Updated, format!("{name} + {}", missing.join(", "))))
        }
        RolePlan::Create => {
            let made =
                patience::patiently(context, StepId::Role, || cloud.create_role(context.permit, &name)).await;
            let (arn, missing) = match made {
                Ok(arn) => (arn, POLICY_NAMES.to_vec()),
                // Made in between by a call of ours whose answer was lost, or by somebody else.
                Err(fault) if fault.kind == FaultKind::Conflict => {
                    let role = cloud.role(&name).await?.ok_or(fault.problem)?;
                    trusted(&role)?;
                    let missing = missing(&role, world);
                    (role.arn, missing)
                }
                Err(fault) => return Err(fault.into()),
            };
            attach(context, world, &name, &missing).await?;
            Ok(Ended::new(arn, StepResult::Created, name))
        }
    }
}

async fn attach(context: &Context<'_>, world: &World, name: &str, policies: &[&str]) -> Result<(), Problem> {
    for policy in policies {
        let arn = routes::managed_policy(&world.identity, policy);
        patience::patiently(context, StepId::Role, || {
            context.cloud.attach_policy(context.permit, name, &arn)
        })
        .await?;
    }
    Ok(())
}
