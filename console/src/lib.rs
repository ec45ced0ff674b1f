//! Callboard: a terminal console for the engineer who operates one API service on AWS.
//!
//! - [`domain`]: our own words; [`settings`], [`envfile`], [`journal`]: files of the project.
//! - [`cloud`]: AWS, or the account on loopback; [`http`]: everything that is not an AWS API.
//! - [`image`], [`deploy`], [`checks`], [`logs`], [`markers`], [`doctor`]: the operations, which know nothing of a screen.
//! - [`app`], [`screen`], [`keymap`], [`view`], [`runtime`]: the screen.
//! - [`cli`], [`headless`]: the command line.

pub mod app;
pub mod checks;
pub mod cli;
pub mod cloud;
pub mod deploy;
pub mod doctor;
pub mod domain;
pub mod envfile;
pub mod headless;
pub mod http;
pub mod image;
pub mod journal;
pub mod keymap;
pub mod logs;
pub mod markers;
pub mod runtime;
pub mod screen;
pub mod settings;
pub mod view;
