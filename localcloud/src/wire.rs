//! Which service and operation a call is, detected once, and the answer in the words of the call's protocol.
//!
//! Services see a [`Call`] and give an [`Answer`] or a [`Fault`]; nothing of a protocol goes beyond this module.

mod cbor;
pub(crate) mod checks;
mod cloudwatch;
mod compressed;
mod ec2;
pub(crate) mod fault;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod json;
mod query;
mod routes;
mod signature;
mod sigv4;
pub(crate) mod stream;

use std::collections::BTreeMap;

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::access::{Caller, Identity};
use fault::Fault;
use stream::Frames;

/// The services of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Sts,
    Iam,
    /// Only to say which zones the region has.
    Ec2,
    Ecr,
    Lambda,
    ApiGateway,
    Logs,
    CloudWatch,
}

impl Service {
    /// By the name that a signature's scope gives it.
    fn by_signing_name(name: &str) -> Option<Service> {
        let all = [
            Service::Sts,
            Service::Iam,
            Service::Ec2,
            Service::Ecr,
            Service::Lambda,
            Service::ApiGateway,
            Service::Logs,
            Service::CloudWatch,
        ];
        all.into_iter().find(|service| service.signing_name() == name)
    }

    /// As a signature's scope names it.
    pub(crate) fn signing_name(self) -> &'static str {
        match self {
            Service::Sts => "sts",
            Service::Iam => "iam",
            Service::Ec2 => "ec2",
            Service::Ecr => "ecr",
            Service::Lambda => "lambda",
            Service::ApiGateway => "apigateway",
            Service::Logs => "logs",
            Service::CloudWatch => "monitoring",
        }
    }

    /// As rules of faults name it: as its signature does, but for the one service that nobody knows by that name.
    pub(crate) fn rule_name(self) -> &'static str {
        if self == Service::CloudWatch { "cloudwatch" } else { self.signing_name() }
    }

    /// As people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Service::Sts => "STS",
            Service::Iam => "IAM",
            Service::Ec2 => "EC2",
            Service::Ecr => "ECR",
            Service::Lambda => "Lambda",
            Service::ApiGateway => "API Gateway",
            Service::Logs => "CloudWatch Logs",
            Service::CloudWatch => "CloudWatch",
        }
    }

    /// CloudWatch speaks three protocols, and the request says which it is.
    fn protocol(self, headers: &HeaderMap) -> Protocol {
        match self {
            Service::CloudWatch if headers.contains_key(cbor::PROTOCOL) => Protocol::Cbor,
            Service::CloudWatch if headers.contains_key("x-amz-target") => Protocol::AwsJson,
            Service::CloudWatch => Protocol::Query,
            Service::Sts | Service::Iam | Service::Ec2 => Protocol::Query,
            Service::Ecr | Service::Logs => Protocol::AwsJson,
            Service::Lambda | Service::ApiGateway => Protocol::RestJson,
        }
    }

    fn target_prefix(self) -> Option<&'static str> {
        match self {
            Service::Ecr => Some("AmazonEC2ContainerRegistry_V20150921."),
            Service::Logs => Some("Logs_20140328."),
            Service::CloudWatch => Some("GraniteServiceVersion20100801."),
            _ => None,
        }
    }
}

/// How a call is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    /// A form in, XML out.
    Query,
    /// `X-Amz-Target` and JSON, version 1.1 (CloudWatch: 1.0).
    AwsJson,
    /// Service and operation in the path, CBOR bodies: Smithy's RPC protocol, version 2.
    Cbor,
    /// Method and path, JSON bodies.
    RestJson,
}

/// One operation, asked for.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) service: Service,
    pub(crate) operation: String,
    /// Whose call it is.
    pub(crate) caller: Caller,
    /// Body and query members together; what stands in the path is in [`Call::path`].
    input: Map<String, Value>,
    path: BTreeMap<&'static str, String>,
    /// The method of the request, and its path as it came: percent-encoded.
    pub(crate) target: (http::Method, String),
    pub(crate) headers: HeaderMap,
    /// The body as it came, for operations whose payload is octets.
    pub(crate) payload: Bytes,
}

