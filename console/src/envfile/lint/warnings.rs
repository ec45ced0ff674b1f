//! What can be deployed from a stage's file and is still worth a word.

use super::super::lines::{Parsed, Variable, assigned};
use super::{Fault, Rule, script};

/// Keys that a finding names before it counts.
const NAMED: usize = 4;

/// All of it. Of single variables nothing is said while a line is not understood: what looks like a key may be a piece of a secret.
pub(super) fn of(text: &str, parsed: &Parsed) -> Vec<Fault> {
    let mut all: Vec<Fault> = [byte_order_mark(text), carriage_returns(text)].into_iter().flatten().collect();
    if parsed.understood {
        let variables = &parsed.variables;
        all.extend(variables.iter().filter_map(swallowed));
        all.extend(variables.iter().filter_map(trailing_blanks));
        all.extend(variables.iter().filter_map(value_is_comment));
        all.extend(breaks_in_scripts(variables));
    }
    all
}

fn byte_order_mark(text: &str) -> Option<Fault> {
    text.starts_with('\u{feff}').then(|| Fault {
        line: 1,
        rule: Rule::ByteOrderMark,
        what: "the file begins with a byte order mark; Callboard skips it, and a shell or the AWS CLI makes it a part of the first key"
            .to_owned(),
        fix: "save the file as UTF-8 without a byte order mark".to_owned(),
    })
}

fn carriage_returns(text: &str) -> Option<Fault> {
    let mut lines = text.split('\n').enumerate().filter(|(_, line)| line.contains('\r'));
    let (first, _) = lines.next()?;
    let more = lines.count();
    let also = match more {
        0 => String::new(),
        1 => ", and one more does".to_owned(),
        more => format!(", and {more} more do"),
    };
    Some(Fault {
        line: first + 1,
        rule: Rule::CarriageReturn,
        what: format!(
            "this line holds a carriage return, as Windows ends lines (CR LF){also}; Callboard drops it there, and a shell loop as the \
             article's puts it into the value"
        ),
        fix: "save the file with LF line ends".to_owned(),
    })
}

// A quote that is closed by the next one some lines below takes what stands between. A line of Base64 may end in `=`, which is no
// value. What looks like a key is not named: it is a piece of a value.
fn swallowed(variable: &Variable) -> Option<Fault> {
    let mut inner = variable.source.lines().skip(1);
    let like =
        |line: &str| assigned(line).is_some_and(|(_, value)| value.chars().any(|letter| letter != '='));
    let offset = inner.position(like)?;
    Some(Fault {
        line: variable.line,
        rule: Rule::SwallowedLines,
        what: format!(
            "the quoted value of {} goes on over {} lines, and line {} looks like a variable of its own",
            variable.key,
            variable.source.lines().count(),
            variable.line + 1 + offset
        ),
        fix: "if it is one, close the quote on the line where it opens".to_owned(),
    })
}

fn trailing_blanks(variable: &Variable) -> Option<Fault> {
    let Variable { key, value, line, source } = variable;
    let trimmed = source.trim_end_matches([' ', '\t']);
    let quoted = trimmed.ends_with(['"', '\'']);
    // Behind a comment they belong to nothing.
    let behind_value = trimmed.ends_with(value.as_str()) && !value.is_empty();
    (trimmed.len() < source.len() && behind_value && !quoted).then(|| Fault {
        line: *line,
        rule: Rule::TrailingBlanks,
        what: format!(
            "blanks behind the value of {key} are dropped, and other readers of such files keep them"
        ),
        fix: "take them out; if they belong to the value, put it between quotes".to_owned(),
    })
}

fn value_is_comment(variable: &Variable) -> Option<Fault> {
    let (_, behind) = variable.source.split_once('=')?;
    behind.starts_with('#').then(|| Fault {
        line: variable.line,
        rule: Rule::ValueIsComment,
        what: format!(
            "what stands behind {}= begins with `#`: it is a comment, and the value is empty",
            variable.key
        ),
        fix: "put the value between single quotes, or put a blank before `#` if it is a comment".to_owned(),
    })
}

// One finding for a file: who deploys with Callboard alone needs to read it once, and not at each value.
fn breaks_in_scripts(variables: &[Variable]) -> Option<Fault> {
    let broken: Vec<(&Variable, &str)> =
        variables.iter().filter_map(|variable| Some((variable, script::breaks_at(variable)?))).collect();
    let (first, _) = broken.first()?;
    let named: Vec<String> = broken
        .iter()
        .take(NAMED)
        .map(|(variable, what)| format!("{what} in line {} ({})", variable.line, variable.key))
        .collect();
    let more = match broken.len().saturating_sub(NAMED) {
        0 => String::new(),
        1 => ", and in one more line".to_owned(),
        more => format!(", and in {more} more lines"),
    };
    Some(Fault {
        line: first.line,
        rule: Rule::BreaksInScripts,
        what: format!(
            "a script that makes Variables={{K=V,…}} of this file for the AWS CLI, as the article's loop does, would break at {}{more}; \
             Callboard reads it right",
            named.join(", ")
        ),
        fix: "deploy with Callboard alone, or write these without blanks, commas, quotes, brackets and comments".to_owned(),
    })
}
