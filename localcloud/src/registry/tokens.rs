//! The passwords of the registry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::access::Caller;

/// How long a token opens the registry, as on ECR.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(12);

/// The passwords that open the registry, with the user name `AWS`. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tokens {
    issued: Arc<Mutex<HashMap<String, (Timestamp, Caller)>>>,
}

impl Tokens {
    /// No password opens the registry yet.
    pub fn new() -> Tokens {
        Tokens::default()
    }

    /// A new password and when it expires (in 12 hours). Whoever has it may do everything.
    pub fn issue(&self) -> (String, Timestamp) {
        self.issue_to(Caller::Owner)
    }

    /// A new password with which its holder may do what `caller` may.
    pub(crate) fn issue_to(&self, caller: Caller) -> (String, Timestamp) {
        let now = Timestamp::now();
        let password = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let expires = now + TOKEN_LIFETIME;
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.retain(|_, (expires, _)| *expires > now);
        issued.insert(password.clone(), (expires, caller));
        (password, expires)
    }

    /// Who the password was issued to, if it was issued here and has not expired.
    pub(crate) fn holder(&self, password: &str) -> Option<Caller> {
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let (expires, caller) = issued.get(password)?;
        (*expires > Timestamp::now()).then(|| caller.clone())
    }
}
