//! The log pipeline: follow a log group, read what each event says, keep a bounded number of bytes of it in order of
//! time, and filter it as it is typed.

pub mod filter;
pub mod reading;
pub mod store;
pub mod tail;
