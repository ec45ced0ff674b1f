//! What goes wrong, as AWS says it: a status, a code and a sentence.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Service;
use crate::store::StoreError;

/// A refusal. How it is written on the wire is up to the protocol of the call.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    /// Further members of the error's shape, such as `Type` or `Reason`.
    pub(crate) members: Map<String, Value>,
}

impl Fault {
    pub(crate) fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Fault {
        Fault { status, code: code.into(), message: message.into(), members: Map::new() }
    }

    pub(crate) fn with(mut self, member: &str, value: impl Into<Value>) -> Fault {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// A constraint of the service's model that an input does not keep.
    pub(crate) fn validation(service: Service, member: &str, value: &str, constraint: &str) -> Fault {
        Fault::validations(service, &[broken(member, value, constraint)])
    }

    /// Several of them at once, each made by [`broken`].
    pub(crate) fn validations(service: Service, broken: &[String]) -> Fault {
        let count = match broken.len() {
            1 => "1 validation error".to_owned(),
            many => format!("{many} validation errors"),
        };
        let code = match service {
            Service::Logs | Service::Ecr => "InvalidParameterException",
            Service::Iam | Service::Sts | Service::Ec2 | Service::CloudWatch => "ValidationError",
            _ => "ValidationException",
        };
        Fault::new(400, code, format!("{count} detected: {}", broken.join("; ")))
    }

    /// An operation that the local cloud does not do.
    pub(crate) fn not_offered(service: &str, operation: &str) -> Fault {
        Fault::new(
            501,
            "NotImplemented",
            format!("Callboard's local cloud does not offer the operation {operation} of {service}"),
        )
    }

    /// A parameter, or a value of one, that would change what the operation does and is not offered.
    pub(crate) fn parameter_not_offered(service: Service, operation: &str, parameter: &str) -> Fault {
        Fault::new(
            501,
            "NotImplemented",
            format!(
                "Callboard's local cloud does not offer {parameter} in the operation {operation} of {}",
                service.name()
            ),
        )
    }

    /// The caller may not do this; in the service's own code, the message being IAM's.
    pub(crate) fn denied(service: Service, message: impl Into<String>) -> Fault {
        match service {
            Service::Lambda | Service::ApiGateway => Fault::new(403, "AccessDeniedException", message),
            Service::Ecr | Service::Logs => Fault::new(400, "AccessDeniedException", message),
            Service::Iam | Service::Sts | Service::Ec2 | Service::CloudWatch => {
                Fault::new(403, "AccessDenied", message)
            }
        }
    }

    /// The caller's credentials have expired, in the service's own code.
    pub(crate) fn expired(service: Service) -> Fault {
        let message = "The security token included in the request is expired";
        match service {
            Service::Lambda | Service::ApiGateway => Fault::new(403, "ExpiredTokenException", message),
            Service::Ecr | Service::Logs => Fault::new(400, "ExpiredTokenException", message),
            Service::Iam | Service::Sts | Service::Ec2 | Service::CloudWatch => {
                Fault::new(403, "ExpiredToken", message)
            }
        }
    }

    /// The caller is too fast, in the service's own words.
    pub(crate) fn throttled(service: Service) -> Fault {
        match service {
            Service::Lambda => Fault::new(429, "TooManyRequestsException", "Rate exceeded")
                .with("Type", "User")
                .with("Reason", "CallerRateLimitExceeded"),
            Service::ApiGateway => Fault::new(429, "TooManyRequestsException", "Too Many Requests"),
            Service::Iam | Service::Sts | Service::Ec2 | Service::CloudWatch => {
                Fault::new(400, "Throttling", "Rate exceeded")
            }
            Service::Ecr | Service::Logs => Fault::new(400, "ThrottlingException", "Rate exceeded"),
        }
    }

    /// The local cloud itself failed.
    pub(crate) fn internal(message: impl Into<String>) -> Fault {
        Fault::new(500, "ServiceException", message)
    }
}

/// One broken constraint in AWS's own words.
pub(crate) fn broken(member: &str, value: &str, constraint: &str) -> String {
    format!("Value '{value}' at '{member}' failed to satisfy constraint: {constraint}")
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        tracing::error!(%error, "the local cloud could not save its state");
        Fault::internal(format!("Callboard's local cloud could not save its state: {error}"))
    }
}
