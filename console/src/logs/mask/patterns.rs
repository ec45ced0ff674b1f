//! What secrets look like.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

/// What is looked for first, in any case: text without any of it holds nothing that the others would find.
const HINTS: &str = r#"secret|pass|pwd|token|key|credential|authorization|bearer|basic|cookie|pin["']|curl|mysql|identified|sig|akia|asia|iqoj|fwog|fqog|eyj|-----begin|://|gh[opsur]_|github_pat|glpat|xox|xapp-|hooks\.slack|sk_|rk_|sk-|whsec|aiza|npm_|pypi-|sg\."#;

/// How that is called which must not be seen.
macro_rules! names {
    () => {
        r"(?:secret|passwd|password|passphrase|passcode|pwd|token|(?:api|access|private|account|shared|signing|encryption|master)[_-]?key|credential)"
    };
}
/// What comes behind a name: a separator and a value. What begins with a bracket is looked through by `container`.
macro_rules! value {
    () => {
        r#"\\*["']?\]?\s*(?:=>|:=|[:=])\s*(?:\\+"(.*?)\\+"|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|\\*["']([^"']*)$|\\*["']?([^\s"'&<>\\]+))"#
    };
}
/// Each names its secret: the one group that is there. Quoted, quoted within JSON, and bare values are told apart, because a
/// quoted password may have blanks.
const SECRETS: [&str; 26] = [
    // A PEM block (RFC 7468), to its end or to the end of what there is.
    r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----(.+?)(?:-----END|$)",
    // Key and secret key behind each other, as in the file that IAM gives.
    r"\b(?-i:AKIA|ASIA)[A-Z0-9]{12,}\W{1,4}([A-Za-z0-9/+=]{40})(?:[^A-Za-z0-9/+=]|$)",
    // Access keys of AWS (IAM User Guide, "Understanding unique ID prefixes"), and session tokens of STS, which are protocol
    // buffers that begin alike.
    r"\b((?-i:AKIA|ASIA)[A-Z0-9]{12,})",
    r"\b((?-i:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)[A-Za-z0-9/+=%_-]{20,})",
    // JSON Web Tokens (RFC 7519): `{"` in base64 is eyJ.
    r"\b((?-i:eyJ)[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?)",
    // GitHub, GitLab, Slack, Stripe, OpenAI and Anthropic, Google, npm, PyPI, SendGrid: each documents its prefix.
    r"\b((?-i:gh[opsur]_|github_pat_)[A-Za-z0-9_]{20,})",
    r"\b((?-i:glpat-|xox[abeoprs]-|xapp-|sk-|npm_|pypi-)[A-Za-z0-9_-]{10,})",
    r"\b((?-i:[sr]k_(?:live|test)_|whsec_)[A-Za-z0-9+/=]{10,})",
    r"\b((?-i:AIza)[A-Za-z0-9_-]{30,})",
    r"\b((?-i:SG)\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})",
    r"hooks\.slack\.com/services/([A-Za-z0-9/]+)",
    r"\bbearer\s+([A-Za-z0-9._~+/=-]{8,})",
    r"\b(?-i:Basic)\s+([A-Za-z0-9+/]{8,}={1,2})",
    r#"\bauthorization(?:["']\s*,|\\*["']?\]?\s*(?:[:=]|=>))\s*\[?\s*\\*["']?(?:(?:basic|bearer|digest|negotiate|token|aws4-hmac-sha256)\s+)?([^\s"'\\,;\]]+)"#,
    // A whole header: what each of its cookies is called is no secret, but which of them are nobody knows.
    r#"\b(?:set-)?cookie\\*["']?\s*[:=]\s*\[?\s*(?:\\+"(.*?)\\+"|"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\r\n"'\\\]}]+))"#,
    concat!(names!(), r"[\w.-]*", value!()),
    concat!(r#"(?:[_-]pass|["']pass|["']pin)"#, value!()),
    // Lists of names and values, as of headers and of a container's environment.
    concat!(
        r#""(?:name|key|header)\\*"\s*:\s*\\*"[^"\\]*(?:authorization|cookie|_pass\b|"#,
        names!(),
        r#")[^"\\]*\\*"\s*,\s*\\*"value\\*"\s*:\s*\\*"((?:[^"\\]|\\.)*)"#
    ),
    // Passwords on command lines, and in SQL.
    r#"\bcurl\b[^|;&\r\n]*?\s(?:-u|--user)[\s=]+["']?[^\s:"']+:([^\s"']+)"#,
    r#"\bmysql\w*\b[^|;&\r\n]*?\s-p([^\s"']+)"#,
    r#"\bidentified\s+by\s+["']([^"']+)"#,
    concat!(r"--[\w-]*", names!(), r#"[\w-]*\s+["']?([^\s"']+)"#),
    concat!(r"<(?:\w+:)?\w*", names!(), r"\w*>([^<]+)<"),
    // The secret access key of AWS, named near by.
    r"secret\W+(?:\w+\W+){0,3}?([A-Za-z0-9/+=]{40})(?:[^A-Za-z0-9/+=]|$)",
    r"(?:[?&]sig|signature)=([A-Za-z0-9%+/=_-]{16,})",
    // Of a URL; the last `@` before the path, because a password may hold one.
    r"://[^/\s:@?#]*:([^\s/?#]+)@",
];

/// Names that say what they would say of a secret, but hold something else: a count, a name, an address.
const HARMLESS: &str = r"(?:tokens|_count|_total|_used|_limit|_type|_name|_arn|Arn|Name|Type|Count|_url|_uri|_id|Id|ID|_length|_version|_expir\w+|_ttl)\W*(?:=>|:=|[:=])\W*$";

/// A line of a private key whose lines are events of their own: nothing but base64.
const BASE64_LINE: &str = r"^\s*([A-Za-z0-9+/]{24,}={0,2})\s*$";

/// What says that the others are to be looked for. Compiled apart from them: most lines have nothing of it.
pub(super) static HINT: LazyLock<Option<Regex>> = LazyLock::new(|| compile(HINTS, true));

/// What is looked for in a line without a blank.
pub(super) static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| compile(BASE64_LINE, true));

/// The patterns as they are run. Compiling them takes some 20 ms.
pub(super) struct Patterns {
    pub(super) secrets: Vec<Regex>,
    pub(super) harmless: Option<Regex>,
}

pub(super) static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns {
    secrets: SECRETS.into_iter().filter_map(|pattern| compile(pattern, true)).collect(),
    harmless: compile(HARMLESS, false),
});

/// All compile: a test says so.
fn compile(pattern: &str, any_case: bool) -> Option<Regex> {
    RegexBuilder::new(pattern).case_insensitive(any_case).dot_matches_new_line(true).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pattern_compiles() {
        assert_eq!(PATTERNS.secrets.len(), SECRETS.len());
        assert!(HINT.is_some() && LINE.is_some() && PATTERNS.harmless.is_some());
    }
}
