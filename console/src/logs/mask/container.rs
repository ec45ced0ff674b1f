//! What lies under the name of a secret and is more than a text: `{"access": "…"}`, `["…", "…"]`, `Some("…")`.

use super::{STAND_IN, is_stand_in, stand_in};

/// Words that say nothing.
pub(super) const NOTHING: [&str; 6] = ["true", "false", "null", "None", "nil", "undefined"];

/// Where the container begins that `text` begins with, if it is one: after a word such as `Some`, which is returned too.
pub(super) fn begin(text: &str) -> Option<(&str, usize)> {
    let word =
        text.len() - text.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_' || c == ':').len();
    let rest = &text[word..];
    let opens = rest.trim_start_matches(' ');
    let is_call = rest.starts_with(['(', '{', '[']) || (word > 0 && opens.starts_with('{'));
    is_call.then_some((&text[..word], text.len() - opens.len()))
}

/// `text`, which begins with a bracket, with stand-ins for all texts and numbers up to the bracket that closes it, and where that
/// is; without one, up to its end. Names of members stay.
pub(super) fn hidden(text: &str) -> (String, usize) {
    let mut out = String::new();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(next) = text[at..].chars().next() {
        match next {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth -= 1,
            '"' | '\'' | '\\' => {
                let (open, inside, close) = quoted(&text[at..]);
                let end = at + open + inside + close;
                let content = &text[at + open..at + open + inside];
                out.push_str(&text[at..at + open]);
                out.push_str(&shown(content, &text[end..]));
                out.push_str(&text[at + open + inside..end]);
                at = end;
                continue;
            }
            c if is_bare(c) => {
                let end = text[at..].find(|c| !is_bare(c)).map_or(text.len(), |length| at + length);
                out.push_str(&shown(&text[at..end], &text[end..]));
                at = end;
                continue;
            }
            _ => {}
        }
        out.push(next);
        at += next.len_utf8();
        if depth == 0 {
            break;
        }
    }
    (out, at)
}

fn is_bare(c: char) -> bool {
    !c.is_whitespace() && !"{}[](),:;='\"\\>".contains(c)
}

/// The bytes of the opening quote, of what is quoted and of the closing quote. A quote within JSON within JSON is escaped, and so
/// is the one that closes it.
fn quoted(text: &str) -> (usize, usize, usize) {
    let slashes = text.len() - text.trim_start_matches('\\').len();
    let Some(quote) = text[slashes..].chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        // Backslashes that escape no quote.
        return (slashes, 0, 0);
    };
    let open = slashes + 1;
    let mut escapes = 0;
    for (at, c) in text[open..].char_indices() {
        if c == quote && escapes == slashes {
            return (open, at - escapes, escapes + 1);
        }
        escapes = if c == '\\' { escapes + 1 } else { 0 };
        // Of a plain text, `\\` is a backslash and escapes nothing.
        if slashes == 0 && escapes == 2 {
            escapes = 0;
        }
    }
    (open, text.len() - open, 0)
}

/// A text of a container: the name of a member stays.
fn shown(content: &str, after: &str) -> String {
    let is_name = after.trim_start().starts_with([':', '=']);
    let number = !content.is_empty() && content.chars().all(|c| c == '.' || c == '-' || c.is_ascii_digit());
    match content {
        _ if is_name || content.is_empty() || NOTHING.contains(&content) || is_stand_in(content) => {
            content.to_owned()
        }
        _ if content.starts_with("arn:") => content.to_owned(),
        _ if number => STAND_IN.to_owned(),
        _ => stand_in(content, true),
    }
}
