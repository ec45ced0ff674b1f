//! The passwords of the registry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// How long a token opens the registry, as on ECR.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(12);

/// The passwords that open the registry, with the user name `AWS`. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tokens {
    issued: Arc<Mutex<HashMap<String, Timestamp>>>,
}

impl Tokens {
    /// No password opens the registry yet.
    pub fn new() -> Tokens {
        Tokens::default()
    }

    /// A new password and when it expires (in 12 hours).
    pub fn issue(&self) -> (String, Timestamp) {
        let now = Timestamp::now();
        let password = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let expires = now + TOKEN_LIFETIME;
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.retain(|_, expires| *expires > now);
        issued.insert(password.clone(), expires);
        (password, expires)
    }

    /// Whether the password was issued here and has not expired.
    pub fn accepts(&self, password: &str) -> bool {
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.get(password).is_some_and(|expires| *expires > Timestamp::now())
    }
}
