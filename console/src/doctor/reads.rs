//! Permissions learned from cheap calls that change nothing: what answers is allowed, and a denial says what it is about.

use std::collections::BTreeSet;

use futures_util::future::{BoxFuture, join_all};
use jiff::Timestamp;

use crate::cloud::{Cloud, LogRange};
use crate::domain::{Problem, StageName};
use crate::settings::Settings;

/// What was learned.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Learned {
    /// Actions that were let through.
    pub(super) allowed: BTreeSet<&'static str>,
    /// Actions that were denied, and the resource that the denial named.
    pub(super) denied: Vec<(String, String)>,
}

/// What a read proved to be allowed, or why it failed.
type Answer = Result<Vec<&'static str>, Problem>;

/// Asks all of them, side by side. What fails otherwise than by a denial teaches nothing.
pub(super) async fn ask(cloud: &Cloud, settings: &Settings) -> Learned {
    let mut learned = Learned::default();
    for answer in join_all(questions(cloud, settings)).await {
        match answer {
            Ok(actions) => learned.allowed.extend(actions),
            Err(problem) => learned.denied.extend(denial(&problem.detail)),
        }
    }
    // Allowed on one stage and not on the other is not allowed.
    learned.allowed.retain(|action| learned.denied.iter().all(|(denied, _)| denied != action));
    learned
}

fn questions<'a>(cloud: &'a Cloud, settings: &'a Settings) -> Vec<BoxFuture<'a, Answer>> {
    let mut all: Vec<BoxFuture<'a, Answer>> = Vec::new();
    for stage in StageName::ALL {
        let name = settings.function_name(stage);
        let of = name.clone();
        all.push(Box::pin(async move { Ok(cloud.function(&of).await.map(|_| vec!["lambda:GetFunction"])?) }));
        let of = name.clone();
        all.push(Box::pin(
            async move { Ok(cloud.permissions(&of).await.map(|_| vec!["lambda:GetPolicy"])?) },
        ));
        all.push(Box::pin(async move {
            Ok(cloud.versions(&name).await.map(|_| vec!["lambda:ListVersionsByFunction"])?)
        }));
        let group = settings.log_group(stage);
        all.push(Box::pin(async move {
            let since = Timestamp::now().as_millisecond() - 1000;
            Ok(cloud
                .log_page(&LogRange::from(&group, since), None)
                .await
                .map(|_| vec!["logs:FilterLogEvents"])?)
        }));
    }
    let group = settings.log_group(StageName::Stage);
    all.push(Box::pin(async move {
        Ok(cloud.log_group_size(&group).await.map(|_| vec!["logs:DescribeLogGroups"])?)
    }));
    all.push(Box::pin(async move {
        let Some(api) = cloud.api(&settings.name).await? else { return Ok(Vec::new()) };
        Ok(cloud.stages(&api).await.map(|_| vec!["apigateway:GET"])?)
    }));
    let image = &settings.build.image;
    all.push(Box::pin(async move {
        Ok(cloud.repository(image).await.map(|_| vec!["ecr:DescribeRepositories"])?)
    }));
    all.push(Box::pin(async move { Ok(cloud.images(image).await.map(|_| vec!["ecr:DescribeImages"])?) }));
    all.push(Box::pin(async move {
        let role = cloud.role(&crate::deploy::role_name(settings)).await?;
        let mut actions = vec!["iam:GetRole"];
        if role.is_some() {
            actions.extend(["iam:ListAttachedRolePolicies", "iam:ListRolePolicies"]);
        }
        Ok(actions)
    }));
    all.push(Box::pin(async move {
        cloud.metrics(settings, Timestamp::now()).await.map(|_| vec!["cloudwatch:GetMetricData"])
    }));
    all
}

/// Action and resource out of IAM's sentence.
fn denial(text: &str) -> Option<(String, String)> {
    let word = |before: &str| {
        let rest = text.split_once(before)?.1;
        Some(rest.split_whitespace().next()?.trim_end_matches(['.', ',']).to_owned())
    };
    let action = word("not authorized to perform: ")?;
    Some((action, word("on resource: ").unwrap_or_else(|| "*".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_names_action_and_resource() {
        let said = "AccessDenied: User: arn:aws:iam::1:user/kim is not authorized to perform: iam:GetRole on resource: role hello because no identity-based policy allows the iam:GetRole action";
        assert_eq!(denial(said), Some(("iam:GetRole".to_owned(), "role".to_owned())));
        assert_eq!(
            denial("not authorized to perform: lambda:GetFunction."),
            Some(("lambda:GetFunction".to_owned(), "*".to_owned()))
        );
        assert_eq!(denial("ThrottlingException: Rate exceeded"), None);
    }
}
