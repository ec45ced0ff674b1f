//! The path prefix. API Gateway serves the API under `/stage`, and cuts that off before it calls the function;
//! `lambda_http` puts it back. Here the router gets the clean path, and the prefix is remembered for the one thing
//! that needs it: the addresses that the OpenAPI document tells a client.
//!
//! The prefix is read off the gateway's request context of each request. Nothing of the service's own settings says
//! where it is mounted, so a local server has no prefix whatever `ENV` is, and a custom domain that maps the stage
//! to another base path, or to none, is right as well.
//!
//! A trailing slash is not significant: `/api/v0/` is answered as `/api/v0`, in place. A redirect would have to know
//! the prefix to be right, and costs the client a second request.

use axum::http::{Extensions, Request, Uri, uri::PathAndQuery};
use lambda_http::{
    RequestExt, aws_lambda_events::apigw::ApiGatewayProxyRequestContext, request::RequestContext,
};

/// How the client's address of a request differs from the path that was routed; an extension of every request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicPath {
    /// What stands before the path in the client's address: `/stage`, or empty. Never ends with a slash.
    pub prefix: String,
    /// Whether the client's address has a trailing slash.
    pub trailing_slash: bool,
}

/// Gives `request` its clean path, without prefix and trailing slash, and its [`PublicPath`].
pub fn enter<B>(mut request: Request<B>) -> Request<B> {
    let Mounted { prefix, path } = mounted(request.extensions())
        .unwrap_or_else(|| Mounted { prefix: String::new(), path: request.uri().path().to_owned() });
    let (clean, trailing_slash) = match path.strip_suffix('/') {
        Some(clean) if !clean.is_empty() => (clean, true),
        _ => (path.as_str(), false),
    };
    if clean != request.uri().path()
        && let Some(uri) = with_path(request.uri(), clean)
    {
        *request.uri_mut() = uri;
    }
    request.extensions_mut().insert(PublicPath { prefix, trailing_slash });
    request
}

/// The address with another path. `None` when `path` cannot stand in an address: no route can have it then, and
/// the address stays as `lambda_http` escaped it, to be logged and answered as an unknown one.
fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let path_and_query = match uri.query() {
        None => PathAndQuery::try_from(path),
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.ok()?);
    Uri::from_parts(parts).ok()
}

struct Mounted {
    prefix: String,
    path: String,
}

/// What the gateway says of the request's path; `None` for a request that no gateway passed on.
fn mounted(extensions: &Extensions) -> Option<Mounted> {
    let RequestContext::ApiGatewayV1(context) = extensions.request_context_ref()? else { return None };
    let path = routed_path(extensions, context);
    let whole = context.path.as_deref().unwrap_or(path);
    // `requestContext.path` is the client's whole path, `path` the rest after stage or base path.
    let before = whole.strip_suffix(path).unwrap_or(if path == "/" { whole } else { "" });
    let before = before.trim_matches('/');
    let prefix = if before.is_empty() { String::new() } else { format!("/{before}") };
    Some(Mounted { prefix, path: path.to_owned() })
}

/// The path below the API's root. The event's `path` is that, except that behind a custom domain it begins with the
/// domain's base path; then the part that `{proxy+}` matched tells where the API's own path begins.
fn routed_path<'a>(extensions: &'a Extensions, context: &ApiGatewayProxyRequestContext) -> &'a str {
    let path = match extensions.raw_http_path() {
        "" => "/",
        path => path,
    };
    let matched = match context.resource_path.as_deref() {
        Some("/") => return "/",
        Some(resource) => resource
            .strip_prefix("/{")
            .and_then(|greedy| greedy.strip_suffix("+}"))
            .and_then(|name| extensions.path_parameters_ref()?.first(name)),
        None => None,
    };
    // The match comes without the trailing slash that the path may have.
    let base = matched
        .and_then(|matched| path.trim_end_matches('/').strip_suffix(matched.trim_end_matches('/')))
        .filter(|base| base.ends_with('/'));
    match base {
        Some(base) => &path[base.len() - 1..],
        None => path,
    }
}
