//! AWS's own managed policies whose text is known here. What they say about services that are not here is left out: it
//! decides nothing.

use super::{Policy, Rule};

const PREFIX: &str = "arn:aws:iam::aws:policy/";

/// The policy that allows everything.
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// Path and name, and the actions that are allowed on all resources (AWS Managed Policy Reference, November 2026; the same as in the
/// documents that moto 5.2.5 carries).
const KNOWN: [(&str, &[&str]); 6] = [
    (
        "service-role/AWSLambdaBasicExecutionRole",
        &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    ),
    (
        "AWSXRayDaemonWriteAccess",
        &[
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
        ],
    ),
    ("CloudWatchLogsFullAccess", &["logs:*"]),
    (
        "AmazonEC2ContainerRegistryReadOnly",
        &[
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:GetRepositoryPolicy",
            "ecr:DescribeRepositories",
            "ecr:ListImages",
            "ecr:DescribeImages",
            "ecr:BatchGetImage",
            "ecr:GetLifecyclePolicy",
            "ecr:GetLifecyclePolicyPreview",
            "ecr:ListTagsForResource",
            "ecr:DescribeImageScanFindings",
        ],
    ),
    ("AmazonEC2ContainerRegistryFullAccess", &["ecr:*"]),
    ("IAMFullAccess", &["iam:*"]),
];

/// Whether it is one of AWS's own.
pub(crate) fn is_managed_by_aws(arn: &str) -> bool {
    arn.strip_prefix(PREFIX).is_some_and(|name| !name.is_empty())
}

/// What the policy of that ARN says; `None` when it is not one of AWS's whose text is known.
pub(crate) fn rule(arn: &str) -> Option<Rule> {
    if arn == ADMINISTRATOR {
        return Some(Rule::Everything);
    }
    let name = arn.strip_prefix(PREFIX)?;
    let (_, actions) = KNOWN.iter().find(|(known, _)| *known == name)?;
    Some(Rule::Policy(Policy::allowing(actions)))
}
