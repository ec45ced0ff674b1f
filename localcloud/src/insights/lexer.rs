//! From text to tokens, one at a time: whether `/` divides or opens a regular expression is known to the parser alone.

use std::ops::Range;

use super::Mistake;

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A command, a keyword, a function's name or a field; a field in backticks too, without them.
    Word(String),
    /// A field in backticks: never a keyword.
    Quoted(String),
    /// Text in quotes, without them.
    Text(String),
    Number(f64),
    /// A length of time, milliseconds.
    Duration(i64),
    /// An operator or a bracket.
    Symbol(&'static str),
    End,
}

/// The longest first: `<=` is not `<` and `=`.
const SYMBOLS: [&str; 19] =
    ["!=", "<=", ">=", "=~", "|", ",", "(", ")", "[", "]", "=", "<", ">", "+", "-", "*", "/", "%", "^"];

/// Units of a length of time, milliseconds, as the page "stats" of CloudWatch Logs has them. Months, quarters and years are no fixed
/// length.
const UNITS: [(&[&str], i64); 6] = [
    (&["ms", "msec", "millisecond"], 1),
    (&["s", "sec", "second"], 1000),
    (&["m", "min", "minute"], 60_000),
    (&["h", "hr", "hour"], 3_600_000),
    (&["d", "day"], 86_400_000),
    (&["w", "week"], 604_800_000),
];

/// What a unit stands for. An `s` makes the plural of all but those of one letter.
fn unit_of(name: &str) -> Option<i64> {
    let singular = name.strip_suffix('s').filter(|singular| singular.len() > 1);
    let is_of = |names: &[&str]| names.iter().any(|known| *known == name || Some(*known) == singular);
    UNITS.into_iter().find(|(names, _)| is_of(names)).map(|(_, length)| length)
}

