//! Asks before a change. Nothing but a person's own answer confirms: a closed or piped stdin never does.

use std::io::{BufRead, IsTerminal, Write};

use super::{Exit, output};
use crate::deploy::Plan;
use crate::domain::StageName;

/// Whether there is somebody to ask.
pub(super) fn possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Says that nobody can be asked.
pub(super) fn impossible() -> Exit {
    output::aside("callboard: this is not a terminal, so the change cannot be confirmed\n  do: add --yes");
    Exit::Usage
}

/// Asks whether the plan is to be applied; prod wants its name typed.
pub(super) fn asked(plan: &Plan) -> bool {
    let stage = plan.stage();
    let place = format!("{} {} account {}", plan.cloud, plan.region, plan.identity.account);
    let question = match stage {
        StageName::Stage => format!("Deploy to stage ({place})? [y/N] "),
        StageName::Prod => format!("This changes PROD ({place}). Type prod to deploy: "),
    };
    let mut errors = std::io::stderr();
    let _ = write!(errors, "{question}").and_then(|()| errors.flush());
    let mut answer = String::new();
    match std::io::stdin().lock().read_line(&mut answer) {
        Ok(0) | Err(_) => false,
        Ok(_) => confirms(stage, answer.trim()),
    }
}

fn confirms(stage: StageName, answer: &str) -> bool {
    match stage {
        StageName::Stage => matches!(answer, "y" | "Y" | "yes"),
        StageName::Prod => answer == "prod",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prod_wants_its_name() {
        assert!(confirms(StageName::Stage, "y"));
        assert!(!confirms(StageName::Stage, ""));
        assert!(!confirms(StageName::Prod, "y"));
        assert!(!confirms(StageName::Prod, "stage"));
        assert!(confirms(StageName::Prod, "prod"));
    }
}
