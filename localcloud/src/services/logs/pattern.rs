//! Filter patterns of FilterLogEvents and Live Tail, refused in this service's words.

use super::invalid;
pub(super) use crate::filter_pattern::Pattern;
use crate::filter_pattern::Problem;
use crate::wire::Call;
use crate::wire::fault::Fault;

pub(super) fn parse(call: &Call, text: &str) -> Result<Pattern, Fault> {
    Pattern::parse(text).map_err(|problem| match problem {
        Problem::Invalid(why) => invalid(format!("Invalid filter pattern: {why}")),
        Problem::NotOffered(what) => call.parameter_not_offered(&format!("{what} in filterPattern")),
    })
}
