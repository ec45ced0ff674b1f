//! The article's way to deploy an environment: a shell loop that puts `Variables={K=V,…}` together from the file's lines, given to
//! the AWS CLI without quotes.
//!
//! The shell splits the text at blanks, and what is left the CLI reads as its shorthand syntax (`awscli/shorthand.py`: a value
//! between quotes, or one that holds no comma, quote or closing bracket and does not begin with `=`, `[` or `{`).

use super::super::lines::Variable;

/// What of `variable` such a script would break at; `None` where it would set the same key to the same value.
pub(super) fn breaks_at(variable: &Variable) -> Option<&'static str> {
    let Variable { value, source, .. } = variable;
    if source.contains('\n') {
        return Some("a value of several lines");
    }
    let mut words = source.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    match words.next() {
        Some(_) if first == "export" => return Some("`export`"),
        Some(second) if second.starts_with('#') => return Some("a comment behind a value"),
        Some(_) => return Some("a blank"),
        None => {}
    }
    let raw = first.split_once('=').map_or("", |(_, raw)| raw);
    // That a value is a comment is told by itself.
    if raw.starts_with('#') || shorthand(raw).as_ref() == Some(value) {
        return None;
    }
    let quote = raw.contains(['"', '\'']);
    Some(match raw {
        _ if raw.contains('\\') => "a backslash",
        _ if raw.contains(',') && !quote => "a comma",
        _ if quote => "a quote",
        _ => "a bracket or a second `=`",
    })
}

/// The value that the AWS CLI reads; `None` where it reads no value, or more than one.
fn shorthand(raw: &str) -> Option<String> {
    let quote = raw.chars().next().filter(|first| matches!(first, '"' | '\''));
    let Some(quote) = quote else {
        let refused = raw.starts_with(['=', '[', '{']) || raw.contains([',', '"', '\'', ']', '}']);
        return (!refused).then(|| raw.to_owned());
    };
    let inner = &raw[1..];
    let mut escaped = false;
    let end = inner.char_indices().find(|(_, character)| {
        let closes = *character == quote && !escaped;
        escaped = *character == '\\' && !escaped;
        closes
    });
    let (end, _) = end?;
    let whole = end + 1 == inner.len();
    whole.then(|| inner[..end].replace(&format!("\\{quote}"), &quote.to_string()).replace("\\\\", "\\"))
}
