//! The names of what checks find: stable words for scripts, and for telling one cause from another.

use serde::{Serialize, Serializer};

/// Writes the enum, its names and what each means from one table.
macro_rules! diagnoses {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// What is wrong with a stage, by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Diagnosis {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Diagnosis {
            /// All there are, in the order of the documentation.
            pub const ALL: &'static [Diagnosis] = &[$(Diagnosis::$variant,)+];

            /// The name, in small letters with hyphens. It does not change from one release to the next.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Diagnosis::$variant => $name,)+
                }
            }
        }
    };
}

diagnoses! {
    /// Nothing listens at the address.
    Refused = "connection-refused",
    /// The host's name leads nowhere.
    Dns = "dns",
    /// No TLS connection came about.
    Tls = "tls",
    /// No whole answer came within the check's time.
    NoAnswer = "no-answer",
    /// There is no way to the host.
    Unreachable = "unreachable",
    /// The connection broke off, or it is no HTTP.
    Broken = "broken-answer",

    /// What API Gateway has could not be read.
    GatewayUnread = "gateway-unread",
    /// The API or its stage is not there.
    StageMissing = "gateway-stage-missing",
    /// The root resource has no ANY: `/` is not answered.
    RootMissing = "gateway-root-missing",
    /// There is no `{proxy+}` with ANY: paths below the root are not answered.
    ProxyMissing = "gateway-proxy-missing",
    /// A method of its own lies before ANY and answers in the service's place.
    MethodInFront = "gateway-method-in-front",
    /// The method asks for a sign-in or a key.
    Authorization = "gateway-authorization",
    /// The integration is none of Lambda's proxy kind.
    IntegrationKind = "gateway-integration-kind",
    /// The integration does not call Lambda with POST.
    IntegrationMethod = "gateway-integration-method",
    /// The integration's URI leads elsewhere than to this service's functions.
    IntegrationUri = "gateway-integration-uri",
    /// The stage variable `env` is missing.
    VariableMissing = "gateway-variable-missing",
    /// The stage variable `env` is another's.
    VariableWrong = "gateway-variable-wrong",
    /// The gateway may not invoke the function from this stage.
    PermissionMissing = "gateway-permission-missing",
    /// The resources were changed after the deployment that answers was made.
    DeploymentStale = "gateway-deployment-stale",
    /// The gateway's own errors carry no CORS headers.
    ErrorsWithoutCors = "gateway-errors-without-cors",
    /// The gateway has no such path or method in what is deployed.
    NoRoute = "gateway-no-route",
    /// The gateway refuses this caller or this stage.
    Forbidden = "gateway-forbidden",
    /// The gateway throttles.
    Throttled = "gateway-throttled",
    /// The gateway cannot call the function, for a reason that could not be found.
    InternalError = "gateway-internal-error",
    /// The gateway could not reach Lambda.
    Unavailable = "gateway-unavailable",
    /// The function gave no answer within the gateway's 29 s.
    GatewayTimeout = "gateway-timeout",
    /// The request or its path is more than the gateway takes.
    TooLong = "gateway-request-too-long",
    /// The function failed or gave what is no proxy answer, and which could not be found.
    BadGateway = "gateway-bad-answer",

    /// There is no function for the stage.
    FunctionMissing = "function-missing",
    /// The function is not in a state to run.
    FunctionNotActive = "function-not-active",
    /// The function's process ended or panicked.
    FunctionCrashed = "function-crashed",
    /// The function does not start.
    FunctionInit = "function-init-failed",
    /// The function ran into its own time-out.
    FunctionTimeout = "function-timed-out",
    /// The function has no room for another invocation.
    FunctionThrottled = "function-throttled",
    /// The function's answer is none that the gateway understands.
    FunctionMalformed = "function-malformed-answer",
    /// The function's answer is larger than Lambda lets through.
    FunctionTooLarge = "function-answer-too-large",
    /// The function returned an error instead of an answer.
    FunctionError = "function-error",
    /// The router sees the stage in front of its paths, and has no such paths.
    PrefixNotStripped = "prefix-not-stripped",

    /// There is no OpenAPI document.
    OpenApiMissing = "openapi-missing",
    /// What lies there is no OpenAPI 3 document.
    OpenApiInvalid = "openapi-invalid",
    /// The document has nothing that can be asked.
    OpenApiEmpty = "openapi-empty",
    /// A schema in the document cannot be used.
    OpenApiSchema = "openapi-schema-unusable",
    /// The service does not know a path that its document lists.
    PathUnknown = "path-unknown",
    /// The service does not take the method that its document lists.
    MethodUnknown = "method-unknown",
    /// The path redirects.
    Redirect = "redirect",
    /// The path asks for a sign-in.
    SignIn = "sign-in",
    /// The service itself failed.
    ServiceFailed = "service-failed",
    /// The status is none that was wanted.
    Status = "status",
    /// The status is none that the document declares.
    StatusUndeclared = "status-undeclared",
    /// The content type is none that the document declares.
    ContentType = "content-type",
    /// It says that it is JSON and is not.
    BadJson = "bad-json",
    /// The answer does not fit its schema.
    Schema = "schema",
    /// Bytes came through the gateway as base64 text.
    BinaryMangled = "binary-mangled",
    /// The answer does not say under which ENV it runs.
    EnvMissing = "env-missing",
    /// The other stage's function answers, or this one has its ENV.
    EnvOther = "env-other-stage",
    /// The function runs under an ENV that is no stage's, such as `dev`.
    EnvWrong = "env-wrong",
    /// A value that a check names is another.
    Value = "value",
    /// It took longer than the check allows.
    TooSlow = "too-slow",

    /// A check that may change something was not sent.
    NotSent = "not-sent",
    /// A check needs a variable that is not set.
    VariableUnset = "variable-unset",

    /// No CORS headers at all: neither the preflight nor the answer has them.
    CorsOff = "cors-off",
    /// The answer has no access-control-allow-origin.
    CorsOriginMissing = "cors-origin-missing",
    /// The CORS layer does not allow the origin.
    CorsOriginRefused = "cors-origin-refused",
    /// access-control-allow-origin is another origin.
    CorsOriginOther = "cors-origin-other",
    /// access-control-allow-origin is there more than once.
    CorsOriginTwice = "cors-origin-twice",
    /// access-control-allow-origin is `*`, and the page sends credentials.
    CorsWildcardCredentials = "cors-wildcard-with-credentials",
    /// access-control-allow-credentials is not `true`, and the page sends credentials.
    CorsCredentials = "cors-credentials-not-allowed",
    /// Something in front of the CORS layer answers the preflight.
    CorsPreflightEaten = "cors-preflight-eaten",
    /// The preflight is answered with a redirect.
    CorsPreflightRedirect = "cors-preflight-redirect",
    /// The preflight is not answered with a success.
    CorsPreflightStatus = "cors-preflight-status",
    /// The preflight does not allow the method.
    CorsMethod = "cors-method-not-allowed",
    /// The preflight does not allow a header.
    CorsHeader = "cors-header-not-allowed",
    /// `*` is to stand for `Authorization`, which the standard does not let it.
    CorsAuthorizationWildcard = "cors-authorization-by-wildcard",
    /// A list in the preflight's answer is no list of names.
    CorsUnreadable = "cors-header-unreadable",
    /// Answers differ by origin, and caches are not told (Vary).
    CorsVary = "cors-vary-missing",
    /// access-control-max-age is no number of seconds.
    CorsMaxAge = "cors-max-age",
    /// Any origin may send credentials.
    CorsAnyOrigin = "cors-any-origin-with-credentials",

    /// There is no documentation page.
    DocsMissing = "docs-missing",
    /// The page names no OpenAPI document.
    DocsNoUrl = "docs-without-url",
    /// The page fetches its document past the stage's prefix.
    DocsPrefixLost = "docs-prefix-lost",
    /// The page fetches its document with the stage's prefix twice.
    DocsPrefixDoubled = "docs-prefix-doubled",
    /// The page's document is not there.
    DocsDocument = "docs-document-missing",
    /// A script or style of the page does not load.
    DocsAsset = "docs-asset",
    /// The document's servers lead past the stage's prefix.
    ServersPrefixLost = "servers-prefix-lost",
    /// The document's servers have the stage's prefix twice.
    ServersPrefixDoubled = "servers-prefix-doubled",
    /// The document's servers lead to another host or stage.
    ServersElsewhere = "servers-elsewhere",
}

impl Serialize for Diagnosis {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_another_and_stands_in_the_documentation() {
        let text = include_str!("../../../docs/checks.md");
        let names: BTreeSet<&str> = Diagnosis::ALL.iter().map(|one| one.as_str()).collect();
        assert_eq!(names.len(), Diagnosis::ALL.len());
        for name in names {
            assert!(text.contains(&format!("| `{name}` |")), "{name}");
        }
    }
}
