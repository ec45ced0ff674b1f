use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Between two columns.
const GAP: &str = "  ";
/// No column is cut below this, columns of a terminal.
const LEAST: usize = 6;

/// A table for a terminal of this width. What does not fit is cut, the widest columns first; an ellipsis says so.
pub(super) fn drawn(columns: &[String], cells: &[Vec<String>], width: usize, colour: bool) -> String {
    let natural = columns.iter().enumerate().map(|(place, name)| {
        let cells = cells.iter().filter_map(|row| row.get(place));
        cells.map(|cell| cell.width()).max().unwrap_or_default().max(name.width())
    });
    let widths = fitted(natural.collect(), width.saturating_sub(GAP.len() * columns.len().saturating_sub(1)));
    let right: Vec<bool> = (0..columns.len())
        .map(|place| {
            let mut filled =
                cells.iter().filter_map(|row| row.get(place)).filter(|cell| !cell.is_empty()).peekable();
            filled.peek().is_some() && filled.all(|cell| cell.parse::<f64>().is_ok())
        })
        .collect();
    let line = |row: &[String]| {
        let cells = row.iter().zip(widths.iter().zip(&right)).map(|(cell, (width, right))| {
            let cell = cut(cell, *width);
            let blanks = " ".repeat(width.saturating_sub(cell.width()));
            if *right { format!("{blanks}{cell}") } else { format!("{cell}{blanks}") }
        });
        // Columns that cannot all be seen must not break the lines.
        cut(cells.collect::<Vec<_>>().join(GAP).trim_end(), width)
    };
    let head = line(columns);
    let mut text = if colour { format!("\u{1b}[1m{head}\u{1b}[0m\n") } else { format!("{head}\n") };
    for row in cells {
        text.push_str(&line(row));
        text.push('\n');
    }
    text
}

/// Widths whose sum is at most `room`, as long as none must go below the least.
fn fitted(mut widths: Vec<usize>, room: usize) -> Vec<usize> {
    let mut over = widths.iter().sum::<usize>().saturating_sub(room);
    while over > 0 {
        let Some(widest) = widths.iter().copied().max().filter(|widest| *widest > LEAST) else { break };
        let second = widths.iter().copied().filter(|width| *width < widest).max().unwrap_or_default();
        let alike = widths.iter().filter(|width| **width == widest).count();
        let less = (widest - second.max(LEAST)).min(over.div_ceil(alike));
        for width in widths.iter_mut().filter(|width| **width == widest) {
            let taken = less.min(over);
            *width -= taken;
            over -= taken;
        }
    }
    widths
}

/// At most so wide; graphemes stay whole.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut taken = 1;
    for grapheme in text.graphemes(true) {
        taken += grapheme.width();
        if taken > width {
            break;
        }
        out.push_str(grapheme);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn numbers_stand_right_and_long_text_is_cut() {
        let table = drawn(
            &row(&["path", "count(*)", "message"]),
            &[row(&["/漢字", "7", "short"]), row(&["/b", "1200.5", "a message that is too long"])],
            34,
            false,
        );
        assert_eq!(
            table,
            "path   count(*)  message\n/漢字         7  short\n/b       1200.5  a message that i…\n"
        );
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(cells in proptest::collection::vec("[a-z漢é ]{0,30}", 1..6), width in 1..60usize) {
            let names: Vec<String> = (0..cells.len()).map(|place| format!("column {place}")).collect();
            for line in drawn(&names, &[cells], width, false).lines() {
                prop_assert!(line.width() <= width, "{line:?}");
            }
        }
    }
}
