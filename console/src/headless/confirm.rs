//! Asks before a change. Nothing but a person's own answer confirms: a closed or piped stdin never does.

use std::io::{BufRead, IsTerminal, Write};

use super::{Exit, output};
use crate::deploy::Plan;

/// Whether there is somebody to ask.
pub(super) fn possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Says that nobody can be asked.
pub(super) fn impossible() -> Exit {
    output::aside("callboard: this is not a terminal, so the change cannot be confirmed\n  do: add --yes");
    Exit::Usage
}

/// Asks whether the plan is to be applied; what could hurt prod wants prod's name typed.
pub(super) fn asked(plan: &Plan) -> bool {
    let place = format!("{} {} account {}", plan.cloud, plan.region, plan.identity.account);
    let prod = plan.intent.touches_prod();
    let question = if prod {
        format!("The {} changes PROD ({place}). Type prod to go on: ", plan.intent.noun())
    } else {
        format!("Go on with the {} ({place})? [y/N] ", plan.intent.noun())
    };
    let mut errors = std::io::stderr();
    let _ = write!(errors, "{question}").and_then(|()| errors.flush());
    let mut answer = String::new();
    match std::io::stdin().lock().read_line(&mut answer) {
        Ok(0) | Err(_) => false,
        Ok(_) => confirms(prod, answer.trim()),
    }
}

/// Asks whether the log groups are to go too.
pub(super) fn logs() -> bool {
    yes("Delete the log groups too? [y/N] ")
}

/// Asks whether the local account is to be emptied.
#[cfg(feature = "local")]
pub(super) fn reset(dir: &std::path::Path) -> bool {
    yes(&format!("Everything in the local cloud of {} goes. Go on? [y/N] ", dir.display()))
}

fn yes(question: &str) -> bool {
    let mut errors = std::io::stderr();
    let _ = write!(errors, "{question}").and_then(|()| errors.flush());
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).is_ok() && confirms(false, answer.trim())
}

fn confirms(prod: bool, answer: &str) -> bool {
    if prod { answer == "prod" } else { matches!(answer, "y" | "Y" | "yes") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prod_wants_its_name() {
        assert!(confirms(false, "y"));
        assert!(!confirms(false, ""));
        assert!(!confirms(true, "y"));
        assert!(!confirms(true, "stage"));
        assert!(confirms(true, "prod"));
    }
}
