//! From what a request showed to what lies behind it: a 500 of the gateway is explained by what the gateway has, a 502 by
//! asking the function itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use url::Url;

use super::Context;
use super::gateway::Inspection;
use crate::cloud::{FaultKind, Invoked};
use crate::domain::{Check, Diagnosis, Fault, Verdict, one_line};

/// What of the gateway's and Lambda's set-up makes the gateway answer so, the likelier first.
fn causes(diagnosis: Diagnosis) -> &'static [Diagnosis] {
    match diagnosis {
        Diagnosis::InternalError => &[
            Diagnosis::FunctionMissing,
            Diagnosis::VariableMissing,
            Diagnosis::VariableWrong,
            Diagnosis::IntegrationUri,
            Diagnosis::IntegrationMethod,
            Diagnosis::IntegrationKind,
            Diagnosis::PermissionMissing,
            Diagnosis::FunctionNotActive,
            Diagnosis::MethodInFront,
            Diagnosis::DeploymentStale,
        ],
        Diagnosis::NoRoute => &[
            Diagnosis::StageMissing,
            Diagnosis::ProxyMissing,
            Diagnosis::RootMissing,
            Diagnosis::Authorization,
            Diagnosis::MethodInFront,
            Diagnosis::DeploymentStale,
        ],
        Diagnosis::Forbidden => &[Diagnosis::StageMissing, Diagnosis::Authorization],
        Diagnosis::BadGateway => &[Diagnosis::IntegrationKind, Diagnosis::FunctionNotActive],
        Diagnosis::EnvOther | Diagnosis::EnvWrong => {
            &[Diagnosis::VariableWrong, Diagnosis::IntegrationUri, Diagnosis::DeploymentStale]
        }
        Diagnosis::CorsPreflightEaten
        | Diagnosis::CorsOff
        | Diagnosis::CorsOriginMissing
        | Diagnosis::CorsOriginOther
        | Diagnosis::CorsOriginTwice
        | Diagnosis::CorsHeader
        | Diagnosis::CorsMethod
        | Diagnosis::CorsCredentials
        | Diagnosis::CorsWildcardCredentials => &[Diagnosis::MethodInFront, Diagnosis::Authorization],
        _ => &[],
    }
}

/// Gives each failed check the name, cause and fix of what lies behind it, as far as that can be found.
pub(super) async fn explain(context: &Context<'_>, checks: &mut [Check], inspection: &Inspection) {
    let mut probed: BTreeMap<String, Option<Fault>> = BTreeMap::new();
    for check in checks {
        // A service without a documentation page may be one whose router was led past all its pages.
        let fault = match &check.verdict {
            Verdict::Failed(fault) => fault,
            Verdict::Warned(fault) if fault.diagnosis == Diagnosis::DocsMissing => fault,
            _ => continue,
        };
        let status = check.answer.as_ref().map(|answer| answer.status);
        let behind = causes(fault.diagnosis)
            .iter()
            .find_map(|cause| inspection.faults().find(|found| found.diagnosis == *cause));
        let found = match (behind, fault.diagnosis) {
            (Some(behind), _) => {
                let seen = status.map(|status| format!("({status}) ")).unwrap_or_default();
                Some(Fault::new(behind.diagnosis, format!("{seen}{}", behind.cause), behind.fix.clone()))
            }
            (None, Diagnosis::BadGateway) => {
                let path = path_of(context, check);
                if !probed.contains_key(&path) {
                    probed.insert(path.clone(), failure_of(context, &path).await);
                }
                probed.get(&path).cloned().flatten()
            }
            (None, Diagnosis::OpenApiMissing | Diagnosis::PathUnknown | Diagnosis::DocsMissing) => {
                let path = path_of(context, check);
                let key = format!("without stage {path}");
                if !probed.contains_key(&key) {
                    probed.insert(key.clone(), unstripped(context, &path).await);
                }
                probed.get(&key).cloned().flatten()
            }
            (None, Diagnosis::GatewayTimeout) => inspection.function.as_ref().filter(|one| one.timeout_s >= 29).map(|one| {
                Fault::new(
                    Diagnosis::GatewayTimeout,
                    format!("{}, and its own time-out is {} s: it goes on after the client was sent away", fault.cause, one.timeout_s),
                    "answer faster or answer 202 and go on elsewhere; set `[function] timeout` below 29, so that Lambda ends it first",
                )
            }),
            _ => None,
        };
        if let Some(found) = found {
            check.verdict = Verdict::Failed(found);
        }
    }
}

/// The path below the stage that a check asked for.
fn path_of(context: &Context<'_>, check: &Check) -> String {
    let url = check.request.as_ref().and_then(|request| Url::parse(&request.url).ok());
    let path = url.map(|url| url.path().to_owned()).unwrap_or_default();
    match path.strip_prefix(context.base_path()) {
        Some(below) if below.starts_with('/') => below.to_owned(),
        _ => path,
    }
}