impl Call {
    /// The input as the operation's own type. A member that the type does not know would change what the operation
    /// does and is refused by name; `null`, `false` and what is empty say nothing and are let through.
    pub(crate) fn input<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        json::read(self.service, &self.operation, &self.input)
    }

    /// The input as two types: the members that `first` names, and all others.
    pub(crate) fn inputs<A: DeserializeOwned, B: DeserializeOwned>(
        &self,
        first: &[&str],
    ) -> Result<(A, B), Fault> {
        let (first, second): (Map<_, _>, Map<_, _>) =
            self.input.clone().into_iter().partition(|(name, _)| first.contains(&name.as_str()));
        let one = json::read(self.service, &self.operation, &first)?;
        Ok((one, json::read(self.service, &self.operation, &second)?))
    }

    /// A parameter of the path. The route has it, or the operation would not have been found.
    pub(crate) fn path(&self, name: &str) -> Result<&str, Fault> {
        self.path
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| Fault::internal(format!("{} has no path parameter {name}", self.operation)))
    }

    /// A member of the input as it came: text, a list, or a number. For what has to be known before the operation is.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        self.input.get(name).filter(|value| !value.is_null())
    }

    /// A member of the input that is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.member(name).and_then(Value::as_str)
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The operation is known to AWS and not offered here.
    pub(crate) fn not_offered(&self) -> Fault {
        Fault::not_offered(self.service.name(), &self.operation)
    }

    /// The operation is offered, but not with this parameter or value.
    pub(crate) fn parameter_not_offered(&self, parameter: &str) -> Fault {
        Fault::parameter_not_offered(self.service, &self.operation, parameter)
    }
}

/// What an operation gives back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Body,
}

/// The body of an [`Answer`].
#[derive(Debug)]
pub(crate) enum Body {
    /// Nothing, or for the query protocol an empty result.
    Empty,
    /// Members, written as JSON or XML.
    Members(Value),
    /// Octets as they are.
    Octets(Bytes),
    /// Frames, one after the other as they come.
    Frames(Frames),
}

impl Answer {
    /// 200 with members.
    pub(crate) fn ok(members: Value) -> Answer {
        Answer::with_status(200, members)
    }

    pub(crate) fn with_status(status: u16, members: Value) -> Answer {
        Answer { status, headers: Vec::new(), body: Body::Members(members) }
    }

    pub(crate) fn empty(status: u16) -> Answer {
        Answer { status, headers: Vec::new(), body: Body::Empty }
    }
}

/// A call that was understood, or the refusal of one that was not, each with what is needed to answer it.
#[derive(Debug)]
pub(crate) struct Reply {
    protocol: Protocol,
    service: Option<Service>,
    operation: String,
    request_id: String,
}

impl Reply {
    /// The answer as an HTTP response.
    pub(crate) fn encode(&self, outcome: Result<Answer, Fault>) -> Response {
        let mut response = match (self.protocol, outcome) {
            (Protocol::Query, Ok(answer)) => {
                query::answer(self.service, &self.operation, &self.request_id, answer)
            }
            (Protocol::Query, Err(fault)) => query::fault(self.service, &self.request_id, &fault),
            (Protocol::Cbor, Ok(answer)) => cbor::answer(answer),
            (Protocol::Cbor, Err(fault)) => cbor::fault(&fault),
            (protocol, Ok(answer)) => json::answer(protocol, self.service, answer),
            (protocol, Err(fault)) => json::fault(protocol, self.service, &fault),
        };
        // A function that was invoked has told its own.
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            response.headers_mut().entry("x-amzn-requestid").or_insert(id);
        }
        response
    }
}

