//! Which lines are shown.

use crate::domain::StageName;

use super::store::Entry;

/// What a line must be to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The one stage; `None` for both.
    pub stage: Option<StageName>,
    /// Text that the line holds, anywhere in it. Without a capital letter in it, case does not matter.
    pub text: String,
}

impl Filter {
    /// Whether `entry` is shown. Markers and notes are of use whatever is looked for, so only the stage hides them.
    pub fn matches(&self, entry: &Entry) -> bool {
        if self.stage.is_some_and(|stage| stage != entry.stage) {
            return false;
        }
        self.text.is_empty()
            || !entry.is_line()
            || contains(&entry.text, &self.text)
            || entry.whole.as_deref().is_some_and(|whole| contains(whole, &self.text))
            || entry.request_id.as_deref().is_some_and(|id| contains(id, &self.text))
    }
}

/// Smart case, as ripgrep and vim have it.
fn contains(text: &str, wanted: &str) -> bool {
    if wanted.chars().any(char::is_uppercase) {
        text.contains(wanted)
    } else if wanted.is_ascii() {
        text.as_bytes().windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted.as_bytes()))
    } else {
        text.to_lowercase().contains(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn case_matters_only_when_the_search_has_a_capital() {
        assert!(contains("GET /api/V0", "api/v0"));
        assert!(!contains("get /api/v0", "GET"));
        assert!(contains("ÄRGER", "ärger"));
        assert!(!contains("short", "longer than the text"));
    }
}