/// The event of a GET, as API Gateway would make it; without a stage in it where `stage` is none.
fn event(context: &Context<'_>, path: &str, stage: bool) -> Value {
    let proxy = path.trim_start_matches('/');
    let mut request_context = json!({
        "accountId": "000000000000", "apiId": "callboard", "httpMethod": "GET", "identity": {"sourceIp": "127.0.0.1", "userAgent": "callboard"},
        "path": path, "protocol": "HTTP/1.1", "requestId": "callboard-check", "resourcePath": "/{proxy+}", "resourceId": "callboard",
    });
    if stage {
        request_context["stage"] = context.stage.as_str().into();
        request_context["path"] = format!("/{}{path}", context.stage).into();
    }
    json!({
        "resource": "/{proxy+}", "path": path, "httpMethod": "GET",
        "headers": {"Host": "callboard.invalid", "accept": "*/*"},
        "multiValueHeaders": {"Host": ["callboard.invalid"], "accept": ["*/*"]},
        "queryStringParameters": null, "multiValueQueryStringParameters": null,
        "pathParameters": {"proxy": proxy}, "stageVariables": {"env": context.stage.as_str()},
        "requestContext": request_context, "body": null, "isBase64Encoded": false,
    })
}

/// Why the function gave the gateway nothing that it could pass on; `None` when that cannot be found.
async fn failure_of(context: &Context<'_>, path: &str) -> Option<Fault> {
    let name = context.settings.function_name(context.stage);
    match context.cloud.invoke(&name, &event(context, path, true)).await {
        Ok(invoked) => failed(&name, &invoked),
        Err(fault) if fault.kind == FaultKind::Throttled => Some(Fault::new(
            Diagnosis::FunctionThrottled,
            format!(
                "{name} is throttled: as many invocations as its concurrency allows are under way ({})",
                fault.problem.detail
            ),
            "look at the function's reserved concurrency (`aws lambda get-function-concurrency`) and the account's limit",
        )),
        Err(_) => None,
    }
}

fn failed(name: &str, invoked: &Invoked) -> Option<Fault> {
    let last = last_words(&invoked.log);
    if invoked.error.is_none() {
        return (!is_proxy_answer(&invoked.payload)).then(|| {
            let shown = one_line(&super::show::text(&invoked.payload[..invoked.payload.len().min(400)]), 120);
            Fault::new(
                Diagnosis::FunctionMalformed,
                format!("{name} answers what is no answer of a Lambda proxy integration: {shown}"),
                "answer {\"statusCode\", \"headers\", \"body\"} and no other member: let lambda_http, Mangum or their like do it",
            )
        });
    }
    let told: Value = serde_json::from_slice(&invoked.payload).unwrap_or_default();
    let text = |member: &str| told.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, message) = (text("errorType"), text("errorMessage"));
    let shown = one_line(&super::show::text(message.as_bytes()), 200);
    let look = "look at the log lines of this request";
    Some(if message.contains("Task timed out") {
        Fault::new(
            Diagnosis::FunctionTimeout,
            format!("{name} ran into its own time-out ({shown})"),
            "make it faster, or give it more time (`[function] timeout`, 29 s at most behind the gateway)",
        )
    } else if kind == "Function.ResponseSizeTooLarge" {
        Fault::new(
            Diagnosis::FunctionTooLarge,
            format!("the answer of {name} is larger than the 6 MB that Lambda lets through"),
            "page it, or put it into S3 and answer with its address",
        )
    } else if invoked.log.contains("INIT_REPORT") && invoked.log.contains("Status: error")
        || kind.contains("InvalidEntrypoint")
    {
        Fault::new(
            Diagnosis::FunctionInit,
            format!("{name} does not start ({}): {last}", one_line(&kind, 60)),
            "look at its log lines: the last one before the end says why",
        )
    } else if kind.starts_with("Runtime.") || kind == "Extension.Crash" || message.contains("panicked") {
        let cause = if message.contains("panicked") { shown } else { last };
        Fault::new(
            Diagnosis::FunctionCrashed,
            format!("{name} crashed ({}): {cause}", one_line(&kind, 60)),
            look,
        )
    } else {
        Fault::new(
            Diagnosis::FunctionError,
            format!("{name} ended with an error ({}): {shown}", one_line(&kind, 60)),
            look,
        )
    })
}

/// The last line that the program itself logged.
fn last_words(log: &str) -> String {
    let of_lambda = ["START ", "END ", "REPORT ", "INIT_", "XRAY ", "RequestId: "];
    let mut own = log
        .lines()
        .filter(|line| !line.trim().is_empty() && !of_lambda.iter().any(|word| line.starts_with(word)));
    match own.next_back() {
        Some(line) => one_line(&super::show::text(line.as_bytes()), 160),
        None => "it logged nothing".to_owned(),
    }
}

