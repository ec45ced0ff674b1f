//! What looks like a key is not shown: the screen is seen over shoulders and its lines end up in tickets.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex, RegexBuilder};
use serde_json::Value;

/// What stands for what is not shown; always as long, so that it does not tell how long that is.
const STAND_IN: &str = "••••••••";
/// How much of a long secret is shown, so that two can be told apart, in characters.
const KEPT: usize = 4;
/// A secret is long from here on, in characters.
const LONG: usize = 16;

/// What is looked for first: text without any of it holds nothing that the others would find.
const HINTS: &str =
    "secret|passw|passphrase|pwd|token|key|credential|authorization|bearer|akia|asia|eyj|-----begin|://";

/// Each names its secret: the one group.
const SECRETS: [&str; 8] = [
    // Access keys of AWS (IAM User Guide, "Understanding unique ID prefixes").
    r"\b((?-i:AKIA|ASIA)[A-Z0-9]{12,})",
    // JSON Web Tokens (RFC 7519): `{"` in base64 is eyJ.
    r"\b((?-i:eyJ)[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?)",
    r"\bbearer\s+([A-Za-z0-9._~+/=-]{8,})",
    r#"\bauthorization\\?["']?\s*[:=]\s*\\?["']?(?:(?:basic|bearer|digest|aws4-hmac-sha256)\s+)?([^\s"'\\,;]+)"#,
    r#"(?:secret|passwd|password|passphrase|pwd|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)[\w.-]*\\?["']?\s*[:=]\s*\\?["']?([^\s"'\\,;&{}\[\]()]+)"#,
    // The secret access key of AWS, named near by.
    r"secret\W+(?:\w+\W+){0,3}?([A-Za-z0-9/+=]{40})(?:[^A-Za-z0-9/+=]|$)",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(.+?)(?:-----END|$)",
    r"://[^/\s:@]+:([^@\s/]+)@",
];

/// A line of a private key whose lines are events of their own: nothing but base64.
const BASE64_LINE: &str = r"^\s*([A-Za-z0-9+/]{48,}={0,2})\s*$";

struct Patterns {
    hints: Option<Regex>,
    secrets: Vec<Regex>,
    line: Option<Regex>,
}

/// All compile: a test says so.
static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let compile = |pattern: &str| {
        RegexBuilder::new(pattern).case_insensitive(true).dot_matches_new_line(true).build().ok()
    };
    Patterns {
        hints: compile(HINTS),
        secrets: SECRETS.into_iter().filter_map(compile).collect(),
        line: compile(BASE64_LINE),
    }
});

/// `text` with stand-ins for what looks like a password, a token or a key.
pub fn mask(text: &str) -> Cow<'_, str> {
    let patterns = &*PATTERNS;
    let mut out = Cow::Borrowed(text);
    if patterns.hints.as_ref().is_none_or(|hints| hints.is_match(text)) {
        for pattern in &patterns.secrets {
            if let Cow::Owned(masked) = pattern.replace_all(&out, masked) {
                out = Cow::Owned(masked);
            }
        }
    }
    if let Some(line) = patterns.line.as_ref().filter(|_| !text.contains(' ') && text.len() >= 48)
        && let Some(found) = line.captures(&out)
        // A digest is no secret.
        && !found[1].bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        let masked = masked(&found);
        out = Cow::Owned(masked);
    }
    out
}

/// Masks a JSON value: what its text says, and what lies under a name that says so.
pub fn mask_json(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(masked) = mask(text) {
                *text = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_json),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if is_secret(name) => *text = stand_in(text, true),
                    Value::Number(_) if is_secret(name) => *value = STAND_IN.into(),
                    other => mask_json(other),
                }
            }
        }
        _ => {}
    }
}

/// Whether what is called so is a secret: by the same pattern as in text.
fn is_secret(name: &str) -> bool {
    matches!(mask(&format!("{name}=x")), Cow::Owned(_))
}

