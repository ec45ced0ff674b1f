//! The service's OpenAPI document: what there is to ask, what answers must look like, and where it says that it is served.

use hyper::header::{ACCEPT_ENCODING, HeaderValue};
use hyper::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::Subject;
use super::ask::{Asked, Question, ask};
use super::diagnosis;
use super::schema::Schemas;
use crate::domain::{Diagnosis, Fault};

/// The methods that an OpenAPI path can have.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A document that can be used.
pub(super) struct Document {
    json: Value,
    pub(super) schemas: Schemas,
    pub(super) operations: Vec<Operation>,
}

/// A method of a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operation {
    pub(super) method: Method,
    /// Below the stage, beginning with a slash; may hold `{parameters}`.
    pub(super) path: String,
    /// Whether nothing but the path is needed to ask.
    pub(super) plain: bool,
}

/// What a document declares of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Declared {
    /// The status is not there.
    Nothing,
    /// There may be any body.
    AnyBody,
    /// These media types, each with the JSON pointer to its schema, if it has one.
    Content(Vec<(String, Option<String>)>),
}

/// Asks for the document; what it is, and the request that asked.
pub(super) async fn fetch(subject: &Subject<'_>) -> (Result<Document, Fault>, Asked) {
    let asked = ask(subject, plain(subject.url(&subject.rules.openapi))).await;
    let document = read(subject, &asked);
    (document, asked)
}

/// A GET as a browser sends it, as far as compression goes.
pub(super) fn plain(url: Url) -> Question {
    Question::get(url).header(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))
}

fn read(subject: &Subject<'_>, asked: &Asked) -> Result<Document, Fault> {
    let path = &subject.rules.openapi;
    let answer = asked.outcome.as_ref().map_err(diagnosis::unanswered)?;
    if answer.status == StatusCode::NOT_FOUND && diagnosis::gateway(answer, subject.stage).is_none() {
        return Err(Fault::new(
            Diagnosis::OpenApiMissing,
            format!("the service has no {path}: the checks are derived from its OpenAPI document"),
            "serve the document there, or name its path: `[checks] openapi = \"/…\"` in callboard.toml",
        ));
    }
    if let Some(fault) = diagnosis::no_success(answer, subject.stage) {
        return Err(fault);
    }
    diagnosis::mangled(answer)?;
    if answer.cut {
        return Err(Fault::new(
            Diagnosis::OpenApiInvalid,
            "the OpenAPI document is larger than 4 MiB",
            "make it smaller",
        ));
    }
    answer.json().and_then(Document::new).ok_or_else(|| {
        Fault::new(
            Diagnosis::OpenApiInvalid,
            format!("what lies at {path} is no OpenAPI 3 document"),
            "let the service answer it with its document: the checks are derived from it",
        )
    })
}

impl Document {
    /// `None` when it is no OpenAPI 3 document.
    pub(super) fn new(json: Value) -> Option<Document> {
        let version = json.get("openapi")?.as_str()?.to_owned();
        if !version.starts_with("3.") {
            return None;
        }
        let paths = json.get("paths")?.as_object()?;
        let mut operations = Vec::new();
        for (path, item) in paths.iter().filter(|(path, _)| path.starts_with('/')) {
            for name in METHODS {
                let Some(operation) = item.get(name) else { continue };
                let Ok(method) = name.to_ascii_uppercase().parse() else { continue };
                let needs = path.contains('{') || required(&json, item) || required(&json, operation);
                let secured = operation.get("security").or(json.get("security"));
                let secured = secured.and_then(Value::as_array).is_some_and(|all| {
                    !all.is_empty()
                        && !all.iter().any(|one| one.as_object().is_some_and(|one| one.is_empty()))
                });
                operations.push(Operation { method, path: path.clone(), plain: !needs && !secured });
            }
        }
        let schemas = Schemas::new(&json, &version);
        Some(Document { json, schemas, operations })
    }

