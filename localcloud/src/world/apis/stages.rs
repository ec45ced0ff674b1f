//! Stages: where deployments answer, how fast, and which share of the requests a canary gets.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// A named place at which a deployment answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// First segment of the path of each call.
    pub name: String,
    /// The deployment that answers.
    pub deployment_id: String,
    /// Free text.
    pub description: Option<String>,
    /// Stage variables.
    pub variables: BTreeMap<String, String>,
    /// Epoch milliseconds.
    pub created_ms: i64,
    /// Epoch milliseconds.
    pub updated_ms: i64,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Settings of methods, by `*/*` for all or by resource path and method as the patch path named them. State from before
    /// there were any but the limits of all methods has those alone, as `throttle`.
    #[serde(default, alias = "throttle", deserialize_with = "settings")]
    pub method_settings: BTreeMap<String, MethodSettings>,
    /// The canary, if there is one.
    #[serde(default)]
    pub canary: Option<Canary>,
    /// Where each request is logged.
    #[serde(default)]
    pub access_log: Option<AccessLog>,
    /// Whether requests are marked to be traced.
    #[serde(default)]
    pub tracing_enabled: bool,
}

/// A second deployment that gets a share of a stage's requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// The deployment that answers them.
    pub deployment_id: String,
    /// 0 to 100.
    pub percent: f64,
    /// Stage variables that are others for them.
    pub overrides: BTreeMap<String, String>,
    /// Whether it shares the stage's cache; there is none here.
    pub use_stage_cache: bool,
}

/// Where the requests of a stage are logged, and how.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AccessLog {
    /// ARN of a log group.
    pub destination_arn: Option<String>,
    /// A line, with `$context` variables.
    pub format: Option<String>,
}

/// How fast requests are taken. What is `None` is the account's own limit, and -1 is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// Requests a second.
    pub rate: Option<f64>,
    /// Requests at once.
    pub burst: Option<i32>,
}

/// The settings of one method, or of all of a stage's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MethodSettings {
    /// How fast requests are taken.
    pub throttle: Throttle,
    /// Whether answers may be cached; without a cache cluster, which there is none of here, none is.
    pub caching: bool,
    /// Seconds for which a cached answer would hold.
    pub cache_ttl_s: i32,
    /// Whether a cached answer would be encrypted.
    pub cache_encrypted: bool,
    /// Whether a client would have to be authorized to pass the cache by.
    pub cache_control_authorized: bool,
    /// What a client hears that is not.
    pub cache_control_strategy: String,
    /// `OFF`, if set: execution logs are not written here.
    pub logging_level: Option<String>,
}

impl Default for MethodSettings {
    fn default() -> MethodSettings {
        MethodSettings {
            throttle: Throttle::default(),
            caching: false,
            cache_ttl_s: 300,
            cache_encrypted: false,
            cache_control_authorized: true,
            cache_control_strategy: "SUCCEED_WITH_RESPONSE_HEADER".to_owned(),
            logging_level: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Settings {
    Limits(Throttle),
    Methods(BTreeMap<String, MethodSettings>),
}

fn settings<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, MethodSettings>, D::Error> {
    Ok(match Settings::deserialize(from)? {
        Settings::Limits(throttle) if throttle == Throttle::default() => BTreeMap::new(),
        Settings::Limits(throttle) => {
            BTreeMap::from([("*/*".to_owned(), MethodSettings { throttle, ..MethodSettings::default() })])
        }
        Settings::Methods(methods) => methods,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_from_before_there_were_other_settings_are_those_of_all_methods() {
        let old = |throttle: &str| {
            let text = format!(
                r#"{{"name":"s","deployment_id":"d","description":null,"variables":{{}},"created_ms":1,"updated_ms":1,
                "tags":{{}}{throttle}}}"#
            );
            serde_json::from_str::<Stage>(&text).unwrap()
        };
        assert!(old("").method_settings.is_empty());
        assert!(old(r#","throttle":{"rate":null,"burst":null}"#).method_settings.is_empty());
        let limited = old(r#","throttle":{"rate":2.5,"burst":3}"#);
        assert_eq!(limited.method_settings["*/*"].throttle, Throttle { rate: Some(2.5), burst: Some(3) });
        let text = serde_json::to_string(&limited).unwrap();
        assert_eq!(serde_json::from_str::<Stage>(&text).unwrap(), limited);
    }
}
