//! The beginning and the end of a function.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::configuration::{Settings, check_role, constrain_architectures};
use super::constraints::{Constraints, is_number, is_word};
use super::describe::{self, One};
use super::{function_not_found, image, invalid, new_revision, settle, tags, target, user_fault, versions};
use crate::cloud::{Cloud, now_ms};
use crate::functions::Callee;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::functions::{Alias, Configuration, Function, LATEST, Status};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    function_name: Option<String>,
    code: Option<Code>,
    package_type: Option<String>,
    architectures: Option<Vec<String>>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    publish: bool,
}

/// The members of [`Create`]; all others are settings.
const OWN: [&str; 6] = ["FunctionName", "Code", "PackageType", "Architectures", "Tags", "Publish"];

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Code {
    image_uri: Option<String>,
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (input, settings): (Create, Settings) = call.inputs(&OWN)?;
    let mut constraints = Constraints::default();
    constraints.required("functionName", input.function_name.as_ref());
    if let Some(name) = &input.function_name {
        target::constrain_new(name, &mut constraints);
    }
    constraints.required("code", input.code.as_ref());
    constraints.required("role", settings.role.as_ref());
    settings.constrain(&mut constraints);
    constrain_architectures(input.architectures.as_deref(), &mut constraints);
    constraints.one_of("packageType", input.package_type.as_deref(), &["Zip", "Image"]);
    tags::constrain(&input.tags, &mut constraints);
    constraints.verdict()?;
    let name = target::to_create(&input.function_name.unwrap_or_default())?;
    settings.check(call)?;
    tags::check(&input.tags)?;
    let architecture = input.architectures.and_then(|all| all.into_iter().next());
    let architecture = architecture.unwrap_or_else(|| "x86_64".to_owned());
    if input.package_type.as_deref() != Some("Image") {
        return Err(
            call.parameter_not_offered("PackageType Zip: functions here are made from container images")
        );
    }
    let Some(image_uri) = input.code.and_then(|code| code.image_uri) else {
        return Err(invalid("Please provide ImageUri when creating a function with packageType Image."));
    };
    image::open_to_lambda(cloud, call, &image_uri)?;
    let role = settings.role.clone().unwrap_or_default();
    let (function, version) = cloud.world.change(|state| {
        if state.functions.contains_key(&name) {
            let message = format!("Function already exist: {name}");
            return Err(user_fault(409, "ResourceConflictException", message));
        }
        check_role(cloud, state, &role)?;
        let resolved = image::resolve(state, &image_uri)?;
        let mut configuration = Configuration {
            image_uri,
            repository: resolved.repository,
            digest: resolved.digest,
            architecture,
            memory_mb: 128,
            timeout_s: 3,
            environment: BTreeMap::new(),
            environment_given: false,
            tracing_mode: "PassThrough".to_owned(),
            image_config: None,
            log_format: "Text".to_owned(),
            log_group: format!("/aws/lambda/{name}"),
            ephemeral_storage_mb: 512,
        };
        let description = settings.description.clone().unwrap_or_default();
        settings.apply(&mut configuration);
        let function = Function {
            name: name.clone(),
            description,
            role,
            configuration,
            live: None,
            state: Status::creating("Pending"),
            last_update: None,
            revision_id: new_revision(),
            last_modified_ms: now_ms(),
            policy: Vec::new(),
            policy_revision_id: new_revision(),
            reserved_concurrency: None,
            tags: input.tags,
            versions: BTreeMap::new(),
            aliases: BTreeMap::new(),
            qualified_policies: BTreeMap::new(),
            event_configs: BTreeMap::new(),
            recursion_allowed: false,
        };
        state.functions.insert(name.clone(), function);
        let version = match input.publish {
            true => Some(versions::make(state, &name, None)?),
            false => None,
        };
        let function = state.functions.get(&name).cloned().ok_or_else(|| function_not_found(&name))?;
        Ok((function, version))
    })?;
    settle::settle(cloud, &function.name);
    // With `Publish` the answer is about version 1, and yet its ARN has no qualifier (as recorded).
    let one = One::find(&function, version).unwrap_or(One::latest(&function));
    Ok(Answer::with_status(201, describe::whole(one, &describe::arn(&function))))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    qualifier: Option<String>,
}

pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Delete = call.input()?;
    let target = target::of(call, input.qualifier.as_deref())?;
    let version = match target.qualifier.as_deref() {
        None => None,
        Some(LATEST) => {
            return Err(invalid("$LATEST version cannot be deleted without deleting the function."));
        }
        Some(alias) if is_word(alias, b"-_") && !is_number(alias) => {
            return Err(invalid("Deletion of aliases is not currently supported."));
        }
        Some(number) => Some(number),
    };
    let gone = cloud.world.change(|state| {
        let missing = || function_not_found(&target.name);
        let Some(version) = version else {
            return state.functions.remove(&target.name).map(|_| None).ok_or_else(missing);
        };
        let function = state.functions.get_mut(&target.name).ok_or_else(missing)?;
        // That there is none of that number makes no difference.
        let Some(number) = version.parse().ok().filter(|number: &u64| number.to_string() == version) else {
            return Ok(None);
        };
        let leads = |alias: &&Alias| {
            alias.version == Some(number) || alias.additional.is_some_and(|share| share.version == number)
        };
        let aliases: Vec<&str> =
            function.aliases.values().filter(leads).map(|alias| alias.name.as_str()).collect();
        if !aliases.is_empty() {
            let message = format!(
                "Unable to delete version because the following aliases reference it: [{}]",
                aliases.join(", ")
            );
            return Err(user_fault(409, "ResourceConflictException", message));
        }
        function.versions.remove(&number);
        function.qualified_policies.remove(version);
        function.event_configs.remove(version);
        Ok(Some(number))
    })?;
    match (version, gone) {
        (None, _) => cloud.functions.retire_all(&target.name),
        (Some(_), None) => {}
        (Some(_), Some(number)) => {
            cloud.functions.retire(&Callee { name: target.name, version: Some(number) });
        }
    }
    cloud.collector.collect_soon();
    Ok(Answer::empty(204))
}
