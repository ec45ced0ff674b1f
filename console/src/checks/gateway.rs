//! What API Gateway and Lambda have, looked at part by part: whether a call of the stage can come to its function at all.

use super::Context;
use super::ask::verdict;
use crate::cloud::{Cloud, ErrorResponse, FaultKind, Integration, Resource};
use crate::deploy::routes;
use crate::domain::{
    Check, CheckKind, Diagnosis, Fault, Function, FunctionState, Problem, StageName, UpdateState, Verdict,
    one_line,
};
use crate::settings::Settings;

/// What was found, and the function that was looked at.
pub(super) struct Inspection {
    pub(super) checks: Vec<Check>,
    pub(super) function: Option<Function>,
}

impl Inspection {
    /// Everything that is wrong, the likelier cause first.
    pub(super) fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.checks.iter().filter_map(|check| match &check.verdict {
            Verdict::Failed(fault) => Some(fault),
            _ => None,
        })
    }
}

/// Looks at everything between the stage's URL and its function.
pub(super) async fn inspect(context: &Context<'_>) -> Inspection {
    match look(context).await {
        Ok(found) => found,
        Err(problem) => Inspection { checks: vec![unread(context, problem)], function: None },
    }
}

// What cannot be read is no fault of the stage.
fn unread(context: &Context<'_>, problem: Problem) -> Check {
    let fault = Fault::new(
        Diagnosis::GatewayUnread,
        format!("what the gateway has for {} could not be read: {problem}", context.stage),
        if problem.hint.is_empty() { "run the check again".to_owned() } else { problem.hint },
    );
    row("configuration", "not read", Verdict::Warned(fault))
}

fn row(name: &str, got: impl Into<String>, verdict: Verdict) -> Check {
    Check::unasked(CheckKind::Gateway, name, one_line(&got.into(), 160), verdict)
}

async fn look(context: &Context<'_>) -> Result<Inspection, Problem> {
    let (cloud, settings, stage) = (context.cloud, context.settings, context.stage);
    let name = settings.function_name(stage);
    let deploys = format!("deploy {stage}");
    let identity = cloud.identity().await?;
    let (function, api) = tokio::try_join!(cloud.function(&name), cloud.api(&settings.name))?;
    let mut checks = Vec::new();
    let found = match &api {
        Some(api) => cloud.stages(api).await?.into_iter().find(|one| one.name == stage.as_str()),
        None => None,
    };
    let (Some(api), Some(found)) = (api, found) else {
        let cause = format!("API Gateway has no stage {stage} of an API called {}", settings.name);
        let fault = Fault::new(Diagnosis::StageMissing, cause, deploys);
        checks.push(row("stage", "none", Verdict::Failed(fault)));
        return Ok(Inspection { checks, function });
    };
    let (resources, responses, deployment, permissions) = tokio::try_join!(
        cloud.resources(&api),
        cloud.error_responses(&api),
        cloud.deployment(&api, &found.deployment_id),
        cloud.permissions(&name),
    )?;
    checks.push(row("stage", &found.url, Verdict::Passed));
    let variable = found.variables.get("env").map(String::as_str);
    checks.push(row("stage variable env", variable.unwrap_or("unset"), verdict(led(stage, variable))));
    for (path, diagnosis) in routes::PATHS.into_iter().zip([Diagnosis::RootMissing, Diagnosis::ProxyMissing])
    {
        let judged = route(&resources, path, diagnosis, stage);
        let got = routes::at(&resources, path).map_or_else(|| "none".to_owned(), methods);
        checks.push(row(&format!("resource {path}"), got, verdict(judged)));
    }
    let wanted = routes::integration(&identity, cloud.region(), &settings.name);
    let judged = integration(cloud, settings, stage, &resources, &wanted).await;
    let got = resources.iter().flat_map(|one| one.methods.values()).find_map(|one| one.integration.as_ref());
    let got = got.map_or_else(|| "none".to_owned(), |one| leads_to(&one.uri).unwrap_or(&one.uri).to_owned());
    checks.push(row("integration", got, verdict(judged)));
    let (got, judged) = runs(&name, function.as_ref(), stage);
    checks.push(row(&format!("function {name}"), got, verdict(judged)));
    if function.is_some() {
        let arn = routes::source_arn(&identity, cloud.region(), &api.id, stage.as_str());
        let covering = permissions.iter().find(|one| one.covers(&arn));
        let judged = covering.map(drop).ok_or_else(|| {
            Fault::new(
                Diagnosis::PermissionMissing,
                format!("{name} has no permission for API Gateway to call it from {stage} ({arn})"),
                format!("deploy {stage}: it adds the permission"),
            )
        });
        let got = covering.map_or_else(|| format!("none of {}", permissions.len()), |one| one.id.clone());
        checks.push(row("permission", got, verdict(judged)));
    }
    let whole = routes::lacking(&resources).is_empty() && routes::astray(&resources, &wanted).is_empty();
    let description = deployment.as_ref().map(|one| one.description.as_str()).unwrap_or_default();
    let judged = match whole && routes::is_ours(description) {
        true if routes::description(&resources, &wanted, &responses) != description => Err(Fault::new(
            Diagnosis::DeploymentStale,
            "the API's resources were changed after the deployment that answers was made: it does not have the change",
            format!("deploy {stage}: it makes a new deployment"),
        )),
        _ => Ok(()),
    };
    checks.push(row("deployment", &found.deployment_id, verdict(judged)));
    checks.push(errors(context, &responses));
    Ok(Inspection { checks, function })
}

