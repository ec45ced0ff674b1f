//! Lines of the service that are plain text: the level that loggers write in front, and what belongs to a panic or a trace.

use super::Link;
use crate::domain::Level;

/// Words among which a level is looked for: Apache's is the sixth (`[Sat Nov 22 12:03:12 2026] [core:error]`).
const FIRST_WORDS: usize = 8;
/// Words of which each may be a level. Behind them only after what is no text yet: times, numbers, brackets.
const SURELY_FIRST: usize = 4;

/// The level of a line: `2026-11-22T12:00:00Z  INFO hello`, `[ERROR] …`, `WARN: …`, `level=error`, `[12:03:12 ERR] …`,
/// `E1122 12:03:12.123456`, `<11>…`, `error: …`, or a panic's or an exception's own.
/// `link`: what [`link`] says of it.
pub(super) fn level(text: &str, link: Link) -> Option<Level> {
    if link == Link::Closes || opens(text) || text.starts_with("PHP Fatal error") {
        return Some(Level::Error);
    }
    glog(text).or_else(|| syslog(text)).or_else(|| among_first_words(text))
}

fn among_first_words(text: &str) -> Option<Level> {
    for (index, word) in text.split_ascii_whitespace().take(FIRST_WORDS).enumerate() {
        for key in ["level=", "severity=", "lvl="] {
            if let Some(named) = word.strip_prefix(key) {
                return Level::named(named.trim_matches('"'));
            }
        }
        if let Some(level) = of_word(word, index) {
            return Some(level);
        }
        let is_text = word.bytes().all(|byte| byte.is_ascii_alphabetic())
            && word.bytes().any(|byte| byte.is_ascii_lowercase());
        if index + 1 >= SURELY_FIRST && is_text {
            return None;
        }
    }
    None
}

/// Only words that are written as levels are: `error` in a sentence is none.
fn of_word(word: &str, index: usize) -> Option<Level> {
    // nginx and Apache: `[error]`, `[core:error]`.
    if let Some(inner) = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Level::named(inner.rsplit(':').next().unwrap_or(inner));
    }
    let inner = word.trim_start_matches(['[', '(', '<', '|', '*', '"']);
    if !inner.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    // `ERROR:root:boom` of Python, `ERROR:` of many.
    let name = inner.split(':').next().unwrap_or_default();
    let name = name.trim_end_matches([']', ')', '>', '|', '*', '"', ',']);
    let is_capital = name.bytes().all(|byte| byte.is_ascii_uppercase());
    // `Warning: …`; `error: …` of winston and .NET only at the start of the line.
    let is_titled = name.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase()) || index == 0;
    let is_prefix = is_titled && inner.len() == name.len() + 1 && inner.ends_with(':');
    if is_capital || is_prefix { Level::named(name) } else { None }
}

/// glog and klog: `E1122 12:03:12.123456`.
fn glog(text: &str) -> Option<Level> {
    let bytes = text.as_bytes();
    let shape = bytes.len() > 8 && bytes[1..5].iter().all(u8::is_ascii_digit) && bytes[5] == b' ';
    if !shape || !bytes[6].is_ascii_digit() {
        return None;
    }
    match bytes[0] {
        b'I' => Some(Level::Info),
        b'W' => Some(Level::Warn),
        b'E' | b'F' => Some(Level::Error),
        _ => None,
    }
}

/// syslog (RFC 5424): `<11>` is facility × 8 + severity.
fn syslog(text: &str) -> Option<Level> {
    let (number, _) = text.strip_prefix('<')?.split_once('>')?;
    if number.len() > 3 {
        return None;
    }
    let priority: i64 = number.parse().ok().filter(|priority| (0..=191).contains(priority))?;
    Some(of_severity(priority % 8))
}

/// Severities of syslog, 0 to 7, which GELF has too.
pub(super) fn of_severity(severity: i64) -> Level {
    match severity {
        ..=3 => Level::Error,
        4 => Level::Warn,
        5 | 6 => Level::Info,
        _ => Level::Debug,
    }
}

/// Whether the line behind it belongs to it, whatever it is.
fn opens(text: &str) -> bool {
    text.starts_with("thread '") && text.contains("panicked at ")
        || ["Traceback (", "panic: ", "fatal error: ", "Exception in thread ", "Unhandled exception"]
            .iter()
            .any(|start| text.starts_with(start))
}

/// What belongs to a panic or a trace: Rust, Python, Java, JavaScript, .NET, Go, Ruby, PHP.
pub(super) fn link(text: &str) -> Link {
    // A panic of Rust whose message is on the same line (before 1.73) opens nothing.
    if opens(text) && (!text.starts_with("thread '") || text.ends_with(':')) {
        return Link::Opens;
    }
    let starts = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    // No more of a line is looked at than it takes: this is asked of each one that comes.
    let digits = text.bytes().take(10).take_while(u8::is_ascii_digit).count();
    let frame = (1..=9).contains(&digits) && text[digits..].starts_with(": ");
    let continues = starts(&[
        " ",
        "\t",
        "at ",
        "note: ",
        "stack backtrace:",
        "Stack trace:",
        "Caused by:",
        "... ",
        "\u{3000}",
        "goroutine ",
        "[signal ",
        "created by ",
        "During handling of the above exception",
        "The above exception was the direct cause",
    ]);
    if frame || continues || is_frame_of_go(text) || is_frame_of_php(text) {
        return Link::Continues;
    }
    // `ValueError: …`, `botocore.exceptions.ClientError: …`
    let dotted = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
    let (name, rest) = text.split_at(text.find(|c| !dotted(c)).unwrap_or(text.len()));
    let is_named = rest.is_empty() || rest.starts_with(':');
    let exception = name.ends_with("Error") || name.ends_with("Exception") || name.ends_with("Interrupt");
    if is_named && exception { Link::Closes } else { Link::None }
}

/// `net/http.(*conn).serve(0xc0000b2000, {0x1, 0x2})`: its place follows on a line of its own, behind a tab.
fn is_frame_of_go(text: &str) -> bool {
    if !text.ends_with(')') {
        return false;
    }
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '(' | '*' | ')');
    let end = text.find(|c: char| !named(c)).unwrap_or(text.len());
    let name = &text[..end];
    name.contains('.') && name.contains('(') && !name.starts_with('(')
}

/// `#0 /app/index.php(3): handler()`
fn is_frame_of_php(text: &str) -> bool {
    text.strip_prefix('#').and_then(|rest| rest.split_once(' ')).is_some_and(|(number, _)| is_number(number))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit())
}
