//! Aliases: names for versions that callers use, and that move on when a version does well.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::constraints::{Constraints, is_number, is_word};
use super::read::{Paging, limit};
use super::target::{qualified_arn, version_name};
use super::update::stale;
use super::{function_not_found, invalid, new_revision, not_found, target, user_fault};
use crate::cloud::Cloud;
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::functions::{Alias, Function, LATEST, Share};

const WEIGHTS: &str = "routingConfig.additionalVersionWeights";
const WEIGHT_KEYS: &str = "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+]";
const WEIGHT_VALUES: &str = "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    name: Option<String>,
    function_version: Option<String>,
    description: Option<String>,
    routing_config: Option<Routing>,
    revision_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Routing {
    additional_version_weights: BTreeMap<String, f64>,
}

impl Input {
    fn constrain(&self, constraints: &mut Constraints) {
        if let Some(version) = &self.function_version {
            constrain_version(version, constraints);
        }
        if let Some(description) = &self.description {
            constraints.length("description", description, 0, 256);
        }
        let Some(Routing { additional_version_weights: weights }) = &self.routing_config else { return };
        let pairs: Vec<String> =
            weights.iter().map(|(version, weight)| format!("{version}={weight:?}")).collect();
        let shown = format!("{{{}}}", pairs.join(", "));
        if !weights.keys().all(|version| is_number(version) && version.len() <= 1024) {
            constraints.broken(WEIGHTS, &shown, WEIGHT_KEYS);
        }
        if !weights.values().all(|weight| (0.0..=1.0).contains(weight)) {
            constraints.broken(WEIGHTS, &shown, WEIGHT_VALUES);
        }
    }
}

fn constrain_version(version: &str, constraints: &mut Constraints) {
    let fits = [LATEST, "$LATEST.PUBLISHED"].contains(&version) || is_number(version);
    constraints.length("functionVersion", version, 1, 1024);
    constraints.pattern("functionVersion", version, fits, r"(\$LATEST(\.PUBLISHED)?|[0-9]+)");
}

fn constrain_name(name: &str, constraints: &mut Constraints) {
    constraints.length("name", name, 1, 128);
    let fits = is_word(name, b"-_") && !is_number(name);
    constraints.pattern("name", name, fits, "(?!^[0-9]+$)([a-zA-Z0-9-_]+)");
}

/// The function's name and the alias's, as the path has them.
fn named(call: &Call, mut constraints: Constraints) -> Result<(String, &str), Fault> {
    let name = call.path("Name")?;
    target::constrain(call, None, &mut constraints)?;
    constrain_name(name, &mut constraints);
    constraints.verdict()?;
    Ok((target::resolve(call, None)?.name, name))
}

pub(super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Input = call.input()?;
    if input.revision_id.is_some() {
        return Err(call.parameter_not_offered("the parameter RevisionId"));
    }
    let mut constraints = Constraints::default();
    target::constrain(call, None, &mut constraints)?;
    constraints.required("name", input.name.as_ref());
    if let Some(name) = &input.name {
        constrain_name(name, &mut constraints);
    }
    constraints.required("functionVersion", input.function_version.as_ref());
    input.constrain(&mut constraints);
    constraints.verdict()?;
    let function_name = target::resolve(call, None)?.name;
    let (name, wanted) = (input.name.unwrap_or_default(), input.function_version.unwrap_or_default());
    let told = cloud.world.change(|state| {
        let function = state
            .functions
            .get_mut(&function_name)
            .ok_or_else(|| not_found(&qualified_arn(&function_name, &wanted)))?;
        let version = version(function, &wanted)?;
        if function.aliases.contains_key(&name) {
            let message = format!("Alias already exists: {}", qualified_arn(&function_name, &name));
            return Err(user_fault(409, "ResourceConflictException", message));
        }
        let additional = match &input.routing_config {
            Some(routing) => share(function, version, &routing.additional_version_weights)?,
            None => None,
        };
        let alias = Alias {
            name: name.clone(),
            version,
            description: input.description.unwrap_or_default(),
            additional,
            revision_id: new_revision(),
        };
        let told = tell(&function_name, &alias);
        function.aliases.insert(name, alias);
        Ok::<_, Fault>(told)
    })?;
    Ok(Answer::with_status(201, told))
}

