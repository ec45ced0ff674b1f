//! The command `parse`.

use regex::RegexBuilder;

use super::Parser;
use crate::insights::Mistake;
use crate::insights::lexer::Token;
use crate::insights::syntax::Parse;

impl Parser<'_> {
    /// `parse FIELD "glob * with *" as a, b`, or `parse FIELD /regex with (?<names>.*)/`.
    pub(super) fn parse_command(&mut self) -> Result<Parse, Mistake> {
        let from = self.unary()?;
        let at = self.at();
        let made = match self.regex()? {
            Some(pattern) => {
                let mut fields: Vec<(usize, String)> = pattern
                    .capture_names()
                    .enumerate()
                    .filter_map(|(group, name)| Some((group, name?.to_owned())))
                    .collect();
                if self.keyword("as")? {
                    let unnamed = pattern.capture_names().enumerate().skip(1);
                    let unnamed: Vec<usize> =
                        unnamed.filter(|(_, name)| name.is_none()).map(|(group, _)| group).collect();
                    let names = self.new_names()?;
                    if unnamed.len() != names.len() {
                        let (groups, names) = (unnamed.len(), names.len());
                        let message =
                            format!("the pattern has {groups} groups without a name and {names} names");
                        return Err(self.lexer.mistake(at, message));
                    }
                    fields.extend(unnamed.into_iter().zip(names));
                }
                if fields.is_empty() {
                    return Err(self.lexer.mistake(at, "the regular expression has no group with a name"));
                }
                Parse { from, pattern, fields }
            }
            None => {
                let (Token::Text(glob), _) = self.take()? else {
                    return Err(self.unexpected(at, "a pattern in quotes or between slashes"));
                };
                if !self.keyword("as")? {
                    return Err(self.unexpected(self.at(), "as"));
                }
                let names = self.new_names()?;
                let wildcards = glob.matches('*').count();
                if wildcards != names.len() {
                    let message = format!("the pattern has {wildcards} wildcards and {} names", names.len());
                    return Err(self.lexer.mistake(at, message));
                }
                let pattern = RegexBuilder::new(&regex_of(&glob)).dot_matches_new_line(true).build();
                let pattern = pattern.map_err(|error| self.lexer.mistake(at, error.to_string()))?;
                Parse { from, pattern, fields: (1..).zip(names).collect() }
            }
        };
        if let Some(known) = &mut self.known {
            known.extend(made.fields.iter().map(|(_, name)| name.clone()));
        }
        Ok(made)
    }

    fn new_names(&mut self) -> Result<Vec<String>, Mistake> {
        let mut names = vec![self.name()?];
        while self.symbol(",")? {
            names.push(self.name()?);
        }
        Ok(names)
    }
}

/// Each `*` takes as little as it can; one at the end takes the rest.
fn regex_of(glob: &str) -> String {
    let (glob, last) = match glob.strip_suffix('*') {
        Some(before) => (before, "(.*)$"),
        None => (glob, ""),
    };
    let parts: Vec<String> = glob.split('*').map(regex::escape).collect();
    format!("{}{last}", parts.join("(.*?)"))
}
