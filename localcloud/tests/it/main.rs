//! The local cloud from outside: through the real SDKs, a registry client and plain HTTP.

mod access;
mod account;
mod apis;
mod by_hand;
mod callers;
mod delivery;
mod execution;
mod faults;
mod functions;
mod gateway;
mod image;
mod insights;
mod live;
mod live_tail;
mod logs;
mod metrics;
mod registry;
mod repositories;
mod roles;
mod signing;
mod survival;
mod versions;
