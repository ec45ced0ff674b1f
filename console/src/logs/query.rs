//! What is looked for in the logs: terms joined by blanks, of which each must hold.
//!
//! ```text
//! timeout "a phrase" -healthz     text, a phrase, and text that must not be there
//! /5\d\d in \d+ ms/               a regular expression; a slash in it is written \/
//! http.status:502 user.id:"a b"   a field of a JSON line, as deep as it lies
//! duration>500 http.status>=500   compared as numbers; of Lambda's report: duration, billed, init (ms), memory (MB)
//! level>=warn level:error         trace < debug < info < warn < error
//! request:1a2b stage:prod         Lambda's request by the beginning of its id; one stage
//! ```
//!
//! Text and expressions without a capital letter are found in any case, as ripgrep and vim have it.

mod fields;
mod hint;
mod matching;
mod needle;
mod parse;

use std::fmt;
use std::ops::Range;

use crate::domain::{Level, StageName};

pub use fields::{Fields, Known};
pub use matching::Subject;
use needle::Needle;
pub use needle::Spans;

/// A query that can be asked of lines.
#[derive(Debug, Clone, Default)]
pub struct Query {
    terms: Vec<Term>,
    /// Indices of `terms`, the cheapest to try first.
    cheap_first: Vec<usize>,
}

/// Two queries are the same when they are written the same.
impl PartialEq for Query {
    fn eq(&self, other: &Query) -> bool {
        self.terms == other.terms
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Term {
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Stage(StageName),
    Level(Relation, Level),
    Text(Needle),
    Request(Needle),
    Regex(Needle),
    Field(Field),
}

/// A field of a line, and what it must be.
#[derive(Debug, Clone, PartialEq)]
struct Field {
    name: String,
    relation: Relation,
    value: String,
    /// `value` as a number, where it is one.
    number: Option<f64>,
    /// The field's last name as it stands in JSON text, to pass over lines that cannot have it.
    key: Needle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Is,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Relation {
    /// Longer signs first, so that `>=` is not read as `>`.
    const SIGNS: [(&'static str, Relation); 5] = [
        (">=", Relation::AtLeast),
        ("<=", Relation::AtMost),
        (">", Relation::More),
        ("<", Relation::Less),
        (":", Relation::Is),
    ];

    fn sign(self) -> &'static str {
        Relation::SIGNS.iter().find(|(_, relation)| *relation == self).map_or(":", |(sign, _)| sign)
    }

    fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Relation::Is => left == right,
            Relation::Less => left < right,
            Relation::AtMost => left <= right,
            Relation::More => left > right,
            Relation::AtLeast => left >= right,
        }
    }
}

/// What is wrong with a query, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Bytes of the query's text.
    pub at: Range<usize>,
    /// As a sentence without a full stop.
    pub message: String,
}

impl Query {
    /// Reads a query; an empty one lets everything through.
    pub fn parse(text: &str) -> Result<Query, Mistake> {
        parse::parse(text).map(Query::of)
    }

    fn of(terms: Vec<Term>) -> Query {
        let mut cheap_first: Vec<usize> = (0..terms.len()).collect();
        cheap_first.sort_by_key(|index| terms[*index].test.cost());
        Query { terms, cheap_first }
    }

    /// The query that finds `text` wherever it stands, whatever is in it.
    pub fn text(text: &str) -> Query {
        Query::of(vec![Term { negated: false, test: Test::Text(Needle::text(text)) }])
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

impl Test {
    fn cost(&self) -> u8 {
        match self {
            Test::Stage(_) | Test::Level(..) => 0,
            Test::Text(_) => 1,
            Test::Request(_) => 2,
            Test::Regex(_) => 3,
            Test::Field(_) => 4,
        }
    }
}

/// As it can be read again.
impl fmt::Display for Query {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            if index > 0 {
                out.write_str(" ")?;
            }
            if term.negated {
                out.write_str("-")?;
            }
            match &term.test {
                Test::Stage(stage) => write!(out, "stage:{stage}")?,
                Test::Level(relation, level) => write!(out, "level{}{level}", relation.sign())?,
                Test::Text(text) if parse::is_plain_word(text.source()) => out.write_str(text.source())?,
                Test::Text(text) => quoted(text.source(), out)?,
                Test::Request(id) => write!(out, "request:{}", id.source())?,
                Test::Regex(pattern) => write!(out, "/{}/", pattern.source())?,
                Test::Field(field) => {
                    write!(out, "{}{}", field.name, field.relation.sign())?;
                    let odd = |c: char| c.is_whitespace() || c == '"';
                    let text_after_all = field.value.starts_with("//") || field.value.starts_with(':');
                    if field.value.is_empty() || text_after_all || field.value.contains(odd) {
                        quoted(&field.value, out)?;
                    } else {
                        out.write_str(&field.value)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn quoted(text: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(out, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests;
