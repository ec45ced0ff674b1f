//! Who calls, and whether that one may: IAM as far as identity-based policies go.
//!
//! The account's own key ([`account::ACCESS_KEY_ID`]) may do everything. A call that is signed with the access key of a user
//! who was created here is let through only where that user's policies allow each [`Need`] of it: a denial wins, and what no
//! statement allows is denied. What each operation needs stands in `services/*/needs.rs`, for the registry in
//! `registry/needs.rs`. Signatures themselves are not verified, as everywhere in the local cloud: an access key id is enough.

mod policy;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::account;
use crate::world::users::User;
use crate::world::{State, World};

pub(crate) use policy::{Policy, Unusable};

/// How many answers are remembered; then the oldest go.
const REMEMBERED: usize = 10_000;

/// AWS's own policy that may be attached to a user here, because what it says is known: everything.
pub(crate) const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// Whose call it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The account's own key.
    Owner,
    /// A user, by name.
    User(String),
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

/// A need of a user's call, and what was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The user's name.
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

    /// Who an access key belongs to, and its secret.
    pub(crate) fn caller(&self, access_key: &str) -> Option<(Caller, String)> {
        if access_key == account::ACCESS_KEY_ID {
            return Some((Caller::Owner, account::SECRET_ACCESS_KEY.to_owned()));
        }
        let state = self.world.snapshot();
        let mut users = state.users.values();
        users.find_map(|user| {
            let key = user.access_keys.get(access_key)?;
            Some((Caller::User(user.name.clone()), key.secret.clone()))
        })
    }

    /// Lets a call through, or says in AWS's words why not.
    pub(crate) fn admit(&self, caller: &Caller, needs: &[Need]) -> Result<(), String> {
        needs.iter().try_for_each(|need| self.decide(caller, need))
    }

    fn decide(&self, caller: &Caller, need: &Need) -> Result<(), String> {
        let Caller::User(name) = caller else { return Ok(()) };
        let state = self.world.snapshot();
        let decision = match state.users.get(name) {
            Some(user) => decide(&policies(&state, user), need).0,
            None => Decision::ImplicitDeny,
        };
        let mut asked = self.lock();
        if asked.len() == REMEMBERED {
            asked.pop_front();
        }
        asked.push_back(Asked { user: name.clone(), need: need.clone(), decision });
        let why = match decision {
            Decision::Allowed => return Ok(()),
            Decision::ImplicitDeny => {
                format!("because no identity-based policy allows the {} action", need.action)
            }
            Decision::ExplicitDeny => "with an explicit deny in an identity-based policy".to_owned(),
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

/// ARN of the caller, as STS GetCallerIdentity answers it.
pub(crate) fn arn_of(state: &State, caller: &Caller) -> String {
    match caller {
        Caller::Owner => account::user_arn(),
        Caller::User(name) => {
            let path = state.users.get(name).map_or("/", |user| user.path.as_str());
            account::arn_of_user(path, name)
        }
    }
}

/// A policy by the name under which its user has it, and the policy; `None` is the one that allows everything.
pub(crate) type Named = (String, Option<Policy>);

/// All policies of a user. Only what can be evaluated was ever stored; what cannot be read any more denies everything.
pub(crate) fn policies(state: &State, user: &User) -> Vec<Named> {
    let inline = user.inline_policies.iter().map(|(name, text)| (name.clone(), Some(Policy::stored(text))));
    let attached = user.attached_policies.iter().map(|arn| match state.policies.get(arn) {
        Some(policy) => (policy.name.clone(), Some(Policy::stored(&policy.document))),
        None if arn == ADMINISTRATOR => ("AdministratorAccess".to_owned(), None),
        None => (arn.clone(), Some(Policy::nothing())),
    });
    inline.chain(attached).collect()
}

/// What the policies say, and the names of those that say so.
pub(crate) fn decide(policies: &[Named], need: &Need) -> (Decision, Vec<String>) {
    let with = |wanted: Decision| -> Vec<String> {
        let says = |policy: &Option<Policy>| match policy {
            Some(policy) => policy.says(need),
            None => Decision::Allowed,
        };
        policies.iter().filter(|(_, policy)| says(policy) == wanted).map(|(name, _)| name.clone()).collect()
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
