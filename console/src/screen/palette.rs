//! Every action by name.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};

use crate::app::{Action, Motion};

use super::checks::moved;

/// What the open palette remembers.
#[derive(Debug, Default)]
pub struct Palette {
    /// What was typed.
    pub input: String,
    /// Index of the selected one of those that match.
    pub selected: usize,
}

/// An action that has a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// Such as `tear down stage`.
    pub name: String,
    /// The key that does it on the screen below; empty when none does.
    pub key: &'static str,
    /// The action.
    pub action: Action,
}

impl AsRef<str> for Named {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

impl Palette {
    /// Those of `all` that match what was typed, the best first; all of them before anything was typed.
    pub fn matches(&self, all: Vec<Named>) -> Vec<Named> {
        if self.input.trim().is_empty() {
            return all;
        }
        let pattern = Pattern::parse(&self.input, CaseMatching::Ignore, Normalization::Smart);
        let found = pattern.match_list(all, &mut Matcher::new(Config::DEFAULT));
        found.into_iter().map(|(named, _)| named).collect()
    }

    /// Moves the selection within `count` rows.
    pub fn step(&mut self, motion: Motion, count: usize, page: usize) {
        self.selected = moved(self.selected, motion, count, page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_letters_find_the_action() {
        let named = |name: &str| Named { name: name.to_owned(), key: "", action: Action::Ignore };
        let all = || vec![named("deploy stage"), named("tear down stage"), named("tear down prod")];
        let palette = Palette { input: "tea pro".to_owned(), selected: 0 };
        let found: Vec<String> = palette.matches(all()).into_iter().map(|one| one.name).collect();
        assert_eq!(found, ["tear down prod"]);
        assert_eq!(Palette::default().matches(all()).len(), 3);
    }
}
