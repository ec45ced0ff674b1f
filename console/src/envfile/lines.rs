//! dotenvy, with the line of each variable, and without giving up at the first fault.

mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use super::lint::{Fault, Rule};
use shape::Shape;

/// One variable of a file.
pub(super) struct Variable {
    pub(super) key: String,
    pub(super) value: String,
    /// The line on which it begins, from 1.
    pub(super) line: usize,
    /// Its lines as they stand in the file, without their ends.
    pub(super) source: String,
}

/// What a text says.
#[derive(Default)]
pub(super) struct Parsed {
    /// In the file's order; of a key that is set twice the first.
    pub(super) variables: Vec<Variable>,
    /// Why the text cannot be deployed.
    pub(super) faults: Vec<Fault>,
    /// Keys that are commented out: `# KEY=…`.
    pub(super) commented_out: BTreeSet<String>,
    /// Every line was understood. Where one was not, what follows may be a piece of a value, and what looks like a key a piece of a
    /// secret.
    pub(super) understood: bool,
}

/// Faults after which a text is no environment file: it is not read on.
const MOST_FAULTS: usize = 200;

/// Reads all of `text`. Behind a quote that is not closed nothing can be told any more: there it ends.
pub(super) fn read(text: &str) -> Parsed {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.lines().collect();
    let mut parsed = Parsed { understood: true, ..Parsed::default() };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut at = 0;
    while let Some(first) = lines.get(at).filter(|_| parsed.faults.len() < MOST_FAULTS) {
        let trimmed = first.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            parsed
                .commented_out
                .extend(assigned(trimmed.trim_start_matches('#')).map(|(key, _)| key.to_owned()));
            at += 1;
            continue;
        }
        let line = at + 1;
        let rest = &lines[at..];
        let (read, taken) = first_variable(rest);
        let (key, value) = match read {
            Ok(pair) => pair,
            Err(()) => {
                parsed.understood = false;
                let unclosed = taken == rest.len() && taken > 1;
                parsed.faults.push(unreadable(line, unclosed));
                if unclosed {
                    return parsed;
                }
                at += taken;
                continue;
            }
        };
        let source = rest[..taken].join("\n");
        let wrong = misread(&key, &source, line, taken);
        parsed.understood &= wrong.is_empty() || taken == 1;
        parsed.faults.extend(wrong);
        match seen.get(&key) {
            Some(before) => parsed.faults.push(Fault {
                line,
                rule: Rule::DuplicateKey,
                what: format!("{key} is set a second time; the first is on line {before}"),
                fix: "keep one of them".to_owned(),
            }),
            None => {
                seen.insert(key.clone(), line);
                parsed.variables.push(Variable { key, value, line, source });
            }
        }
        at += taken;
    }
    parsed.understood &= parsed.faults.len() < MOST_FAULTS;
    parsed
}

/// The key that a line sets, and what stands behind `=`, where it looks like that.
pub(super) fn assigned(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (key, value) = line.split_once('=')?;
    let key = key.trim();
    let first = key.chars().next().is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
    let rest = key.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    (first && rest).then_some((key, value))
}

// The first variable of these lines, and how many of them it took. dotenvy reads as many lines as it needs and does not
// say how many; so it is given one line at each read and these are counted. Its error holds the line, value and all: it is not
// passed on.
fn first_variable(lines: &[&str]) -> (Result<(String, String), ()>, usize) {
    struct LineByLine<'a> {
        lines: &'a [&'a str],
        taken: &'a mut usize,
        pending: Vec<u8>,
    }
    impl Read for LineByLine<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.pending.is_empty()
                && let Some(line) = self.lines.get(*self.taken)
            {
                *self.taken += 1;
                self.pending = format!("{line}\n").into_bytes();
            }
            let count = self.pending.len().min(buffer.len());
            buffer[..count].copy_from_slice(&self.pending[..count]);
            self.pending.drain(..count);
            Ok(count)
        }
    }
    let mut taken = 0;
    let reader = LineByLine { lines, taken: &mut taken, pending: Vec::new() };
    let read = match dotenvy::Iter::new(reader).next() {
        Some(Ok(pair)) => Ok(pair),
        Some(Err(_)) | None => Err(()),
    };
    (read, taken.max(1))
}

fn unreadable(line: usize, unclosed: bool) -> Fault {
    let (rule, what, fix) = if unclosed {
        (
            Rule::UnclosedQuote,
            "a quote that opens here is not closed before the end of the file, so what follows could not be looked at",
            "close the quote; a quote that belongs to the value is written \\' or \\\"",
        )
    } else {
        (
            Rule::NotKeyValue,
            "this is not KEY=VALUE",
            "write KEY=VALUE; put a value with blanks, quotes or `#` between single quotes, and escape nothing but \\ ' \" $ and n",
        )
    };
    Fault { line, rule, what: what.to_owned(), fix: fix.to_owned() }
}

// What dotenvy takes without a word and nobody means.
fn misread(key: &str, source: &str, line: usize, taken: usize) -> Vec<Fault> {
    let shape = Shape::of(source);
    let mut faults = Vec::new();
    let mut fault =
        |rule, what: String, fix: &str| faults.push(Fault { line, rule, what, fix: fix.to_owned() });
    if shape.substitutes {
        fault(
            Rule::Substitution,
            format!("`$` in the value of {key} would take text from this machine's environment"),
            "write \\$, or put the whole value between single quotes",
        );
    }
    if shape.spills {
        fault(
            Rule::SwallowedLines,
            format!(
                "a quote in the comment behind {key} opens a text that swallows what follows, up to line {}",
                line + taken - 1
            ),
            "take the quote out of the comment, or give the comment a line of its own",
        );
    }
    if shape.dangles {
        fault(
            Rule::NotKeyValue,
            format!("the backslash at the end of the value of {key} escapes nothing and would be lost"),
            "write \\\\, or put the whole value between single quotes",
        );
    }
    faults
}
