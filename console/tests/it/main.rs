//! The console, driven from outside through real sockets, real processes, a real terminal and a real registry.

mod aws;
mod browse_frames;
mod changes;
mod checks;
mod container;
mod deploy;
mod deploy_frames;
mod faulted;
mod frames;
mod guards;
mod headless;
mod headless_changes;
mod hostile;
mod hostile_tail;
mod image;
mod image_build;
mod image_push;
mod insights_headless;
mod invocations_frames;
mod invocations_headless;
mod journeys;
mod live_tail;
mod logs_frames;
mod logs_headless;
mod logs_history;
mod logs_history_frames;
mod markers;
mod metrics;
#[cfg(feature = "peers")]
mod peer_tail;
#[cfg(feature = "peers")]
mod peers;
mod pretend;
mod project;
mod pty;
mod pty_changes;
mod reducer;
mod settings;
mod tail_frames;
mod terminal;
