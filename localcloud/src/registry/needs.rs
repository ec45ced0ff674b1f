//! What of IAM an operation of the registry takes, as ECR's documentation lists it for a push and a pull.

use crate::access::Need;
use crate::account;

/// `operation` is one of [`super::OPERATIONS`], `repository` the one it is about.
pub(super) fn needs(operation: &str, repository: &str) -> Vec<Need> {
    let need = |action: &str| Need::new(format!("ecr:{action}"), account::repository_arn(repository));
    let action = match operation {
        // Whoever has a token may say so.
        "Ping" => return Vec::new(),
        "HeadManifest" | "GetManifest" => "BatchGetImage",
        "PutManifest" => "PutImage",
        "HeadBlob" => "BatchCheckLayerAvailability",
        "GetBlob" => "GetDownloadUrlForLayer",
        "StartUpload" => "InitiateLayerUpload",
        "PatchUpload" | "GetUpload" => "UploadLayerPart",
        // A blob may come whole with its PUT, which is a part too.
        "PutUpload" => return vec![need("UploadLayerPart"), need("CompleteLayerUpload")],
        "ListTags" => "ListImages",
        // Not offered by the registry; and if it were, nobody would have been given it.
        other => other,
    };
    vec![need(action)]
}
