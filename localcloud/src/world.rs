//! The account's state: what exists, as plain records, behind one lock that is never held across an await.
//!
//! Every change is on disk before the caller hears of it ([`World::change`]), so what was acknowledged survives a
//! `kill -9`. A change that fails leaves nothing behind.

pub mod apis;
pub mod functions;
pub mod log_groups;
pub mod repositories;
pub mod roles;
pub mod sessions;
pub mod users;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::store::{Store, StoreError};

/// Everything in the account but blobs and log events, which have files and tables of their own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Lambda functions by name.
    pub functions: BTreeMap<String, functions::Function>,
    /// The last version number that a function of each name got. Kept when the function is deleted: Lambda gives no
    /// number twice.
    pub last_versions: BTreeMap<String, u64>,
    /// When functions were last called, by name, epoch milliseconds; an hour behind at most.
    pub last_called_ms: BTreeMap<String, i64>,
    /// REST APIs by id.
    pub apis: BTreeMap<String, apis::RestApi>,
    /// What API Gateway keeps of the account itself.
    pub gateway: apis::GatewaySettings,
    /// ECR repositories by name.
    pub repositories: BTreeMap<String, repositories::Repository>,
    /// IAM roles by name.
    pub roles: BTreeMap<String, roles::Role>,
    /// IAM users by name; the owner of the account's own key is not among them.
    pub users: BTreeMap<String, users::User>,
    /// Customer managed policies by ARN.
    pub policies: BTreeMap<String, users::ManagedPolicy>,
    /// Temporary credentials by access key id; those that have expired go when others are given out.
    pub sessions: BTreeMap<String, sessions::Session>,
    /// CloudWatch log groups by name.
    pub log_groups: BTreeMap<String, log_groups::LogGroup>,
}

/// The account's state and the store that keeps it.
#[derive(Debug)]
pub struct World {
    // An `Arc` inside, so that a reader copies a pointer and a writer copies the state only while somebody reads it.
    state: Mutex<Arc<State>>,
    store: Store,
}

impl World {
    /// Loads the state that `store` holds; an empty store is an empty account.
    pub fn load(store: Store) -> Result<World, StoreError> {
        let state = store.load_state()?.unwrap_or_default();
        Ok(World { state: Mutex::new(Arc::new(state)), store })
    }

    /// The state as it is now. A snapshot: later changes do not show in it.
    pub fn snapshot(&self) -> Arc<State> {
        Arc::clone(&self.lock())
    }

    /// Changes the state. The change is durable when this returns `Ok`; an `Err` from `change` or from the disk leaves
    /// the state as it was. Blocks for one fsync.
    pub fn change<T, E: From<StoreError>>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut guard = self.lock();
        let mut next = State::clone(&guard);
        let answer = change(&mut next)?;
        if next != **guard {
            self.store.save_state(&next)?;
            *guard = Arc::new(next);
        }
        Ok(answer)
    }

    fn lock(&self) -> MutexGuard<'_, Arc<State>> {
        // A panic inside `change` happens before the state is replaced, so what the lock guards is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_from_before_there_were_versions_loads() {
        let status = r#"{"value":"Active","reason":null,"code":null}"#;
        let configuration = r#"{"image_uri":"h/f:v1","repository":"f","digest":"sha256:00","architecture":"arm64","memory_mb":128,
            "timeout_s":3,"environment":{},"tracing_mode":"PassThrough","image_config":null,"log_format":"Text",
            "log_group":"/aws/lambda/f","ephemeral_storage_mb":512}"#;
        let old = format!(
            r#"{{"functions":{{"f":{{"name":"f","description":"","role":"r","configuration":{configuration},"live":null,
            "state":{status},"last_update":null,"revision_id":"1","last_modified_ms":1,"policy":[],"policy_revision_id":"1",
            "reserved_concurrency":null,"tags":{{}}}}}}}}"#
        );
        let mut state: State = serde_json::from_str(&old).unwrap();
        assert!(state.functions["f"].versions.is_empty() && state.last_versions.is_empty());
        assert!(state.functions["f"].aliases.is_empty() && state.functions["f"].event_configs.is_empty());
        // And numbers as keys come back.
        state.last_versions.insert("f".to_owned(), 2);
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
    }
}
