//! From a request's path to the stage and the resource that answer it.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::world::apis::{Method, Resource};

/// The methods that `ANY` stands for.
const ANY: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// A request's path, taken apart and otherwise as the client sent it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path<'a> {
    pub(super) stage: &'a str,
    /// With the stage: the event's `requestContext.path`.
    pub(super) whole: String,
    /// Without the stage: the event's `path`.
    pub(super) below: String,
}

/// Splits the stage off. Slashes in front of the stage and right behind it count as one.
pub(super) fn split(path: &str) -> Path<'_> {
    let trimmed = path.trim_start_matches('/');
    let (stage, below) = trimmed.split_at(trimmed.find('/').unwrap_or(trimmed.len()));
    Path { stage, whole: format!("/{trimmed}"), below: format!("/{}", below.trim_start_matches('/')) }
}

/// A resource that answers a path, and what the path gives its parameters.
#[derive(Debug)]
pub(super) struct Match<'a> {
    pub(super) resource: &'a Resource,
    pub(super) parameters: BTreeMap<&'a str, &'a str>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Exact,
    Parameter,
    Greedy,
}

/// The resource that answers `below` (a path without its stage): exact segments go before parameters, those before
/// `{proxy+}`, which does not match `/`. A resource without methods answers nothing.
pub(super) fn find<'a>(resources: &'a BTreeMap<String, Resource>, below: &'a str) -> Option<Match<'a>> {
    resources
        .values()
        .filter(|resource| !resource.methods.is_empty())
        .filter_map(|resource| Some((matches(&resource.path, below)?, resource)))
        .min_by(|((one, _), _), ((other, _), _)| one.cmp(other))
        .map(|((_, parameters), resource)| Match { resource, parameters })
}

/// The method of a resource that answers an HTTP method, with its own name.
pub(super) fn method<'a>(resource: &'a Resource, name: &str) -> Option<(&'a str, &'a Method)> {
    let any = || ANY.contains(&name).then(|| resource.methods.get_key_value("ANY")).flatten();
    resource.methods.get_key_value(name).or_else(any).map(|(name, method)| (name.as_str(), method))
}

type Matched<'a> = (Vec<Rank>, BTreeMap<&'a str, &'a str>);

fn matches<'a>(pattern: &'a str, path: &'a str) -> Option<Matched<'a>> {
    let mut ranks = Vec::new();
    let mut parameters = BTreeMap::new();
    // One slash at the end changes nothing.
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut left = Some(path.strip_suffix('/').unwrap_or(path)).filter(|path| !path.is_empty());
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let here = left?;
        if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix("+}")) {
            parameters.insert(name, here);
            ranks.push(Rank::Greedy);
            left = None;
            continue;
        }
        let (segment, rest) = match here.split_once('/') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (here, None),
        };
        if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            if segment.is_empty() {
                return None;
            }
            parameters.insert(name, segment);
            ranks.push(Rank::Parameter);
        } else if percent_decode_str(segment).eq(part.bytes()) {
            ranks.push(Rank::Exact);
        } else {
            return None;
        }
        left = rest;
    }
    left.is_none().then_some((ranks, parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(paths: &[(&str, &[&str])]) -> BTreeMap<String, Resource> {
        let method = Method { authorization_type: "NONE".into(), ..Method::default() };
        let resource = |path: &str, methods: &[&str]| Resource {
            id: path.to_owned(),
            parent_id: None,
            path_part: None,
            path: path.to_owned(),
            methods: methods.iter().map(|name| ((*name).to_owned(), method.clone())).collect(),
        };
        paths.iter().map(|(path, methods)| ((*path).to_owned(), resource(path, methods))).collect()
    }

    #[test]
    fn slashes_are_kept_but_around_the_stage() {
        for (sent, whole, below) in [
            ("/stage/a/b", "/stage/a/b", "/a/b"),
            ("/stage", "/stage", "/"),
            ("/stage/", "/stage/", "/"),
            ("/stage/a/", "/stage/a/", "/a/"),
            ("/stage/a//b", "/stage/a//b", "/a//b"),
            ("/stage//a", "/stage//a", "/a"),
            ("//stage/a", "/stage/a", "/a"),
        ] {
            let expected = Path { stage: "stage", whole: whole.to_owned(), below: below.to_owned() };
            assert_eq!(split(sent), expected, "{sent}");
        }
        assert_eq!(split("/").stage, "");
    }

    #[test]
    fn the_greedy_parameter_takes_the_rest_as_it_was_sent() {
        let resources = resources(&[("/", &[]), ("/{proxy+}", &["ANY"])]);
        for (path, proxy) in [("/a", "a"), ("/a/", "a"), ("/a//b", "a//b"), ("/a%2Bb/c", "a%2Bb/c")] {
            assert_eq!(find(&resources, path).unwrap().parameters, BTreeMap::from([("proxy", proxy)]));
        }
        assert!(find(&resources, "/").is_none());
    }

    #[test]
    fn exact_goes_before_parameter_before_greedy() {
        let resources = resources(&[
            ("/", &["ANY"]),
            ("/{proxy+}", &["ANY"]),
            ("/items", &["GET"]),
            ("/items/{id}", &["GET"]),
            ("/items/all", &["GET"]),
            ("/folder", &[]),
        ]);
        for (path, resource) in [
            ("/", "/"),
            ("/items", "/items"),
            ("/items/", "/items"),
            ("/items/all", "/items/all"),
            ("/items/7", "/items/{id}"),
            ("/items/7/x", "/{proxy+}"),
            ("/folder", "/{proxy+}"),
            ("/it%65ms", "/items"),
        ] {
            assert_eq!(find(&resources, path).unwrap().resource.path, resource, "{path}");
        }
    }

    #[test]
    fn any_stands_for_seven_methods() {
        let resources = resources(&[("/", &["ANY"]), ("/get", &["GET"])]);
        assert!(method(&resources["/"], "PATCH").is_some());
        assert!(method(&resources["/"], "TRACE").is_none());
        assert!(method(&resources["/get"], "POST").is_none());
    }
}