    /// The paths of each GET that needs nothing: no parameter, no sign-in.
    pub(super) fn plain_gets(&self) -> Vec<String> {
        let gets = self.operations.iter().filter(|one| one.plain && one.method == Method::GET);
        gets.map(|one| one.path.clone()).collect()
    }

    /// The URLs under which the document says that its paths lie, resolved against its own URL; that URL's `/` when it says
    /// nothing (OpenAPI 3.1, 4.8.1.1).
    pub(super) fn servers(&self, own: &Url) -> Vec<Result<Url, String>> {
        let named = self.json.get("servers").and_then(Value::as_array).filter(|all| !all.is_empty());
        let Some(named) = named else {
            return own.join("/").into_iter().map(Ok).collect();
        };
        named
            .iter()
            .map(|server| {
                let text = server.get("url").and_then(Value::as_str).unwrap_or_default();
                let mut text = text.to_owned();
                let variables = server.get("variables").and_then(Value::as_object);
                for (name, variable) in variables.into_iter().flatten() {
                    let default = variable.get("default").and_then(Value::as_str).unwrap_or_default();
                    text = text.replace(&format!("{{{name}}}"), default);
                }
                own.join(&text).map_err(|_| text)
            })
            .collect()
    }

    /// What is declared of a GET's answer with this status.
    pub(super) fn declared(&self, path: &str, status: StatusCode) -> Declared {
        let exact = status.as_u16().to_string();
        let class = format!("{}XX", &exact[..1]);
        let place = format!("/paths/{}/get/responses", escaped(path));
        let responses = self.json.pointer(&place);
        let Some(key) = [exact.as_str(), class.as_str(), "default"]
            .into_iter()
            .find(|key| responses.is_some_and(|responses| responses.get(key).is_some()))
        else {
            // A document that declares no answer at all says nothing about them.
            let silent = responses.and_then(Value::as_object).is_none_or(|all| all.is_empty());
            return if silent { Declared::AnyBody } else { Declared::Nothing };
        };
        let place = self.followed(&format!("{place}/{key}"));
        let content = self.json.pointer(&format!("{place}/content")).and_then(Value::as_object);
        match content.filter(|content| !content.is_empty()) {
            None => Declared::AnyBody,
            Some(content) => Declared::Content(
                content
                    .iter()
                    .map(|(media_type, said)| {
                        let schema = said.get("schema").is_some();
                        let schema =
                            schema.then(|| format!("{place}/content/{}/schema", escaped(media_type)));
                        (media_type.clone(), schema)
                    })
                    .collect(),
            ),
        }
    }

    /// Where a `$ref` at this place leads.
    fn followed(&self, place: &str) -> String {
        let mut place = place.to_owned();
        // A document that leads in a circle leads nowhere.
        for _ in 0..8 {
            let reference =
                self.json.pointer(&place).and_then(|there| there.get("$ref")).and_then(Value::as_str);
            match reference.and_then(|reference| reference.strip_prefix('#')) {
                Some(next) => place = next.to_owned(),
                None => break,
            }
        }
        place
    }
}

/// Whether a media type is JSON (`application/json`, `application/problem+json`, …).
pub(super) fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or(media_type).trim();
    essence.eq_ignore_ascii_case("application/json") || essence.to_ascii_lowercase().ends_with("+json")
}

