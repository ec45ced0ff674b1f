//! Whether a function's resource policy lets the gateway call it.

use crate::account::ACCOUNT_ID;
use crate::wildcard::{arn_like, wildcard};
use crate::world::functions::Statement;

const PRINCIPAL: &str = "apigateway.amazonaws.com";

/// Whether a statement allows the call that comes from `source_arn`.
pub(super) fn allows(policy: &[Statement], source_arn: &str) -> bool {
    policy.iter().any(|statement| {
        statement.principal == PRINCIPAL
            && wildcard(&statement.action, "lambda:InvokeFunction")
            && statement.source_arn.as_ref().is_none_or(|pattern| arn_like(pattern, source_arn))
            && statement.source_account.as_ref().is_none_or(|account| account == ACCOUNT_ID)
            && statement.conditions.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::execute_api_arn;

    fn statement(source_arn: Option<&str>) -> Statement {
        Statement {
            id: "s".to_owned(),
            principal: PRINCIPAL.to_owned(),
            action: "lambda:InvokeFunction".to_owned(),
            source_arn: source_arn.map(str::to_owned),
            source_account: None,
            ..Statement::default()
        }
    }

    #[test]
    fn a_permission_is_bound_to_what_it_names() {
        let arn = execute_api_arn("abc", "stage", "GET", "/{proxy+}");
        let prefix = "arn:aws:execute-api:us-east-1:000000000000:abc";
        for (resource, allowed) in [
            ("/stage/*/*", true),
            ("/*/*", true),
            ("/*/*/*", true),
            ("/stage/GET/{proxy+}", true),
            ("/sta??/GET/*", true),
            ("/prod/*/*", false),
            ("/stage/POST/*", false),
            ("", false),
        ] {
            let pattern = format!("{prefix}{resource}");
            assert_eq!(allows(&[statement(Some(&pattern))], &arn), allowed, "{pattern}");
        }
        assert!(allows(&[statement(None)], &arn));
        assert!(!allows(&[], &arn));
        assert!(!allows(&[statement(Some("arn:*:abc/stage/GET/{proxy+}"))], &arn));
        assert!(!allows(&[Statement { principal: "s3.amazonaws.com".into(), ..statement(None) }], &arn));
        assert!(!allows(
            &[Statement { source_account: Some("123456789012".into()), ..statement(None) }],
            &arn
        ));
    }

    #[test]
    fn the_root_has_an_arn_that_ends_in_a_slash() {
        let arn = execute_api_arn("abc", "stage", "GET", "/");
        assert!(arn_like("arn:aws:execute-api:us-east-1:000000000000:abc/stage/*/*", &arn), "{arn}");
    }

    #[test]
    fn a_star_gives_back_what_it_took_too_much() {
        assert!(wildcard("a*b*c", "axbxbxc"));
        assert!(!wildcard("a*b*c", "axbxbx"));
        assert!(wildcard("*", ""));
        assert!(!wildcard("?", ""));
    }
}
