use std::ops::Range;

use crate::domain::{Level, StageName};

use super::{Field, Mistake, Needle, Relation, Term, Test};

/// Fewer characters of a request id would find half of all requests.
const SHORTEST_ID: usize = 4;

/// The terms of a query, in the order in which they stand.
pub(super) fn parse(text: &str) -> Result<Vec<Term>, Mistake> {
    Ok(places(text)?.into_iter().map(|(term, _)| term).collect())
}

/// The same, with where each stands.
pub(super) fn places(text: &str) -> Result<Vec<(Term, Range<usize>)>, Mistake> {
    let mut terms = Vec::new();
    let mut reader = Reader { text, at: 0 };
    while reader.skip_blanks() {
        let start = reader.at;
        let negated = reader.rest().strip_prefix('-').is_some_and(|rest| !starts_blank(rest));
        reader.at += usize::from(negated);
        let term = Term { negated, test: reader.test()? };
        terms.push((term, start..reader.at));
    }
    Ok(terms)
}

/// Whether `text` stands for itself, whatever is written around it.
pub(super) fn is_plain_word(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['-', '/', '"'])
        && !text.contains(char::is_whitespace)
        && field_of(text).is_none()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Whether anything is left after the blanks.
    fn skip_blanks(&mut self) -> bool {
        self.at += self.rest().len() - self.rest().trim_start().len();
        self.at < self.text.len()
    }

    fn test(&mut self) -> Result<Test, Mistake> {
        let rest = self.rest();
        if rest.starts_with('"') {
            return Ok(Test::Text(Needle::text(&self.quoted()?.0)));
        }
        if let Some(pattern) = regex_of(rest) {
            let at = self.take(pattern.len() + 2);
            return match Needle::regex(pattern) {
                Ok(needle) => Ok(Test::Regex(needle)),
                Err(reason) => Err(Mistake { at, message: format!("not a regular expression: {reason}") }),
            };
        }
        let Some((name, relation)) = field_of(rest) else {
            let at = self.take_word();
            return Ok(Test::Text(Needle::text(&self.text[at])));
        };
        let whole = self.take(name.len() + relation.sign().len());
        let (value, at) = self.value(whole)?;
        match name {
            "level" => level(relation, &value, at),
            "stage" if relation == Relation::Is => match value.parse::<StageName>() {
                Ok(stage) => Ok(Test::Stage(stage)),
                Err(message) => Err(Mistake { at, message }),
            },
            "request" if relation == Relation::Is => {
                let enough = value.chars().count() >= SHORTEST_ID;
                let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
                match (enough, plain) {
                    (true, true) => Ok(Test::Request(Needle::folded(&value))),
                    (_, false) => {
                        Err(Mistake { at, message: "a request id is letters, digits and -".into() })
                    }
                    (false, _) => Err(Mistake {
                        at,
                        message: format!("the first {SHORTEST_ID} characters of the request id at least"),
                    }),
                }
            }
            "stage" | "request" => {
                Err(Mistake { at, message: format!("only {name}: can be asked, nothing is more or less") })
            }
            _ => field(name, relation, value, at),
        }
    }

    fn value(&mut self, sign: Range<usize>) -> Result<(String, Range<usize>), Mistake> {
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        let at = self.take_word();
        if at.is_empty() {
            let message = format!("something must follow {}; in quotes it is text", &self.text[sign.clone()]);
            return Err(Mistake { at: sign, message });
        }
        Ok((self.text[at.clone()].to_owned(), at))
    }

    /// What stands in quotes, where `\"` is a quote and `\\` a backslash.
    fn quoted(&mut self) -> Result<(String, Range<usize>), Mistake> {
        let start = self.at;
        let mut out = String::new();
        let mut letters = self.rest().char_indices().skip(1).peekable();
        while let Some((index, letter)) = letters.next() {
            match (letter, letters.peek()) {
                ('"', _) => {
                    self.at = start + index + 1;
                    return Ok((out, start..self.at));
                }
                ('\\', Some((_, next @ ('"' | '\\')))) => {
                    out.push(*next);
                    letters.next();
                }
                _ => out.push(letter),
            }
        }
        Err(Mistake { at: start..self.text.len(), message: "the quote has no end".to_owned() })
    }

    fn take(&mut self, bytes: usize) -> Range<usize> {
        let start = self.at;
        self.at += bytes;
        start..self.at
    }

    fn take_word(&mut self) -> Range<usize> {
        let rest = self.rest();
        self.take(rest.find(char::is_whitespace).unwrap_or(rest.len()))
    }
}

fn starts_blank(text: &str) -> bool {
    text.chars().next().is_none_or(char::is_whitespace)
}

/// The expression at the start of `text`, without its slashes. The first slash after the opening one decides: if the word
/// goes on behind it, it is no expression but a path.
fn regex_of(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('/')?;
    let mut escaped = false;
    for (index, letter) in inner.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '/' if index > 0 && starts_blank(&inner[index + 1..]) => return Some(&inner[..index]),
            '/' => return None,
            _ => {}
        }
    }
    None
}

/// The field's name and the sign behind it, at the start of `text`. `http://…` and `std::fmt` are text.
fn field_of(text: &str) -> Option<(&str, Relation)> {
    let named = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '-' | '$');
    if !text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '@' | '$')) {
        return None;
    }
    let end = text.find(|c| !named(c))?;
    let (name, behind) = text.split_at(end);
    let (sign, relation) = Relation::SIGNS.into_iter().find(|(sign, _)| behind.starts_with(sign))?;
    let value = &behind[sign.len()..];
    let text_after_all = value.starts_with("//") || (relation == Relation::Is && value.starts_with(':'));
    (!text_after_all).then_some((name, relation))
}

fn level(relation: Relation, value: &str, at: Range<usize>) -> Result<Test, Mistake> {
    match Level::named(value) {
        Some(level) => Ok(Test::Level(relation, level)),
        None => Err(Mistake { at, message: "a level is trace, debug, info, warn or error".to_owned() }),
    }
}

fn field(name: &str, relation: Relation, value: String, at: Range<usize>) -> Result<Test, Mistake> {
    let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
    if number.is_none() && relation != Relation::Is {
        let message = format!("{} compares numbers; in quotes the whole is text", relation.sign());
        return Err(Mistake { at, message });
    }
    let key = Needle::exact(name.rsplit('.').next().unwrap_or(name));
    Ok(Test::Field(Field { name: name.to_owned(), relation, value, number, key }))
}
