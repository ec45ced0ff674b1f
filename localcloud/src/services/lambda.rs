//! Functions made from container images: their life, their versions and aliases, their policies, and calls to them.

mod absent;
mod alias;
mod concurrency;
mod configuration;
mod constraints;
mod create;
pub(crate) mod delivery;
mod describe;
mod environment;
mod event_config;
pub(crate) mod idle;
mod image;
pub(crate) mod invoke;
pub(crate) mod invoke_stream;
mod json_error;
mod needs;
mod payload;
mod policy;
mod read;
mod recursion;
mod settle;
mod tags;
mod target;
mod update;
mod versions;

use crate::account;
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

pub(crate) use settle::settle_unsettled;

pub(crate) use needs::needs;

pub(crate) fn answer(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    match call.operation.as_str() {
        "CreateFunction" => create::create(cloud, call),
        "GetFunction" => read::get(cloud, call),
        "GetFunctionConfiguration" => read::get_configuration(cloud, call),
        "ListFunctions" => read::list(cloud, call),
        "GetAccountSettings" => read::account_settings(cloud, call),
        "PublishVersion" => versions::publish(cloud, call),
        "ListVersionsByFunction" => read::list_versions(cloud, call),
        "UpdateFunctionCode" => update::code(cloud, call),
        "UpdateFunctionConfiguration" => update::configuration(cloud, call),
        "DeleteFunction" => create::delete(cloud, call),
        "CreateAlias" => alias::create(cloud, call),
        "GetAlias" => alias::get(cloud, call),
        "ListAliases" => alias::list(cloud, call),
        "UpdateAlias" => alias::update(cloud, call),
        "DeleteAlias" => alias::delete(cloud, call),
        "PutFunctionEventInvokeConfig" => event_config::put(cloud, call),
        "UpdateFunctionEventInvokeConfig" => event_config::update(cloud, call),
        "GetFunctionEventInvokeConfig" => event_config::get(cloud, call),
        "DeleteFunctionEventInvokeConfig" => event_config::delete(cloud, call),
        "ListFunctionEventInvokeConfigs" => event_config::list(cloud, call),
        "PutFunctionRecursionConfig" => recursion::put(cloud, call),
        "GetFunctionRecursionConfig" => recursion::get(cloud, call),
        "GetFunctionCodeSigningConfig" => absent::code_signing(cloud, call),
        "GetFunctionUrlConfig" => absent::url(call),
        "ListFunctionUrlConfigs" => absent::urls(cloud, call),
        "AddPermission" => policy::add(cloud, call),
        "RemovePermission" => policy::remove(cloud, call),
        "GetPolicy" => policy::get(cloud, call),
        "TagResource" => tags::tag(cloud, call),
        "UntagResource" => tags::untag(cloud, call),
        "ListTags" => tags::list(cloud, call),
        "PutFunctionConcurrency" => concurrency::put(cloud, call),
        "GetFunctionConcurrency" => concurrency::get(cloud, call),
        "DeleteFunctionConcurrency" => concurrency::delete(cloud, call),
        _ => Err(call.not_offered()),
    }
}

/// A fault of the caller's, as Lambda marks most of its own: `Type: User`.
fn user_fault(status: u16, code: &'static str, message: impl Into<String>) -> Fault {
    Fault::new(status, code, message).with("Type", "User")
}

fn invalid(message: impl Into<String>) -> Fault {
    user_fault(400, "InvalidParameterValueException", message)
}

/// `arn` may end in a qualifier.
fn not_found(arn: &str) -> Fault {
    user_fault(404, "ResourceNotFoundException", format!("Function not found: {arn}"))
}

fn function_not_found(name: &str) -> Fault {
    not_found(&account::function_arn(name))
}

fn new_revision() -> String {
    uuid::Uuid::new_v4().to_string()
}
