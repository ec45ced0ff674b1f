//! What the gateway must hold: `/` and `/{proxy+}` with ANY, led to the function that the stage variable `env` picks.

use std::collections::BTreeMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::checks::ERROR_RESPONSES;
use crate::cloud::{ErrorResponse, Integration, Resource};
use crate::domain::Identity;
use crate::settings::Settings;

/// The one method of both resources.
pub(crate) const METHOD: &str = "ANY";
/// The root, and everything below it: `{proxy+}` alone does not match `/`.
pub(crate) const PATHS: [&str; 2] = ["/", "/{proxy+}"];
/// The last segment of the second path.
pub(crate) const PROXY: &str = "{proxy+}";

/// The integration that leads to `NAME-stage` or `NAME-prod`.
pub(crate) fn integration(identity: &Identity, region: &str, service: &str) -> Integration {
    let partition = partition(identity);
    let account = &identity.account;
    let function =
        format!("arn:{partition}:lambda:{region}:{account}:function:{service}-${{stageVariables.env}}");
    Integration {
        kind: "AWS_PROXY".to_owned(),
        http_method: "POST".to_owned(),
        uri: format!(
            "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"
        ),
    }
}

/// The `SourceArn` of every call of one stage.
pub(crate) fn source_arn(identity: &Identity, region: &str, api_id: &str, stage: &str) -> String {
    format!("arn:{}:execute-api:{region}:{}:{api_id}/{stage}/*/*", partition(identity), identity.account)
}

/// ARN of a policy that AWS itself keeps.
pub(crate) fn managed_policy(identity: &Identity, name: &str) -> String {
    format!("arn:{}:iam::aws:policy/{name}", partition(identity))
}

// `aws`, `aws-cn`, `aws-us-gov`: the second part of every ARN.
fn partition(identity: &Identity) -> &str {
    identity.arn.split(':').nth(1).filter(|part| !part.is_empty()).unwrap_or("aws")
}

/// The resource with this path.
pub(crate) fn at<'a>(resources: &'a [Resource], path: &str) -> Option<&'a Resource> {
    resources.iter().find(|resource| resource.path == path)
}

/// The paths that are missing, or have no ANY.
pub(crate) fn lacking(resources: &[Resource]) -> Vec<&'static str> {
    let whole =
        |path: &str| at(resources, path).is_some_and(|resource| resource.methods.contains_key(METHOD));
    PATHS.into_iter().filter(|path| !whole(path)).collect()
}

/// The paths whose ANY does not lead where it must.
pub(crate) fn astray(resources: &[Resource], wanted: &Integration) -> Vec<&'static str> {
    let led = |path: &str| {
        let method = at(resources, path).and_then(|resource| resource.methods.get(METHOD));
        method.and_then(|method| method.integration.as_ref()) == Some(wanted)
    };
    PATHS.into_iter().filter(|path| !led(path)).collect()
}

/// The API's own answers as a deploy makes them: with CORS headers where `settings` ask for it, else as they are.
///
/// A page that sends credentials is named (`method.request.header.Origin`), for `*` would not do.
pub(crate) fn error_responses(settings: &Settings, now: &[ErrorResponse]) -> Vec<ErrorResponse> {
    let mut all = now.to_vec();
    if !settings.cors_on_errors {
        return all;
    }
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = match settings.checks.credentials {
        false => vec![header(ALLOW_ORIGIN, "'*'"), header("access-control-allow-headers", "'*'")],
        true => vec![
            header(ALLOW_ORIGIN, "method.request.header.Origin"),
            header("access-control-allow-credentials", "'true'"),
            header("vary", "'Origin'"),
        ],
    };
    let missing: Vec<&str> =
        ERROR_RESPONSES.into_iter().filter(|kind| !all.iter().any(|one| one.kind == *kind)).collect();
    for kind in missing {
        let (headers, templates) = (BTreeMap::new(), BTreeMap::new());
        all.push(ErrorResponse { kind: kind.to_owned(), headers, templates, status: None });
    }
    // One that lets pages in already was made so on purpose.
    for response in all.iter_mut().filter(|one| !one.headers.contains_key(ALLOW_ORIGIN)) {
        response.headers.extend(headers.iter().cloned());
    }
    all.sort();
    all
}

