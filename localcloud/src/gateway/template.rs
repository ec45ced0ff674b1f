//! Mapping templates, as far as they are texts with references in them: `$context.requestId`, `${stageVariables.color}`,
//! `$input.params('id')`. The statements of the template language (`#set`, `#if` …) are not offered.

/// The statements of the Velocity Template Language.
const STATEMENTS: [&str; 13] = [
    "set", "if", "elseif", "else", "end", "foreach", "include", "parse", "stop", "break", "evaluate",
    "define", "macro",
];

/// A piece of a template.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Reference(Reference<'a>),
}

/// Something to be filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    /// As it is written.
    pub(crate) text: &'a str,
    /// Such as `context.requestId`.
    pub(crate) name: &'a str,
    /// What stands in parentheses behind it.
    pub(crate) argument: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// The parameter that `$input.params('NAME')` names.
    pub(crate) fn parameter(&self) -> Option<&'a str> {
        let argument = self.argument?.trim();
        let quoted =
            ['\'', '"'].into_iter().find_map(|quote| argument.strip_prefix(quote)?.strip_suffix(quote));
        (self.name == "input.params").then_some(quoted).flatten()
    }

    fn is_offered(&self) -> bool {
        let known = self.name.starts_with("context.") || self.name.starts_with("stageVariables.");
        match self.argument {
            Some(_) => self.parameter().is_some(),
            None => known || self.name == "input.body",
        }
    }
}

/// Says what of a template cannot be done here; `None` when all of it can.
pub(crate) fn not_offered(template: &str) -> Option<String> {
    for (at, _) in template.match_indices('#') {
        let rest = &template[at + 1..];
        if rest.starts_with(['#', '*']) || rest.starts_with("[[") {
            return Some("comments and unparsed blocks (##, #*, #[[)".to_owned());
        }
        let word = rest.strip_prefix('{').unwrap_or(rest);
        let word = &word[..word.find(|byte: char| !byte.is_ascii_alphabetic()).unwrap_or(word.len())];
        if STATEMENTS.contains(&word) {
            return Some(format!("the statement #{word}"));
        }
    }
    pieces(template).into_iter().find_map(|piece| match piece {
        Piece::Reference(reference) if !reference.is_offered() => Some(reference.text.to_owned()),
        _ => None,
    })
}

/// Fills a template in. References of which `value` knows nothing stay as they are written.
pub(crate) fn render(template: &str, value: impl Fn(Reference<'_>) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Reference(reference) => match value(reference) {
                Some(value) => out.push_str(&value),
                None => out.push_str(reference.text),
            },
        }
    }
    out
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut text_from, mut at) = (0, 0);
    while let Some(found) = template[at..].find('$') {
        let from = at + found;
        match reference(&template[from..]) {
            Some(reference) => {
                if text_from < from {
                    pieces.push(Piece::Text(&template[text_from..from]));
                }
                at = from + reference.text.len();
                text_from = at;
                pieces.push(Piece::Reference(reference));
            }
            None => at = from + 1,
        }
    }
    if text_from < template.len() {
        pieces.push(Piece::Text(&template[text_from..]));
    }
    pieces
}

/// The reference that the text, which begins with `$`, begins with; `None` when the dollar stands for itself.
fn reference(text: &str) -> Option<Reference<'_>> {
    let after = text.strip_prefix('$')?;
    let after = after.strip_prefix('!').unwrap_or(after);
    let (braced, after) = match after.strip_prefix('{') {
        Some(inside) => (true, inside),
        None => (false, after),
    };
    let mut length = 0;
    loop {
        let rest = &after[length..];
        let dot = usize::from(length > 0);
        if dot == 1 && !rest.starts_with('.') {
            break;
        }
        let part = &rest[dot..];
        if !part.starts_with(|first: char| first.is_ascii_alphabetic()) {
            break;
        }
        let more = |byte: char| byte.is_ascii_alphanumeric() || byte == '_' || byte == '-';
        length += dot + part.find(|byte| !more(byte)).unwrap_or(part.len());
    }
    if length == 0 {
        return None;
    }
    let name = &after[..length];
    let mut rest = &after[length..];
    let mut argument = None;
    if let Some(inside) = rest.strip_prefix('(')
        && let Some((inside, behind)) = inside.split_once(')')
    {
        argument = Some(inside);
        rest = behind;
    }
    if braced {
        rest = rest.strip_prefix('}')?;
    }
    Some(Reference { text: &text[..text.len() - rest.len()], name, argument })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_filled_in_and_other_dollars_stand_for_themselves() {
        let value = |reference: Reference<'_>| match (reference.name, reference.parameter()) {
            ("context.requestId", _) => Some("r-1".to_owned()),
            ("stageVariables.color", _) => Some("blue".to_owned()),
            (_, Some(name)) => Some(format!("<{name}>")),
            _ => None,
        };
        for (template, expected) in [
            ("{\"id\": \"$context.requestId\"}.", "{\"id\": \"r-1\"}."),
            ("$context.requestId.", "r-1."),
            ("${stageVariables.color}ish $!{stageVariables.color}", "blueish blue"),
            ("$input.params('x-y')/$input.params(\"q\")", "<x-y>/<q>"),
            ("5$ and $$ and $1", "5$ and $$ and $1"),
            ("$context.unknown ${open", "$context.unknown ${open"),
            ("é$context.requestIdé", "ér-1é"),
        ] {
            assert_eq!(render(template, value), expected, "{template}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_template_is_what_is_not_known_stays(text in r"([$#{}().!'a-c]|\$context\.|\PC)*") {
            proptest::prop_assert_eq!(render(&text, |_| None), text.clone());
            not_offered(&text);
        }
    }

    #[test]
    fn what_is_more_than_text_with_references_is_named() {
        for fits in ["{\"statusCode\": 200}", "$context.stage #fff # 1", "$input.body", "$stageVariables.a"] {
            assert_eq!(not_offered(fits), None, "{fits}");
        }
        for (template, named) in [
            ("#set($a = 1)", "#set"),
            ("a #{else} b", "#else"),
            ("## said", "comments"),
            ("$input.json('$.a')", "$input.json('$.a')"),
            ("$util.urlEncode($input.body)", "$util.urlEncode($input.body)"),
            ("$foo", "$foo"),
            ("$input.params()", "$input.params()"),
        ] {
            let said = not_offered(template).unwrap();
            assert!(said.contains(named), "{template}: {said}");
        }
    }
}