/// What was found, with a stand-in for its group.
fn masked(found: &Captures<'_>) -> String {
    let Some((whole, secret)) = found.get(0).zip(found.get(1)) else { return STAND_IN.to_owned() };
    if matches!(secret.as_str(), "true" | "false" | "null" | "None") || secret.as_str().contains(STAND_IN) {
        return whole.as_str().to_owned();
    }
    let shown = stand_in(secret.as_str(), !whole.as_str().starts_with("-----"));
    let (before, behind) = (secret.start() - whole.start(), secret.end() - whole.start());
    format!("{}{shown}{}", &whole.as_str()[..before], &whole.as_str()[behind..])
}

fn stand_in(secret: &str, keep: bool) -> String {
    let kept = if keep && secret.chars().count() >= LONG { KEPT } else { 0 };
    secret.chars().take(kept).chain(STAND_IN.chars()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_pattern_compiles() {
        assert_eq!(PATTERNS.secrets.len(), SECRETS.len());
        assert!(PATTERNS.hints.is_some() && PATTERNS.line.is_some());
    }

    #[test]
    fn keys_tokens_and_passwords_are_masked() {
        for (text, shown) in [
            ("id AKIAIOSFODNN7EXAMPLE used", "id AKIA•••••••• used"),
            (
                "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "aws_secret_access_key = wJal••••••••",
            ),
            ("the secret is wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY.", "the secret is wJal••••••••."),
            ("password=hunter2&user=ops", "password=••••••••&user=ops"),
            (r#"{"dbPassword":"hunter2","n":1}"#, r#"{"dbPassword":"••••••••","n":1}"#),
            (r#"{"body":"{\"token\":\"abc\"}"}"#, r#"{"body":"{\"token\":\"••••••••\"}"}"#),
            ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ••••••••"),
            ("authorization: Bearer abcdefgh.ijklmnop", "authorization: Bearer abcd••••••••"),
            ("got eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSM", "got eyJh••••••••"),
            ("postgres://ops:hunter2@db/x", "postgres://ops:••••••••@db/x"),
            (
                "-----BEGIN RSA PRIVATE KEY-----␤MIIE␤-----END RSA PRIVATE KEY-----",
                "-----BEGIN RSA PRIVATE KEY-----••••••••-----END RSA PRIVATE KEY-----",
            ),
            ("MIIEpAIBAAKCAQEA7yn3bRHQ5FHMQdT7Pn7Pn7Pn7Pn7Pn7Pn7PnAAAA", "MIIE••••••••"),
        ] {
            assert_eq!(mask(text), shown);
        }
    }

    #[test]
    fn json_is_masked_by_the_names_in_it() {
        let mut value =
            serde_json::json!({"a": {"api_key": "short", "token": 5, "url": "x://u:pw@h"}, "n": [1, "fine"]});
        mask_json(&mut value);
        let masked = serde_json::json!({"a": {"api_key": STAND_IN, "token": STAND_IN, "url": "x://u:••••••••@h"}, "n": [1, "fine"]});
        assert_eq!(value, masked);
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "GET /api/v0/items 200 3 ms",
            "3 tokens left, token: null",
            "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "http://127.0.0.1:4567/stage",
        ] {
            assert_eq!(mask(text), text);
        }
    }

    proptest! {
        #[test]
        fn no_key_gets_through(
            before in "[ -~]{0,20}", name in "(password|client_secret|apiKey|x-auth-token)[=:] ?", secret in "[A-Za-z0-9]{5,40}", after in "[ -~]{0,20}"
        ) {
            let shown = mask(&format!("{before} {name}{secret} {after}")).into_owned();
            prop_assert!(!before.contains(&secret) && !after.contains(&secret), "not a fair case");
            prop_assert!(!shown.contains(&secret), "{shown}");
            prop_assert_eq!(mask(&shown).into_owned(), shown.clone());
        }
    }
}
