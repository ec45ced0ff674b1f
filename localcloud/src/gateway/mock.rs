//! Integrations of type MOCK: the gateway answers by itself what its templates say.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;
use regex::Regex;

use super::call::Response;
use super::context::Context;
use super::fault::Fault;
use super::template::{self, Reference};
use crate::world::apis::{Integration, IntegrationResponse, Method};

const JSON: &str = "application/json";

/// The answer: the request template gives a status, the status chooses an integration response, and that makes the answer.
pub(super) fn answer(
    context: &Context<'_>,
    method: &Method,
    integration: &Integration,
    body: &[u8],
) -> Result<Response, Fault> {
    let body = String::from_utf8_lossy(body);
    let request = request(context, integration, &body)?;
    let status = status(&request).ok_or(Fault::Configuration)?;
    let (code, response) = choose(&integration.responses, &status).ok_or(Fault::Configuration)?;
    if !method.responses.contains_key(code) {
        // AWS: the output mapping refers to an invalid method response.
        return Err(Fault::Configuration);
    }
    let status = code.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or(Fault::Configuration)?;
    let chosen = template_for(response.templates.as_ref(), context.head.header("accept"));
    let (kind, made) = match chosen {
        Some((kind, template)) => {
            let template = template.as_deref().unwrap_or_default();
            (kind, fill(context, template, &body)?)
        }
        None => (JSON, String::new()),
    };
    let mut headers = vec![("Content-Type".to_owned(), kind.to_owned())];
    for (place, mapping) in response.parameters.iter().flatten() {
        // A mapping of what the integration has not answered sets nothing.
        if let (Some(name), Some(value)) =
            (place.strip_prefix("method.response.header."), context.mapped(mapping))
        {
            headers.retain(|(given, _)| !given.eq_ignore_ascii_case(name));
            headers.push((name.to_owned(), value));
        }
    }
    let bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let body = if bodiless { Bytes::new() } else { made.into() };
    Ok(Response { status, headers, body, stream: None })
}

/// What the integration is asked: the template for the request's content type, or the request's own body.
fn request(context: &Context<'_>, integration: &Integration, body: &str) -> Result<String, Fault> {
    let kind = context.head.header("content-type").and_then(|kind| kind.split(';').next()).unwrap_or(JSON);
    let templates = integration.request_templates.as_ref();
    let mut all = templates.into_iter().flatten();
    match all.find(|(given, _)| given.eq_ignore_ascii_case(kind.trim())) {
        Some((_, template)) => fill(context, template.as_deref().unwrap_or_default(), body),
        None => match integration.passthrough_behavior.as_str() {
            "NEVER" => Err(Fault::UnsupportedMedia),
            "WHEN_NO_TEMPLATES" if templates.is_some_and(|all| !all.is_empty()) => {
                Err(Fault::UnsupportedMedia)
            }
            _ => Ok(body.to_owned()),
        },
    }
}

fn fill(context: &Context<'_>, template: &str, body: &str) -> Result<String, Fault> {
    if let Some(named) = template::not_offered(template) {
        tracing::warn!("a mapping template of the API {}: {named} is not offered here", context.api_id);
        return Err(Fault::Configuration);
    }
    let value = |reference: Reference<'_>| {
        let value = match reference.name.split_once('.')? {
            ("context", name) => context.get(name),
            ("stageVariables", name) => context.variable(name).map(str::to_owned),
            ("input", "body") => Some(body.to_owned()),
            _ => context.parameter(reference.parameter()?),
        };
        // What is not there is empty.
        Some(value.unwrap_or_default())
    };
    Ok(template::render(template, value))
}

/// The status that the integration is asked for. AWS reads it out of JSON whose keys need no quotes.
fn status(request: &str) -> Option<String> {
    let given = match serde_json::from_str::<serde_json::Value>(request) {
        Ok(value) => match value.get("statusCode")? {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        },
        Err(_) => {
            let found = request.split_once("statusCode")?.1;
            let found = found.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?;
            let found = found.trim_start().trim_start_matches(['"', '\'']);
            found.chars().take_while(char::is_ascii_digit).collect()
        }
    };
    (given.len() == 3 && given.bytes().all(|digit| digit.is_ascii_digit())).then_some(given)
}

/// The integration response whose pattern the status matches, or else the one without a pattern.
fn choose<'a>(
    responses: &'a BTreeMap<String, IntegrationResponse>,
    status: &str,
) -> Option<(&'a str, &'a IntegrationResponse)> {
    let pattern = |response: &'a IntegrationResponse| {
        response.selection_pattern.as_deref().filter(|pattern| !pattern.is_empty())
    };
    let matches = |pattern: &str| Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|it| it.is_match(status));
    let by_pattern = responses.iter().find(|(_, response)| pattern(response).is_some_and(matches));
    let found = by_pattern.or_else(|| responses.iter().find(|(_, response)| pattern(response).is_none()));
    found.map(|(code, response)| (code.as_str(), response))
}

/// The template for the first content type that the client accepts and there is one for; else that for JSON, or any.
fn template_for<'a>(
    templates: Option<&'a BTreeMap<String, Option<String>>>,
    accept: Option<&str>,
) -> Option<(&'a str, &'a Option<String>)> {
    let templates = templates?;
    let accepted = accept.unwrap_or_default().split(',').filter_map(|kind| kind.split(';').next());
    let found = accepted.map(str::trim).chain([JSON]).find_map(|kind| templates.get_key_value(kind));
    found.or_else(|| templates.iter().next()).map(|(kind, template)| (kind.as_str(), template))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_as_aws_reads_it() {
        for (request, expected) in [
            (r#"{"statusCode": 200}"#, Some("200")),
            (r#"{"statusCode": "404"}"#, Some("404")),
            ("{statusCode:200}", Some("200")),
            ("{ 'statusCode' : '503' , }", Some("503")),
            ("", None),
            ("{}", None),
            (r#"{"statusCode": "many"}"#, None),
            (r#"{"statusCode": 20}"#, None),
        ] {
            assert_eq!(status(request).as_deref(), expected, "{request}");
        }
    }

    #[test]
    fn the_pattern_that_matches_wins_over_none() {
        let response = |pattern: Option<&str>| IntegrationResponse {
            selection_pattern: pattern.map(str::to_owned),
            ..IntegrationResponse::default()
        };
        let responses = BTreeMap::from([
            ("200".to_owned(), response(None)),
            ("404".to_owned(), response(Some(r"4\d{2}"))),
            ("500".to_owned(), response(Some("5.*"))),
        ]);
        let chosen = |status| choose(&responses, status).map(|(code, _)| code);
        assert_eq!([chosen("403"), chosen("500"), chosen("302")], [Some("404"), Some("500"), Some("200")]);
        assert_eq!(choose(&BTreeMap::from([("200".to_owned(), response(Some("2")))]), "200"), None);
    }
}
