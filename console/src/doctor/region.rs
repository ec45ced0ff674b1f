//! Which region is operated and who said so; and the connection, which needs one.

use crate::cloud::{Choice, Cloud, CloudKind};
use crate::domain::{Area, Finding};
use crate::settings::Settings;

/// STS answers here for every account: whose credentials these are can be asked without knowing the region that is meant.
const ANY: &str = "us-east-1";

/// Connects. Where only the region is missing there is a connection too, good for asking who calls and nothing else: the
/// finding is not `ok` then.
pub(super) async fn connect(settings: &Settings, choice: &Choice) -> (Option<Cloud>, Finding) {
    match (Cloud::connect(choice, settings).await, choice.kind) {
        (Ok(cloud), CloudKind::Local) => {
            let found = Finding::ok(Area::Cloud, "the local cloud answers on this machine's loopback");
            (Some(cloud), found)
        }
        (Ok(cloud), CloudKind::Aws) => {
            let found =
                Finding::ok(Area::Region, format!("{}, from {}", cloud.region(), source(settings, choice)));
            (Some(cloud), found)
        }
        (Err(problem), CloudKind::Local) => (None, Finding::of(Area::Cloud, &problem)),
        (Err(problem), CloudKind::Aws) => {
            let elsewhere = Choice { region: Some(ANY.to_owned()), ..choice.clone() };
            match Cloud::connect(&elsewhere, settings).await {
                Ok(cloud) => (Some(cloud), Finding::of(Area::Region, &problem)),
                Err(_) => (None, Finding::of(Area::Cloud, &problem)),
            }
        }
    }
}

/// In the order in which the connection looks for it.
fn source(settings: &Settings, choice: &Choice) -> &'static str {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if choice.region.is_some() {
        "--region"
    } else if settings.region.is_some() {
        "callboard.toml"
    } else if set("AWS_REGION") {
        "AWS_REGION"
    } else if set("AWS_DEFAULT_REGION") {
        "AWS_DEFAULT_REGION"
    } else {
        "the profile"
    }
}
