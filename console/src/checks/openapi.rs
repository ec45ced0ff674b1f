use serde_json::Value;

use reqwest::StatusCode;

/// Where a service keeps its OpenAPI document.
pub(super) const PATH: &str = "/openapi.json";

/// A GET of the document that can be asked with nothing but its path.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Route {
    /// Below the stage, beginning with a slash.
    pub(super) path: String,
    responses: Value,
}

impl Route {
    /// Whether an answer with this status is declared to be JSON.
    pub(super) fn declares_json(&self, status: StatusCode) -> bool {
        let exact = status.as_u16().to_string();
        let class = format!("{}XX", &exact[..1]);
        [exact.as_str(), class.as_str(), "default"]
            .iter()
            .find_map(|key| self.responses.get(key))
            .and_then(|response| response.get("content"))
            .and_then(Value::as_object)
            .is_some_and(|content| content.keys().any(|media_type| is_json(media_type)))
    }
}

/// Whether a media type is JSON (`application/json`, `application/problem+json`, …).
pub(super) fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or(media_type).trim();
    essence.eq_ignore_ascii_case("application/json") || essence.to_ascii_lowercase().ends_with("+json")
}

/// Each GET without a required parameter, in the document's order; `None` when it is no OpenAPI document.
pub(super) fn routes(document: &Value) -> Option<Vec<Route>> {
    document.get("openapi")?.as_str()?;
    let paths = document.get("paths")?.as_object()?;
    let routes = paths.iter().filter(|(path, _)| path.starts_with('/') && !path.contains('{'));
    let routes = routes.filter_map(|(path, item)| {
        let get = item.get("get")?;
        if required(document, item) || required(document, get) {
            return None;
        }
        Some(Route { path: path.clone(), responses: get.get("responses").cloned().unwrap_or_default() })
    });
    Some(routes.collect())
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
                "no-slash": {"get": {}},
            }
        });
        let mut paths: Vec<String> =
            routes(&document).expect("a document").into_iter().map(|route| route.path).collect();
        paths.sort();
        assert_eq!(paths, ["/optional", "/plain"]);
    }

    #[test]
    fn json_is_expected_where_it_is_declared() {
        let route = |responses| Route { path: "/".to_owned(), responses };
        let json = json!({"content": {"application/problem+json; charset=utf-8": {}}});
        assert!(route(json!({"200": json})).declares_json(StatusCode::OK));
        assert!(route(json!({"2XX": json})).declares_json(StatusCode::CREATED));
        assert!(route(json!({"default": json})).declares_json(StatusCode::OK));
        assert!(
            !route(json!({"200": {"content": {"text/html": {}}}, "default": json}))
                .declares_json(StatusCode::OK)
        );
        assert!(!route(json!({"200": {}})).declares_json(StatusCode::OK));
    }

    #[test]
    fn what_is_no_document_is_told_from_an_empty_one() {
        assert_eq!(routes(&json!({"openapi": "3.1.0", "paths": {}})), Some(vec![]));
        assert_eq!(routes(&json!({"message": "Not Found"})), None);
        assert_eq!(routes(&json!([])), None);
    }
}