fn methods(resource: &Resource) -> String {
    let names: Vec<&str> = resource.methods.keys().map(String::as_str).collect();
    if names.is_empty() { "no method".to_owned() } else { names.join(" ") }
}

fn led(stage: StageName, variable: Option<&str>) -> Result<(), Fault> {
    let fix = format!("deploy {stage}: it sets the stage variable env={stage}");
    match variable {
        Some(value) if value == stage.as_str() => Ok(()),
        Some(value) => Err(Fault::new(
            Diagnosis::VariableWrong,
            format!(
                "the stage variable env of {stage} is {:?}: {stage} leads to another function",
                one_line(value, 60)
            ),
            fix,
        )),
        None => Err(Fault::new(
            Diagnosis::VariableMissing,
            format!("{stage} has no stage variable env, so the integration's URI names no function"),
            fix,
        )),
    }
}

fn route(resources: &[Resource], path: &str, lacking: Diagnosis, stage: StageName) -> Result<(), Fault> {
    let fix = format!("deploy {stage}: it puts ANY there");
    let resource = routes::at(resources, path);
    let Some(any) = resource.and_then(|resource| resource.methods.get(routes::METHOD)) else {
        let what = if path == "/" {
            "the root itself is not answered"
        } else {
            "no path below the root is answered"
        };
        return Err(Fault::new(lacking, format!("{path} has no ANY: {what}"), fix));
    };
    let own = resource.into_iter().flat_map(|resource| resource.methods.keys());
    let own: Vec<&str> = own.map(String::as_str).filter(|name| *name != routes::METHOD).collect();
    if !own.is_empty() {
        return Err(Fault::new(
            Diagnosis::MethodInFront,
            format!(
                "{path} has {} beside ANY: the gateway answers it in the service's place",
                own.join(", ")
            ),
            "delete these methods (`aws apigateway delete-method`) and deploy: the service answers every method",
        ));
    }
    if any.key_required || !["NONE", ""].contains(&any.authorization.as_str()) {
        let what = if any.key_required {
            "an API key".to_owned()
        } else {
            format!("{} authorization", any.authorization)
        };
        return Err(Fault::new(
            Diagnosis::Authorization,
            format!("{path} asks for {what}, so that browsers and these checks are refused"),
            "take it off the method (`aws apigateway update-method`) and deploy, or keep clients without it out on purpose",
        ));
    }
    Ok(())
}

/// The function that an integration's URI names.
fn leads_to(uri: &str) -> Option<&str> {
    uri.split(":function:").nth(1)?.split("/invocations").next()
}