const ALLOW_ORIGIN: &str = "access-control-allow-origin";

/// What the description of a deployment of Callboard's begins with.
const MARK: &str = "callboard resources ";

/// Whether a deployment was described by [`description`].
pub(crate) fn is_ours(description: &str) -> bool {
    description.starts_with(MARK)
}

/// The description of a deployment of these resources and of the API's own answers (gateway responses), once both paths are led to `wanted`.
///
/// API Gateway does not say whether resources changed after a deployment was made. So each deployment's description holds
/// a hash of them: a deploy that was interrupted between the two knows that a deployment is still due.
pub(crate) fn description(
    resources: &[Resource],
    wanted: &Integration,
    responses: &[ErrorResponse],
) -> String {
    let mut lines: Vec<String> = Vec::new();
    for response in responses {
        let headers: Vec<String> =
            response.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
        lines.push(format!("{} {}", response.kind, headers.join(" ")));
    }
    for path in PATHS {
        lines.push(line(path, METHOD, Some(wanted)));
    }
    for resource in resources {
        for (name, method) in &resource.methods {
            if !(name == METHOD && PATHS.contains(&resource.path.as_str())) {
                lines.push(format!(
                    "{} {}",
                    line(&resource.path, name, method.integration.as_ref()),
                    method.authorization
                ));
            }
        }
    }
    lines.sort();
    let hash = Sha256::digest(lines.join("\n"));
    let mut text = MARK.to_owned();
    for byte in &hash[..8] {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn line(path: &str, method: &str, integration: Option<&Integration>) -> String {
    match integration {
        Some(to) => format!("{path} {method} {} {} {}", to.kind, to.http_method, to.uri),
        None => format!("{path} {method}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::Method;

    fn wanted() -> Integration {
        let identity = Identity { account: "1".to_owned(), arn: "arn:aws-cn:iam::1:user/ops".to_owned() };
        integration(&identity, "cn-north-1", "hello")
    }

    fn resource(path: &str, method_name: &str, integration: Option<Integration>) -> Resource {
        let method = Method { authorization: "NONE".to_owned(), key_required: false, integration };
        let method = (method_name.to_owned(), method);
        Resource { id: path.to_owned(), path: path.to_owned(), methods: BTreeMap::from([method]) }
    }

    #[test]
    fn the_integration_is_of_the_callers_partition() {
        assert_eq!(
            wanted().uri,
            "arn:aws-cn:apigateway:cn-north-1:lambda:path/2015-03-31/functions/arn:aws-cn:lambda:cn-north-1:1:function:hello-${stageVariables.env}/invocations"
        );
    }

    #[test]
    fn what_is_missing_and_what_is_astray() {
        let get_only = [resource("/", "GET", None), resource("/{proxy+}", "ANY", None)];
        assert_eq!(lacking(&get_only), ["/"]);
        assert_eq!(astray(&get_only, &wanted()), ["/", "/{proxy+}"]);
        let whole = [resource("/", "ANY", Some(wanted())), resource("/{proxy+}", "ANY", Some(wanted()))];
        assert!(lacking(&whole).is_empty() && astray(&whole, &wanted()).is_empty());
    }

    #[test]
    fn the_description_tells_before_what_will_be_and_changes_with_every_route() {
        let whole = [resource("/", "ANY", Some(wanted())), resource("/{proxy+}", "ANY", Some(wanted()))];
        assert_eq!(description(&[], &wanted(), &[]), description(&whole, &wanted(), &[]));
        let more = [whole.as_slice(), &[resource("/extra", "GET", None)]].concat();
        assert_ne!(description(&more, &wanted(), &[]), description(&whole, &wanted(), &[]));
        let headers = BTreeMap::from([("access-control-allow-origin".to_owned(), "'*'".to_owned())]);
        let templates = BTreeMap::new();
        let errors = [ErrorResponse { kind: "DEFAULT_4XX".to_owned(), headers, templates, status: None }];
        assert_ne!(description(&whole, &wanted(), &errors), description(&whole, &wanted(), &[]));
    }
}