/// Says what a request asks for; `whose` knows who an access key belongs to. The [`Reply`] comes in any case: a refusal is written as its service would write it.
pub(crate) fn detect(
    method: &http::Method,
    uri: &Uri,
    headers: &HeaderMap,
    payload: Bytes,
    whose: impl Fn(&str) -> Option<Identity>,
) -> (Reply, Result<Call, Fault>) {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let form =
        text(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let credential = text(header::AUTHORIZATION).map(sigv4::parse);
    let service =
        credential.as_ref().and_then(|credential| Service::by_signing_name(credential.as_ref()?.service));
    let protocol = match service {
        Some(service) => service.protocol(headers),
        None if target.is_some() => Protocol::AwsJson,
        None if form => Protocol::Query,
        None => Protocol::RestJson,
    };
    let mut reply =
        Reply { protocol, service, operation: String::new(), request_id: uuid::Uuid::new_v4().to_string() };
    let credential = match credential {
        None => return (reply, Err(sigv4::missing(protocol))),
        Some(None) => return (reply, Err(sigv4::incomplete(protocol))),
        Some(Some(credential)) => credential,
    };
    let Some(service) = service else {
        let operation = target
            .and_then(|target| target.rsplit_once('.'))
            .map_or_else(|| format!("{method} {}", uri.path()), |(_, operation)| operation.to_owned());
        let fault = Fault::not_offered(&format!("the service {:?}", credential.service), &operation);
        return (reply, Err(fault));
    };
    let token = headers.get("x-amz-security-token").and_then(|value| value.to_str().ok());
    let identity = sigv4::check(&credential, whose(credential.access_key), token, protocol, service);
    let caller = match identity {
        Ok(Identity { caller, secret, .. }) => {
            let received = signature::Received { method, uri, headers, payload: &payload };
            let now = jiff::Timestamp::now();
            match signature::verify(&received, &credential, &secret.0, protocol, now) {
                Ok(()) => caller,
                Err(fault) => return (reply, Err(fault)),
            }
        }
        Err(fault) => return (reply, Err(fault)),
    };
    // What was signed is the body as it came.
    let payload = match compressed::unpacked(service, headers, payload) {
        Ok(payload) => payload,
        Err(fault) => return (reply, Err(fault)),
    };
    let parts = match protocol {
        Protocol::Query => query::parts(service, &payload),
        Protocol::AwsJson => json::target_parts(service, target, &payload),
        Protocol::Cbor => cbor::parts(service, uri.path(), headers, &payload),
        Protocol::RestJson => json::rest_parts(service, method, uri, headers, &payload),
    };
    let call = parts.map(|Parts { operation, input, path }| {
        reply.operation.clone_from(&operation);
        let target = (method.clone(), uri.path().to_owned());
        Call { service, operation, caller, input, path, target, headers: headers.clone(), payload }
    });
    (reply, call)
}

/// The refusal of a request whose body has more than `limit` bytes, as its service would write it. Nothing of it is
/// believed or done: without the body no signature can be verified.
pub(crate) fn oversized(method: &http::Method, uri: &Uri, headers: &HeaderMap, limit: usize) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let target = text("x-amz-target");
    let named =
        text("authorization").and_then(|given| Service::by_signing_name(sigv4::parse(given)?.service));
    let protocol = match named {
        Some(service) => service.protocol(headers),
        None if target.is_some() => Protocol::AwsJson,
        None => Protocol::RestJson,
    };
    let operation = match (named, protocol) {
        (Some(service), Protocol::RestJson) => {
            json::rest_parts(service, method, uri, headers, &Bytes::new()).ok().map(|parts| parts.operation)
        }
        _ => target.and_then(|target| target.rsplit_once('.')).map(|(_, operation)| operation.to_owned()),
    };
    let purpose = operation.as_ref().map(|operation| format!(" for the {operation} operation"));
    let message = format!("Request must be smaller than {limit} bytes{}", purpose.unwrap_or_default());
    let request_id = uuid::Uuid::new_v4().to_string();
    let reply = Reply { protocol, service: named, operation: operation.unwrap_or_default(), request_id };
    reply.encode(Err(Fault::new(413, "RequestEntityTooLargeException", message)))
}

/// What a protocol reads out of a request.
struct Parts {
    operation: String,
    input: Map<String, Value>,
    path: BTreeMap<&'static str, String>,
}
