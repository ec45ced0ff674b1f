/// Foreign text made harmless to show: nothing in it can move the cursor, colour the screen, reorder what is read or hide.
///
/// Colour sequences (CSI … m), which plain-text loggers write, are dropped; any other escape is shown as `␛`. A tab
/// becomes a space, C0 controls their Unicode pictures, C1 controls `�`, bidirectional and zero-width characters
/// `‹U+202E›`. A line break stays.
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if character == '\u{1b}'
            && let Some(length) = colour_sequence(rest)
        {
            rest = &rest[length..];
            continue;
        }
        push_harmless(&mut out, character);
        rest = &rest[character.len_utf8()..];
    }
    out
}

/// A foreign text as one harmless line: inner line breaks are shown as `␤`, space at its end is dropped.
pub fn plain(text: &str) -> String {
    let text = harmless(text.trim_end());
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

fn push_harmless(out: &mut String, character: char) {
    match character {
        '\t' => out.push(' '),
        '\n' => out.push('\n'),
        // U+2400 + n is the picture of control n.
        '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(character))),
        '\u{7f}' => out.push('␡'),
        '\u{80}'..='\u{9f}' => out.push('\u{fffd}'),
        _ if is_deceptive(character) => {
            out.push_str(&format!("‹U+{:04X}›", u32::from(character)));
        }
        _ => out.push(character),
    }
}

/// Characters that are not seen but change how what is around them is read: bidirectional controls, zero-width
/// characters, line separators, tags, and the byte order mark (Unicode 16, general categories Cf, Zl, Zp, less the
/// joiners that scripts and emoji need).
fn is_deceptive(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
        assert_eq!(plain("a\u{202e}b\0c\r\nd\n"), "a‹U+202E›b␀c␍␤d");
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
        fn plain_text_stays_as_it_is(text in "[ -~äöü漢字]*") {
            prop_assert_eq!(plain(&text), text.trim_end());
        }
    }
}
