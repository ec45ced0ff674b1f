//! What makes foreign text harmless: nothing is left that a terminal obeys or that deceives a reader, and what was harmless stays.
#![no_main]

use fuzz::domain::{harmless, harmless_json, one_line, plain, plain_lines};
use fuzz::{deceives, is_obeyed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);

    let shown = harmless(&text);
    assert!(!shown.chars().any(|letter| is_obeyed(letter, true) || deceives(letter)), "{shown:?}");
    assert_joiners_join(&shown);
    assert_eq!(harmless(&shown), shown, "twice is not once");
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        assert_eq!(shown, text);
    }

    let line = plain(&text);
    assert!(!line.chars().any(|letter| is_obeyed(letter, false) || deceives(letter)), "{line:?}");
    assert_eq!(plain(&line), line, "twice is not once");
    for line in plain_lines(&text) {
        assert!(!line.chars().any(|letter| is_obeyed(letter, false) || deceives(letter)), "{line:?}");
    }
    for limit in [1, 2, 40] {
        let line = one_line(&text, limit);
        assert!(
            line.chars().count() <= limit
                && !line.chars().any(|letter| is_obeyed(letter, false) || deceives(letter))
        );
    }

    let json = serde_json::to_string(&text).unwrap();
    let safe = harmless_json(&json);
    assert!(!safe.chars().any(|letter| is_obeyed(letter, false) || deceives(letter)), "{safe:?}");
    assert!(!safe.contains(['\u{200c}', '\u{200d}']), "{safe:?}");
    assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text, "it says something else");
});

/// Scripts and emoji need joiners; next to ASCII they only hide.
fn assert_joiners_join(shown: &str) {
    let letters: Vec<char> = shown.chars().collect();
    for (index, letter) in letters.iter().enumerate() {
        if matches!(letter, '\u{200c}' | '\u{200d}') {
            let before = index.checked_sub(1).and_then(|before| letters.get(before));
            let around = [before, letters.get(index + 1)];
            assert!(around.iter().all(|one| one.is_some_and(|one| !one.is_ascii())), "{shown:?}");
        }
    }
}
