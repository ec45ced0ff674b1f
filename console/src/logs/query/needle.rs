use std::ops::Range;

use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};

/// The most memory that an expression may be compiled to: it is compiled anew with each key that is pressed.
const REGEX_SIZE: usize = 1 << 20;

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
            How::Regex { regex, .. } => {
                (start <= bytes.len()).then(|| regex.find_at(bytes, start))?.map(|found| found.range())
            }
        }
    }

    /// Whether all that it finds is as long as itself, so that many lines can be searched at once.
    pub(super) fn is_literal(&self) -> bool {
        match &self.how {
            How::Exact(_) => !self.source.is_empty(),
            How::Regex { literal, .. } => *literal,
        }
    }
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
