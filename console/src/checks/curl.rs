//! A request as a command.

use std::borrow::Cow;

use crate::domain::Request;

impl Request {
    /// The `curl` command that sends the same request and shows the answer's head and body. What stands as `${NAME}` is left to
    /// the shell, so that no secret is in the command.
    pub fn curl(&self) -> String {
        let mut words = vec!["curl".to_owned(), "-i".to_owned()];
        match self.method.as_str() {
            "GET" => {}
            // With -X curl would wait for a body that never comes.
            "HEAD" => words.push("--head".to_owned()),
            method => words.extend(["-X".to_owned(), quoted(method)]),
        }
        words.push(quoted(&self.url));
        for (name, value) in &self.headers {
            words.extend(["-H".to_owned(), quoted(&format!("{name}: {value}"))]);
        }
        if let Some(body) = &self.body {
            words.extend(["--data-raw".to_owned(), quoted(body)]);
        }
        words.join(" ")
    }
}

/// For a POSIX shell. Variables are only opened in what is written `${NAME}`.
fn quoted(word: &str) -> String {
    if word.contains("${") {
        let escaped: String = word.chars().fold(String::new(), |mut out, letter| {
            if matches!(letter, '"' | '\\' | '`') {
                out.push('\\');
            }
            out.push(letter);
            out
        });
        return format!("\"{}\"", escaped.replace("$", "\\$").replace("\\${", "${"));
    }
    shlex::try_quote(word).map_or_else(|_| "''".to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_sends_the_same_request() {
        let request = Request {
            method: "POST".to_owned(),
            url: "https://api.test/stage/items?a=1&b=2".to_owned(),
            headers: vec![
                ("origin".to_owned(), "https://app.test".to_owned()),
                ("authorization".to_owned(), "Bearer ${API_TOKEN} $5 \"x\"".to_owned()),
            ],
            body: Some("{\"it's\": 1}".to_owned()),
        };
        assert_eq!(
            request.curl(),
            r#"curl -i -X POST 'https://api.test/stage/items?a=1&b=2' -H 'origin: https://app.test' -H "authorization: Bearer ${API_TOKEN} \$5 \"x\"" --data-raw "{\"it's\": 1}""#
        );
    }
}
