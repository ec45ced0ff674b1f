//! Which function a call means: a name, a partial ARN or a whole one, with or without a qualifier.

use super::{invalid, not_found, user_fault};
use crate::account;
use crate::wire::fault::{Fault, broken};
use crate::wire::{Call, Service};

/// Operations on a function that is made or changed take names without dots.
const PLAIN: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?";
const DOTTED: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";

pub(super) const LATEST: &str = "$LATEST";

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
            Some(qualifier) => format!("{}:{qualifier}", account::function_arn(&self.name)),
            None => account::function_arn(&self.name),
        }
    }

    /// Refuses what is not `$LATEST`: versions cannot be changed.
    pub(super) fn latest(self) -> Result<Target, Fault> {
        match self.version()? {
            None => Ok(self),
            Some(_) => Err(not_found(&self.arn())),
        }
    }

    /// The number of the version that is meant, whether or not there is one; `None` is `$LATEST`. Aliases do not exist.
    pub(super) fn version(&self) -> Result<Option<u64>, Fault> {
        match self.qualifier.as_deref() {
            None | Some(LATEST) => Ok(None),
            Some(qualifier) => match qualifier.parse::<u64>() {
                Ok(number) if number > 0 && number.to_string() == qualifier => Ok(Some(number)),
                _ => Err(not_found(&self.arn())),
            },
        }
    }
}

/// The function in the path of the call; `qualifier` is the one in the query.
pub(super) fn of(call: &Call, qualifier: Option<&str>) -> Result<Target, Fault> {
    let changes = call.operation.starts_with("Update") || call.operation.ends_with("Concurrency");
    let mut target = parse(call.path("FunctionName")?, !changes)?;
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

/// The function that is to be created.
pub(super) fn to_create(name: &str) -> Result<String, Fault> {
    if name.len() > 140 {
        return Err(too_long(name, 140, Fault::validation));
    }
    let target = parse(name, false)?;
    if target.name.len() > 64 {
        return Err(too_long(&target.name, 64, |_, member, value, constraint| {
            invalid(format!("1 validation error detected: {}", broken(member, value, constraint)))
        }));
    }
    Ok(target.name)
}

fn too_long(name: &str, most: usize, fault: impl Fn(Service, &str, &str, &str) -> Fault) -> Fault {
    let constraint = format!("Member must have length less than or equal to {most}");
    fault(Service::Lambda, "functionName", name, &constraint)
}

fn parse(text: &str, dots: bool) -> Result<Target, Fault> {
    let malformed = || {
        let pattern = if dots { DOTTED } else { PLAIN };
        let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
        Fault::validation(Service::Lambda, "functionName", text, &constraint)
    };
    let whole_arn = text.strip_prefix("arn:");
    let rest = match whole_arn {
        None => text,
        Some(rest) => {
            let (partition, rest) = rest.split_once(':').ok_or_else(malformed)?;
            if !partition.starts_with("aws") {
                return Err(malformed());
            }
            rest.strip_prefix("lambda:").ok_or_else(malformed)?
        }
    };
    let mut parts = rest.split(':').peekable();
    let region = parts.next_if(|part| is_region(part));
    let account_id = parts.next_if(|part| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit()));
    // `function` alone is a name too.
    let mut name = parts.next().ok_or_else(malformed)?;
    if name == "function"
        && let Some(next) = parts.next()
    {
        name = next;
    }
    let qualifier = parts.next();
    let is_word = |word: &str, dots: bool| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || (dots && byte == b'.');
        !word.is_empty() && word.bytes().all(fits)
    };
    let is_qualifier = |word: &str| word == LATEST || is_word(word, false);
    if parts.next().is_some() || !is_word(name, dots) || !qualifier.is_none_or(is_qualifier) {
        return Err(malformed());
    }
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
fn is_region(text: &str) -> bool {
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
            assert_eq!(parse(text, false).ok(), Some(plain.clone()), "{text}");
            let qualified = Target { qualifier: Some(LATEST.into()), ..plain.clone() };
            assert_eq!(parse(&format!("{text}:$LATEST"), false).ok(), Some(qualified), "{text}");
        }
        assert_eq!(parse("function", false).map(|target| target.name).ok(), Some("function".to_owned()));
    }

    #[test]
    fn refusals_as_recorded() {
        let code = |text| parse(text, false).map_err(|fault| fault.code.into_owned()).err();
        assert_eq!(code("invalid:function:name"), Some("ValidationException".to_owned()));
        assert_eq!(
            code("arn:aws:lambda:us-east-1:123400000000@function:myfn"),
            Some("ValidationException".to_owned())
        );
        assert_eq!(code("a.b"), Some("ValidationException".to_owned()));
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
