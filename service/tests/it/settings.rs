//! The settings that are not CORS's.

use std::{ffi::OsString, os::unix::ffi::OsStringExt};

use service::settings::{Settings, log_level};
use tracing::level_filters::LevelFilter;

use crate::asking::{environment, settings};

#[test]
fn defaults() {
    let settings = settings(&[]).expect("defaults");
    assert_eq!(settings.env, None);
    assert_eq!((settings.some_env.as_str(), settings.other_env.as_str()), ("", ""));
    assert_eq!(settings.port, 8000);
    assert_eq!(settings.cors, service::cors::Policy::default());
}

#[test]
fn the_port_is_a_number() {
    assert_eq!(settings(&[("PORT", "0")]).expect("a port").port, 0);
    for port in ["", "http", "65536", "-1"] {
        let refused = settings(&[("PORT", port)]).expect_err(port);
        assert_eq!(refused.to_string(), "PORT has to be a number from 0 to 65535");
    }
}

#[test]
fn log_levels_by_either_name_and_lambdas_first() {
    let level = |variables: &[(&str, &str)]| log_level(&environment(variables));
    assert_eq!(level(&[]), Ok(LevelFilter::INFO));
    assert_eq!(level(&[("LOG_LEVEL", "Debug")]), Ok(LevelFilter::DEBUG));
    assert_eq!(level(&[("AWS_LAMBDA_LOG_LEVEL", "FATAL")]), Ok(LevelFilter::ERROR));
    assert_eq!(level(&[("AWS_LAMBDA_LOG_LEVEL", "WARN"), ("LOG_LEVEL", "trace")]), Ok(LevelFilter::WARN));
    let refused = level(&[("LOG_LEVEL", "loud")]).expect_err("no such level");
    assert_eq!(refused.to_string(), "LOG_LEVEL has to be one of trace, debug, info, warn, error, fatal");
}

#[test]
fn what_is_not_text_is_refused_and_nothing_is_printed() {
    let refused = Settings::read(&|name| (name == "SOME_ENV").then(|| OsString::from_vec(vec![b's', 0xff])))
        .expect_err("not UTF-8");
    assert_eq!(refused.to_string(), "SOME_ENV is not valid UTF-8");
    let settings =
        settings(&[("ENV", "secret"), ("SOME_ENV", "secret"), ("OTHER_ENV", "secret")]).expect("text");
    assert!(!format!("{settings:?}").contains("secret"));
}
