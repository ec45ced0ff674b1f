//! The log pipeline: follow a log group, read what each event says, keep a bounded number of bytes of it in order of
//! time, and show what a query lets through. Beside it, what the lines say is put together to invocations.

pub(crate) mod back_off;
pub mod covered;
pub mod export;
pub mod filter;
pub mod history;
pub(crate) mod insights;
pub mod invocations;
pub mod line;
pub mod live_tail;
pub mod mask;
pub mod query;
pub mod range;
pub mod reading;
pub mod store;
pub mod tail;
