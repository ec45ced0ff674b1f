//! dotenvy, with the line of each variable.

use std::collections::BTreeMap;
use std::io::Read;

use super::{Fault, Variable};

/// The variables of `text`, in the file's order.
pub(super) fn read(text: &str) -> Result<Vec<Variable>, Fault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.lines().collect();
    let mut variables = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut at = 0;
    while let Some(first) = lines.get(at) {
        if first.trim().is_empty() || first.trim_start().starts_with('#') {
            at += 1;
            continue;
        }
        let line = at + 1;
        let rest = &lines[at..];
        let (parsed, taken) = first_variable(rest);
        let (key, value) = parsed.map_err(|error| unreadable(line, taken, rest, &error))?;
        if substitutes(&rest[..taken].join("\n")) {
            return Err(Fault {
                line,
                what: format!("`$` in the value of {key} would take text from this machine's environment"),
                fix: "write \\$, or put the whole value between single quotes".to_owned(),
            });
        }
        if let Some(before) = seen.insert(key.clone(), line) {
            return Err(Fault {
                line,
                what: format!("{key} is set a second time; the first is on line {before}"),
                fix: "keep one of them".to_owned(),
            });
        }
        variables.push(Variable { key, value, line });
        at += taken;
    }
    Ok(variables)
}

// The first variable of these lines, and how many of them it took. dotenvy reads as many lines as it needs and does not
// say how many; so it is given one line at each read and these are counted.
fn first_variable(lines: &[&str]) -> (Result<(String, String), dotenvy::Error>, usize) {
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
    let end = || dotenvy::Error::LineParse(String::new(), 0);
    let parsed = dotenvy::Iter::new(reader).next().unwrap_or_else(|| Err(end()));
    (parsed, taken.max(1))
}

// dotenvy's own message holds the line, value and all: it is not passed on.
fn unreadable(line: usize, taken: usize, rest: &[&str], error: &dotenvy::Error) -> Fault {
    let to_the_end = taken == rest.len() && taken > 1;
    let (what, fix) = match error {
        dotenvy::Error::LineParse(..) if to_the_end => (
            "a quote that opens here is not closed before the end of the file",
            "close the quote; a quote that belongs to the value is written \\' or \\\"",
        ),
        _ => (
            "this is not KEY=VALUE",
            "write KEY=VALUE; put a value with blanks, quotes or `#` between single quotes, and escape nothing but \\ ' \" $ and n",
        ),
    };
    Fault { line, what: what.to_owned(), fix: fix.to_owned() }
}

// Whether dotenvy would substitute in this variable: a `$` that is neither escaped nor between single quotes, and not
// in the comment behind the value. Follows dotenvy's parse_value.
fn substitutes(source: &str) -> bool {
    let value = source.split_once('=').map_or("", |(_, value)| value.trim_start());
    let (mut single, mut double, mut escaped) = (false, false, false);
    let mut after_blank = false;
    for character in value.chars() {
        if escaped {
            escaped = false;
        } else if single {
            single = character != '\'';
        } else {
            match character {
                '$' => return true,
                '\\' => escaped = true,
                '"' => double = !double,
                '\'' if !double => single = true,
                '#' if after_blank && !double => return false,
                _ => {}
            }
        }
        after_blank = character.is_whitespace() && !single && !double;
    }
    false
}
