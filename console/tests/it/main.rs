//! The console, driven from outside through real sockets, real processes, a real terminal and a real registry.

mod aws;
mod browse_frames;
#[cfg(feature = "peers")]
mod browser;
#[cfg(feature = "peers")]
mod browser_cors;
#[cfg(feature = "peers")]
mod browser_docs;
mod changes;
mod checks;
mod container;
mod custom_checks;
mod deploy;
mod deploy_frames;
mod diagnoses;
mod docs_checks;
mod doctor;
mod env;
mod env_frames;
mod env_headless;
mod faulted;
mod frames;
mod guards;
mod headless;
mod headless_changes;
mod headless_checks;
mod headless_local;
mod hostile;
mod hostile_tail;
mod iam;
mod image;
mod image_build;
mod image_push;
mod insights_headless;
mod invocations_frames;
mod invocations_headless;
mod journey_invocations;
mod journeys;
mod least_policy;
mod live_tail;
mod logs_frames;
mod logs_headless;
mod logs_headless_faults;
mod logs_history;
mod logs_history_frames;
mod logs_sight;
mod markers;
mod metrics;
mod patient;
#[cfg(feature = "peers")]
mod peer_tail;
#[cfg(feature = "peers")]
mod peers;
mod pretend;
mod project;
mod pty;
mod pty_changes;
mod reducer;
#[cfg(feature = "peers")]
mod seed;
mod settings;
mod tail_frames;
mod terminal;
