//! The profile of the AWS configuration that would be used, as far as the SDK does not say what is wrong with it.

use std::env;

use aws_config::profile::ProfileSet;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use super::Choice;
use crate::domain::{Problem, one_line};
use crate::settings::Settings;

/// How many profiles are followed from one to its source: a circle must end.
const LONGEST_CHAIN: usize = 8;

/// What the files say of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Its name.
    pub(crate) name: String,
    /// Somebody named it: the command line, `callboard.toml` or AWS_PROFILE.
    pub(crate) named: bool,
    /// It is in the files.
    pub(crate) exists: bool,
    /// All profiles that are.
    pub(crate) known: Vec<String>,
    /// It, or a profile that it takes a role on from, asks for a second factor: that profile's name.
    pub(crate) mfa: Option<String>,
    /// It gets its credentials from a program.
    pub(crate) process: bool,
    /// Keys in the environment come before it.
    pub(crate) overruled: bool,
}

impl Profile {
    /// Reads `~/.aws/config` and `~/.aws/credentials`, or what AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name.
    pub(crate) async fn read(choice: &Choice, settings: &Settings) -> Result<Profile, Problem> {
        let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let named =
            choice.profile.clone().or_else(|| settings.profile.clone()).or_else(|| set("AWS_PROFILE"));
        let name = named.clone().unwrap_or_else(|| "default".to_owned());
        let (disk, environment, files) = (Fs::real(), Env::real(), EnvConfigFiles::default());
        let loaded = aws_config::profile::load(&disk, &environment, &files, None);
        let profiles = loaded.await.map_err(|error| {
            Problem::new("the files of the AWS configuration cannot be read")
                .because(one_line(&super::fault::with_causes(&error), 300))
                .fix("correct ~/.aws/config and ~/.aws/credentials at that place")
        })?;
        let mut known: Vec<String> = profiles.profiles().map(str::to_owned).collect();
        known.sort();
        Ok(Profile {
            exists: profiles.get_profile(&name).is_some(),
            mfa: with_mfa(&profiles, &name),
            process: profiles.get_profile(&name).is_some_and(|one| one.get("credential_process").is_some()),
            overruled: set("AWS_ACCESS_KEY_ID").is_some() && set("AWS_SECRET_ACCESS_KEY").is_some(),
            named: named.is_some(),
            name,
            known,
        })
    }
}

// `mfa_serial` counts where a role is taken on; the SDK does so without it and says nothing (FACTS §9).
fn with_mfa(profiles: &ProfileSet, name: &str) -> Option<String> {
    let mut next = name.to_owned();
    for _ in 0..LONGEST_CHAIN {
        let profile = profiles.get_profile(&next)?;
        if profile.get("mfa_serial").is_some() && profile.get("role_arn").is_some() {
            return Some(next);
        }
        next = profile.get("source_profile").filter(|source| *source != next)?.to_owned();
    }
    None
}