pub(super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Input = call.input()?;
    let mut constraints = Constraints::default();
    input.constrain(&mut constraints);
    let (function_name, name) = named(call, constraints)?;
    let told = cloud.world.change(|state| {
        let function =
            state.functions.get_mut(&function_name).ok_or_else(|| function_not_found(&function_name))?;
        let mut alias = function.aliases.get(name).cloned().ok_or_else(|| {
            let message = format!("Alias not found: {}", qualified_arn(&function_name, name));
            user_fault(404, "ResourceNotFoundException", message)
        })?;
        if input.revision_id.is_some_and(|revision| revision != alias.revision_id) {
            return Err(stale("GetFunction/GetAlias"));
        }
        if let Some(wanted) = &input.function_version {
            alias.version = version(function, wanted)?;
        }
        alias.additional = match (&input.routing_config, alias.additional) {
            (Some(routing), _) => share(function, alias.version, &routing.additional_version_weights)?,
            // What stays must go with the version that has come.
            (None, Some(Share { version, weight })) => {
                share(function, alias.version, &BTreeMap::from([(version.to_string(), weight)]))?
            }
            (None, None) => None,
        };
        if let Some(description) = input.description {
            alias.description = description;
        }
        alias.revision_id = new_revision();
        let told = tell(&function_name, &alias);
        function.aliases.insert(name.to_owned(), alias);
        Ok::<_, Fault>(told)
    })?;
    Ok(Answer::ok(told))
}

/// The number of a version that must be there; `None` is `$LATEST`.
fn version(function: &Function, wanted: &str) -> Result<Option<u64>, Fault> {
    match function.qualified(Some(wanted)) {
        Some(found) => Ok(found.version()),
        None => Err(not_found(&qualified_arn(&function.name, wanted))),
    }
}

/// The second version of an alias and its part; an empty map is none.
fn share(
    function: &Function,
    first: Option<u64>,
    weights: &BTreeMap<String, f64>,
) -> Result<Option<Share>, Fault> {
    if weights.len() > 1 {
        return Err(invalid("Number of items in AdditionalVersionWeights cannot be greater than 1"));
    }
    let Some((second, weight)) = weights.iter().next() else { return Ok(None) };
    if *second == version_name(first) {
        return Err(invalid(format!(
            "Invalid function version {second}. Function version {second} is already included in routing configuration."
        )));
    }
    if first.is_none() {
        // Without `Type` (as recorded).
        let message = "$LATEST is not supported for an alias pointing to more than 1 version";
        return Err(Fault::new(400, "InvalidParameterValueException", message));
    }
    match version(function, second)? {
        Some(version) => Ok(Some(Share { version, weight: *weight })),
        None => Err(not_found(&qualified_arn(&function.name, second))),
    }
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (function_name, name) = named(call, Constraints::default())?;
    let state = cloud.world.snapshot();
    let function = state.functions.get(&function_name);
    let alias = function.and_then(|function| function.aliases.get(name));
    Ok(Answer::ok(tell(&function_name, alias.ok_or_else(|| missing(&function_name, name))?)))
}

/// 404, as everywhere where an alias itself is asked for.
pub(super) fn missing(function: &str, alias: &str) -> Fault {
    let message = format!("Cannot find alias arn: {}", qualified_arn(function, alias));
    user_fault(404, "ResourceNotFoundException", message)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    function_version: Option<String>,
}

pub(super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (input, paging): (List, Paging) = call.inputs(&["FunctionVersion"])?;
    let mut constraints = Constraints::default();
    target::constrain(call, None, &mut constraints)?;
    if let Some(version) = &input.function_version {
        constrain_version(version, &mut constraints);
    }
    let limit = limit(&paging, 10_000, &mut constraints);
    constraints.verdict()?;
    let name = target::resolve(call, None)?.name;
    let state = cloud.world.snapshot();
    let function = state.functions.get(&name).ok_or_else(|| function_not_found(&name))?;
    let wanted = |alias: &&Alias| {
        input.function_version.as_ref().is_none_or(|version| *version == version_name(alias.version))
    };
    let found = function.aliases.values().filter(wanted);
    let page = page(found, |alias| alias.name.clone(), paging.marker.as_deref(), limit)
        .ok_or_else(|| invalid("Invalid marker"))?;
    let aliases: Vec<Value> = page.items.into_iter().map(|alias| tell(&name, alias)).collect();
    let mut members = json!({ "Aliases": aliases });
    if let Some(next) = page.next {
        members["NextMarker"] = next.into();
    }
    Ok(Answer::ok(members))
}

/// What hangs on the alias goes with it. That there was none makes no difference.
pub(super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let (function_name, name) = named(call, Constraints::default())?;
    cloud.world.change(|state| {
        let function =
            state.functions.get_mut(&function_name).ok_or_else(|| function_not_found(&function_name))?;
        function.aliases.remove(name);
        function.qualified_policies.remove(name);
        function.event_configs.remove(name);
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::empty(204))
}

fn tell(function: &str, alias: &Alias) -> Value {
    let mut told = json!({
        "AliasArn": qualified_arn(function, &alias.name),
        "Description": alias.description,
        "FunctionVersion": version_name(alias.version),
        "Name": alias.name,
        "RevisionId": alias.revision_id,
    });
    if let Some(Share { version, weight }) = alias.additional {
        told["RoutingConfig"] = json!({ "AdditionalVersionWeights": { version.to_string(): weight } });
    }
    told
}
