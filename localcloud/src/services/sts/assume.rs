//! AssumeRole: temporary credentials that sign, for as long as they last.

use serde::Deserialize;
use serde_json::json;

use super::tags::{self, Tag};
use crate::access::{self, Asking, Caller, Need, Trust, Trusted};
use crate::account;
use crate::cloud::{Cloud, now_ms};
use crate::services::iam;
use crate::wire::checks::Checks;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call, Service};
use crate::world::State;
use crate::world::roles::Role;
use crate::world::sessions::Session;

/// How many sessions are kept at once; then the one that expires first goes.
const MOST_SESSIONS: usize = 1000;
/// For so long a session that has expired is remembered, so that its caller hears that it has.
const MEMORY_MS: i64 = 24 * 3600 * 1000;
/// Seconds that a session lasts unless asked, and what one that begins from another session lasts at most.
const HOUR: u32 = 3600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    role_arn: String,
    role_session_name: String,
    duration_seconds: Option<String>,
    external_id: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    transitive_tag_keys: Vec<String>,
}

pub(super) fn assume(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Input = call.input()?;
    let wanted = check(&input)?;
    if !is_arn(&input.role_arn) {
        return Err(invalid("ValidationError", format!("{} is invalid", input.role_arn)));
    }
    let state = cloud.world.snapshot();
    let tags =
        tags::checked(&input.tags, &input.transitive_tag_keys, &tags::inherited(&state, &call.caller))?;
    let role = trusting(cloud, call, &state, &input)?;
    let lasts = lasting(role, wanted, &call.caller)?;
    let now = now_ms();
    let key = format!("ASIA{}", crate::cloud::short_id(16).to_uppercase());
    let session = Session {
        secret: format!("{}{}", crate::cloud::short_id(20), crate::cloud::short_id(20)),
        token: token(),
        expires_ms: now + i64::from(lasts) * 1000,
        role: role.name.clone(),
        role_id: role.id.clone(),
        name: input.role_session_name,
        tags: tags.all,
        transitive: tags.transitive,
    };
    cloud.world.change(|state| {
        state.sessions.retain(|_, session| session.expires_ms > now - MEMORY_MS);
        if state.sessions.len() >= MOST_SESSIONS {
            let first = state.sessions.iter().min_by_key(|(_, session)| session.expires_ms);
            if let Some(first) = first.map(|(key, _)| key.clone()) {
                state.sessions.remove(&first);
            }
        }
        state.sessions.insert(key.clone(), session.clone());
        Ok::<_, Fault>(())
    })?;
    Ok(Answer::ok(json!({
        "AssumedRoleUser": {
            "AssumedRoleId": format!("{}:{}", role.id, session.name),
            "Arn": account::session_arn(&role.name, &session.name),
        },
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": session.secret,
            "SessionToken": session.token,
            "Expiration": iam::time(session.expires_ms),
        },
    })))
}

fn invalid(code: &'static str, message: impl Into<String>) -> Fault {
    Fault::new(400, code, message)
}

/// The constraints of the service's model; how many seconds were asked for.
fn check(input: &Input) -> Result<Option<u32>, Fault> {
    let mut checks = Checks::new(Service::Sts);
    checks.length("roleArn", &input.role_arn, 20, 2048);
    let name = &input.role_session_name;
    checks.length("roleSessionName", name, 2, 64).pattern("roleSessionName", name, r"[\w+=,.@-]*");
    let mut seconds = None;
    if let Some(text) = &input.duration_seconds {
        let number: i64 =
            text.parse().map_err(|_| invalid("MalformedInput", "DurationSeconds is not a whole number"))?;
        checks.range("durationSeconds", number, 900, 43_200);
        seconds = u32::try_from(number).ok();
    }
    if let Some(id) = &input.external_id {
        checks.length("externalId", id, 2, 1224).pattern("externalId", id, r"[\w+=,.@:\/-]*");
    }
    checks.count("tags", &format!("{} tags", input.tags.len()), input.tags.len(), 50);
    for (index, tag) in input.tags.iter().enumerate() {
        let place = |member| format!("tags.{}.member.{member}", index + 1);
        checks.length(&place("key"), &tag.key, 1, 128).length(&place("value"), &tag.value, 0, 256);
        checks.pattern(&place("key"), &tag.key, r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+");
        checks.pattern(&place("value"), &tag.value, r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*");
    }
    checks.end()?;
    Ok(seconds)
}

/// Six parts, of which partition, service and resource are there (as recorded of AWS).
fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, service, _, _, resource]
        if !partition.is_empty() && !service.is_empty() && !resource.is_empty())
}

/// The role, if it trusts the caller and the caller's own policies allow it where they must.
fn trusting<'a>(cloud: &Cloud, call: &Call, state: &'a State, input: &Input) -> Result<&'a Role, Fault> {
    let caller = access::arn_of(state, &call.caller);
    let denied = |action: &str| {
        Fault::denied(
            Service::Sts,
            format!("User: {caller} is not authorized to perform: {action} on resource: {}", input.role_arn),
        )
    };
    let role = iam::role_by_arn(state, &input.role_arn).ok_or_else(|| denied("sts:AssumeRole"))?;
    let mut arns = vec![caller.clone()];
    if let Caller::Session { role, .. } = &call.caller
        && let Some(role) = state.roles.get(role)
    {
        arns.push(iam::arn_of(role));
    }
    let trust = Trust::parse(&role.trust_policy).map_err(|_| denied("sts:AssumeRole"))?;
    let asking = Asking { arns: &arns, external_id: input.external_id.as_deref() };
    let mut actions = vec!["sts:AssumeRole"];
    if !input.tags.is_empty() {
        actions.push("sts:TagSession");
    }
    for action in actions {
        match trust.lets(action, &asking) {
            Trusted::Itself => {}
            Trusted::Account => {
                let need = Need::new(action, input.role_arn.clone());
                let allowed = cloud.access.admit(&call.caller, &[need]);
                allowed.map_err(|message| Fault::denied(Service::Sts, message))?;
            }
            Trusted::Not => return Err(denied(action)),
            Trusted::Unknown(what) => {
                return Err(call.parameter_not_offered(&format!("a role whose trust policy has {what}")));
            }
        }
    }
    let own = access::policies(state, &role.inline_policies, &role.attached_policies);
    if let Some(unknown) = own.iter().find(|named| matches!(named.rule, access::Rule::Unknown)) {
        let what = format!("a role with the policy {}, which cannot be evaluated here,", unknown.name);
        return Err(call.parameter_not_offered(&what));
    }
    Ok(role)
}

/// How many seconds the session lasts.
fn lasting(role: &Role, wanted: Option<u32>, caller: &Caller) -> Result<u32, Fault> {
    let lasts = wanted.unwrap_or(HOUR);
    if lasts > role.max_session_duration_s {
        let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(invalid("ValidationError", message));
    }
    if lasts > HOUR && matches!(caller, Caller::Session { .. }) {
        let message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
        return Err(invalid("ValidationError", message));
    }
    Ok(lasts)
}

/// Long, and as nobody could guess it.
fn token() -> String {
    let parts: Vec<String> = (0..8).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect();
    format!("IQoJ{}", parts.concat())
}
