//! Which operation a REST call is, by method and path.

mod apigateway;
mod lambda;

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::Service;

/// One operation of a REST service.
pub(super) struct Route {
    pub(super) method: &'static str,
    /// Segments in braces are parameters.
    pub(super) path: &'static str,
    /// `key` or `key=value` that the query must hold; empty when any query will do.
    pub(super) query: &'static str,
    pub(super) operation: &'static str,
}

/// What a path stands for.
pub(super) struct Found {
    pub(super) operation: &'static str,
    pub(super) parameters: BTreeMap<&'static str, String>,
}

/// Finds the operation; `path` is still percent-encoded, the parameters that are returned are not.
pub(super) fn find(
    service: Service,
    method: &str,
    path: &str,
    query: &BTreeMap<String, Vec<String>>,
) -> Option<Found> {
    let routes = match service {
        Service::Lambda => lambda::ROUTES,
        Service::ApiGateway => apigateway::ROUTES,
        _ => return None,
    };
    routes.iter().filter(|route| route.method == method && asks_for(route.query, query)).find_map(|route| {
        parameters(route.path, path).map(|parameters| Found { operation: route.operation, parameters })
    })
}

fn asks_for(wanted: &str, query: &BTreeMap<String, Vec<String>>) -> bool {
    match wanted.split_once('=') {
        _ if wanted.is_empty() => true,
        Some((key, value)) => query.get(key).is_some_and(|given| given.iter().any(|one| one == value)),
        None => query.contains_key(wanted),
    }
}

fn parameters(pattern: &'static str, path: &str) -> Option<BTreeMap<&'static str, String>> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut given = path.split('/');
    let mut found = BTreeMap::new();
    for segment in pattern.trim_end_matches('/').split('/') {
        let part = given.next()?;
        match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if !part.is_empty() => {
                found.insert(name, percent_decode_str(part).decode_utf8().ok()?.into_owned());
            }
            Some(_) => return None,
            None if segment == part => {}
            None => return None,
        }
    }
    given.next().is_none().then_some(found)
}
