//! Patterns for JSON messages: `{ ($.level = "ERROR") && $.latency > 100 }`.

use serde_json::Value;

use super::Problem;
use crate::wildcard::wildcard;

/// How deep parentheses may be nested.
const DEPTH: usize = 16;

/// A condition on a message.
#[derive(Debug, PartialEq)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Field(Vec<Step>, Test),
}

/// A step into a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Member(String),
    Item(usize),
}

#[derive(Debug, PartialEq)]
pub(super) enum Test {
    /// With `*` for any characters.
    Text {
        pattern: String,
        equal: bool,
    },
    Number(Order, f64),
    Null,
    True,
    False,
    Missing,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Order {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Condition {
    pub(super) fn holds(&self, message: &Value) -> bool {
        match self {
            Condition::All(all) => all.iter().all(|one| one.holds(message)),
            Condition::Any(any) => any.iter().any(|one| one.holds(message)),
            Condition::Field(path, test) => test.holds(find(message, path)),
        }
    }
}

impl Test {
    fn holds(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else { return *self == Test::Missing };
        match self {
            Test::Missing => false,
            Test::Null => value.is_null(),
            Test::True => *value == Value::Bool(true),
            Test::False => *value == Value::Bool(false),
            Test::Text { pattern, equal } => match value {
                Value::String(text) => wildcard(pattern, text) == *equal,
                Value::Number(number) => wildcard(pattern, &number.to_string()) == *equal,
                _ => pattern == "*" && *equal,
            },
            Test::Number(order, wanted) => {
                let number = match value {
                    Value::Number(number) => number.as_f64(),
                    _ => None,
                };
                number.is_some_and(|number| match order {
                    Order::Equal => number == *wanted,
                    Order::NotEqual => number != *wanted,
                    Order::Less => number < *wanted,
                    Order::LessOrEqual => number <= *wanted,
                    Order::Greater => number > *wanted,
                    Order::GreaterOrEqual => number >= *wanted,
                })
            }
        }
    }
}

/// What lies at the end of a path.
pub(super) fn find<'a>(message: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(message, |value, step| match step {
        Step::Member(name) => value.get(name),
        Step::Item(index) => value.get(index),
    })
}

/// `$.a.b[0]`; `None` when it is no such path.
pub(super) fn path(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(member) = rest.strip_prefix('.') {
            let end = member.find(['.', '[']).unwrap_or(member.len());
            let (name, after) = member.split_at(end);
            let fits = |letter: char| letter.is_alphanumeric() || "_-@".contains(letter);
            if name.is_empty() || !name.chars().all(fits) {
                return None;
            }
            steps.push(Step::Member(name.to_owned()));
            rest = after;
        } else {
            let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
            steps.push(Step::Item(index.parse().ok()?));
            rest = after;
        }
    }
    (!steps.is_empty()).then_some(steps)
}

