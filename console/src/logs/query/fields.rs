//! Queries of what is no line but has fields.

use std::ops::Range;

use crate::domain::StageName;

use super::{Field, Mistake, Query, Relation, Term, Test, parse};

/// Something that a query can be asked of.
pub trait Fields {
    /// Whose it is.
    fn stage(&self) -> StageName;
    /// The ids of its request.
    fn request_ids(&self) -> [Option<&str>; 2];
    /// The number in a field.
    fn number(&self, name: &str) -> Option<f64>;
    /// The text in a field.
    fn word(&self, name: &str) -> Option<&str>;
    /// In which text and expressions are looked for.
    fn text(&self) -> String;
}

/// A field that can be asked.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    name: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Number,
    Text,
    Words(&'static [&'static str]),
}

impl Known {
    /// A number; of a hundred of them `5xx` can be asked too.
    pub const fn number(name: &'static str) -> Known {
        Known { name, kind: Kind::Number }
    }

    /// A text, asked whole.
    pub const fn text(name: &'static str) -> Known {
        Known { name, kind: Kind::Text }
    }

    /// One of these words.
    pub const fn words(name: &'static str, words: &'static [&'static str]) -> Known {
        Known { name, kind: Kind::Words(words) }
    }

    fn check(self, field: &Field, at: Range<usize>) -> Result<(), Mistake> {
        let message = match self.kind {
            Kind::Number if field.number.is_some() || hundred(&field.value).is_some() => return Ok(()),
            Kind::Number => format!("{} is a number", self.name),
            _ if field.relation != Relation::Is => format!("only {}: can be asked", self.name),
            Kind::Text => return Ok(()),
            Kind::Words(words) if words.contains(&field.value.as_str()) => return Ok(()),
            Kind::Words(words) => format!("{} is {}", self.name, words.join(" or ")),
        };
        Err(Mistake { at, message })
    }
}

impl Query {
    /// Reads a query that is asked of `what`, which has these fields and no level.
    pub fn parse_for(text: &str, what: &str, known: &[Known]) -> Result<Query, Mistake> {
        let mut terms = Vec::new();
        for (term, at) in parse::places(text)? {
            match &term.test {
                Test::Level(..) => {
                    return Err(Mistake { at, message: format!("{what} has no level, its lines have") });
                }
                Test::Field(field) => match known.iter().find(|known| known.name == field.name) {
                    Some(known) => known.check(field, at)?,
                    None => {
                        let names: Vec<&str> = known.iter().map(|known| known.name).collect();
                        let message = format!("{what} has {}; in quotes it is text", names.join(", "));
                        return Err(Mistake { at, message });
                    }
                },
                _ => {}
            }
            terms.push(term);
        }
        Ok(Query::of(terms))
    }

    /// Whether every term holds.
    pub fn holds(&self, subject: &impl Fields) -> bool {
        let mut text = None;
        self.cheap_first.iter().all(|index| {
            let Term { negated, test } = &self.terms[*index];
            let holds = match test {
                Test::Stage(stage) => *stage == subject.stage(),
                Test::Level(..) => false,
                Test::Text(needle) | Test::Regex(needle) => {
                    needle.is_in(text.get_or_insert_with(|| subject.text()).as_bytes())
                }
                Test::Request(id) => {
                    let wanted = id.source();
                    subject.request_ids().into_iter().flatten().any(|own| {
                        own.get(..wanted.len()).is_some_and(|own| own.eq_ignore_ascii_case(wanted))
                    })
                }
                Test::Field(field) => field.is_of(subject),
            };
            holds != *negated
        })
    }
}

impl Field {
    fn is_of(&self, subject: &impl Fields) -> bool {
        if let Some(own) = subject.number(&self.name) {
            return match (self.number, hundred(&self.value)) {
                (Some(number), _) => self.relation.holds(own, number),
                (None, Some(hundred)) => (hundred..hundred + 100.0).contains(&own),
                (None, None) => false,
            };
        }
        self.relation == Relation::Is && subject.word(&self.name).is_some_and(|own| self.is_text(own))
    }
}

/// The first of the hundred that `5xx` stands for.
pub(super) fn hundred(value: &str) -> Option<f64> {
    let digit = value.strip_suffix("xx").or_else(|| value.strip_suffix("XX"))?;
    digit.parse::<u8>().ok().filter(|digit| (1..=9).contains(digit)).map(|digit| f64::from(digit) * 100.0)
}
