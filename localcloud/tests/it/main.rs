//! The local cloud from outside: through the real SDKs, a registry client and plain HTTP.

mod account;
mod apis;
mod callers;
mod execution;
mod faults;
mod functions;
mod gateway;
mod image;
mod live;
mod logs;
mod registry;
mod repositories;
mod roles;
mod signing;
mod survival;
mod versions;
