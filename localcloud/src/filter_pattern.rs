//! Filter patterns of CloudWatch Logs: terms and quoted phrases that must be in a message, may be (`?`), or must not (`-`), and
//! conditions on the fields of a JSON message. What else the language has is refused, not ignored.

mod json;

use json::Condition;
use serde_json::Value;

/// What a message must be like.
#[derive(Debug)]
pub(crate) struct Pattern(Kind);

#[derive(Debug, PartialEq)]
enum Kind {
    Terms(Terms),
    Json(Condition),
}

#[derive(Debug, Default, PartialEq)]
struct Terms {
    /// All must be in it.
    all: Vec<String>,
    /// None may be.
    none: Vec<String>,
    /// One must be; without meaning beside others, as on AWS.
    any: Vec<String>,
}

/// Why a text is no pattern here.
#[derive(Debug, PartialEq)]
pub(crate) enum Problem {
    /// It is none.
    Invalid(&'static str),
    /// AWS would take it.
    NotOffered(&'static str),
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Pattern, Problem> {
        let text = text.trim();
        match text.chars().next() {
            Some('{') => json::parse(text).map(|condition| Pattern(Kind::Json(condition))),
            Some('[') => Err(Problem::NotOffered("space-delimited patterns")),
            _ => terms(text).map(|terms| Pattern(Kind::Terms(terms))),
        }
    }

    pub(crate) fn matches(&self, message: &str) -> bool {
        match &self.0 {
            Kind::Json(condition) => read(message).is_some_and(|message| condition.holds(&message)),
            Kind::Terms(terms) => {
                let has = |term: &String| message.contains(term.as_str());
                match terms.all.is_empty() && terms.none.is_empty() && !terms.any.is_empty() {
                    true => terms.any.iter().any(has),
                    false => terms.all.iter().all(has) && !terms.none.iter().any(has),
                }
            }
        }
    }

    /// Whether it speaks of the fields of a message.
    pub(crate) fn is_json(&self) -> bool {
        matches!(self.0, Kind::Json(_))
    }
}

/// The number in a field of a message, such as `$.latency`.
pub(crate) fn number(selector: &str, message: &str) -> Option<f64> {
    let path = json::path(selector)?;
    json::find(&read(message)?, &path)?.as_f64()
}

/// Whether it names a field of a message.
pub(crate) fn is_selector(text: &str) -> bool {
    json::path(text).is_some()
}

fn read(message: &str) -> Option<Value> {
    serde_json::from_str::<Value>(message).ok().filter(Value::is_object)
}

fn terms(text: &str) -> Result<Terms, Problem> {
    let mut terms = Terms::default();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let into = match first {
            '?' => &mut terms.any,
            '-' => &mut terms.none,
            '%' => return Err(Problem::NotOffered("regular expressions (%)")),
            _ => &mut terms.all,
        };
        rest = rest.strip_prefix(['?', '-']).unwrap_or(rest);
        let (term, after) = match rest.strip_prefix('"') {
            Some(quoted) => phrase(quoted)?,
            None => {
                let (term, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                // What is not a letter, digit or underscore must be quoted.
                if term.is_empty() || !term.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
                    return Err(Problem::NotOffered("special characters outside of quotes"));
                }
                (term.to_owned(), after)
            }
        };
        into.push(term);
        rest = after.trim_start();
    }
    Ok(terms)
}

/// Up to the closing quote; `\"` and `\\` stand for themselves.
fn phrase(text: &str) -> Result<(String, &str), Problem> {
    let mut found = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((found, &text[at + 1..])),
            '\\' => found.extend(letters.next().map(|(_, escaped)| escaped)),
            other => found.push(other),
        }
    }
    Err(Problem::Invalid("a quoted phrase is not closed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        terms(text).unwrap().all
    }

    #[test]
    fn terms_and_phrases() {
        assert_eq!(terms(""), Ok(Terms::default()));
        assert_eq!(all("ERROR  user_1"), ["ERROR", "user_1"]);
        assert_eq!(all(r#""a b" c"#), ["a b", "c"]);
        assert_eq!(all(r#""say \"hi\" \\""#), [r#"say "hi" \"#]);
    }

    #[test]
    fn what_must_may_and_must_not_be_there() {
        let matches = |pattern: &str, message: &str| Pattern::parse(pattern).unwrap().matches(message);
        assert!(matches(" ", "anything") && matches("", ""));
        assert!(matches("ERROR -debug", "ERROR: x") && !matches("ERROR -debug", "ERROR: debug"));
        assert!(matches("?ERROR ?\"a b\"", "a b") && !matches("?ERROR ?WARN", "INFO"));
        assert!(!matches("ERROR ?WARN", "WARN"), "what may be is ignored beside what must be");
        assert!(matches("-\"a b\"", "ab") && !matches("-\"a b\"", "a b"));
    }

    #[test]
    fn what_is_not_offered_is_not_ignored() {
        assert_eq!(terms(r#""open"#), Err(Problem::Invalid("a quoted phrase is not closed")));
        for text in ["[a, b]", "%x%", "a=b", "ERROR -%x%", "? x"] {
            assert!(matches!(Pattern::parse(text), Err(Problem::NotOffered(_))), "{text}");
        }
    }

    #[test]
    fn numbers_of_fields() {
        let message = r#"{"a": {"b": [1, 2.5]}, "text": "3"}"#;
        assert_eq!(number("$.a.b[1]", message), Some(2.5));
        assert_eq!((number("$.text", message), number("$.a", "no JSON")), (None, None));
        assert!(is_selector("$.a") && !is_selector("a") && !is_selector("$.a.*"));
    }
}
