//! Which function a call means: a name, a partial ARN or a whole one, with or without a qualifier.

use super::constraints::{Constraints, is_number, is_word};
use super::describe::One;
use super::{invalid, not_found, user_fault};
use crate::account;
use crate::wire::Call;
use crate::wire::fault::{Fault, broken};
use crate::world::State;
use crate::world::functions::LATEST;

/// A version that only functions on capacity providers have; none is here.
const LATEST_PUBLISHED: &str = "$LATEST.PUBLISHED";

/// How an operation takes a function's name: three shapes of the service's model.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// `FunctionName`: where a function is made or changed.
    Plain,
    /// `NamespacedFunctionName`.
    Namespaced,
    /// `FunctionUrlFunctionName`: no version has a URL.
    Url,
    /// `UnqualifiedFunctionName`.
    Unqualified,
}

impl Shape {
    fn of(operation: &str) -> Shape {
        match operation {
            "CreateFunction" | "UpdateFunctionCode" | "UpdateFunctionConfiguration" | "PublishVersion" => {
                Shape::Plain
            }
            _ if operation.ends_with("Alias") || operation.ends_with("Aliases") => Shape::Plain,
            _ if operation.ends_with("FunctionConcurrency") => Shape::Plain,
            _ if operation.contains("FunctionUrl") => Shape::Url,
            _ if operation.ends_with("RecursionConfig") => Shape::Unqualified,
            _ => Shape::Namespaced,
        }
    }

    fn pattern(self) -> &'static str {
        match self {
            Shape::Plain => {
                r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
            }
            Shape::Namespaced => {
                r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
            }
            Shape::Unqualified => {
                r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)"
            }
            Shape::Url => {
                r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]{1,64})(:((?!\d+$)[0-9a-zA-Z-_]+))?"
            }
        }
    }

    fn longest(self) -> usize {
        if self == Shape::Namespaced { 256 } else { 140 }
    }

    fn is_name(self, name: &str) -> bool {
        match self {
            Shape::Plain | Shape::Unqualified => is_word(name, b"-_"),
            Shape::Namespaced => is_word(name, b"-_."),
            Shape::Url => is_word(name, b"-_") && name.len() <= 64,
        }
    }

    /// Behind the name.
    fn is_suffix(self, qualifier: &str) -> bool {
        match self {
            Shape::Unqualified => false,
            Shape::Plain => qualifier == LATEST || is_word(qualifier, b"-_"),
            Shape::Namespaced => [LATEST, LATEST_PUBLISHED].contains(&qualifier) || is_word(qualifier, b"-_"),
            Shape::Url => is_word(qualifier, b"-_") && !is_number(qualifier),
        }
    }

    /// In the query.
    fn qualifier(self, qualifier: &str) -> (bool, &'static str) {
        match self {
            Shape::Url => (self.is_suffix(qualifier), r"((?!^\d+$)^[0-9a-zA-Z-_]+$)"),
            Shape::Plain | Shape::Namespaced | Shape::Unqualified => (
                qualifier == LATEST_PUBLISHED || is_word(qualifier, b"-_$"),
                r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+",
            ),
        }
    }
}

/// What a version is called, `None` being `$LATEST`.
pub(super) fn version_name(number: Option<u64>) -> String {
    number.map_or_else(|| LATEST.to_owned(), |number| number.to_string())
}

/// A function, and the qualifier that the caller gave.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) qualifier: Option<String>,
}

impl Target {
    /// The ARN as the caller means it.
    pub(super) fn arn(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => qualified_arn(&self.name, qualifier),
            None => account::function_arn(&self.name),
        }
    }

    /// Refuses what is not `$LATEST`: versions cannot be changed.
    pub(super) fn latest(self) -> Result<Target, Fault> {
        match self.qualifier.as_deref() {
            None | Some(LATEST) => Ok(self),
            Some(_) => Err(not_found(&self.arn())),
        }
    }

    /// What of the function is meant, or 404.
    pub(super) fn one<'a>(&self, state: &'a State) -> Result<One<'a>, Fault> {
        let function = state.functions.get(&self.name);
        let found = function.and_then(|function| {
            One::find(function, function.qualified(self.qualifier.as_deref())?.version())
        });
        found.ok_or_else(|| not_found(&self.arn()))
    }
}

