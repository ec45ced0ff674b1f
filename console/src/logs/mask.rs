//! What looks like a key is not shown: the screen is seen over shoulders and its lines end up in tickets.

mod container;
mod patterns;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Match, Regex};
use serde_json::Value;

use patterns::{HINT, LINE, PATTERNS};

/// What stands for what is not shown; always as long, so that it does not tell how long that is.
const STAND_IN: &str = "••••••••";
/// How much of a long secret is shown, so that two can be told apart, in characters.
const KEPT: usize = 4;
/// A secret is long from here on, in characters.
const LONG: usize = 16;
/// A line of base64 alone is a line of a key from here on whatever is in it; a shorter one when it has letters of both
/// cases and digits. PEM lines have 64 characters (RFC 7468), the last one what is left.
const WHOLE_LINE: usize = 48;

/// How often a text is looked through at most.
const PASSES: usize = 6;

/// Compiles the patterns, which takes some 20 ms: else the first frame with what looks like a secret waits for that.
pub fn prepare() {
    LazyLock::force(&HINT);
    LazyLock::force(&LINE);
    LazyLock::force(&PATTERNS);
}

/// `text` with stand-ins for what looks like a password, a token or a key.
pub fn mask(text: &str) -> Cow<'_, str> {
    let mut out = masked_once(text);
    // What stands for one secret may bare the beginning of another that it hid.
    for _ in 1..PASSES {
        let Cow::Owned(masked) = &out else { break };
        let Cow::Owned(again) = masked_once(masked) else { break };
        out = Cow::Owned(again);
    }
    out
}

fn masked_once(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    if HINT.as_ref().is_none_or(|hint| hint.is_match(text)) {
        for pattern in &PATTERNS.secrets {
            if let Some(masked) = replaced(pattern, &out) {
                out = Cow::Owned(masked);
            }
        }
    }
    if !text.contains(' ')
        && let Some(line) = LINE.as_ref()
        && let Some(found) = line.captures(&out).and_then(|found| found.get(1))
        && is_of_key(found.as_str())
    {
        let masked =
            format!("{}{}{}", &out[..found.start()], stand_in(found.as_str(), true), &out[found.end()..]);
        out = Cow::Owned(masked);
    }
    out
}

/// Masks a JSON value: what its text says, and what lies under a name that says so.
pub fn mask_json(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(masked) = mask(text) {
                *text = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_json),
        Value::Object(fields) => {
            for (name, value) in fields {
                if is_secret(name) { hide(value) } else { mask_json(value) }
            }
        }
        _ => {}
    }
}

/// Hides every text and number of a value that lies under the name of a secret.
fn hide(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("arn:") || is_stand_in(text) => {}
        Value::String(text) => *text = stand_in(text, true),
        Value::Number(_) => *value = STAND_IN.into(),
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(fields) => fields.values_mut().for_each(hide),
        _ => {}
    }
}

/// Whether what is called so is a secret: by the same pattern as in text.
fn is_secret(name: &str) -> bool {
    matches!(mask(&format!("\"{name}\":\"x\"")), Cow::Owned(_))
}

/// `text` with a stand-in for each secret that `pattern` names. `None`: there is none.
fn replaced(pattern: &Regex, text: &str) -> Option<String> {
    let mut out = String::new();
    let mut at = 0;
    let mut from = 0;
    while from < text.len()
        && let Some(found) = pattern.captures_at(text, from)
        && let Some((whole, secret)) = found.get(0).zip(named(&found))
    {
        let (shown, end) = secret_of(&whole, &secret, text);
        if let Some(shown) = shown {
            out.push_str(&text[at..secret.start()]);
            out.push_str(&shown);
            at = end;
        }
        // What is behind a secret may hold the next one. It is behind its name, so this goes on.
        from = end;
    }
    if at == 0 {
        return None;
    }
    out.push_str(&text[at..]);
    Some(out)
}

fn named<'t>(found: &Captures<'t>) -> Option<Match<'t>> {
    found.iter().skip(1).flatten().next()
}

/// What stands for a secret, if it is one, and where it ends.
fn secret_of(whole: &Match<'_>, secret: &Match<'_>, text: &str) -> (Option<String>, usize) {
    let before = &text[whole.start()..secret.start()];
    let harmless = PATTERNS.harmless.as_ref().is_some_and(|harmless| harmless.is_match(before));
    let rest = &text[secret.start()..];
    if let Some((word, begin)) = container::begin(rest)
        && before.trim_end_matches(' ').ends_with([':', '=', '>'])
        && !harmless
    {
        let (hidden, length) = container::hidden(&rest[begin..]);
        // `Some("…")` says nothing by its word; any other may be the secret.
        let told = if matches!(word, "" | "Some" | "Ok") || is_stand_in(word) { word } else { STAND_IN };
        let shown = format!("{told}{}{hidden}", &rest[word.len()..begin]);
        let is_new = shown != rest[..begin + length];
        return (is_new.then_some(shown), secret.start() + begin + length);
    }
    let whole_value = before.ends_with(['"', '\'']) || before.to_ascii_lowercase().contains("cookie");
    let length = if whole_value { secret.len() } else { bare(secret.as_str()) };
    let (own, end) = (&secret.as_str()[..length], secret.start() + length);
    let nothing = own.is_empty() || container::NOTHING.contains(&own);
    // `["Authorization", "value": …`: a name, not what it names.
    let is_name = before.trim_end_matches(['"', '\'', '\\', ' ', '[']).ends_with(',')
        && text[end..].trim_start_matches(['"', '\'', '\\']).trim_start().starts_with(':');
    // What a stand-in keeps of a secret stands before it.
    let masked = own.contains(STAND_IN) || text[end..].starts_with(STAND_IN);
    if nothing || harmless || is_name || masked || own.starts_with("arn:") || is_in_arn(text, whole) {
        return (None, end);
    }
    (Some(stand_in(own, !whole.as_str().starts_with("-----"))), end)
}

/// Whether what was found lies in an ARN: `arn:aws:secretsmanager:…:secret:db`.
fn is_in_arn(text: &str, whole: &Match<'_>) -> bool {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | ',' | '(' | '[');
    text[..whole.start()].rsplit(ends).next().is_some_and(|word| word.starts_with("arn:"))
}

/// The bytes of a bare value that are its own: `hunter2` of `hunter2, user=ops}` and of `hunter2,user=ops`.
fn bare(value: &str) -> usize {
    let closes = |c: char| matches!(c, ',' | ';' | ')' | ']' | '}');
    for (at, _) in value.match_indices(closes) {
        let rest = value[at..].trim_start_matches(closes);
        let name = rest.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if rest.is_empty() || (name.len() < rest.len() && name.starts_with(['=', ':'])) {
            return at;
        }
    }
    value.len()
}

/// Whether a line of base64 alone is of a key; a digest is none.
fn is_of_key(line: &str) -> bool {
    let has = |of: fn(&u8) -> bool| line.bytes().any(|byte| of(&byte));
    let mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    !line.bytes().all(|byte| byte.is_ascii_hexdigit()) && (line.len() >= WHOLE_LINE || mixed)
}

fn stand_in(secret: &str, keep: bool) -> String {
    let kept = if keep && secret.chars().count() >= LONG { KEPT } else { 0 };
    secret.chars().take(kept).chain(STAND_IN.chars()).collect()
}

/// Whether `text` is what [`stand_in`] made.
fn is_stand_in(text: &str) -> bool {
    text.strip_suffix(STAND_IN).is_some_and(|kept| kept.chars().count() <= KEPT)
}

#[cfg(test)]
mod tests;
