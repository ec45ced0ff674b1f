//! The console, driven from outside through real sockets, real processes, a real terminal and a real registry.

mod aws;
mod checks;
mod deploy;
mod deploy_frames;
mod frames;
mod headless;
mod image;
mod image_build;
mod image_push;
mod journeys;
#[cfg(feature = "peers")]
mod peers;
mod pretend;
mod project;
mod pty;
mod reducer;
mod settings;
mod terminal;
