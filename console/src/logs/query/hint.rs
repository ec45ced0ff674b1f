//! What is text in this query language and means something in others.

use super::fields::hundred;
use super::{Query, Relation, Test};
use crate::domain::Level;

impl Query {
    /// What may have been meant, for who found nothing: a sentence without a full stop.
    pub fn hint(&self) -> Option<String> {
        let mut before = None;
        for term in &self.terms {
            let word = match &term.test {
                Test::Text(text) => text.source(),
                Test::Field(field) if field.relation == Relation::Is && field.number.is_none() => {
                    if let Some(hundred) = hundred(&field.value) {
                        let (name, value) = (&field.name, &field.value);
                        return Some(format!(
                            "{name}:{value} asks for the text {value}: a number is asked for with {name}>={hundred} {name}<{}",
                            hundred + 100.0
                        ));
                    }
                    continue;
                }
                _ => {
                    before = None;
                    continue;
                }
            };
            let meant = equation(word).or_else(|| parted(before.filter(|_| !term.negated), word));
            if let Some(meant) = meant {
                return Some(format!("{word} is looked for as text: a field is asked for with {meant}"));
            }
            before = Some(word);
        }
        None
    }
}

/// The field that is meant by `level=error`, `level!=error`, `status==500`.
fn equation(word: &str) -> Option<String> {
    let (name, value) = word.split_once('=')?;
    let value = value.strip_prefix('=').unwrap_or(value);
    let (not, name) = name.strip_suffix('!').map_or(("", name), |name| ("-", name));
    let is_level = name == "level" && Level::named(value).is_some();
    let is_number = is_name(name) && value.parse::<f64>().is_ok();
    (is_level || is_number).then(|| format!("{not}{name}:{value}"))
}

/// The field that is meant by `duration >1` and `duration > 1`, of which `word` is what follows the first blank.
fn parted(before: Option<&str>, word: &str) -> Option<String> {
    let name = before.filter(|name| is_name(name))?;
    let (sign, _) = Relation::SIGNS.into_iter().find(|(sign, _)| word.starts_with(sign))?;
    let value = &word[sign.len()..];
    let is_value = value.is_empty() || value.parse::<f64>().is_ok() || Level::named(value).is_some();
    let value = if value.is_empty() { "VALUE" } else { value };
    is_value.then(|| format!("{name}{sign}{value}, without a blank"))
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '@' | '$'))
        && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_languages_mean_is_recognised() {
        let hint = |text: &str| Query::parse(text).expect("a query").hint();
        for (text, meant) in [
            ("level=error", "level:error"),
            ("a level!=error", "-level:error"),
            ("http.status==502", "http.status:502"),
            ("duration >1", "duration>1, without a blank"),
            ("duration > 1", "duration>VALUE, without a blank"),
            ("level >=error", "level>=error, without a blank"),
            ("status:5xx", "status>=500 status<600"),
        ] {
            let told = hint(text).unwrap_or_default();
            assert!(told.ends_with(&format!(" with {meant}")), "{text}: {told}");
        }
        for text in ["", "a -> b", "user=anna", "level:error", "status:500", "key:xx", "\"a b\" >1", "/a=1/"]
        {
            assert_eq!(hint(text), None, "{text}");
        }
    }
}