/// A member's name within a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Whether a path or an operation has a parameter that must be given.
fn required(document: &Value, holder: &Value) -> bool {
    let parameters = holder.get("parameters").and_then(Value::as_array);
    parameters.into_iter().flatten().any(|parameter| {
        let parameter = match parameter.get("$ref").and_then(Value::as_str) {
            // A reference that leads nowhere might be required: the route is left alone.
            Some(reference) => match reference.strip_prefix('#').and_then(|path| document.pointer(path)) {
                Some(parameter) => parameter,
                None => return true,
            },
            None => parameter,
        };
        parameter.get("required").and_then(Value::as_bool).unwrap_or(false)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_get_that_needs_nothing_is_asked() {
        let answer = json!({"200": {"content": {"application/json": {}}}});
        let document = json!({
            "openapi": "3.1.0",
            "components": {"parameters": {"page": {"in": "query", "required": true}, "sort": {"in": "query"}}},
            "paths": {
                "/plain": {"get": {"responses": answer}},
                "/optional": {"get": {"parameters": [{"in": "query"}, {"$ref": "#/components/parameters/sort"}]}},
                "/items/{id}": {"get": {}},
                "/posted": {"post": {}},
                "/required": {"get": {"parameters": [{"in": "query", "required": true}]}},
                "/required-above": {"parameters": [{"in": "header", "required": true}], "get": {}},
                "/required-elsewhere": {"get": {"parameters": [{"$ref": "#/components/parameters/page"}]}},
                "/lost": {"get": {"parameters": [{"$ref": "#/components/parameters/none"}]}},
                "/secured": {"get": {"security": [{"bearer": []}]}},
                "/open": {"get": {"security": [{}, {"bearer": []}]}},
                "no-slash": {"get": {}},
            }
        });
        let mut paths = Document::new(document).expect("a document").plain_gets();
        paths.sort();
        assert_eq!(paths, ["/open", "/optional", "/plain"]);
    }

    #[test]
    fn what_is_declared_of_an_answer() {
        let json = json!({"content": {"application/problem+json": {"schema": {}}}});
        let document = json!({
            "openapi": "3.0.3",
            "components": {"responses": {"problem": json}},
            "paths": {"/a/b": {"get": {"responses": {"2XX": json, "default": {"$ref": "#/components/responses/problem"}, "204": {}}}}, "/c": {"get": {}}, "/d": {"get": {"responses": {"200": {}}}}}
        });
        let document = Document::new(document).expect("a document");
        let found = |path, status| document.declared(path, StatusCode::from_u16(status).expect("a status"));
        let at = |place: &str| {
            let schema = format!("{place}/content/application~1problem+json/schema");
            Declared::Content(vec![("application/problem+json".to_owned(), Some(schema))])
        };
        assert_eq!(found("/a/b", 201), at("/paths/~1a~1b/get/responses/2XX"));
        assert_eq!(found("/a/b", 404), at("/components/responses/problem"));
        assert_eq!(found("/a/b", 204), Declared::AnyBody);
        assert_eq!((found("/c", 200), found("/d", 201)), (Declared::AnyBody, Declared::Nothing));
    }

    #[test]
    fn servers_are_resolved_as_a_browser_does() {
        let own = Url::parse("https://api.test/stage/openapi.json").expect("a URL");
        let servers = |servers: Value| {
            let document = Document::new(json!({"openapi": "3.1.0", "paths": {}, "servers": servers}));
            let found = document.expect("a document").servers(&own);
            found.into_iter().map(|one| one.expect("a URL").to_string()).collect::<Vec<_>>()
        };
        assert_eq!(servers(json!([])), ["https://api.test/"]);
        assert_eq!(
            servers(
                json!([{"url": "/stage"}, {"url": "."}, {"url": "https://{h}/v1", "variables": {"h": {"default": "b.test"}}}])
            ),
            ["https://api.test/stage", "https://api.test/stage/", "https://b.test/v1"]
        );
    }

    #[test]
    fn what_is_no_document_is_told_from_an_empty_one() {
        assert!(
            Document::new(json!({"openapi": "3.1.0", "paths": {}}))
                .is_some_and(|one| one.operations.is_empty())
        );
        for other in [
            json!({"message": "Not Found"}),
            json!([]),
            json!({"swagger": "2.0", "paths": {}}),
            json!({"openapi": "2.0", "paths": {}}),
        ] {
            assert!(Document::new(other).is_none());
        }
    }
}