pub(super) fn qualified_arn(name: &str, qualifier: &str) -> String {
    format!("{}:{qualifier}", account::function_arn(name))
}

/// The function in the path of the call; `qualifier` is the one in the query.
pub(super) fn of(call: &Call, qualifier: Option<&str>) -> Result<Target, Fault> {
    let mut constraints = Constraints::default();
    constrain(call, qualifier, &mut constraints)?;
    constraints.verdict()?;
    resolve(call, qualifier)
}

/// What the model asks of the name in the path and of the qualifier.
pub(super) fn constrain(
    call: &Call,
    qualifier: Option<&str>,
    constraints: &mut Constraints,
) -> Result<(), Fault> {
    let shape = Shape::of(&call.operation);
    if let Some(qualifier) = qualifier {
        let (fits, pattern) = shape.qualifier(qualifier);
        constraints.length("qualifier", qualifier, 1, 128);
        constraints.pattern("qualifier", qualifier, fits, pattern);
    }
    constrain_name(shape, call.path("FunctionName")?, constraints);
    Ok(())
}

fn constrain_name(shape: Shape, name: &str, constraints: &mut Constraints) {
    constraints.length("functionName", name, 1, shape.longest());
    constraints.pattern("functionName", name, Parts::read(name, shape).is_some(), shape.pattern());
}

/// As [`of`], for a call whose constraints are known to hold.
pub(super) fn resolve(call: &Call, qualifier: Option<&str>) -> Result<Target, Fault> {
    let mut target = here(call.path("FunctionName")?, Shape::of(&call.operation))?;
    if let Some(qualifier) = qualifier {
        if target.qualifier.as_deref().is_some_and(|derived| derived != qualifier) {
            return Err(invalid(
                "The derived qualifier from the function name does not match the specified qualifier.",
            ));
        }
        target.qualifier = Some(qualifier.to_owned());
    }
    Ok(target)
}

/// What the model asks of the name of a function that is to be created.
pub(super) fn constrain_new(name: &str, constraints: &mut Constraints) {
    constrain_name(Shape::Plain, name, constraints);
}

/// The name of a function that is to be created, whose constraints are known to hold.
pub(super) fn to_create(name: &str) -> Result<String, Fault> {
    let target = here(name, Shape::Plain)?;
    if target.name.len() > 64 {
        let constraint = "Member must have length less than or equal to 64";
        let sentence = broken("functionName", &target.name, constraint);
        return Err(invalid(format!("1 validation error detected: {sentence}")));
    }
    // AWS's words are not on record; a function that is made has no versions and no aliases.
    if target.qualifier.as_deref().is_some_and(|qualifier| qualifier != LATEST) {
        return Err(invalid(format!("A function cannot be created with a qualifier: {name}")));
    }
    Ok(target.name)
}

/// A name in its parts.
struct Parts<'a> {
    region: Option<&'a str>,
    account_id: Option<&'a str>,
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// `None` when it does not satisfy the shape's pattern.
    fn read(text: &'a str, shape: Shape) -> Option<Parts<'a>> {
        let rest = match text.strip_prefix("arn:") {
            None => text,
            Some(rest) => {
                let (partition, rest) = rest.split_once(':')?;
                if !partition.is_empty() && !partition.starts_with("aws") {
                    return None;
                }
                rest.strip_prefix("lambda:")?
            }
        };
        let parts: Vec<&str> = rest.split(':').collect();
        let mut left = parts.as_slice();
        // What stands alone is the name, whatever it looks like.
        let mut take = |fits: &dyn Fn(&str) -> bool| match left {
            [first, rest @ ..] if !rest.is_empty() && fits(first) => {
                left = rest;
                Some(*first)
            }
            _ => None,
        };
        let region = take(&is_region);
        let account_id = take(&|part| part.len() == 12 && is_number(part));
        take(&|part| part == "function");
        let (name, qualifier) = match left {
            [name] => (*name, None),
            [name, qualifier] => (*name, Some(*qualifier)),
            _ => return None,
        };
        let fits = shape.is_name(name) && qualifier.is_none_or(|qualifier| shape.is_suffix(qualifier));
        fits.then_some(Parts { region, account_id, name, qualifier })
    }
}

