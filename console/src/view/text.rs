//! Small pieces of text: ages, durations, signs, and cutting to a width.

use std::time::Duration;

use jiff::Timestamp;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// How long ago, short: `now`, `42s`, `3m`, `18h`, `5d`.
pub(super) fn age(at: Timestamp, now: Timestamp) -> String {
    match now.duration_since(at).as_secs() {
        ..1 => "now".to_owned(),
        seconds @ ..60 => format!("{seconds}s"),
        seconds @ ..3600 => format!("{}m", seconds / 60),
        seconds @ ..86_400 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// `age` as it stands in a sentence: `just now`, `3m ago`.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    match age(at, now).as_str() {
        "now" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}

/// A duration in the unit in which it has one to four digits: `850 µs`, `41 ms`, `1.7 s`, `2 min 5 s`.
pub(super) fn took(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match duration.as_micros() {
        micros @ ..1000 => format!("{micros} µs"),
        micros @ ..1_000_000 => format!("{} ms", micros / 1000),
        ..60_000_000 => format!("{seconds:.1} s"),
        _ => format!("{} min {} s", duration.as_secs() / 60, duration.as_secs() % 60),
    }
}

/// A number with its thousands apart: `120,000`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes in a unit that a person reads: `850 B`, `3.9 MB`.
pub(super) fn bytes(count: u64) -> String {
    match count {
        ..1000 => format!("{count} B"),
        1000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}

/// `text` cut to `width` columns, with `…` where something is missing.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for cluster in text.graphemes(true) {
        used += cluster.width();
        if used > width {
            break;
        }
        out.push_str(cluster);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

/// The end of `text` in `width` columns, with `…` where something is missing.
pub(super) fn cut_front(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let mut start = text.len();
    for (index, cluster) in text.grapheme_indices(true).rev() {
        used += cluster.width();
        if used > width {
            break;
        }
        start = index;
    }
    if width > 0 { format!("…{}", &text[start..]) } else { String::new() }
}

/// `text` in rows of `width` columns.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    let mut used = 0;
    for cluster in text.graphemes(true) {
        let wide = cluster.width();
        if used + wide > width.max(1) && used > 0 {
            rows.push(String::new());
            used = 0;
        }
        used += wide;
        if let Some(row) = rows.last_mut() {
            row.push_str(cluster);
        }
    }
    rows
}

/// Prose in rows of `width` columns, broken between words.
pub(super) fn prose(text: &str, width: usize) -> Vec<String> {
    textwrap::wrap(text, width.max(1)).into_iter().map(std::borrow::Cow::into_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_and_wrapping_count_columns_and_not_characters() {
        assert_eq!(cut("漢字漢字", 5), "漢字…");
        assert_eq!(cut("plain", 5), "plain");
        assert_eq!(cut("plainer", 5), "plai…");
        assert_eq!(cut_front("漢字漢字", 5), "…漢字");
        assert_eq!(wrap("漢字ab", 3), ["漢", "字a", "b"]);
    }

    #[test]
    fn durations_have_the_unit_that_fits() {
        assert_eq!(took(Duration::from_micros(850)), "850 µs");
        assert_eq!(took(Duration::from_millis(41)), "41 ms");
        assert_eq!(took(Duration::from_millis(1700)), "1.7 s");
        assert_eq!(took(Duration::from_secs(125)), "2 min 5 s");
    }
}
