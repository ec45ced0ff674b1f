//! The log pipeline: follow a log group, read what each event says, keep a bounded number of bytes of it in order of
//! time, and show what a query lets through.

pub mod filter;
pub mod live_tail;
pub mod mask;
pub mod query;
pub mod reading;
pub mod store;
pub mod tail;