/// The text and how far it was read, bytes.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Lexer<'a> {
        Lexer { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// A mistake at these bytes.
    pub(super) fn mistake(&self, at: Range<usize>, message: impl Into<String>) -> Mistake {
        let letters = |bytes: usize| self.text.get(..bytes).unwrap_or(self.text).chars().count();
        let start = letters(at.start);
        Mistake { at: start..letters(at.end).max(start), message: message.into() }
    }

    /// Past blanks and comments.
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    /// The next token and the bytes that it stands at.
    pub(super) fn next(&mut self) -> Result<(Token, Range<usize>), Mistake> {
        self.skip();
        let start = self.at;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok((Token::End, start..start)) };
        let token = match first {
            '"' | '\'' => Token::Text(self.quoted(first)?),
            '0'..='9' => self.number()?,
            '`' | '@' | '_' => self.word()?,
            letter if letter.is_alphabetic() => self.word()?,
            other => match SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
                Some(symbol) => {
                    self.at += symbol.len();
                    Token::Symbol(symbol)
                }
                None => {
                    let end = start + other.len_utf8();
                    return Err(self.mistake(start..end, format!("unexpected symbol found {other:?}")));
                }
            },
        };
        Ok((token, start..self.at))
    }

    /// Up to the closing quote. A backslash lets a quote or a backslash stand for itself, and stays before anything else.
    fn quoted(&mut self, quote: char) -> Result<String, Mistake> {
        let start = self.at;
        let mut found = String::new();
        let mut letters = self.rest().char_indices().skip(1).peekable();
        while let Some((at, letter)) = letters.next() {
            if letter == quote {
                self.at = start + at + quote.len_utf8();
                return Ok(found);
            }
            match letter {
                '\\' => match letters.next_if(|(_, next)| *next == quote || *next == '\\') {
                    Some((_, escaped)) => found.push(escaped),
                    None => found.push('\\'),
                },
                other => found.push(other),
            }
        }
        Err(self.mistake(start..self.text.len(), "the quoted text is not closed"))
    }

    fn number(&mut self) -> Result<Token, Mistake> {
        let start = self.at;
        let rest = self.rest();
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let unit: String = rest[digits..].chars().take_while(|c| c.is_alphanumeric()).collect();
        let end = start + digits + unit.len();
        self.at = end;
        let number = rest[..digits].parse::<f64>();
        let Ok(number) = number else {
            return Err(self.mistake(start..end, "this is not a number"));
        };
        if unit.is_empty() {
            return Ok(Token::Number(number));
        }
        let length = unit_of(&unit).map(|length| length as f64);
        match length.map(|length| number * length) {
            // Exact far beyond any length of time that matters.
            Some(length) if (1.0..9e15).contains(&length) => Ok(Token::Duration(length as i64)),
            Some(_) => Err(self.mistake(start..end, "the length of time is out of range")),
            None => Err(self.mistake(
                start..end,
                format!(
                    "Callboard's local cloud does not offer {unit:?} as a unit of time: ms, sec, min, hr, day, week"
                ),
            )),
        }
    }

    /// A name: letters, digits, `@`, `_`, `.`, and anything within backticks.
    fn word(&mut self) -> Result<Token, Mistake> {
        let start = self.at;
        let mut found = String::new();
        let mut quoted = false;
        loop {
            let rest = self.rest();
            if let Some(inner) = rest.strip_prefix('`') {
                let Some(end) = inner.find('`') else {
                    return Err(self.mistake(start..self.text.len(), "the backtick is not closed"));
                };
                found.push_str(&inner[..end]);
                self.at += end + 2;
                quoted = true;
                continue;
            }
            let fits = |c: char| c.is_alphanumeric() || matches!(c, '@' | '_' | '.');
            let length = rest.find(|c: char| !fits(c)).unwrap_or(rest.len());
            if length == 0 {
                return Ok(if quoted { Token::Quoted(found) } else { Token::Word(found) });
            }
            found.push_str(&rest[..length]);
            self.at += length;
        }
    }

    /// A regular expression between slashes, if one stands here; `\/` is a slash in it.
    pub(super) fn regex(&mut self) -> Result<Option<(regex::Regex, Range<usize>)>, Mistake> {
        self.skip();
        let start = self.at;
        let Some(inner) = self.rest().strip_prefix('/') else { return Ok(None) };
        let mut escaped = false;
        let end = inner.char_indices().find_map(|(at, letter)| {
            let closes = letter == '/' && !escaped;
            escaped = letter == '\\' && !escaped;
            closes.then_some(at)
        });
        let Some(end) = end else {
            return Err(self.mistake(start..self.text.len(), "the regular expression is not closed"));
        };
        self.at = start + end + 2;
        let at = start..self.at;
        let pattern = inner[..end].replace("\\/", "/");
        match regex::RegexBuilder::new(&pattern).dot_matches_new_line(true).build() {
            Ok(regex) => Ok(Some((regex, at))),
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                Err(self.mistake(at, format!("the regular expression cannot be read: {why}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Result<Vec<Token>, Mistake> {
        let mut lexer = Lexer::new(text);
        let mut found = Vec::new();
        loop {
            match lexer.next()?.0 {
                Token::End => return Ok(found),
                token => found.push(token),
            }
        }
    }

    #[test]
    fn words_text_numbers_and_comments() {
        let word = |text: &str| Token::Word(text.to_owned());
        assert_eq!(
            tokens("fields @a.0.b # not this | x\n| `odd-name`.c").unwrap(),
            [word("fields"), word("@a.0.b"), Token::Symbol("|"), Token::Quoted("odd-name.c".to_owned())]
        );
        assert_eq!(
            tokens(r#"'it''s' "a \"b\" \\ \d" 1.5 5m"#).unwrap(),
            [
                Token::Text("it".to_owned()),
                Token::Text("s".to_owned()),
                Token::Text(r#"a "b" \ \d"#.to_owned()),
                Token::Number(1.5),
                Token::Duration(300_000)
            ]
        );
        for (text, length) in [("5min", 300_000), ("1hr", 3_600_000), ("2hours", 7_200_000), ("10ms", 10)] {
            assert_eq!(tokens(text).unwrap(), [Token::Duration(length)], "{text}");
        }
        assert!(tokens("1mo").is_err() && tokens("5ss").is_err());
    }

    #[test]
    fn mistakes_are_placed_in_characters() {
        assert_eq!(tokens("é \"open").unwrap_err().at, 2..7);
        assert_eq!(tokens("é ;").unwrap_err().at, 2..3);
        assert_eq!(tokens("bin(1q)").unwrap_err().at, 4..6);
        let mistake = Lexer::new("  /(a/ x").regex().unwrap_err();
        assert_eq!((mistake.at, mistake.message.contains("unclosed group")), (2..6, true));
        let (regex, at) = Lexer::new(r"/a\/b/ x").regex().unwrap().unwrap();
        assert_eq!((regex.as_str(), at), ("a/b", 0..6));
    }
}