/// Whether API Gateway understands it: an object with known members only, and a status that is a number.
fn is_proxy_answer(payload: &[u8]) -> bool {
    const KNOWN: [&str; 5] = ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];
    let Ok(Value::Object(answer)) = serde_json::from_slice::<Value>(payload) else { return false };
    let status = match answer.get("statusCode") {
        None | Some(Value::Null) => true,
        Some(Value::Number(number)) => number.as_u64().is_some_and(|number| (200..=599).contains(&number)),
        Some(Value::String(text)) => text.parse::<u16>().is_ok_and(|number| (200..=599).contains(&number)),
        Some(_) => false,
    };
    let headers = |name: &str| answer.get(name).is_none_or(|value| value.is_null() || value.is_object());
    let lists = answer.get("multiValueHeaders").and_then(Value::as_object);
    let lists = lists.is_none_or(|all| all.values().all(|value| value.is_null() || value.is_array()));
    status
        && !answer.is_empty()
        && answer.keys().all(|key| KNOWN.contains(&key.as_str()))
        && headers("headers")
        && headers("multiValueHeaders")
        && lists
        && !matches!(answer.get("body"), Some(Value::Object(_) | Value::Array(_)))
}

/// Whether the service has the path once nobody tells it of a stage: then its router sees the stage in front of its paths.
async fn unstripped(context: &Context<'_>, path: &str) -> Option<Fault> {
    let name = context.settings.function_name(context.stage);
    let status = async |stage: bool| {
        let invoked = context.cloud.invoke(&name, &event(context, path, stage)).await.ok()?;
        let answer: Value = serde_json::from_slice(&invoked.payload).ok()?;
        answer.get("statusCode")?.as_u64()
    };
    let (with, without) = (status(true).await?, status(false).await?);
    (with == 404 && without == 200).then(|| {
        Fault::new(
            Diagnosis::PrefixNotStripped,
            format!("the service's router sees /{}{path} instead of {path}, and has no such path", context.stage),
            "lambda_http: set AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH=true in the stage's env file, or strip the stage as `service` does; Mangum: api_gateway_base_path",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_answer_is_told_from_what_is_none() {
        for good in [
            r#"{"statusCode":200}"#,
            r#"{"headers":{}}"#,
            r#"{"statusCode":"201","body":"x","multiValueHeaders":{"a":["b"]}}"#,
        ] {
            assert!(is_proxy_answer(good.as_bytes()), "{good}");
        }
        for bad in [
            r#""text""#,
            "{}",
            "null",
            r#"{"statusCode":200,"extra":1}"#,
            r#"{"statusCode":"ok"}"#,
            r#"{"statusCode":200,"multiValueHeaders":{"a":"b"}}"#,
            r#"{"statusCode":99}"#,
        ] {
            assert!(!is_proxy_answer(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn each_way_to_fail_has_its_name() {
        let invoked = |error: Option<&str>, payload: &str, log: &str| Invoked {
            error: error.map(str::to_owned),
            payload: payload.as_bytes().to_vec(),
            log: log.to_owned(),
        };
        let named = |invoked: Invoked| failed("hello-stage", &invoked).map(|fault| fault.diagnosis);
        let unhandled = Some("Unhandled");
        for (payload, log, wanted) in [
            (
                r#"{"errorMessage":"2026-11-25T00:00:00Z abc Task timed out after 3.00 seconds"}"#,
                "",
                Diagnosis::FunctionTimeout,
            ),
            (
                r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: a Error: Runtime exited with error: exit status 1"}"#,
                "START RequestId: a\nboom\nEND RequestId: a\n",
                Diagnosis::FunctionCrashed,
            ),
            (
                r#"{"errorType":"Runtime.ExitError","errorMessage":"x"}"#,
                "INIT_REPORT Init Duration: 3 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n",
                Diagnosis::FunctionInit,
            ),
            (
                r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"x"}"#,
                "",
                Diagnosis::FunctionTooLarge,
            ),
            (
                r#"{"errorType":"&str","errorMessage":"Lambda panicked: boom"}"#,
                "",
                Diagnosis::FunctionCrashed,
            ),
            (r#"{"errorType":"ValueError","errorMessage":"boom"}"#, "", Diagnosis::FunctionError),
        ] {
            assert_eq!(named(invoked(unhandled, payload, log)), Some(wanted), "{payload}");
        }
        assert_eq!(named(invoked(None, r#"{"statusCode":200}"#, "")), None);
        assert_eq!(named(invoked(None, "[]", "")), Some(Diagnosis::FunctionMalformed));
        assert_eq!(last_words("START RequestId: a\nboom \u{1b}[2J\nREPORT RequestId: a\n"), "boom ␛[2J");
    }
}
