use unicode_width::UnicodeWidthStr;

use crate::cloud::QueryMistake;
use crate::domain::plain;

/// A mistake in AWS's words, with the line of the query that it is in, and carets under the place.
pub(super) fn told(query: &str, mistake: &QueryMistake) -> String {
    let mut text = format!("callboard: AWS does not understand the query: {}", plain(&mistake.message));
    let Some(at) = &mistake.at else { return text };
    let letters: Vec<char> = query.chars().collect();
    let start = at.start.min(letters.len());
    let line_start = letters[..start].iter().rposition(|c| *c == '\n').map_or(0, |place| place + 1);
    let line_end = letters[line_start..]
        .iter()
        .position(|c| *c == '\n')
        .map_or(letters.len(), |place| line_start + place);
    let part = |from: usize, to: usize| letters[from..to].iter().collect::<String>();
    // Each part by itself: what is foreign may become longer when it is made harmless.
    let shown = |text: String| crate::domain::harmless(&text);
    let before = shown(part(line_start, start));
    let wrong = shown(part(start, at.end.clamp(start, line_end)));
    let behind = shown(part(at.end.clamp(start, line_end), line_end));
    text.push_str(&format!(
        "\n\n  {before}{wrong}{behind}\n  {}{}",
        " ".repeat(before.width()),
        "^".repeat(wrong.width().max(1))
    ));
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mistake(at: Option<std::ops::Range<usize>>) -> QueryMistake {
        QueryMistake { message: "wrong".to_owned(), at }
    }

    #[test]
    fn the_place_is_pointed_at() {
        let start = "callboard: AWS does not understand the query: wrong";
        assert_eq!(told("a", &mistake(None)), start);
        assert_eq!(told("漢 | x y", &mistake(Some(4..5))), format!("{start}\n\n  漢 | x y\n       ^"));
        assert_eq!(told("a\nbb cc\nd", &mistake(Some(5..7))), format!("{start}\n\n  bb cc\n     ^^"));
        assert_eq!(told("ab", &mistake(Some(2..2))), format!("{start}\n\n  ab\n    ^"));
    }

    proptest! {
        #[test]
        fn no_place_and_no_text_is_too_odd(query in any::<String>(), start in 0..40usize, length in 0..40usize) {
            let told = told(&query, &mistake(Some(start..start + length)));
            prop_assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{told:?}");
        }
    }
}
