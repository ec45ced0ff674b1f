//! What each screen remembers and how it changes, a screen a file. Pure: no clock, no I/O.

pub mod board;
pub mod checks;
pub mod deploy;
pub mod env;
pub mod gateway;
pub mod images;
pub mod invocations;
pub mod live;
pub mod logs;
pub mod palette;
pub mod sought;
