//! Who calls, and whether that one may: IAM as far as identity-based policies go.
//!
//! The account's own key ([`account::ACCESS_KEY_ID`]) may do everything. A call that is signed with the access key of a user
//! who was created here is let through only where that user's policies allow each [`Need`] of it: a denial wins, and what no
//! statement allows is denied. What each operation needs stands in `services/*/needs.rs`, for the registry in
//! `registry/needs.rs`. A session of a role ([`crate::world::sessions`]) may what the role's policies allow, in the same way.

mod managed;
mod policy;
mod positions;
mod trust;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::account;
use crate::world::roles::Role;
use crate::world::{State, World};

pub(crate) use managed::{is_managed_by_aws, rule as managed_rule};
pub(crate) use policy::{Policy, Unusable};
pub(crate) use positions::statements as positions;
pub(crate) use trust::{Asking, Trust, Trusted};

/// How many answers are remembered; then the oldest go.
const REMEMBERED: usize = 10_000;

/// Whose call it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The account's own key.
    Owner,
    /// A user, by name.
    User(String),
    /// A session of a role, by its access key id, the role's name, and the session's.
    Session {
        /// Access key id.
        key: String,
        /// The role's name.
        role: String,
        /// What the session is called.
        name: String,
    },
}

/// What belongs to an access key id.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) caller: Caller,
    pub(crate) secret: Secret,
    /// Of temporary credentials: the token that must come along, and whether they have expired.
    pub(crate) token: Option<(Secret, bool)>,
}

/// What goes into no log.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("(secret)")
    }
}

/// An action that a call takes, on a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Such as `lambda:GetFunction`.
    pub action: String,
    /// An ARN, or `*` where the action knows none.
    pub resource: String,
}

impl Need {
    pub(crate) fn new(action: impl Into<String>, resource: impl Into<String>) -> Need {
        Need { action: action.into(), resource: resource.into() }
    }
}

/// What the policies say of a [`Need`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// No statement speaks of it.
    ImplicitDeny,
    /// A statement denies it.
    ExplicitDeny,
}

impl Decision {
    /// As SimulatePrincipalPolicy says it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Decision::Allowed => "allowed",
            Decision::ImplicitDeny => "implicitDeny",
            Decision::ExplicitDeny => "explicitDeny",
        }
    }
}

/// A need of a user's or a session's call, and what was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The user's name; of a session its role's name, a slash, and its own.
    pub user: String,
    /// What the call needed.
    pub need: Need,
    /// What the policies said.
    pub decision: Decision,
}

/// Decides for every call, and remembers what it decided for users. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Access {
    world: Arc<World>,
    asked: Arc<Mutex<VecDeque<Asked>>>,
}

impl Access {
    pub(crate) fn new(world: Arc<World>) -> Access {
        Access { world, asked: Arc::default() }
    }

    /// Who an access key belongs to, and what proves it.
    pub(crate) fn identity(&self, access_key: &str) -> Option<Identity> {
        let lasting =
            |caller, secret: &str| Identity { caller, secret: Secret(secret.to_owned()), token: None };
        if access_key == account::ACCESS_KEY_ID {
            return Some(lasting(Caller::Owner, account::SECRET_ACCESS_KEY));
        }
        let state = self.world.snapshot();
        if let Some(session) = state.sessions.get(access_key) {
            let caller = Caller::Session {
                key: access_key.to_owned(),
                role: session.role.clone(),
                name: session.name.clone(),
            };
            let expired = session.expires_ms <= crate::cloud::now_ms();
            let token = Some((Secret(session.token.clone()), expired));
            return Some(Identity { caller, secret: Secret(session.secret.clone()), token });
        }
        let mut users = state.users.values();
        users.find_map(|user| {
            let key = user.access_keys.get(access_key)?;
            Some(lasting(Caller::User(user.name.clone()), &key.secret))
        })
    }

    /// Lets a call through, or says in AWS's words why not.
    pub(crate) fn admit(&self, caller: &Caller, needs: &[Need]) -> Result<(), String> {
        needs.iter().try_for_each(|need| self.decide(caller, need))
    }

