//! The line that a service writes about a request: what was asked, and the HTTP status that was answered.

use serde_json::{Map, Value};

use crate::logs::reading::json;

/// The longest text that is kept of what a line says, in bytes.
pub(super) const LONGEST_TEXT: usize = 256;

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// What was asked and answered. Of several that one line each tells of the same invocation the greatest counts: one that
/// names the request before one that has a status alone, then the newest, since the answer is logged last.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Answer {
    /// Whether the line says what was asked too.
    named: bool,
    /// Epoch milliseconds of the line.
    pub(super) at_ms: i64,
    /// 100 to 599.
    pub(super) status: u16,
    pub(super) method: Option<Box<str>>,
    /// Without its query, which may hold secrets.
    pub(super) path: Option<Box<str>>,
    /// The pattern that matched, as `/items/{id}`.
    pub(super) route: Option<Box<str>>,
}

/// The start of `text` that is kept.
pub(super) fn kept(text: &str) -> Box<str> {
    text[..text.floor_char_boundary(LONGEST_TEXT)].into()
}

impl Answer {
    /// In a JSON line: the service's own (`service/src/request_log.rs`), and the names that other loggers have for the same
    /// (`statusCode`, `http.status`, `req.url` …; flat, or one in the other). Else in what the line says.
    pub(super) fn of_json(fields: &Map<String, Value>, at_ms: i64) -> Option<Answer> {
        let status = find(fields, &STATUS).and_then(status_of);
        let Some(status) = status else { return Answer::of_text(json::message(fields)?, at_ms) };
        let text = |names| find(fields, names).and_then(Value::as_str).map(kept);
        let method = text(&METHOD);
        let path = text(&PATH).map(|path| without_query(&path));
        let route = text(&ROUTE);
        let named = method.is_some() && (path.is_some() || route.is_some());
        let said = || Answer::of_text(json::message(fields)?, at_ms);
        let own = Answer { named, at_ms, status, method, path, route };
        if named { Some(own) } else { said().or(Some(own)) }
    }

    /// In a text: `GET /items 502`, also with what an access log has around it (`"GET /items HTTP/1.1" 502`).
    pub(super) fn of_text(text: &str, at_ms: i64) -> Option<Answer> {
        let mut words = text.split([' ', '"']).filter(|word| !word.is_empty());
        let method = words.by_ref().take(16).find(|word| METHODS.contains(word))?;
        let path = words.next().filter(|path| path.starts_with('/'))?;
        let mut next = words.next()?;
        if next.starts_with("HTTP/") {
            next = words.next()?;
        }
        let status = next.parse().ok().filter(|status| (100..600).contains(status))?;
        Some(Answer {
            named: true,
            at_ms,
            status,
            method: Some(method.into()),
            path: Some(without_query(&kept(path))),
            route: None,
        })
    }

    /// Bytes of its texts.
    pub(super) fn text_len(&self) -> usize {
        [&self.method, &self.path, &self.route].into_iter().flatten().map(|text| text.len()).sum()
    }

    /// Whether the line says what was asked too, so that it is about this request and no other.
    pub(super) fn is_named(&self) -> bool {
        self.named
    }
}

/// Names in the order in which they are looked for; a dot goes one deeper where no name has it.
const STATUS: [&str; 8] = [
    "status",
    "statusCode",
    "status_code",
    "http.status",
    "http.status_code",
    "http.response.status_code",
    "res.statusCode",
    "response.status",
];
const METHOD: [&str; 5] = ["method", "httpMethod", "http.method", "http.request.method", "req.method"];
const PATH: [&str; 6] = ["path", "url", "uri", "http.path", "http.target", "req.url"];
const ROUTE: [&str; 4] = ["route", "http.route", "matched_path", "resource"];

fn find<'a>(fields: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| below(fields, name).filter(|value| !value.is_object()))
}

fn below<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        below(fields.get(first)?.as_object()?, rest)
    })
}

fn status_of(value: &Value) -> Option<u16> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    u16::try_from(number).ok().filter(|status| (100..600).contains(status))
}

fn without_query(path: &str) -> Box<str> {
    path.split(['?', '#']).next().unwrap_or(path).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::reading;

    fn read(raw: &str) -> Option<(u16, String)> {
        let answer = match reading::object(raw) {
            Some(fields) => Answer::of_json(&fields, 0),
            None => Answer::of_text(raw, 0),
        }?;
        let asked = [answer.method, answer.path, answer.route];
        Some((answer.status, asked.map(|text| text.map_or("-".to_owned(), |text| text.into())).join(" ")))
    }

    #[test]
    fn answers_are_read_whatever_the_logger() {
        for (raw, status, asked) in [
            (
                r#"{"method":"GET","path":"/x","route":"/{id}","status":200,"message":"GET /x 200"}"#,
                200,
                "GET /x /{id}",
            ),
            (r#"{"http":{"status":502,"method":"POST","target":"/y?token=s"}}"#, 502, "POST /y -"),
            (r#"{"http.status_code":"404","http.route":"/z"}"#, 404, "- - /z"),
            (r#"{"req":{"method":"PUT","url":"/p#f"},"res":{"statusCode":201}}"#, 201, "PUT /p -"),
            (r#"{"statusCode":503}"#, 503, "- - -"),
            (r#"{"msg":"done: DELETE /items/7 204 in 3 ms"}"#, 204, "DELETE /items/7 -"),
            (r#"1.2.3.4 - - "GET /a?b=c HTTP/1.1" 500 12"#, 500, "GET /a -"),
        ] {
            assert_eq!(read(raw), Some((status, asked.to_owned())), "{raw}");
        }
        for raw in [
            r#"{"status":"ok"}"#,
            r#"{"status":7,"message":"GET nothing 200"}"#,
            "GET /x took 200",
            "get /x 200",
            "GET /x 999",
            "",
        ] {
            assert_eq!(read(raw), None, "{raw}");
        }
    }

    #[test]
    fn a_line_that_names_the_request_counts_more_than_a_newer_one_that_does_not() {
        let upstream = Answer { at_ms: 9, status: 502, ..Answer::default() };
        let own = Answer::of_text("GET /x 200", 5).expect("an answer");
        let newer = Answer::of_text("GET /x 500", 6).expect("an answer");
        assert!(upstream < own && own < newer);
    }
}
