//! What the gateway must hold: `/` and `/{proxy+}` with ANY, led to the function that the stage variable `env` picks.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::cloud::{Integration, Resource};
use crate::domain::Identity;

/// The one method of both resources.
pub(super) const METHOD: &str = "ANY";
/// The root, and everything below it: `{proxy+}` alone does not match `/`.
pub(super) const PATHS: [&str; 2] = ["/", "/{proxy+}"];
/// The last segment of the second path.
pub(super) const PROXY: &str = "{proxy+}";

/// The integration that leads to `NAME-stage` or `NAME-prod`.
pub(super) fn integration(identity: &Identity, region: &str, service: &str) -> Integration {
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
pub(super) fn source_arn(identity: &Identity, region: &str, api_id: &str, stage: &str) -> String {
    format!("arn:{}:execute-api:{region}:{}:{api_id}/{stage}/*/*", partition(identity), identity.account)
}

/// ARN of a policy that AWS itself keeps.
pub(super) fn managed_policy(identity: &Identity, name: &str) -> String {
    format!("arn:{}:iam::aws:policy/{name}", partition(identity))
}

// `aws`, `aws-cn`, `aws-us-gov`: the second part of every ARN.
fn partition(identity: &Identity) -> &str {
    identity.arn.split(':').nth(1).filter(|part| !part.is_empty()).unwrap_or("aws")
}

/// The resource with this path.
pub(super) fn at<'a>(resources: &'a [Resource], path: &str) -> Option<&'a Resource> {
    resources.iter().find(|resource| resource.path == path)
}

/// The paths that are missing, or have no ANY.
pub(super) fn lacking(resources: &[Resource]) -> Vec<&'static str> {
    let whole =
        |path: &str| at(resources, path).is_some_and(|resource| resource.methods.contains_key(METHOD));
    PATHS.into_iter().filter(|path| !whole(path)).collect()
}

/// The paths whose ANY does not lead where it must.
pub(super) fn astray(resources: &[Resource], wanted: &Integration) -> Vec<&'static str> {
    let led = |path: &str| {
        let method = at(resources, path).and_then(|resource| resource.methods.get(METHOD));
        method.and_then(|method| method.integration.as_ref()) == Some(wanted)
    };
    PATHS.into_iter().filter(|path| !led(path)).collect()
}

/// The description of a deployment of these resources, once both paths are led to `wanted`.
///
/// API Gateway does not say whether resources changed after a deployment was made. So each deployment's description holds
/// a hash of them: a deploy that was interrupted between the two knows that a deployment is still due.
pub(super) fn description(resources: &[Resource], wanted: &Integration) -> String {
    let mut lines: Vec<String> = Vec::new();
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
    let mut text = "callboard resources ".to_owned();
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
    use std::collections::BTreeMap;

    use super::*;
    use crate::cloud::Method;

    fn wanted() -> Integration {
        let identity = Identity { account: "1".to_owned(), arn: "arn:aws-cn:iam::1:user/ops".to_owned() };
        integration(&identity, "cn-north-1", "hello")
    }

    fn resource(path: &str, method: &str, integration: Option<Integration>) -> Resource {
        let method = (method.to_owned(), Method { authorization: "NONE".to_owned(), integration });
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
        assert_eq!(description(&[], &wanted()), description(&whole, &wanted()));
        let more = [whole.as_slice(), &[resource("/extra", "GET", None)]].concat();
        assert_ne!(description(&more, &wanted()), description(&whole, &wanted()));
    }
}