/// The function that a name means, if it can be in this account and region.
fn here(text: &str, shape: Shape) -> Result<Target, Fault> {
    let Some(Parts { region, account_id, name, qualifier }) = Parts::read(text, shape) else {
        let mut constraints = Constraints::default();
        constrain_name(shape, text, &mut constraints);
        constraints.verdict()?;
        return Err(Fault::internal(format!("{text} is no function's name, and keeps to the pattern")));
    };
    if let Some(region) = region
        && region != account::REGION
    {
        let message =
            format!("Functions from '{region}' are not reachable in this region ('{}')", account::REGION);
        return Err(user_fault(404, "ResourceNotFoundException", message));
    }
    if account_id.is_some_and(|id| id != account::ACCOUNT_ID) {
        // AWS says nothing more than that.
        return Err(Fault::new(403, "AccessDeniedException", ""));
    }
    Ok(Target { name: name.to_owned(), qualifier: qualifier.map(str::to_owned) })
}

/// `[a-z]{2}(-gov|-iso[a-z]?)?-[a-z]+-\d`, with `eusc-` before it for the sovereign cloud.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.strip_prefix("eusc-").unwrap_or(text).split('-').collect();
    let lower = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let number = |part: &str| part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_digit());
    match parts.as_slice() {
        [country, place, last] => country.len() == 2 && lower(country) && lower(place) && number(last),
        [country, kind, place, last] => {
            country.len() == 2
                && lower(country)
                && (*kind == "gov" || (kind.starts_with("iso") && kind.len() <= 4 && lower(kind)))
                && lower(place)
                && number(last)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_a_function() {
        let plain = Target { name: "f".into(), qualifier: None };
        for text in [
            "f",
            "function:f",
            "000000000000:f",
            "000000000000:function:f",
            "us-east-1:000000000000:function:f",
            "arn:aws:lambda:us-east-1:000000000000:function:f",
        ] {
            assert_eq!(here(text, Shape::Plain).ok(), Some(plain.clone()), "{text}");
            let qualified = Target { qualifier: Some(LATEST.into()), ..plain.clone() };
            assert_eq!(here(&format!("{text}:$LATEST"), Shape::Namespaced).ok(), Some(qualified), "{text}");
        }
        // A name may look like another part.
        for text in ["000000000000", "us-east-1"] {
            assert_eq!(here(text, Shape::Plain).map(|target| target.name).ok(), Some(text.to_owned()));
        }
        assert_eq!(
            here("function", Shape::Plain).map(|target| target.name).ok(),
            Some("function".to_owned())
        );
    }

    #[test]
    fn refusals_as_recorded() {
        let code = |text| here(text, Shape::Plain).map_err(|fault| fault.code.into_owned()).err();
        assert_eq!(code("invalid:function:name"), Some("ValidationException".to_owned()));
        assert_eq!(
            code("arn:aws:lambda:us-east-1:123400000000@function:myfn"),
            Some("ValidationException".to_owned())
        );
        assert_eq!(code("a.b"), Some("ValidationException".to_owned()));
        assert_eq!(to_create("f:$LATEST").ok(), Some("f".to_owned()));
        assert!(to_create("f:live").is_err(), "a function that is made has no aliases");
        assert_eq!(
            code("arn:aws:lambda:ap-southeast-1:000000000000:function:f"),
            Some("ResourceNotFoundException".to_owned())
        );
        assert_eq!(
            code("arn:aws:lambda:us-east-1:111111111111:function:f"),
            Some("AccessDeniedException".to_owned())
        );
    }
}