    fn decide(&self, caller: &Caller, need: &Need) -> Result<(), String> {
        let state = self.world.snapshot();
        let (who, policies) = match caller {
            Caller::Owner => return Ok(()),
            Caller::User(name) => (
                name.clone(),
                state
                    .users
                    .get(name)
                    .map(|user| policies(&state, &user.inline_policies, &user.attached_policies)),
            ),
            Caller::Session { key, role, name } => (
                format!("{role}/{name}"),
                role_of(&state, key)
                    .map(|role| policies(&state, &role.inline_policies, &role.attached_policies)),
            ),
        };
        let policies = policies.unwrap_or_default();
        let decision = decide(&policies, need).0;
        let mut asked = self.lock();
        if asked.len() == REMEMBERED {
            asked.pop_front();
        }
        asked.push_back(Asked { user: who, need: need.clone(), decision });
        let why = match decision {
            Decision::Allowed => return Ok(()),
            Decision::ImplicitDeny => {
                format!("because no identity-based policy allows the {} action", need.action)
            }
            Decision::ExplicitDeny => match policies.iter().find(|named| matches!(named.rule, Rule::Unknown))
            {
                None => "with an explicit deny in an identity-based policy".to_owned(),
                Some(named) => {
                    format!("because Callboard's local cloud cannot evaluate the policy {}", named.name)
                }
            },
        };
        Err(not_authorized(&state, caller, need, &why))
    }

    /// What a caller hears whom no policy allows this.
    pub(crate) fn refusal(&self, caller: &Caller, need: &Need) -> String {
        let why = format!("because no identity-based policy allows the {} action", need.action);
        not_authorized(&self.world.snapshot(), caller, need, &why)
    }

    /// What calls of users needed, in their order, and what was decided; of very many the newest.
    pub fn asked(&self) -> Vec<Asked> {
        self.lock().iter().cloned().collect()
    }

    /// Forgets what was asked.
    pub fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// IAM's own sentence.
fn not_authorized(state: &State, caller: &Caller, need: &Need, why: &str) -> String {
    let (who, Need { action, resource }) = (arn_of(state, caller), need);
    format!("User: {who} is not authorized to perform: {action} on resource: {resource} {why}")
}

/// The role that a session is of, if it is still there: one of the same name that was made later is another one.
fn role_of<'a>(state: &'a State, key: &str) -> Option<&'a Role> {
    let session = state.sessions.get(key)?;
    state.roles.get(&session.role).filter(|role| role.id == session.role_id)
}

/// ARN of the caller, as STS GetCallerIdentity answers it.
pub(crate) fn arn_of(state: &State, caller: &Caller) -> String {
    match caller {
        Caller::Owner => account::user_arn(),
        Caller::User(name) => {
            let path = state.users.get(name).map_or("/", |user| user.path.as_str());
            account::arn_of_user(path, name)
        }
        Caller::Session { role, name, .. } => account::session_arn(role, name),
    }
}

/// A policy by the name under which somebody has it.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) rule: Rule,
    /// Its text, where there is one.
    pub(crate) document: Option<String>,
}

/// What a policy says.
#[derive(Debug)]
pub(crate) enum Rule {
    /// Everything is allowed.
    Everything,
    /// What its statements say.
    Policy(Policy),
    /// It has something that is not evaluated here: until it is gone, nothing is allowed.
    Unknown,
}

/// All policies of a user or a role.
pub(crate) fn policies(
    state: &State,
    inline: &BTreeMap<String, String>,
    attached: &BTreeSet<String>,
) -> Vec<Named> {
    let written = |name: &str, text: &str| Named {
        name: name.to_owned(),
        rule: Policy::parse(text).map_or(Rule::Unknown, Rule::Policy),
        document: Some(text.to_owned()),
    };
    let inline = inline.iter().map(|(name, text)| written(name, text));
    let attached = attached.iter().map(|arn| match state.policies.get(arn) {
        Some(policy) => written(&policy.name, &policy.document),
        None => Named {
            name: arn.rsplit('/').next().unwrap_or(arn).to_owned(),
            rule: managed_rule(arn).unwrap_or(Rule::Unknown),
            document: None,
        },
    });
    inline.chain(attached).collect()
}

/// A statement that decided: its policy, and its place among the policy's statements.
pub(crate) type Matched<'a> = (&'a Named, usize);

/// What the policies say together, and the statements that say so.
pub(crate) fn decide<'a>(policies: &'a [Named], need: &Need) -> (Decision, Vec<Matched<'a>>) {
    let with = |wanted: Decision| -> Vec<Matched<'a>> {
        let said = |named: &'a Named| -> Vec<usize> {
            match &named.rule {
                Rule::Policy(policy) => policy.saying(need, wanted),
                Rule::Everything if wanted == Decision::Allowed => vec![0],
                Rule::Unknown if wanted == Decision::ExplicitDeny => vec![0],
                Rule::Everything | Rule::Unknown => Vec::new(),
            }
        };
        policies.iter().flat_map(|named| said(named).into_iter().map(move |place| (named, place))).collect()
    };
    let denied = with(Decision::ExplicitDeny);
    if !denied.is_empty() {
        return (Decision::ExplicitDeny, denied);
    }
    let allowed = with(Decision::Allowed);
    match allowed.is_empty() {
        true => (Decision::ImplicitDeny, Vec::new()),
        false => (Decision::Allowed, allowed),
    }
}
