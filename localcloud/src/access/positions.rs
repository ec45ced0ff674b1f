//! Where in its text each statement of a policy stands, as IAM's simulator tells it.

/// A place in a text: line and column, from 1. Columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// For each statement the places behind its opening and behind its closing brace (as recorded of AWS). The text is JSON
/// that was read before, and an object.
pub(crate) fn statements(text: &str) -> Vec<(Place, Place)> {
    let mut found = Vec::new();
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut place = Place { line: 1, column: 1 };
    // The member of the whole document that is being read, and the text in quotes that was read last.
    let (mut member, mut last) = (String::new(), String::new());
    let mut begun: Option<(usize, Place)> = None;
    for letter in text.chars() {
        place = match letter {
            '\n' => Place { line: place.line + 1, column: 1 },
            _ => Place { column: place.column + 1, ..place },
        };
        if quoted {
            match letter {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = false,
                other => last.push(other),
            }
            continue;
        }
        match letter {
            '"' => {
                quoted = true;
                last.clear();
            }
            ':' if depth == 1 => member.clone_from(&last),
            '{' | '[' => {
                if letter == '{' && depth > 0 && begun.is_none() && member == "Statement" {
                    begun = Some((depth, place));
                }
                depth += 1;
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if let Some((level, start)) = begun
                    && level == depth
                {
                    found.push((start, place));
                    begun = None;
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(text: &str) -> Vec<(usize, usize)> {
        statements(text).into_iter().map(|(start, end)| (start.column, end.column)).collect()
    }

    #[test]
    fn one_statement_and_several() {
        // The document and the places that were recorded of AWS (test_simulate_principle_policy).
        let recorded = r#"{"Version": "2012-10-17", "Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}}"#;
        assert_eq!(columns(recorded), [(41, 113)]);
        assert_eq!(
            columns(r#"{"Statement":[{"Sid":"}{"},{"Condition":{"A":{}}}],"Id":{}}"#),
            [(16, 27), (29, 50)]
        );
        let lines = statements("{\"Statement\": [\n  {\n  }\n]}");
        assert_eq!(lines, [(Place { line: 2, column: 4 }, Place { line: 3, column: 4 })]);
    }
}
