//! The part of the Logs Insights query language that the local cloud offers: commands joined by `|`, read by [`compile`]
//! and carried out by a [`Run`] over events, newest first.
//!
//! Commands: `fields`, `display`, `filter`, `parse` (glob and regex), `stats … by`, `sort`, `limit`, `dedup`; comments
//! with `#`. Expressions: fields, numbers, text, arithmetic, comparisons, `and or not`, `like`, `=~`, `in`, `bin` and the
//! functions in `expression.rs`. Whatever else there is at AWS is refused by name, as AWS refuses what it cannot read.
//!
//! Where the documentation of AWS says nothing, and no recording does: a field that is missing equals nothing, so that
//! `!=`, `not like` and `not in` hold for it and no other comparison does; JSON's `true` and `false` are 1 and 0; `stats` over
//! nothing gives no row; computed numbers are told to four places, others as they stand in the event.

mod evaluate;
mod expression;
mod lambda;
mod lexer;
mod parser;
mod record;
mod run;
mod stage;
mod stats;
mod syntax;
mod value;

use std::ops::Range;

pub(crate) use record::Source;
pub(crate) use run::{Row, Run, TooMuch};
pub(crate) use syntax::Query;

/// Why a query cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Where, in characters of the query.
    pub(crate) at: Range<usize>,
    pub(crate) message: String,
}

/// Reads a query.
pub(crate) fn compile(text: &str) -> Result<Query, Mistake> {
    parser::parse(text)
}
