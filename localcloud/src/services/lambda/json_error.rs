//! What is wrong with a payload that is no JSON, in the words and with the place that Lambda's parser (Jackson) tells. The
//! payload's own text is shown only as far as Lambda shows it: a token or a character.

const SOURCE: &str = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)";
const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
/// Letters of a token that are shown.
const SHOWN: usize = 256;

/// The complaint with its place.
pub(super) fn complaint(payload: &[u8]) -> String {
    let mut reader = Reader { payload, at: 0 };
    let Wrong { sentence, at } = match reader.document() {
        Err(wrong) => wrong,
        // More than one value: Jackson would leave the rest, but the function is given the whole payload.
        Ok(()) => reader.wrong("Unexpected content after the end of the value"),
    };
    format!("{sentence}\n at {}", place(payload, at))
}

fn place(payload: &[u8], at: usize) -> String {
    let before = &payload[..at.min(payload.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
    format!("{SOURCE}; line: {line}, column: {}]", at - start + 1)
}

/// A complaint and the offset that it names.
struct Wrong {
    sentence: String,
    at: usize,
}

struct Reader<'a> {
    payload: &'a [u8],
    /// The next byte.
    at: usize,
}

/// An object or a list that is open.
struct Open {
    object: bool,
    at: usize,
}

impl Open {
    fn kind(&self) -> &'static str {
        if self.object { "Object" } else { "Array" }
    }
}

impl Reader<'_> {
    fn wrong(&self, sentence: impl Into<String>) -> Wrong {
        Wrong { sentence: sentence.into(), at: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.payload.get(self.at).copied()
    }

    fn skip_space(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
        self.peek()
    }

    /// Reads one value; what is open is on a stack, so that no payload is too deep.
    fn document(&mut self) -> Result<(), Wrong> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            // A value is due.
            match self.skip_space() {
                None => return Err(self.end(open.last())),
                Some(byte @ (b'{' | b'[')) => {
                    open.push(Open { object: byte == b'{', at: self.at });
                    self.at += 1;
                    let close = if byte == b'{' { b'}' } else { b']' };
                    if self.skip_space() != Some(close) {
                        if byte == b'{' {
                            self.name(open.last())?;
                        } else if self.peek().is_none() {
                            return Err(self.unclosed(open.last()));
                        }
                        continue;
                    }
                    self.at += 1;
                    open.pop();
                }
                Some(_) => self.scalar()?,
            }
            // What comes behind one.
            loop {
                let Some(innermost) = open.last() else {
                    return match self.skip_space() {
                        None => Ok(()),
                        Some(_) => Err(self.wrong("Unexpected content after the end of the value")),
                    };
                };
                match (self.skip_space(), innermost.object) {
                    (None, _) => return Err(self.unclosed(Some(innermost))),
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        open.pop();
                    }
                    (Some(b','), object) => {
                        self.at += 1;
                        if object {
                            self.name(Some(innermost))?;
                        }
                        break;
                    }
                    (Some(byte), _) => {
                        let kind = innermost.kind();
                        return Err(
                            self.unexpected(byte, &format!("was expecting comma to separate {kind} entries"))
                        );
                    }
                }
            }
        }
    }

    /// A member's name and the colon.
    fn name(&mut self, open: Option<&Open>) -> Result<(), Wrong> {
        match self.skip_space() {
            Some(b'"') => self.string()?,
            Some(byte) => {
                return Err(self.unexpected(byte, "was expecting double-quote to start field name"));
            }
            None => return Err(self.end(open)),
        }
        match self.skip_space() {
            Some(b':') => {
                self.at += 1;
                Ok(())
            }
            Some(byte) => {
                Err(self.unexpected(byte, "was expecting a colon to separate field name and value"))
            }
            None => Err(self.end(open)),
        }
    }

    fn scalar(&mut self) -> Result<(), Wrong> {
        let Some(byte) = self.peek() else { return Err(self.end(None)) };
        match byte {
            b'"' => self.string(),
            b'n' => self.token("null"),
            b't' => self.token("true"),
            b'f' => self.token("false"),
            b'-' | b'0'..=b'9' => self.number(),
            _ if starts_identifier(byte) => {
                self.at += 1;
                Err(self.unrecognized(char::from(byte).to_string()))
            }
            _ => Err(self.unexpected(byte, &format!("expected a valid value {VALUES}"))),
        }
    }

    fn token(&mut self, whole: &str) -> Result<(), Wrong> {
        for (index, expected) in whole.bytes().enumerate() {
            if self.peek() != Some(expected) {
                return Err(self.unrecognized(whole[..index].to_owned()));
            }
            self.at += 1;
        }
        match self.peek() {
            Some(byte) if continues_identifier(byte) => Err(self.unrecognized(whole.to_owned())),
            _ => Ok(()),
        }
    }

    /// Reads on to the end of a token that is none; the character behind it is read too.
    fn unrecognized(&mut self, mut token: String) -> Wrong {
        while let Some(byte) = self.peek() {
            let character = match self.character() {
                Ok(character) => character,
                Err(wrong) => return wrong,
            };
            if !(continues_identifier(byte) || character.is_alphanumeric()) {
                break;
            }
            token.push(character);
            if token.chars().count() >= SHOWN {
                token.push_str("...");
                break;
            }
        }
        self.wrong(format!("Unrecognized token '{token}': was expecting {VALUES}"))
    }

    /// One character of UTF-8.
    fn character(&mut self) -> Result<char, Wrong> {
        let Some(first) = self.peek() else { return Err(self.end(None)) };
        self.at += 1;
        let more = match first {
            0..=0x7f => return Ok(char::from(first)),
            0xc0..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf7 => 3,
            _ => return Err(self.wrong(format!("Invalid UTF-8 start byte 0x{first:x}"))),
        };
        let start = self.at - 1;
        for _ in 0..more {
            let Some(byte) = self.peek() else { return Err(self.end(None)) };
            self.at += 1;
            if byte & 0xc0 != 0x80 {
                return Err(self.wrong(format!("Invalid UTF-8 middle byte 0x{byte:x}")));
            }
        }
        let text = std::str::from_utf8(&self.payload[start..self.at]).ok();
        let character = text.and_then(|text| text.chars().next());
        character.ok_or_else(|| self.wrong(format!("Invalid UTF-8 start byte 0x{first:x}")))
    }

    fn string(&mut self) -> Result<(), Wrong> {
        self.at += 1;
        loop {
            let Some(byte) = self.peek() else {
                return Err(
                    self.wrong("Unexpected end-of-input: was expecting closing quote for a string value")
                );
            };
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u') => self.at += 1,
                        Some(other) => {
                            self.at += 1;
                            let shown = described(other);
                            return Err(self.wrong(format!("Unrecognized character escape {shown}")));
                        }
                        None => {}
                    }
                }
                0..=0x1f => {
                    self.at += 1;
                    return Err(self.wrong(format!(
                        "Illegal unquoted character ({}): has to be escaped using backslash to be included in string value",
                        described(byte)
                    )));
                }
                _ => {
                    self.character()?;
                }
            }
        }
    }

    fn number(&mut self) -> Result<(), Wrong> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => {
                self.at += 1;
                if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                    return Err(self.wrong("Invalid numeric value: Leading zeroes not allowed"));
                }
            }
            Some(b'1'..=b'9') => self.digits(),
            Some(byte) => {
                let shown = described(byte);
                return Err(self.wrong(format!(
                    "Unexpected character ({shown}) in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value"
                )));
            }
            None => return Err(self.end(None)),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits();
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits();
        }
        Ok(())
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn unexpected(&self, byte: u8, why: &str) -> Wrong {
        self.wrong(format!("Unexpected character ({}): {why}", described(byte)))
    }

    /// The end comes within what is open.
    fn end(&self, open: Option<&Open>) -> Wrong {
        match open {
            Some(open) => {
                self.wrong(format!("Unexpected end-of-input within/between {} entries", open.kind()))
            }
            None => self.wrong("Unexpected end-of-input"),
        }
    }

    /// The end comes where a closing bracket could have come.
    fn unclosed(&self, open: Option<&Open>) -> Wrong {
        let Some(open) = open else { return self.end(None) };
        let start = place(self.payload, open.at);
        self.wrong(format!(
            "Unexpected end-of-input: expected close marker for {} (start marker at {start})",
            open.kind()
        ))
    }
}

