//! Functions made from container images: their life, their versions, their policy, and calls to them.

mod concurrency;
mod configuration;
mod create;
mod describe;
mod image;
pub(crate) mod invoke;
mod needs;
mod policy;
mod read;
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
