//! Names for versions, and what a qualifier of a function stands for.

use serde::{Deserialize, Serialize};

use super::{Function, Statement};

/// What `$LATEST` is called where a version is asked for.
pub const LATEST: &str = "$LATEST";

/// A name for a version, or for two that share the invocations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alias {
    /// Unique among the function's aliases; never digits alone.
    pub name: String,
    /// The version's number; `None` is `$LATEST`.
    pub version: Option<u64>,
    /// Free text.
    pub description: String,
    /// The second version, if there is one.
    pub additional: Option<Share>,
    /// Changes at each update, even one that changes nothing.
    pub revision_id: String,
}

/// A version that takes a part of an alias's invocations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Its number.
    pub version: u64,
    /// The part, from 0 to 1.
    pub weight: f64,
}

/// What a qualifier stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Qualified<'a> {
    /// The function as it is now.
    Latest,
    /// A published version, by number.
    Version(u64),
    /// A name for one.
    Alias(&'a Alias),
}

impl Qualified<'_> {
    /// The version that answers about the function describe; `None` is `$LATEST`.
    pub fn version(self) -> Option<u64> {
        match self {
            Qualified::Latest => None,
            Qualified::Version(number) => Some(number),
            Qualified::Alias(alias) => alias.version,
        }
    }

    /// The version that an invocation runs; `None` is `$LATEST`. `drawn` decides where an alias has two: a number from 0
    /// to 1 (exclusive), drawn anew for each invocation.
    pub fn runs(self, drawn: f64) -> Option<u64> {
        match self {
            Qualified::Alias(Alias { additional: Some(share), .. }) if drawn < share.weight => {
                Some(share.version)
            }
            _ => self.version(),
        }
    }
}

impl Function {
    /// What the qualifier stands for, none being `$LATEST`; `None` when there is no such version or alias.
    pub fn qualified(&self, qualifier: Option<&str>) -> Option<Qualified<'_>> {
        let qualifier = match qualifier {
            None | Some(LATEST) => return Some(Qualified::Latest),
            Some(qualifier) => qualifier,
        };
        if let Some(alias) = self.aliases.get(qualifier) {
            return Some(Qualified::Alias(alias));
        }
        let number = qualifier.parse().ok().filter(|number: &u64| number.to_string() == qualifier)?;
        self.versions.contains_key(&number).then_some(Qualified::Version(number))
    }

    /// The statements that decide on calls by this qualifier: each version and each alias has a policy of its own, and
    /// the function's own is for calls without a qualifier and for `$LATEST`.
    pub fn statements(&self, qualifier: Option<&str>) -> &[Statement] {
        match qualifier {
            None | Some(LATEST) => &self.policy,
            Some(qualifier) => {
                self.qualified_policies.get(qualifier).map_or(&[], |policy| &policy.statements)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_is_the_part_of_the_second_version() {
        let alias = Alias {
            name: "live".to_owned(),
            version: Some(1),
            description: String::new(),
            additional: Some(Share { version: 2, weight: 0.25 }),
            revision_id: String::new(),
        };
        let runs = |drawn| Qualified::Alias(&alias).runs(drawn);
        assert_eq!((runs(0.0), runs(0.249), runs(0.25), runs(0.999)), (Some(2), Some(2), Some(1), Some(1)));
        assert_eq!(Qualified::Alias(&alias).version(), Some(1));
        let never = Alias { additional: Some(Share { version: 2, weight: 0.0 }), ..alias };
        assert_eq!(Qualified::Alias(&never).runs(0.0), Some(1));
        assert_eq!((Qualified::Latest.runs(0.0), Qualified::Version(7).runs(0.0)), (None, Some(7)));
    }
}
