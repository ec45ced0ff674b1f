//! Whose credentials they are, whether they are good, and what the SDK does not say about them.

use jiff::{SignedDuration, Timestamp};

use crate::cloud::{Choice, Cloud, CloudKind, FaultKind, Profile};
use crate::domain::{Area, Finding, Identity};
use crate::settings::Settings;

/// AWS refuses signatures whose time is five minutes off its own; a clock that is so near to that is told.
const NEAR: SignedDuration = SignedDuration::from_mins(4);

/// The profile, or why there is no use in going on: it is named and not there.
pub(super) async fn profile(choice: &Choice, settings: &Settings) -> Result<Profile, Finding> {
    let profile =
        Profile::read(choice, settings).await.map_err(|problem| Finding::of(Area::Credentials, &problem))?;
    if profile.exists || !profile.named {
        return Ok(profile);
    }
    let name = &profile.name;
    let fix = match profile.known.is_empty() {
        true => format!("make it: aws configure sso --profile {name}, or aws configure --profile {name}"),
        false => format!(
            "name one that is there ({}), or make it: aws configure --profile {name}",
            profile.known.join(", ")
        ),
    };
    let what = format!("there is no profile {name} in ~/.aws/config or ~/.aws/credentials");
    Err(Finding::fail(Area::Credentials, what, fix))
}

/// Asks who calls; the identity, where there is one, and all that was found.
pub(super) async fn look(
    cloud: &Cloud,
    settings: &Settings,
    profile: Option<&Profile>,
) -> (Option<Identity>, Vec<Finding>) {
    let (answer, at) = cloud.who_and_when().await;
    let now = Timestamp::now();
    let mut findings = Vec::new();
    let skewed = at.and_then(|at| skew(now, at, answer.is_err()));
    let identity = match answer {
        Ok(identity) => {
            findings.push(whose(cloud, settings, &identity));
            Some(identity)
        }
        // A clock that is wrong is the whole reason why a signature is refused.
        Err(_) if skewed.is_some() => None,
        Err(fault) => {
            let mut found = Finding::of(Area::Credentials, &fault.problem);
            found.what = without_wrapping(&found.what);
            if let Some(profile) = profile.filter(|one| one.process && !one.overruled)
                && fault.kind == FaultKind::SignedOut
                && found.what.contains("external process")
            {
                let name = &profile.name;
                found.fix = format!(
                    "run what credential_process of the profile {name} says by hand: it must print credentials as JSON and exit with 0"
                );
            }
            findings.push(found);
            None
        }
    };
    findings.extend(profile.and_then(|profile| ignored(profile, identity.is_some())));
    findings.extend(profile.and_then(overruled));
    match skewed {
        Some(finding) => findings.push(finding),
        None if at.is_some() => {
            findings.push(Finding::ok(Area::Clock, "this machine's clock and the cloud's agree"));
        }
        None => {}
    }
    (identity, findings)
}

/// The SDK wraps what a provider said in sentences that say nothing.
fn without_wrapping(text: &str) -> String {
    [
        "dispatch failure: ",
        "other: ",
        "an error occurred while loading credentials: ",
        "Error retrieving credentials: ",
    ]
    .iter()
    .fold(text.to_owned(), |text, part| text.replace(part, ""))
}

fn whose(cloud: &Cloud, settings: &Settings, identity: &Identity) -> Finding {
    let Identity { account, arn } = identity;
    match &settings.account {
        Some(meant) if meant != account && cloud.kind() == CloudKind::Aws => Finding::fail(
            Area::Credentials,
            format!("these are of the account {account} ({arn}), and callboard.toml means {meant}"),
            "name the --profile of that account, or correct `account` in callboard.toml",
        ),
        _ => Finding::ok(Area::Credentials, format!("{arn} in the account {account}")),
    }
}

fn ignored(profile: &Profile, signed_in: bool) -> Option<Finding> {
    let asking = profile.mfa.as_ref().filter(|_| !profile.overruled)?;
    let what = format!(
        "the profile {asking} asks for MFA (mfa_serial), which the SDK ignores: its role is taken on without a second factor"
    );
    let fix = format!(
        "get a session yourself and name its profile: aws sts get-session-token --serial-number (mfa_serial of {asking}) --token-code CODE, or sign in with aws sso login"
    );
    Some(match signed_in {
        true => Finding::warn(Area::Credentials, what, fix),
        false => Finding::fail(Area::Credentials, what, fix),
    })
}

/// Keys in the environment come first in the SDK's chain, even before a profile that was named.
fn overruled(profile: &Profile) -> Option<Finding> {
    (profile.named && profile.overruled).then(|| {
        Finding::warn(
            Area::Credentials,
            format!(
                "AWS_ACCESS_KEY_ID is set and comes before the profile {}, which is not used",
                profile.name
            ),
            "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN, or leave the profile out",
        )
    })
}

fn skew(now: Timestamp, theirs: Timestamp, refused: bool) -> Option<Finding> {
    let off = now.duration_since(theirs);
    if off.abs() <= NEAR {
        return None;
    }
    let way = if off.is_positive() { "fast" } else { "slow" };
    let what = format!(
        "this machine's clock is {} s {way}; AWS refuses signatures that are 300 s off",
        off.abs().as_secs()
    );
    let fix = "set the clock: timedatectl set-ntp true (Linux), sntp -sS time.apple.com (macOS)";
    Some(match refused {
        true => Finding::fail(Area::Clock, what, fix),
        false => Finding::warn(Area::Clock, what, fix),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Standing;

    #[test]
    fn a_clock_is_told_when_it_is_near_to_what_aws_refuses() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().expect("a time");
        let off = |seconds: i64, refused| skew(now, now - SignedDuration::from_secs(seconds), refused);
        assert_eq!(off(240, true), None);
        assert_eq!(off(-240, false), None);
        let found = off(241, false).expect("a finding");
        assert_eq!(found.standing, Standing::Warn);
        assert!(found.what.contains("241 s fast"), "{found:?}");
        let found = off(-1000, true).expect("a finding");
        assert_eq!(found.standing, Standing::Fail);
        assert!(found.what.contains("1000 s slow"), "{found:?}");
    }
}
