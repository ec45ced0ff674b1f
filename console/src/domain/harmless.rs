use std::borrow::Cow;

/// Foreign text made harmless to show: nothing in it can move the cursor, colour the screen, reorder what is read or hide.
///
/// Colour sequences (CSI … m), which plain-text loggers write, are dropped; any other escape is shown as `␛`. A tab
/// becomes a space, C0 controls their Unicode pictures, C1 controls `�`, bidirectional and zero-width characters
/// `‹U+202E›`. A line break stays.
pub fn harmless(text: &str) -> String {
    stand_ins(&colourless(text))
}

/// Whether nothing in it needs a stand-in. Most lines are so, and each line that is printed is asked: some 30 bytes at once.
fn is_harmless(text: &str) -> bool {
    let printable = |part: &[u8]| part.iter().fold(true, |all, byte| all & (b' '..=b'~').contains(byte));
    text.as_bytes().chunks(32).all(printable)
}

/// `text` with a stand-in for each character that is not harmless.
fn stand_ins(text: &str) -> String {
    if is_harmless(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        // Scripts and emoji need joiners; between ASCII letters they only hide that two words are not the same.
        let joins = matches!(letter, '\u{200c}' | '\u{200d}');
        if joins && (before.is_ascii() || letters.peek().is_none_or(char::is_ascii)) {
            push_stand_in(&mut out, letter);
        } else {
            push_harmless(&mut out, letter);
        }
        before = letter;
    }
    out
}

/// `text` without its colour sequences, which plain-text loggers write.
pub fn colourless(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = memchr::memchr(0x1b, rest.as_bytes()) {
        match colour_sequence(&rest[at..]) {
            Some(length) => {
                out.push_str(&rest[..at]);
                rest = &rest[at + length..];
            }
            None => {
                out.push_str(&rest[..=at]);
                rest = &rest[at + 1..];
            }
        }
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A foreign text as one harmless line: inner line breaks are shown as `␤`, space at its end is dropped.
pub fn plain(text: &str) -> String {
    // Space may stand before colours, and a joiner before space: what is shown is judged as it will stand.
    let text = stand_ins(colourless(text).trim_end());
    if text.contains('\n') { text.replace('\n', "␤") } else { text }
}

/// A foreign text as harmless lines.
pub fn plain_lines(text: &str) -> Vec<String> {
    text.lines().map(plain).collect()
}

/// A foreign text as one harmless line of at most `limit` characters; an ellipsis says that it was longer.
pub fn one_line(text: &str, limit: usize) -> String {
    let text = harmless(text).split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(limit) {
        None => text,
        Some(_) => text.chars().take(limit.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// A JSON text in which no character is left that a terminal would obey or that would deceive a reader: they stand as
/// `\\u202e`, which means the same to who reads the JSON.
pub fn harmless_json(json: &str) -> String {
    let odd = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{200c}' | '\u{200d}') || is_deceptive(c);
    if json.is_ascii() && !json.contains('\u{7f}') {
        return json.to_owned();
    }
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if odd(character) {
            let units = character
                .encode_utf16(&mut [0; 2])
                .iter()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect::<String>();
            out.push_str(&units);
        } else {
            out.push(character);
        }
    }
    out
}

fn push_harmless(out: &mut String, character: char) {
    match character {
        '\t' => out.push(' '),
        '\n' => out.push('\n'),
        // U+2400 + n is the picture of control n.
        '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(character))),
        '\u{7f}' => out.push('␡'),
        '\u{80}'..='\u{9f}' => out.push('\u{fffd}'),
        _ if is_deceptive(character) => push_stand_in(out, character),
        _ => out.push(character),
    }
}

fn push_stand_in(out: &mut String, character: char) {
    out.push_str(&format!("‹U+{:04X}›", u32::from(character)));
}

/// Characters that are not seen but change how what is around them is read: bidirectional controls, zero-width
/// characters, letters that are blank, line separators, tags, selectors of variants that no font has, and the byte order mark
/// (Unicode 16, general categories Cf, Zl, Zp, less the joiners that scripts and emoji need).
fn is_deceptive(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e01ef}')
}

/// Length of the colour sequence (ECMA-48 SGR: `ESC [ digits ; : m`) at the start of `text`.
fn colour_sequence(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':'))?;
    parameters[end..].starts_with('m').then_some(2 + end + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_go_and_other_escapes_are_shown() {
        assert_eq!(plain("\u{1b}[2m2026\u{1b}[0m \u{1b}[32mINFO\u{1b}[0m hello"), "2026 INFO hello");
        assert_eq!(plain("\u{1b}[2Jgone\u{1b}]0;title\u{7}"), "␛[2Jgone␛]0;title␇");
        assert_eq!(
            plain("pass\u{200d}word \u{1f469}\u{200d}\u{1f4bb}"),
            "pass‹U+200D›word \u{1f469}\u{200d}\u{1f4bb}"
        );
        assert_eq!(plain("a\u{202e}b\0c\r\nd\n"), "a‹U+202E›b␀c␍␤d");
        assert_eq!(plain("a \u{1b}[0m"), "a");
        assert_eq!(plain("é\u{200d}\u{a0}\u{1b}[2m"), "é‹U+200D›");
        assert_eq!(plain("a \u{1b}\u{1b}[0m[0m"), "a ␛[0m");
    }

    #[test]
    fn a_long_text_is_cut_to_its_limit() {
        assert_eq!(one_line("one\r\ntwo   three", 40), "one␍ two three");
        assert_eq!(one_line("äöüäöü", 4), "äöü…");
        assert_eq!(one_line("äöüä", 4), "äöüä");
    }

    proptest! {
        #[test]
        fn one_line_is_one_harmless_line_within_its_limit(text in any::<String>(), limit in 1usize..50) {
            let line = one_line(&text, limit);
            prop_assert!(line.chars().all(|letter| !letter.is_control()));
            prop_assert!(line.chars().count() <= limit);
        }

        #[test]
        fn no_input_leaves_a_character_that_a_terminal_obeys(text in ".*", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let foreign = format!("{text}{}", String::from_utf8_lossy(&bytes));
            let shown = plain(&foreign);
            prop_assert!(!shown.chars().any(|c| c.is_control() || is_deceptive(c)), "{shown:?}");
        }

        #[test]
        fn harmless_json_says_the_same(text in any::<String>(), odd in "[\\x7f-\u{9f}\u{202e}\u{200d}\u{e0041}]{0,5}") {
            let text = format!("{text}{odd}");
            let json = harmless_json(&serde_json::to_string(&text).expect("JSON"));
            prop_assert!(!json.chars().any(|c| c.is_control() || is_deceptive(c)), "{json:?}");
            prop_assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
        }

        #[test]
        fn plain_text_stays_as_it_is(text in "[ -~äöü漢字]*") {
            prop_assert_eq!(plain(&text), text.trim_end());
        }
    }
}