async fn integration(
    cloud: &Cloud,
    settings: &Settings,
    stage: StageName,
    resources: &[Resource],
    wanted: &Integration,
) -> Result<(), Fault> {
    let fix = format!("deploy {stage}: it sets the integration");
    let mut judged = Ok(());
    for path in routes::astray(resources, wanted) {
        let method = routes::at(resources, path).and_then(|resource| resource.methods.get(routes::METHOD));
        // A method that is not there has its own name.
        let Some(method) = method else { continue };
        judged = Err(match &method.integration {
            None => Fault::new(
                Diagnosis::IntegrationUri,
                format!("ANY on {path} has no integration: it leads nowhere"),
                fix.clone(),
            ),
            Some(one) if one.kind != wanted.kind => Fault::new(
                Diagnosis::IntegrationKind,
                format!(
                    "ANY on {path} is integrated as {}, not as Lambda proxy (AWS_PROXY)",
                    one_line(&one.kind, 40)
                ),
                fix.clone(),
            ),
            Some(one) if one.http_method != wanted.http_method => Fault::new(
                Diagnosis::IntegrationMethod,
                format!(
                    "the integration of {path} calls Lambda with {}, and Lambda takes POST only",
                    one_line(&one.http_method, 20)
                ),
                fix.clone(),
            ),
            Some(one) => {
                let named = leads_to(&one.uri).unwrap_or(&one.uri).to_owned();
                let function = named.replace("${stageVariables.env}", stage.as_str());
                let there = match cloud.function(&function).await {
                    Ok(Some(_)) => "which is there, but is not this stage's",
                    Ok(None) => "which does not exist",
                    Err(fault) if fault.kind == FaultKind::Denied => "which may not be looked at",
                    Err(_) => "which cannot be read",
                };
                Fault::new(
                    Diagnosis::IntegrationUri,
                    format!(
                        "the integration of {path} leads to {}, {there}, instead of {}-${{stageVariables.env}}",
                        one_line(&named, 100),
                        settings.name
                    ),
                    fix.clone(),
                )
            }
        });
    }
    judged
}

fn runs(name: &str, function: Option<&Function>, stage: StageName) -> (String, Result<(), Fault>) {
    let Some(function) = function else {
        let cause = format!("there is no function {name}");
        return (
            "none".to_owned(),
            Err(Fault::new(Diagnosis::FunctionMissing, cause, format!("deploy {stage}"))),
        );
    };
    let reason =
        |reason: &Option<String>| reason.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
    let fault = |cause: String| {
        let fix = format!("wait a minute and run the checks again; if it stays, deploy {stage}");
        Err(Fault::new(Diagnosis::FunctionNotActive, cause, fix))
    };
    let judged = match (&function.state, &function.update) {
        (FunctionState::Active | FunctionState::Inactive, UpdateState::Failed) => {
            fault(format!("the last update of {name} failed{}", reason(&function.update_reason)))
        }
        // An idle function wakes with the first call.
        (FunctionState::Active | FunctionState::Inactive, _) => Ok(()),
        (state, _) => fault(format!("{name} is {state}{}", reason(&function.state_reason))),
    };
    (function.state.to_string(), judged)
}

/// The kinds of the gateway's own errors to which all others fall back.
pub(crate) const DEFAULTS: [&str; 2] = ["DEFAULT_4XX", "DEFAULT_5XX"];

/// Whether the gateway's own errors let a browser show them: 403, 413 and 429 (DEFAULT_4XX), 500, 502 and 504 (DEFAULT_5XX).
fn errors(context: &Context<'_>, responses: &[ErrorResponse]) -> Check {
    let name = "gateway's own errors";
    let allowed = |one: &ErrorResponse| one.headers.contains_key("access-control-allow-origin");
    let mut bare: Vec<&str> = DEFAULTS
        .into_iter()
        .filter(|kind| !responses.iter().any(|one| one.kind == *kind && allowed(one)))
        .collect();
    // A kind of its own does not fall back.
    bare.extend(
        responses
            .iter()
            .filter(|one| !DEFAULTS.contains(&one.kind.as_str()) && !allowed(one))
            .map(|one| one.kind.as_str()),
    );
    if bare.is_empty() {
        return row(name, "carry CORS headers", Verdict::Passed);
    }
    let fix = if context.settings.cors_on_errors {
        format!("deploy {}: `cors_on_errors` is set and not yet done", context.stage)
    } else {
        format!("set `[gateway] cors_on_errors = true` in callboard.toml and deploy {}", context.stage)
    };
    let cause = format!(
        "the gateway's own errors (403, 429, 502, 504 …) carry no CORS headers ({}): a browser hides them from the page, which sees a \
         network error instead of the true status",
        bare.join(", ")
    );
    row(name, "carry no CORS headers", Verdict::Warned(Fault::new(Diagnosis::ErrorsWithoutCors, cause, fix)))
}
