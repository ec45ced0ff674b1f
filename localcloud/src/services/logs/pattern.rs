//! Filter patterns: terms and quoted phrases that must all be in the message. Others are refused, not ignored.

use crate::wire::Call;
use crate::wire::fault::Fault;

use super::invalid;

/// What must be in a message, as it is written.
#[derive(Debug, PartialEq)]
pub(super) struct Pattern {
    terms: Vec<String>,
}

impl Pattern {
    pub(super) fn parse(call: &Call, text: &str) -> Result<Pattern, Fault> {
        match terms(text) {
            Ok(terms) => Ok(Pattern { terms }),
            Err(Problem::Unclosed) => Err(invalid("Invalid filter pattern: a quoted phrase is not closed")),
            Err(Problem::NotOffered(what)) => {
                Err(call.parameter_not_offered(&format!("{what} in filterPattern")))
            }
        }
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        self.terms.iter().all(|term| message.contains(term.as_str()))
    }
}

#[derive(Debug, PartialEq)]
enum Problem {
    Unclosed,
    NotOffered(&'static str),
}

fn terms(text: &str) -> Result<Vec<String>, Problem> {
    let mut terms = Vec::new();
    let mut rest = text.trim_start();
    match rest.chars().next() {
        Some('{') => return Err(Problem::NotOffered("JSON patterns")),
        Some('[') => return Err(Problem::NotOffered("space-delimited patterns")),
        _ => {}
    }
    while let Some(first) = rest.chars().next() {
        match first {
            '?' => return Err(Problem::NotOffered("alternative terms (?)")),
            '-' => return Err(Problem::NotOffered("excluded terms (-)")),
            '%' => return Err(Problem::NotOffered("regular expressions (%)")),
            _ => {}
        }
        let (term, after) = match rest.strip_prefix('"') {
            Some(quoted) => phrase(quoted)?,
            None => {
                let (term, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                // What is not a letter, digit or underscore must be quoted.
                if !term.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
                    return Err(Problem::NotOffered("special characters outside of quotes"));
                }
                (term.to_owned(), after)
            }
        };
        terms.push(term);
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
    Err(Problem::Unclosed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_and_phrases() {
        assert_eq!(terms(""), Ok(vec![]));
        assert_eq!(terms(" ERROR  user_1 "), Ok(vec!["ERROR".into(), "user_1".into()]));
        assert_eq!(terms(r#""a b" c"#), Ok(vec!["a b".into(), "c".into()]));
        assert_eq!(terms(r#""say \"hi\" \\""#), Ok(vec![r#"say "hi" \"#.into()]));
    }

    #[test]
    fn what_is_not_offered_is_not_ignored() {
        assert_eq!(terms(r#""open"#), Err(Problem::Unclosed));
        for text in ["{ $.level = \"ERROR\" }", "[a, b]", "?ERROR ?WARN", "ERROR -debug", "%x%", "a=b"] {
            assert!(matches!(terms(text), Err(Problem::NotOffered(_))), "{text}");
        }
    }
}
