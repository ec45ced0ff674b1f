//! Everything that the service promises, from single answers up to the binary itself.

mod answers;
mod asking;
mod binary;
mod cors;
mod docs;
mod gateway;
mod request_log;
mod settings;