pub(super) fn parse(text: &str) -> Result<Condition, Problem> {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let mut reader = Reader { rest: inner.ok_or(Problem::Invalid("a brace is not closed"))? };
    let condition = reader.any(0)?;
    match reader.rest.trim().is_empty() {
        true => Ok(condition),
        false => Err(Problem::Invalid("something follows the condition")),
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn takes(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn any(&mut self, depth: usize) -> Result<Condition, Problem> {
        let mut any = vec![self.all(depth)?];
        while self.takes("||") {
            any.push(self.all(depth)?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Condition::Any(any) })
    }

    fn all(&mut self, depth: usize) -> Result<Condition, Problem> {
        let mut all = vec![self.one(depth)?];
        while self.takes("&&") {
            all.push(self.one(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Condition::All(all) })
    }

    fn one(&mut self, depth: usize) -> Result<Condition, Problem> {
        if depth > DEPTH {
            return Err(Problem::Invalid("it is nested too deeply"));
        }
        if self.takes("(") {
            let inner = self.any(depth + 1)?;
            return match self.takes(")") {
                true => Ok(inner),
                false => Err(Problem::Invalid("a parenthesis is not closed")),
            };
        }
        self.rest = self.rest.trim_start();
        let selector = self.word(|letter| letter.is_alphanumeric() || "$._-@[]*".contains(letter));
        if selector.contains('*') {
            return Err(Problem::NotOffered("wildcards in the name of a field"));
        }
        let path = path(selector).ok_or(Problem::Invalid("a field begins with $."))?;
        Ok(Condition::Field(path, self.test()?))
    }

    fn word(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|letter| !fits(letter)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn keyword(&mut self) -> String {
        self.rest = self.rest.trim_start();
        self.word(char::is_alphabetic).to_uppercase()
    }

    fn test(&mut self) -> Result<Test, Problem> {
        const ORDERS: [(&str, Order); 6] = [
            ("!=", Order::NotEqual),
            ("<=", Order::LessOrEqual),
            (">=", Order::GreaterOrEqual),
            ("=", Order::Equal),
            ("<", Order::Less),
            (">", Order::Greater),
        ];
        let Some((_, order)) = ORDERS.into_iter().find(|(token, _)| self.takes(token)) else {
            return match (self.keyword().as_str(), self.keyword().as_str()) {
                ("IS", "NULL") => Ok(Test::Null),
                ("IS", "TRUE") => Ok(Test::True),
                ("IS", "FALSE") => Ok(Test::False),
                ("NOT", "EXISTS") => Ok(Test::Missing),
                _ => Err(Problem::Invalid("an operator is missing")),
            };
        };
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('%') {
            return Err(Problem::NotOffered("regular expressions (%)"));
        }
        let (text, quoted) = match self.rest.strip_prefix('"') {
            Some(inside) => {
                let (text, rest) = super::phrase(inside)?;
                self.rest = rest;
                (text, true)
            }
            None => {
                (self.word(|letter| !letter.is_whitespace() && !"()&|".contains(letter)).to_owned(), false)
            }
        };
        let number = text.parse::<f64>().ok().filter(|number| !quoted && number.is_finite());
        match (number, order) {
            (Some(number), order) => Ok(Test::Number(order, number)),
            (None, Order::Equal) if quoted || !text.is_empty() => {
                Ok(Test::Text { pattern: text, equal: true })
            }
            (None, Order::NotEqual) if quoted || !text.is_empty() => {
                Ok(Test::Text { pattern: text, equal: false })
            }
            _ => Err(Problem::Invalid("a value is missing, or is no number where one must be")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_hold_or_not() {
        let message = json!({"level": "ERROR", "latency": 120.5, "user": {"ids": [7, null], "admin": true}, "code": "404"});
        for (pattern, holds) in [
            (r#"{ $.level = "ERROR" }"#, true),
            (r#"{$.level="ERR*"}"#, true),
            (r#"{ $.level = ERROR && $.latency > 100 }"#, true),
            (r#"{ $.level != "ERROR" || ($.latency >= 120.5 && $.user.admin IS TRUE) }"#, true),
            (r#"{ $.user.ids[0] = 7 && $.user.ids[1] IS NULL }"#, true),
            (r#"{ $.missing NOT EXISTS }"#, true),
            (r#"{ $.level NOT EXISTS }"#, false),
            (r#"{ $.missing != "x" }"#, false),
            (r#"{ $.missing = * }"#, false),
            (r#"{ $.user = * }"#, true),
            (r#"{ $.code = 404 }"#, false),
            (r#"{ $.latency < 1 }"#, false),
        ] {
            assert_eq!(parse(pattern).unwrap().holds(&message), holds, "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for text in [
            "{",
            "{}",
            "{ $.a }",
            "{ level = 1 }",
            "{ $.a = }",
            "{ ($.a = 1 }",
            "{ $.a > x }",
            "{ $.a = 1 } x",
        ] {
            assert!(matches!(parse(text), Err(Problem::Invalid(_))), "{text}: {:?}", parse(text));
        }
        for text in ["{ $.a = %x% }", "{ $.* = 1 }", "{ $.a[*] = 1 }"] {
            assert!(matches!(parse(text), Err(Problem::NotOffered(_))), "{text}");
        }
        let deep = format!("{{ {}$.a = 1{} }}", "(".repeat(100), ")".repeat(100));
        assert!(parse(&deep).is_err());
    }
}