fn described(byte: u8) -> String {
    match byte {
        0..=0x1f | 0x7f..=0x9f => format!("(CTRL-CHAR, code {byte})"),
        _ => format!("'{}' (code {byte})", char::from(byte)),
    }
}

/// As Java sees a single byte that it took for a character.
fn starts_identifier(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || b"_$".contains(&byte) || byte >= 0xc0
}

fn continues_identifier(byte: u8) -> bool {
    starts_identifier(byte) || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(payload: &[u8]) -> String {
        complaint(payload).replace(SOURCE, "[S")
    }

    #[test]
    fn complaints_as_recorded() {
        assert_eq!(of(b"n\x87r\x9e\xe9"), "Invalid UTF-8 start byte 0x87\n at [S; line: 1, column: 3]");
        assert_eq!(
            of(b"\x99\xeb,j\x07"),
            format!(
                "Unexpected character ((CTRL-CHAR, code 153)): expected a valid value {VALUES}\n at [S; line: 1, column: 1]"
            )
        );
    }

    #[test]
    fn each_kind_of_mistake_has_its_sentence_and_place() {
        let token =
            format!("Unrecognized token 'hello': was expecting {VALUES}\n at [S; line: 1, column: 6]");
        assert_eq!(of(b"hello"), token);
        for (payload, expected) in [
            (
                "{\"a\":1,\n",
                "Unexpected end-of-input within/between Object entries\n at [S; line: 2, column: 1]",
            ),
            (
                "[1",
                "Unexpected end-of-input: expected close marker for Array (start marker at [S; line: 1, column: 1])\n at [S; line: 1, column: 3]",
            ),
            (
                "{a:1}",
                "Unexpected character ('a' (code 97)): was expecting double-quote to start field name\n at [S; line: 1, column: 2]",
            ),
            (
                "{\"a\" 1}",
                "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value\n at [S; line: 1, column: 6]",
            ),
            (
                "[1 2]",
                "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries\n at [S; line: 1, column: 4]",
            ),
            (
                "\"open",
                "Unexpected end-of-input: was expecting closing quote for a string value\n at [S; line: 1, column: 6]",
            ),
            ("{} {}", "Unexpected content after the end of the value\n at [S; line: 1, column: 4]"),
        ] {
            assert_eq!(of(payload.as_bytes()), expected, "{payload}");
        }
        assert!(of("[".repeat(100_000).as_bytes()).contains("expected close marker for Array"));
    }
}
