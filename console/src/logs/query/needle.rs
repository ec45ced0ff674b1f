use std::ops::Range;

use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};

/// The most memory that an expression may be compiled to: it is compiled anew with each key that is pressed.
const REGEX_SIZE: usize = 1 << 20;

/// Bytes of a text that are the same in any case, from which on they are looked for alone: fewer are in too many lines.
const SHORTEST_ANCHOR: usize = 3;

/// Places in a text, in bytes.
pub type Spans = Vec<Range<usize>>;

/// Something that is looked for in bytes.
#[derive(Debug, Clone)]
pub(super) struct Needle {
    source: String,
    how: How,
}

#[derive(Debug, Clone)]
enum How {
    /// These very bytes.
    Exact(Box<Finder<'static>>),
    /// An ASCII text in any case, by the longest part of it that has no letters: `":500` of `"status":500`.
    Anchored { anchor: Box<Finder<'static>>, offset: usize },
    /// A text in any case, or an expression.
    Regex { regex: Regex, literal: bool },
}

/// Two needles are the same when they are written the same.
impl PartialEq for Needle {
    fn eq(&self, other: &Needle) -> bool {
        self.source == other.source
    }
}

impl Needle {
    /// `text`, in any case unless it has a capital letter.
    pub(super) fn text(text: &str) -> Needle {
        if text.chars().any(char::is_uppercase) { Needle::exact(text) } else { Needle::folded(text) }
    }

    /// `text` in this very case.
    pub(super) fn exact(text: &str) -> Needle {
        let how = How::Exact(Box::new(Finder::new(text.as_bytes()).into_owned()));
        Needle { source: text.to_owned(), how }
    }

    /// `text` in any case.
    pub(super) fn folded(text: &str) -> Needle {
        if !text.chars().any(char::is_alphabetic) {
            return Needle::exact(text);
        }
        if let Some(part) = letterless(text) {
            let anchor = Box::new(Finder::new(&text.as_bytes()[part.clone()]).into_owned());
            let how = How::Anchored { anchor, offset: part.start };
            return Needle { source: text.to_owned(), how };
        }
        // Without Unicode, k is not the Kelvin sign too, and all that is found is as long as what is looked for.
        let regex = RegexBuilder::new(&regex::escape(text))
            .case_insensitive(true)
            .unicode(!text.is_ascii())
            .size_limit(REGEX_SIZE)
            .build();
        match regex {
            Ok(regex) => {
                let how = How::Regex { regex, literal: text.is_ascii() };
                Needle { source: text.to_owned(), how }
            }
            // Too long to be compiled in any case.
            Err(_) => Needle::exact(text),
        }
    }

    /// An expression, in any case unless it has a capital letter outside of escapes; or what is wrong with it.
    pub(super) fn regex(pattern: &str) -> Result<Needle, String> {
        let regex = RegexBuilder::new(pattern)
            .case_insensitive(!has_capital(pattern))
            .size_limit(REGEX_SIZE)
            .build()
            .map_err(|error| reason(&error))?;
        Ok(Needle { source: pattern.to_owned(), how: How::Regex { regex, literal: false } })
    }

    /// As it was written.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Whether it is in `bytes`.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        match &self.how {
            How::Exact(finder) => finder.find(bytes).is_some(),
            How::Anchored { .. } => self.find(bytes, 0).is_some(),
            How::Regex { regex, .. } => regex.is_match(bytes),
        }
    }

    /// Where it first begins in `bytes` from `start` on.
    pub(super) fn find(&self, bytes: &[u8], start: usize) -> Option<Range<usize>> {
        match &self.how {
            How::Exact(finder) => {
                let at = start + finder.find(bytes.get(start..)?)?;
                Some(at..at + self.source.len())
            }
            How::Anchored { anchor, offset } => {
                let mut from = start + offset;
                loop {
                    let hit = from + anchor.find(bytes.get(from..)?)?;
                    let found = hit - offset..hit - offset + self.source.len();
                    if bytes.get(found.clone())?.eq_ignore_ascii_case(self.source.as_bytes()) {
                        return Some(found);
                    }
                    from = hit + 1;
                }
            }
            How::Regex { regex, .. } => {
                (start <= bytes.len()).then(|| regex.find_at(bytes, start))?.map(|found| found.range())
            }
        }
    }

    /// Whether all that it finds is as long as itself, so that many lines can be searched at once.
    pub(super) fn is_literal(&self) -> bool {
        match &self.how {
            How::Exact(_) => !self.source.is_empty(),
            How::Anchored { .. } => true,
            How::Regex { literal, .. } => *literal,
        }
    }
}

/// The longest part of an ASCII text without letters, if it is long enough to look for.
fn letterless(text: &str) -> Option<Range<usize>> {
    let mut longest = 0..0;
    let mut start = 0;
    for (index, byte) in text.bytes().enumerate() {
        if byte.is_ascii_alphabetic() {
            start = index + 1;
        } else if index + 1 - start > longest.len() {
            longest = start..index + 1;
        }
    }
    (text.is_ascii() && longest.len() >= SHORTEST_ANCHOR).then_some(longest)
}

/// A capital letter that is not the name of a class, as in `\W` and `\p{Lu}`.
fn has_capital(pattern: &str) -> bool {
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            if letter.is_uppercase() {
                return true;
            }
            continue;
        }
        let is_class = matches!(letters.next(), Some('p' | 'P'));
        if is_class && letters.next() == Some('{') {
            letters.by_ref().take_while(|letter| *letter != '}').for_each(drop);
        }
    }
    false
}

/// The last line of what the compiler says; those before it draw the expression.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    }
}
