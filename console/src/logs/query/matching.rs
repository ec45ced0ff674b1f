use serde_json::Value;

use crate::domain::{Level, StageName};
use crate::logs::reading::{self, Report};

use super::needle::Spans;
use super::{Field, Query, Relation, Term, Test};

/// A line that a query is asked of.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Whose it is.
    pub stage: StageName,
    /// How bad it is, if it says so.
    pub level: Option<Level>,
    /// Whether Lambda wrote it.
    pub platform: bool,
    /// The text as it is kept.
    pub raw: &'a str,
}

impl Query {
    /// Whether every term holds.
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        self.cheap_first.iter().all(|index| self.terms[*index].holds(subject))
    }

    /// Whether it has something that must not be there: a line that is not let through for that takes those with it that
    /// belong to it.
    pub fn excludes(&self, subject: &Subject<'_>) -> bool {
        self.terms.iter().any(|term| term.negated && !term.holds(subject))
    }

    /// Like [`Query::matches`], of lines that lie behind each other in `text`, ascending. `place_of` says which line lies at a byte.
    ///
    /// Where a text must be there, all of `text` is searched for it at once, so that lines without it cost nothing of
    /// their own.
    pub fn scan<'a>(
        &self,
        text: &'a str,
        count: usize,
        subject: impl Fn(usize) -> Subject<'a>,
        ends: impl Fn(usize) -> usize,
    ) -> Vec<u32> {
        let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        let driver = self.terms.iter().find_map(|term| match &term.test {
            Test::Text(needle) if !term.negated && needle.is_literal() => Some(needle),
            _ => None,
        });
        let Some(driver) = driver else {
            return (0..count).filter(|index| self.matches(&subject(*index))).map(number).collect();
        };
        let mut found = Vec::new();
        let mut index = 0;
        let mut at = 0;
        while let Some(hit) = driver.find(text.as_bytes(), at) {
            // Which line it begins in: far away when there are few.
            index += partition(count - index, |ahead| ends(index + ahead) <= hit.start);
            if index >= count {
                break;
            }
            // Lines without a gap between them: what begins in one and ends in the next is in neither.
            if hit.end <= ends(index) && self.matches(&subject(index)) {
                found.push(number(index));
            }
            at = ends(index);
            index += 1;
        }
        found
    }

    /// Where `text`, as it is shown, holds what is looked for.
    pub fn spans(&self, text: &str) -> Spans {
        let mut spans = Spans::new();
        for term in self.terms.iter().filter(|term| !term.negated) {
            if let Test::Text(needle) | Test::Regex(needle) | Test::Request(needle) = &term.test {
                let mut at = 0;
                while let Some(found) = needle.find(text.as_bytes(), at) {
                    at = found.end.max(found.start + 1);
                    if !found.is_empty()
                        && text.is_char_boundary(found.start)
                        && text.is_char_boundary(found.end)
                    {
                        spans.push(found);
                    }
                }
            }
        }
        spans.sort_by_key(|span| span.start);
        let mut end = 0;
        spans.retain(|span| {
            let apart = span.start >= end;
            end = if apart { span.end } else { end };
            apart
        });
        spans
    }
}

/// The first of `count` at which `before` does not hold, near the start more often than not.
fn partition(count: usize, before: impl Fn(usize) -> bool) -> usize {
    let mut step = 1;
    let mut low = 0;
    while low < count && before(low) {
        low += step;
        step *= 2;
    }
    let (mut low, mut high) = (low.saturating_sub(step / 2), low.min(count));
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

impl Term {
    fn holds(&self, subject: &Subject<'_>) -> bool {
        let raw = subject.raw.as_bytes();
        let holds = match &self.test {
            Test::Stage(stage) => *stage == subject.stage,
            Test::Level(relation, level) => subject.level.is_some_and(|own| relation.holds(own, *level)),
            Test::Text(needle) | Test::Regex(needle) => {
                // A JSON line may hold what is shown of it with escapes.
                needle.is_in(raw)
                    || (reading::is_escaped(subject.raw)
                        && needle.is_in(reading::text(subject.raw).as_bytes()))
            }
            Test::Request(id) => {
                id.is_in(raw)
                    && reading::request_id(subject.raw).is_some_and(|own| {
                        own.get(..id.source().len()).is_some_and(|own| own.eq_ignore_ascii_case(id.source()))
                    })
            }
            Test::Field(field) => field.holds(subject),
        };
        holds != self.negated
    }
}

impl Field {
    fn holds(&self, subject: &Subject<'_>) -> bool {
        if subject.platform
            && let Some(report) = reading::report(subject.raw)
            && let Some(own) = of_report(&report, &self.name)
        {
            return self.number.is_some_and(|number| self.relation.holds(own, number));
        }
        let is_json = subject.raw.starts_with('{');
        let may_have =
            is_json && (self.key.is_in(subject.raw.as_bytes()) || reading::is_escaped(subject.raw));
        may_have && subject.raw.parse::<Value>().is_ok_and(|value| self.is_below(&value, &self.name))
    }

    /// Whether `value`, or what lies below it at `path`, is what is looked for. Of a list any one.
    fn is_below(&self, value: &Value, path: &str) -> bool {
        match value {
            Value::Array(items) => items.iter().any(|item| self.is_below(item, path)),
            Value::Object(fields) if !path.is_empty() => fields.iter().any(|(key, value)| {
                // A name may itself have dots: `http.status` is one key for some loggers and two for others.
                path.strip_prefix(key.as_str()).is_some_and(|rest| {
                    rest.is_empty() && self.is_below(value, "")
                        || rest
                            .strip_prefix('.')
                            .is_some_and(|rest| !rest.is_empty() && self.is_below(value, rest))
                })
            }),
            _ if !path.is_empty() => false,
            Value::Number(own) => match (own.as_f64(), self.number) {
                (Some(own), Some(number)) => self.relation.holds(own, number),
                _ => false,
            },
            Value::String(own) => match (self.relation, own.parse::<f64>(), self.number) {
                (Relation::Is, ..) => self.is_text(own),
                (relation, Ok(own), Some(number)) => relation.holds(own, number),
                _ => false,
            },
            Value::Bool(own) => self.relation == Relation::Is && self.value == own.to_string(),
            Value::Null => self.relation == Relation::Is && self.value == "null",
            Value::Object(_) => false,
        }
    }

    pub(super) fn is_text(&self, own: &str) -> bool {
        if self.value.chars().any(char::is_uppercase) {
            return own == self.value;
        }
        own == self.value || own.chars().flat_map(char::to_lowercase).eq(self.value.chars())
    }
}

fn of_report(report: &Report, name: &str) -> Option<f64> {
    match name {
        "duration" => report.duration_ms,
        "billed" => report.billed_ms,
        "init" => report.init_ms,
        "memory" => report.used_mb,
        _ => None,
    }
}
